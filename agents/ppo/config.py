"""The settings of PPO. Loads no torch: the panel and the command line read this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agents.errors import UnsupportedTaskError
from agents.network_plans import NETWORKS, VECTOR_NETWORKS, check_network
from carracing.task import Discrete, TaskSpec


@dataclass(frozen=True, slots=True)
class PPOConfig:
    """How PPO learns. Defaults are for CarRacing from pixels on a few cores."""

    rollout: int = 2048
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
    """Weight of the entropy bonus, which keeps actions varied; 0 or more."""
    value_coefficient: float = 0.5
    """Weight of the value loss beside the policy loss; 0 or more."""
    max_grad_norm: float = 0.5
    """Longest gradient of one step, as a Euclidean norm; above 0."""
    normalise_rewards: bool = True
    """Divide rewards by the running standard deviation of the discounted return."""
    network: Literal["small", "nature", "wide"] = "small"
    """Image encoder. small: 16-32-32 channels and 256 units, 0.4 M parameters, learns 3,100 and acts 19,000
    samples/s on one core; nature: 32-64-64 and 512, 1.7 M, 1,500 and 7,300. (Measured on 84x84 images in
    stacks of 4, acting 16 at once.) For vectors, small
    has two layers of 64 units and wide two of 256."""
    initial_log_std: float = 0.0
    """Natural logarithm of the actions' standard deviation at the start, -10 to 2; continuous actions only."""

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

    def _check_integers(self) -> None:
        if self.rollout < 2:
            raise ValueError(f"rollout must be 2 steps or more, not {self.rollout}")
        if not 2 <= self.minibatch <= self.rollout:
            raise ValueError(f"minibatch must be 2 to rollout ({self.rollout}) steps, not {self.minibatch}")
        if not 1 <= self.epochs <= 100:
            raise ValueError(f"epochs must be 1 to 100, not {self.epochs}")

    def _check_choices(self) -> None:
        if self.learning_rate_schedule not in ("linear", "constant"):
            raise ValueError(f"learning_rate_schedule must be linear or constant, not {self.learning_rate_schedule}")
        networks = NETWORKS | VECTOR_NETWORKS
        if self.network not in networks:
            raise ValueError(f"network must be one of {', '.join(networks)}, not {self.network}")

    def check_task(self, task: TaskSpec) -> None:
        """Raise UnsupportedTaskError if PPO with these settings cannot work on ``task``."""
        check_network(self.network, task)
        if isinstance(task.action, Discrete) and self.initial_log_std:
            raise UnsupportedTaskError("initial_log_std is for continuous actions, and this task's are discrete")
