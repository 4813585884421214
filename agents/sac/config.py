"""The settings of SAC. Loads no torch: the panel and the command line read this."""

from __future__ import annotations

from dataclasses import dataclass

from agents.errors import UnsupportedTaskError
from agents.offpolicy.config import OffPolicyConfig, Sizes
from agents.start_settings import check_start, pull_at
from carracing.task import Discrete, TaskSpec


@dataclass(frozen=True, slots=True)
class SACConfig(OffPolicyConfig):
    """How SAC learns."""

    PICTURES = Sizes(replay=30_000, round=64, batch=128)
    VECTORS = Sizes(replay=300_000, round=256, batch=256)

    target_rate: float = 0.005
    """Share of the way that the target critics go towards the critics with each update; above 0 to 1."""
    features: int = 64
    """Numbers that a picture is encoded to, 1 to 4096."""
    shift: int = 4
    """DrQ: sampled pictures are shifted at random by up to so many pixels either way, 0 to 32; 0 shows them as
    they were. Vectors are never shifted."""
    entropy: float = 0.0
    """Entropy in nats that exploring is held at, of actions scaled to -1 to 1; 0 takes minus their number."""
    entropy_coefficient: float = 1.0
    """What a nat of entropy is worth in rewards, at first; above 0."""
    freeze_encoder: bool = False
    """Keep the encoder of ``init_from`` as it is, for the critics too: trained by them, it would no longer give the
    policy what that has learned to drive by."""
    spread: float = 1.0
    """How many times wider than the policy of ``init_from`` this one explores at first, above 0 to 100; with that
    only. A clone is so sure of what it does that critics could not tell its actions apart."""
    policy_learning_rate: float = 0.0
    """Step size of the policy's Adam; 0 takes ``learning_rate``, which is of the critics then."""
    value_warmup: int = 0
    """Updates that only the critics learn in, so that unlearned values do not spoil the policy of ``init_from``; with
    that only."""
    pull: float = 0.0
    """Weight, at the start of the run, of the divergence from the policy of ``init_from``; with that only."""
    pull_until: float = 0.5
    """Share of the budget at which the pull has fallen to 0, linearly; above 0. Beyond 1 some of it stays."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        OffPolicyConfig.__post_init__(self)
        if not 0 < self.target_rate <= 1:
            raise ValueError(f"target_rate must be above 0 and at most 1, not {self.target_rate}")
        if not 1 <= self.features <= 4096:
            raise ValueError(f"features must be 1 to 4096, not {self.features}")
        if not 0 <= self.shift <= 32:
            raise ValueError(f"shift must be 0 to 32 pixels, not {self.shift}")
        if not 0 < self.entropy_coefficient < float("inf"):
            raise ValueError(f"entropy_coefficient must be above 0, not {self.entropy_coefficient}")
        if not abs(self.entropy) < float("inf"):
            raise ValueError(f"entropy must be a number of nats, not {self.entropy}")
        if not 0 < self.spread <= 100:
            raise ValueError(f"spread must be above 0 and at most 100, not {self.spread}")
        if not 0 <= self.policy_learning_rate <= 1:
            raise ValueError(f"policy_learning_rate must be 0 to 1, not {self.policy_learning_rate}")
        for key, usual in (("freeze_encoder", False), ("spread", 1.0)):
            if getattr(self, key) != usual and not self.init_from:
                raise ValueError(f"{key} goes with init_from only, which names the policy to start from")
        check_start(self)

    def pull_at(self, progress: float) -> float:
        """Weight of the divergence at this share of the budget."""
        return pull_at(self, progress)

    def check_task(self, task: TaskSpec) -> None:
        """Raise UnsupportedTaskError if SAC with these settings cannot work on ``task``."""
        if isinstance(task.action, Discrete):
            raise UnsupportedTaskError("sac needs continuous actions: set task.action to steer-accel or native")
        OffPolicyConfig.check_task(self, task)
