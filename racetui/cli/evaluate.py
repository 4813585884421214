"""``racetui eval``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from agents.checkpoint import Checkpoint
from carracing.task import EVALUATION_TRACKS
from collectors.api import EpisodeRecord
from profiles import detect
from racetui.cli.evaluation_record import Record
from racetui.cli.output import number, print_json, table
from racetui.cli.stages import scores_sentence
from racetui.config import ConfigError
from racetui.evaluation import (
    EpisodeScore,
    EvaluationResult,
    EvaluationSettings,
    document_of,
    evaluate,
    loaded,
    posed_task,
    usual_backend,
)
from racetui.exits import Exit
from racetui.runs.errors import RunNotFound
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.video import Camera, VideoPlan

EPISODES = 100
EXPERT = "expert"
"""The target that is no run: the scripted driver."""
SEED = 2_000_000
"""Neither training nor the evaluations beside it drive the tracks from here on."""


@dataclass(frozen=True, slots=True)
class Target:
    """What to evaluate or export: a checkpoint, and the run it is of if it was named by one."""

    path: Path
    run: RunPaths | None


def evaluate_command(options: argparse.Namespace) -> int:
    """Evaluate in the foreground, print the scores, and keep them with the run."""
    if options.target == EXPERT:
        from racetui.cli.expert import evaluate_expert_command

        return evaluate_expert_command(options)
    if options.frame_skip is not None:
        raise ConfigError("--frame-skip goes with the expert: a policy acts as often as it learned to")
    settings_of(options, "fast")  # what is wrong with the options is said before anything is read
    target = find_target(options.target, options.checkpoint)
    checkpoint = loaded(target.path)
    settings = settings_of(options, options.backend or usual_backend(checkpoint))
    print(f"racetui: {_what(checkpoint, target.path, settings)}", file=sys.stderr)
    if not set(settings.seeds) <= set(EVALUATION_TRACKS):
        first, last = EVALUATION_TRACKS[0], EVALUATION_TRACKS[-1]
        print(
            f"racetui: training may have driven some of them: seeds from {first} to {last} are kept", file=sys.stderr
        )
    posed, camera = posed_task(checkpoint, settings.backend), None
    if options.video:
        camera = Camera(VideoPlan(options.video, options.video_episode or "first"), settings, posed)
    act_on_one_thread()
    record = Record(target.run, int(checkpoint.counters["frames"]), settings)
    show = progress_of(settings.episodes)

    def driven(episode: EpisodeRecord) -> None:
        show(episode)
        record.progress(episode)

    with record.failing():
        result = evaluate(checkpoint, settings, driven, camera.watching if camera else None)
    record.finish(result)
    if options.json:
        print_json({"checkpoint": target.path, **document_of(checkpoint, settings, result)})
    else:
        print_result(result, options.rows)
    if camera:
        camera.film(result, posed)
        print(f"racetui: {options.video} written", file=sys.stderr)
    return Exit.OK


def find_target(target: str, which: str) -> Target:
    """The checkpoint directory, or the checkpoint of a run: the one asked for, else the best, else the latest.

    Raises ConfigError, RunNotFound, AmbiguousRun, CheckpointError.
    """
    from agents.checkpoint import read_pointer, resolve

    path = Path(target)
    if (path / "manifest.json").is_file():
        if which:
            raise ConfigError("--checkpoint goes with a run, not with a checkpoint directory")
        return Target(path, None)
    try:
        run = RunStore().find(target)
    except RunNotFound as error:
        raise RunNotFound(f"{target!r} is no checkpoint's directory, and {error}") from None
    default = "best" if read_pointer(run.checkpoints, "BEST") else "latest"
    return Target(resolve(run.checkpoints, which or default), run)


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


def _what(checkpoint: Checkpoint, path: Path, settings: EvaluationSettings) -> str:
    how = "deterministic" if settings.deterministic else "stochastic"
    seeds = settings.seeds
    env = checkpoint.task.get("env")
    word = "seed" if env else "track"
    tracks = f"{word}s {seeds[0]} to {seeds[-1]}" if len(seeds) > 1 else f"{word} {seeds[0]}"
    on = f"{settings.backend}{f', {env}' if env else ''}"
    return f"{checkpoint.agent} after {checkpoint.counters['frames']:,} frames ({path}), {how}, on {on}: {tracks}"


def act_on_one_thread() -> None:
    """Acting is a small part of driving, and torch's threads wait by spinning, on the cores that simulate."""
    import torch

    torch.set_num_threads(1)


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
