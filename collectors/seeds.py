"""Which track and which noise an episode gets: a pure function of the run's seeds and the episode's number."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from carracing.task import EVALUATION_TRACKS

Strategy = Literal["independent", "shared", "fixed", "curriculum"]

STRATEGIES: dict[Strategy, str] = {
    "independent": "a new track for every episode",
    "shared": "all cars on the same track each round; who ends early waits",
    "fixed": "one track for all episodes",
    "curriculum": "one track for the first episodes, then new ones",
}
"""What each strategy is, for people."""

_MOST_BASE = 2**30
_FAR = 1 << 30
"""Added to a drawn seed that is kept for evaluation: it is then beyond all that are."""


@dataclass(frozen=True, slots=True)
class SeedsConfig:
    """Which tracks a run trains on; those kept for evaluation (seeds 1,000,000 to 9,999,999) are never among them."""

    strategy: Strategy = "independent"
    """independent: every episode its own track; shared: all lanes begin a track together, and lanes that end early
    wait; fixed: one track for ever; curriculum: one track for the first ``curriculum`` episodes, then independent.
    Cars of one track (``collector_config.cars``) share it under every strategy."""
    curriculum: int = 0
    """Episodes on the first track, rounded up to whole groups; for strategy curriculum only, which needs it."""
    seed_base: int | None = None
    """Track seeds count up from here, one per track: 1000 drives 1000, 1001, ...; null draws them from the run's
    seed. 0 to 2**30, outside those kept for evaluation, which counting up leaves out."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if self.strategy not in STRATEGIES:
            raise ValueError(f"strategy must be one of {', '.join(STRATEGIES)}, not {self.strategy}")
        if self.curriculum < 0 or (self.strategy == "curriculum") != (self.curriculum > 0):
            raise ValueError(
                "curriculum is how many episodes strategy curriculum drives on its first track: 1 or more with it, "
                f"0 without, not {self.curriculum} with strategy {self.strategy}"
            )
        if self.seed_base is None:
            return
        if not 0 <= self.seed_base <= _MOST_BASE or self.seed_base in EVALUATION_TRACKS:
            raise ValueError(
                f"seed_base must be 0 to {_MOST_BASE} and not {EVALUATION_TRACKS.start} to "
                f"{EVALUATION_TRACKS.stop - 1}, which are for evaluation, not {self.seed_base}"
            )


@dataclass(frozen=True, slots=True)
class EpisodeSeeds:
    """Seeds of a run's episodes; the same whatever the lane, worker or machine."""

    run_seed: int
    cars_per_track: int = 1
    """Consecutive episodes that share a track (cars of one group)."""
    config: SeedsConfig = field(default_factory=SeedsConfig)
    lanes: int = 1
    """Of the whole run. Only strategy shared asks: ``lanes`` consecutive episodes are a round on one track."""

    @property
    def sharing(self) -> int:
        """How many consecutive episodes drive the same track side by side: a group, or a round."""
        return self.lanes if self.config.strategy == "shared" else self.cars_per_track

    def track(self, episode: int) -> int:
        """Track seed of an episode, 0 to 2**31 - 1, as an environment's ``reset(seed=...)`` takes it."""
        number = episode // self.sharing
        same = self.config.strategy == "fixed" or number * self.sharing < self.config.curriculum
        number = 0 if same else number
        base = self.config.seed_base
        return self._drawn(number) if base is None else _counted(base, number)

    def key(self, episode: int) -> np.uint64:
        """Where the episode's random stream starts; see ``agents.random``."""
        sequence = np.random.SeedSequence(self.run_seed, spawn_key=(episode, 1))
        return np.uint64(sequence.generate_state(1, np.uint64)[0])

    def facts(self) -> dict[str, int | str]:
        """All that decides the seeds, as a saved state tells it."""
        return {
            "run_seed": self.run_seed,
            "cars_per_track": self.cars_per_track,
            "strategy": self.config.strategy,
            "curriculum": self.config.curriculum,
            "seed_base": -1 if self.config.seed_base is None else self.config.seed_base,
            "sharing": self.sharing,
        }

    def _drawn(self, number: int) -> int:
        sequence = np.random.SeedSequence(self.run_seed, spawn_key=(number, 0))
        seed = int(sequence.generate_state(1, np.uint32)[0] >> 1)
        return seed + _FAR if seed in EVALUATION_TRACKS else seed


def _counted(base: int, number: int) -> int:
    """Seeds counted up from below those kept for evaluation go on behind them."""
    seed = base + number
    return seed + len(EVALUATION_TRACKS) if base < EVALUATION_TRACKS.start <= seed else seed
