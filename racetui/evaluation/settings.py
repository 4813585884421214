"""What to evaluate and how, as plain data."""

from __future__ import annotations

from dataclasses import dataclass

MOST_SEED = 2**31 - 1
"""Largest track seed."""


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """What to evaluate and how. An episode depends on the checkpoint, its track seed and ``deterministic`` alone."""

    episodes: int = 10
    seed: int = 1_000_000
    """Track seed of the first episode; the others follow."""
    deterministic: bool = True
    backend: str = "fast"
    """What simulates; ``gymnasium`` proves a score on the stock environment."""
    cores: int = 1
    """How many to use: threads of a backend that has them, processes of the others. Scores do not depend on it."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the option."""
        if not 1 <= self.episodes <= 10_000:
            raise ValueError(f"episodes must be 1 to 10000, not {self.episodes}")
        if not 0 <= self.seed <= MOST_SEED - self.episodes:
            raise ValueError(f"seed must be 0 to {MOST_SEED - self.episodes}, not {self.seed}")
        if not 1 <= self.cores <= 1024:
            raise ValueError(f"cores must be 1 to 1024, not {self.cores}")

    @property
    def seeds(self) -> range:
        """The track seeds of all episodes."""
        return range(self.seed, self.seed + self.episodes)
