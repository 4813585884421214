"""The settings of DQN. Loads no torch: the panel and the command line read this."""

from __future__ import annotations

from dataclasses import dataclass

from agents.errors import UnsupportedTaskError
from agents.offpolicy.config import OffPolicyConfig, Sizes
from carracing.task import Box, TaskSpec


@dataclass(frozen=True, slots=True)
class DQNConfig(OffPolicyConfig):
    """How DQN learns."""

    PICTURES = Sizes(replay=100_000, round=64, batch=64)
    VECTORS = Sizes(replay=300_000, round=256, batch=256)

    target_every: int = 1000
    """Updates after which the target network becomes as the network is, 1 or more."""
    double: bool = True
    """The network chooses the best next action, the target network says what it is worth: less overrating (van
    Hasselt et al., "Deep reinforcement learning with double Q-learning", 2016)."""
    max_grad_norm: float = 10.0
    """Longest gradient of one step, as a Euclidean norm; above 0."""
    epsilon_start: float = 1.0
    """Share of actions taken at random at the beginning, 0 to 1."""
    epsilon_end: float = 0.05
    """The same from ``exploration`` on, 0 to 1."""
    exploration: float = 0.1
    """Share of the run's budget over which the share of random actions falls, 0 to 1."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        OffPolicyConfig.__post_init__(self)
        if not 1 <= self.target_every <= 2**40:
            raise ValueError(f"target_every must be 1 update or more, not {self.target_every}")
        if not 0 < self.max_grad_norm < float("inf"):
            raise ValueError(f"max_grad_norm must be above 0, not {self.max_grad_norm}")
        for key in ("epsilon_start", "epsilon_end", "exploration"):
            if not 0 <= (value := getattr(self, key)) <= 1:
                raise ValueError(f"{key} must be 0 to 1, not {value}")

    def epsilon(self, progress: float) -> float:
        """Share of actions taken at random at this share of the budget."""
        done = min(progress / self.exploration, 1.0) if self.exploration else 1.0
        return self.epsilon_start + done * (self.epsilon_end - self.epsilon_start)

    def check_task(self, task: TaskSpec) -> None:
        """Raise UnsupportedTaskError if DQN with these settings cannot work on ``task``."""
        if isinstance(task.action, Box):
            raise UnsupportedTaskError("dqn needs discrete actions: set task.action to discrete")
        OffPolicyConfig.check_task(self, task)
