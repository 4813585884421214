"""Which track and which noise an episode gets: a pure function of the run's seed and the episode's number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class EpisodeSeeds:
    """Seeds of a run's episodes; the same whatever the lane, worker or machine."""

    run_seed: int
    cars_per_track: int = 1
    """Consecutive episodes that share a track (cars of one group)."""

    def track(self, episode: int) -> int:
        """Track seed of an episode, 0 to 2**31 - 1, as an environment's ``reset(seed=...)`` takes it."""
        sequence = np.random.SeedSequence(self.run_seed, spawn_key=(episode // self.cars_per_track, 0))
        return int(sequence.generate_state(1, np.uint32)[0] >> 1)

    def key(self, episode: int) -> np.uint64:
        """Where the episode's random stream starts; see ``agents.random``."""
        sequence = np.random.SeedSequence(self.run_seed, spawn_key=(episode, 1))
        return np.uint64(sequence.generate_state(1, np.uint64)[0])
