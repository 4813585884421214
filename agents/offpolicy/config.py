"""Settings that SAC and DQN share. Loads no torch: the panel and the command line read this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, NamedTuple

from agents.errors import UnsupportedTaskError
from agents.network_plans import NETWORKS, policy_input_shape
from agents.replay.sizes import LONGEST, SHORTEST
from carracing.task import TaskSpec

MAX_BATCH = 2**20
"""Steps of one gradient step at most."""


class Sizes(NamedTuple):
    """What depends on what is seen."""

    replay: int
    round: int
    batch: int


@dataclass(frozen=True, slots=True)
class OffPolicyConfig:
    """How experience is kept and used again."""

    PICTURES: ClassVar[Sizes]
    """Where they are 0 and pictures are seen."""
    VECTORS: ClassVar[Sizes]
    """Where they are 0 and vectors are seen."""

    replay: int = 0
    """Latest steps to learn from, 16 or more; 0 chooses by what is seen."""
    replay_directory: str = ""
    """Keep the replay's observations in a file without a name in this directory, mapped into memory, instead of
    in memory; a file system with room, not one in memory itself."""
    round: int = 0
    """Steps collected between updates, over all lanes together; a pause waits for the updates of one round at
    most. 0 chooses by what is seen."""
    warmup: int = 5000
    """Steps at the beginning of the run taken at random, none of them learned from yet; 0 or more."""
    updates_per_step: float = 0.25
    """Gradient steps per step collected; above 0 to 64."""
    batch: int = 0
    """Steps sampled for each gradient step, 1 or more; 0 chooses by what is seen."""
    learning_rate: float = 3e-4
    """Step size of Adam."""
    gamma: float = 0.99
    """Discount per step, above 0 to 1."""
    n_step: int = 1
    """Rewards summed before the value of what follows is believed, 1 to 100."""
    network: Literal["small", "nature"] = "small"
    """Image encoder. small: 16-32-32 channels; nature: 32-64-64. Vectors have none: leave it at small."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Numbers the image encoder multiplies while learning; auto takes bfloat16 where the processor has it."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where learning happens; auto takes a CUDA GPU if there is one. Acting is done on CPUs."""
    init_from: str = ""
    """Directory of a checkpoint that this run starts from, with the same task and network: of the same agent, or for
    SAC a clone's into its network (``agent.network=sac`` of bc and dagger). Its policy drives the warm-up."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if self.replay and not SHORTEST <= self.replay <= LONGEST:
            raise ValueError(f"replay must be {SHORTEST} to {LONGEST:,} steps, or 0, not {self.replay}")
        for key, value, least, most in (
            ("round", self.round, 0, 2**20),
            ("warmup", self.warmup, 0, 2**40),
            ("batch", self.batch, 0, MAX_BATCH),
            ("n_step", self.n_step, 1, 100),
        ):
            if not least <= value <= most:
                raise ValueError(f"{key} must be {least} to {most:,}, not {value}")
        for key, number, top in (
            ("updates_per_step", self.updates_per_step, 64),
            ("learning_rate", self.learning_rate, 1),
            ("gamma", self.gamma, 1),
        ):
            if not 0 < number <= top:
                raise ValueError(f"{key} must be above 0 and at most {top}, not {number}")
        for key, choice, known in (
            ("network", self.network, tuple(NETWORKS)),
            ("precision", self.precision, ("auto", "float32", "bfloat16")),
            ("device", self.device, ("auto", "cpu", "cuda")),
        ):
            if choice not in known:
                raise ValueError(f"{key} must be one of {', '.join(known)}, not {choice}")

    def sizes(self, task: TaskSpec) -> Sizes:
        """Replay, round and batch for the task."""
        usual = self.PICTURES if task.observation_dtype == "uint8" else self.VECTORS
        return Sizes(self.replay or usual.replay, self.round or usual.round, self.batch or usual.batch)

    def check_task(self, task: TaskSpec) -> None:
        """Raise UnsupportedTaskError if the agent with these settings cannot work on ``task``."""
        shape = policy_input_shape(task)
        if len(shape) == 1:
            for key, value, usual in (("network", self.network, "small"), ("precision", self.precision, "auto")):
                if value not in (usual, "float32"):
                    raise UnsupportedTaskError(
                        f"{key} {value} is for pictures, and this task gives vectors: use {usual}"
                    )
        elif min(NETWORKS[self.network].positions(*shape[1:])) < 1:
            raise UnsupportedTaskError(f"images of {shape[1]}x{shape[2]} are too small for network {self.network}")
