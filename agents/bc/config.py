"""The settings of cloning agents. Loads no torch: the panel and the command line read this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.errors import UnsupportedTaskError
from agents.network_plans import NETWORKS, VECTOR_NETWORKS, check_network, choose_distribution, policy_input_shape
from agents.sac.config import SACConfig
from carracing.task import TaskSpec

SAC = "sac"
"""The network of that name."""
NO_SET = "bc learns from demonstrations: name a set with agent.demos=DIR"
"""What is wrong with a run that names none."""


@dataclass(frozen=True, slots=True)
class CloningConfig:
    """What cloning from a set and cloning live have in common. Defaults are for CarRacing from pixels."""

    learning_rate: float = 7e-4
    """Step size of Adam, at the start of the run."""
    learning_rate_schedule: Literal["linear", "constant"] = "linear"
    """linear: falls to 0 at the end of the run; constant: stays."""
    minibatch: int = 256
    """Samples per gradient step, 1 or more."""
    max_grad_norm: float = 1.0
    """Longest gradient of one step, as a Euclidean norm; above 0."""
    network: Literal["small", "nature", "wide", "sac"] = "small"
    """As PPO's setting of that name, for a clone that PPO can start from. sac: SAC's, for one that SAC can start
    from, with distribution squashed."""
    distribution: Literal["auto", "beta", "squashed", "gaussian", "categorical"] = "auto"
    """Of actions, as PPO's setting of that name; its mode drives."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """In which images are encoded. auto: bfloat16 where the processor computes it, else float32."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the learner computes; auto: on the GPU if there is one."""
    init_from: str = ""
    """Directory of a checkpoint whose policy this run starts from, with the same task and network."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if not 0 < self.learning_rate <= 1:
            raise ValueError(f"learning_rate must be above 0 and at most 1, not {self.learning_rate}")
        if self.minibatch < 1:
            raise ValueError(f"minibatch must be 1 sample or more, not {self.minibatch}")
        if not 0 < self.max_grad_norm < float("inf"):
            raise ValueError(f"max_grad_norm must be above 0, not {self.max_grad_norm}")
        for key, allowed in _CHOICES.items():
            if getattr(self, key) not in allowed:
                raise ValueError(f"{key} must be one of {', '.join(allowed)}, not {getattr(self, key)}")

    def check_task(self, task: TaskSpec) -> None:
        """Raise UnsupportedTaskError if these settings cannot work on ``task``."""
        if self.network == SAC:
            SACConfig().check_task(task)
            if self.distribution != "squashed":
                raise UnsupportedTaskError("network sac has a squashed policy: set agent.distribution=squashed")
        else:
            check_network(self.network, task)
            choose_distribution(self.distribution, task)
        if self.precision == "bfloat16" and len(policy_input_shape(task)) == 1:
            raise UnsupportedTaskError("precision bfloat16 is for images, and this task gives vectors: use auto")


@dataclass(frozen=True, slots=True)
class BCConfig(CloningConfig):
    """Cloning from a recorded set."""

    demos: str = ""
    """Directory of the demonstrations, as ``racetui demos`` records them; needed to learn."""
    workers: int = 1
    """Processes that load minibatches, 0 (the learner's own) to 64."""
    round: int = 100
    """Minibatches between two reports, 1 or more."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        super(BCConfig, self).__post_init__()
        if not 0 <= self.workers <= 64:
            raise ValueError(f"workers must be 0 to 64, not {self.workers}")
        if self.round < 1:
            raise ValueError(f"round must be 1 minibatch or more, not {self.round}")


@dataclass(frozen=True, slots=True)
class DAggerConfig(CloningConfig):
    """Cloning live: the student drives, the expert says what it would have done."""

    rollout: int = 4096
    """Steps per round of learning, over all lanes together; 2 or more."""
    visits: float = 8.0
    """How often a step is learned from on average, above 0: each round takes rollout * visits / minibatch gradient
    steps, on steps drawn from all that are kept."""
    replay: int = 200_000
    """Steps kept; the oldest go first."""
    led: float = 0.02
    """Share of the run in which the expert drives a part of the time, falling to none; 0 to 1."""
    noise: float = 0.0
    """Standard deviation of the noise on what the student drives, 0 to 1; each draw lasts a third of a second."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        super(DAggerConfig, self).__post_init__()
        if self.rollout < 2:
            raise ValueError(f"rollout must be 2 steps or more, not {self.rollout}")
        if not 0 < self.visits <= 10_000:
            raise ValueError(f"visits must be above 0 and at most 10000, not {self.visits}")
        if self.replay < self.minibatch:
            raise ValueError(f"replay must be minibatch ({self.minibatch}) steps or more, not {self.replay}")
        for key in ("led", "noise"):
            if not 0 <= getattr(self, key) <= 1:
                raise ValueError(f"{key} must be 0 to 1, not {getattr(self, key)}")

    def check_task(self, task: TaskSpec) -> None:
        """Raise UnsupportedTaskError if these settings cannot work on ``task``."""
        super(DAggerConfig, self).check_task(task)
        if not task.labels:
            raise UnsupportedTaskError("dagger learns from an expert's labels: set task.labels=true")


_CHOICES: dict[str, tuple[str, ...]] = {
    "learning_rate_schedule": ("linear", "constant"),
    "network": (*(NETWORKS | VECTOR_NETWORKS), SAC),
    "distribution": ("auto", "beta", "squashed", "gaussian", "categorical"),
    "precision": ("auto", "float32", "bfloat16"),
    "device": ("auto", "cpu", "cuda"),
}
