"""Scoring, of a policy or of the expert: what the options ask for, progress, and the scores as people read them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict

from collectors.api import EpisodeRecord
from profiles import detect
from racetui.cli.output import number, table
from racetui.cli.stages import scores_sentence
from racetui.config import ConfigError
from racetui.evaluation import EpisodeScore, EvaluationResult, EvaluationSettings

EPISODES = 100
SEED = 2_000_000
"""Neither training nor the evaluations beside it drive the tracks from here on."""


def settings_of(options: argparse.Namespace, backend: str) -> EvaluationSettings:
    """What the options say of tracks, cores and driving. Raises ConfigError."""
    episodes, seed = options.episodes, options.seed
    if options.video_episode and not options.video:
        raise ConfigError("--video-episode chooses what --video FILE shows: give that too")
    if options.seeds is not None:
        if episodes is not None or seed is not None:
            raise ConfigError("--seeds says which and how many: leave --seed and --episodes out")
        episodes, seed = len(options.seeds), options.seeds[0]
    try:
        return EvaluationSettings(
            episodes=EPISODES if episodes is None else episodes,
            seed=SEED if seed is None else seed,
            deterministic=not options.stochastic,
            backend=backend,
            cores=detect().usable_cores if options.cores is None else options.cores,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from None


def progress_of(episodes: int) -> Callable[[EpisodeRecord], None]:
    """Counts the driven tracks on a terminal; elsewhere nothing is told until the end."""
    if not sys.stderr.isatty():
        return lambda record: None
    driven = 0

    def count(record: EpisodeRecord) -> None:
        nonlocal driven
        driven += 1
        end = "\n" if driven == episodes else ""
        print(f"\r{driven}/{episodes} episodes, the last {record.episode_return:.1f} ", end=end, file=sys.stderr)

    return count


def print_result(result: EvaluationResult, rows: bool) -> None:
    """Print the scores, before them a row for each track if asked."""
    print("\n".join([*([_rows(result.episodes)] if rows else []), scores_sentence(asdict(result))]), flush=True)


def _rows(episodes: tuple[EpisodeScore, ...]) -> str:
    headings = ("seed", "return", "frames", "end", "missed", "lap frames")
    rows = [
        (
            str(episode.seed),
            number(episode.episode_return),
            str(episode.frames),
            episode.end,
            number(episode.missed_tiles, 0),
            number(episode.lap_frames, 0),
        )
        for episode in episodes
    ]
    shown = 6 if any(episode.missed_tiles is not None for episode in episodes) else 4  # others have no tiles
    return table(headings[:shown], [row[:shown] for row in rows])
