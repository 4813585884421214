"""The settings of PPO. Loads no torch: the panel and the command line read this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from agents.errors import UnsupportedTaskError
from agents.network_plans import NETWORKS, VECTOR_NETWORKS, check_network, choose_distribution, policy_input_shape
from agents.start_settings import check_start
from carracing.task import TaskSpec

_LOG_STD = ("gaussian", "squashed")
"""Distributions whose standard deviation is a parameter of its own."""


@dataclass(frozen=True, slots=True)
class PPOConfig:
    """How PPO learns. Defaults are for CarRacing from pixels on a few cores."""

    rollout: int = 4096
    """Steps per round of learning, over all lanes together; 2 or more."""
    minibatch: int = 256
    """Steps per gradient step, 2 to ``rollout``."""
    epochs: int = 4
    """Passes over each round, 1 to 100."""
    learning_rate: float = 3e-4
    """Step size of Adam, at the start of the run."""
    learning_rate_schedule: Literal["linear", "constant"] = "linear"
    """linear: falls to 0 at the end of the run's budget; constant: stays."""
    gamma: float = 0.99
    """Discount per step, above 0 to 1."""
    gae_lambda: float = 0.95
    """Weight of longer looks ahead in the advantage, 0 (one step) to 1 (whole episode)."""
    clip_range: float = 0.2
    """How far the probability ratio may leave 1 before its gradient is cut; above 0."""
    entropy: float = 0.002
    """Weight of the entropy bonus, which keeps actions varied, at the start of the run; 0 or more."""
    entropy_schedule: Literal["linear", "constant"] = "constant"
    """linear: falls to 0 at the end of the run's budget; constant: stays."""
    value_coefficient: float = 0.5
    """Weight of the value loss beside the policy loss; 0 or more."""
    max_grad_norm: float = 0.5
    """Longest gradient of one step, as a Euclidean norm; above 0."""
    normalise_rewards: bool = True
    """Divide rewards by the running standard deviation of the discounted return."""
    network: Literal["small", "nature", "wide"] = "small"
    """For images, small: 16-32-32 channels and 256 units, 0.4 M parameters; nature: 32-64-64 and 512, 1.7 M, three
    times slower. For vectors, small: two layers of 64 units; wide: two of 256."""
    distribution: Literal["auto", "beta", "squashed", "gaussian", "categorical"] = "auto"
    """Of actions. beta: between the bounds, with one peak; squashed: a Gaussian bent into the bounds by tanh;
    gaussian: clipped at the bounds; categorical: discrete. auto: beta, or categorical where actions are discrete."""
    initial_log_std: float = 0.0
    """Natural logarithm of the standard deviation at the start, -10 to 2; gaussian and squashed only."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """In which images are encoded. auto: bfloat16 where the processor computes it, else float32. Evaluation is in
    float32 in any case."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the learner computes; auto: on the GPU if there is one. Actors compute on the CPU."""
    init_from: str = ""
    """Directory of a checkpoint whose policy this run starts from: of PPO or BC, with the same task and network."""
    value_warmup: int = 0
    """Rounds that only the value's own layers learn in, so that an unlearned value does not spoil the policy of
    ``init_from``; with that only."""
    pull: float = 0.0
    """Weight, at the start of the run, of the divergence from the policy of ``init_from``; with that only."""
    pull_until: float = 0.5
    """Share of the budget at which the pull has fallen to 0, linearly; above 0. Beyond 1 some of it stays."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        self._check_integers()
        for key, value in (("gamma", self.gamma), ("learning_rate", self.learning_rate)):
            if not 0 < value <= 1:
                raise ValueError(f"{key} must be above 0 and at most 1, not {value}")
        if not 0 <= self.gae_lambda <= 1:
            raise ValueError(f"gae_lambda must be 0 to 1, not {self.gae_lambda}")
        for key, value in (("clip_range", self.clip_range), ("max_grad_norm", self.max_grad_norm)):
            if not 0 < value < float("inf"):
                raise ValueError(f"{key} must be above 0, not {value}")
        for key, value in (("entropy", self.entropy), ("value_coefficient", self.value_coefficient)):
            if not 0 <= value < float("inf"):
                raise ValueError(f"{key} must be 0 or more, not {value}")
        if not -10 <= self.initial_log_std <= 2:
            raise ValueError(f"initial_log_std must be -10 to 2, not {self.initial_log_std}")
        self._check_choices()
        check_start(self)

    def _check_integers(self) -> None:
        if self.rollout < 2:
            raise ValueError(f"rollout must be 2 steps or more, not {self.rollout}")
        if not 2 <= self.minibatch <= self.rollout:
            raise ValueError(f"minibatch must be 2 to rollout ({self.rollout}) steps, not {self.minibatch}")
        if not 1 <= self.epochs <= 100:
            raise ValueError(f"epochs must be 1 to 100, not {self.epochs}")

    def _check_choices(self) -> None:
        choices: dict[str, tuple[str, ...]] = {
            "learning_rate_schedule": ("linear", "constant"),
            "entropy_schedule": ("linear", "constant"),
            "network": tuple(NETWORKS | VECTOR_NETWORKS),
            "distribution": ("auto", "beta", "squashed", "gaussian", "categorical"),
            "precision": ("auto", "float32", "bfloat16"),
            "device": ("auto", "cpu", "cuda"),
        }
        for key, allowed in choices.items():
            if getattr(self, key) not in allowed:
                raise ValueError(f"{key} must be one of {', '.join(allowed)}, not {getattr(self, key)}")

    def check_task(self, task: TaskSpec) -> None:
        """Raise UnsupportedTaskError if PPO with these settings cannot work on ``task``."""
        check_network(self.network, task)
        chosen = choose_distribution(self.distribution, task)
        if self.initial_log_std and chosen not in _LOG_STD:
            raise UnsupportedTaskError(
                f"initial_log_std goes with distribution {' or '.join(_LOG_STD)} only, and this is {chosen}"
            )
        if self.precision == "bfloat16" and len(policy_input_shape(task)) == 1:
            raise UnsupportedTaskError("precision bfloat16 is for images, and this task gives vectors: use auto")


def complete_config(content: Mapping[str, Any], discrete: bool) -> dict[str, Any]:
    """Settings that an older version may have written, with what it had no choice of added as it did it."""
    older = {"distribution": "categorical" if discrete else "gaussian", "precision": "float32", "device": "cpu"}
    return {**asdict(PPOConfig()), **older, **content}
