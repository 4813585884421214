"""``racetui eval``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from agents.checkpoint import Checkpoint
from carracing.task import EVALUATION_TRACKS
from collectors.api import EpisodeRecord
from racetui.cli.evaluation_record import Record
from racetui.cli.expert import evaluate_expert_command
from racetui.cli.output import print_json
from racetui.cli.scoring import print_result, progress_of, settings_of
from racetui.config import ConfigError
from racetui.evaluation import (
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

EXPERT = "expert"
"""The target that is no run: the scripted driver."""


@dataclass(frozen=True, slots=True)
class Target:
    """What to evaluate or export: a checkpoint, and the run it is of if it was named by one."""

    path: Path
    run: RunPaths | None


def evaluate_command(options: argparse.Namespace) -> int:
    """Evaluate in the foreground, print the scores, and keep them with the run."""
    if options.target == EXPERT:
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
