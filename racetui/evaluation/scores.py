"""Scores: what is made of driven episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from collectors.api import EpisodeRecord


@dataclass(frozen=True, slots=True)
class EpisodeScore:
    """One driven episode; what concerns tiles is None for tasks without tiles."""

    seed: int
    """Track seed."""
    episode_return: float
    frames: int
    end: str
    """terminated or truncated."""
    missed_tiles: int | None
    progress: float | None
    """Share of the tiles visited, 0 to 1."""
    lap_frames: int | None
    """Frames until the last tile was visited; None if the lap was not finished."""

    @property
    def finished(self) -> bool:
        """Every tile was visited."""
        return self.lap_frames is not None


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """Scores of one evaluation; returns are raw rewards under the released rules."""

    mean: float
    std: float
    min: float
    p10: float
    finish_rate: float | None
    """Share of episodes in which every tile was visited; None for tasks without tiles."""
    missed_tiles: float | None
    """Mean per episode."""
    lap_frames: float | None
    """Mean over finished laps; None if there was none."""
    returns: tuple[float, ...]
    frames: tuple[int, ...]
    episodes: tuple[EpisodeScore, ...]
    """In order of their seeds, as are the two above."""
    seconds: float


def summarise(records: Sequence[EpisodeRecord], seconds: float) -> EvaluationResult:
    """Condense episodes into scores; std is the population's."""
    episodes = tuple(_score(record) for record in records)
    returns = np.array([episode.episode_return for episode in episodes], dtype=np.float64)
    laps = [episode.lap_frames for episode in episodes if episode.lap_frames is not None]
    missed = [episode.missed_tiles for episode in episodes if episode.missed_tiles is not None]
    return EvaluationResult(
        mean=float(returns.mean()),
        std=float(returns.std()),
        min=float(returns.min()),
        p10=float(np.percentile(returns, 10)),
        finish_rate=len(laps) / len(episodes) if missed else None,
        missed_tiles=float(np.mean(missed)) if missed else None,
        lap_frames=float(np.mean(laps)) if laps else None,
        returns=tuple(returns.tolist()),
        frames=tuple(episode.frames for episode in episodes),
        episodes=episodes,
        seconds=seconds,
    )


def _score(record: EpisodeRecord) -> EpisodeScore:
    facts = record.facts
    tiles = "missed_tiles" in facts
    return EpisodeScore(
        seed=record.seed,
        episode_return=record.episode_return,
        frames=record.frames,
        end=record.end.value,
        missed_tiles=int(facts["missed_tiles"]) if tiles else None,
        progress=facts.get("progress"),
        lap_frames=int(facts.get("lap_frames", record.frames)) if facts.get("finished") else None,
    )
