"""``racetui eval``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from racetui.cli.output import number, print_json
from racetui.config import ConfigError
from racetui.evaluation import EvaluationResult, EvaluationSettings, evaluate, usual_backend
from racetui.exits import Exit
from racetui.runs.errors import StoreError
from racetui.runs.paths import RunPaths
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter


@dataclass(frozen=True, slots=True)
class _Target:
    checkpoint: Path
    run: RunPaths | None


def evaluate_command(options: argparse.Namespace) -> int:
    """Evaluate in the foreground, print the scores, and keep them with the run."""
    try:
        settings = EvaluationSettings(options.episodes, options.seed, not options.stochastic)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    target = _find(options.target, options.checkpoint)
    settings = replace(settings, backend=options.backend or usual_backend(target.checkpoint))
    print(f"racetui: {settings.episodes} tracks from seed {settings.seed} with {target.checkpoint}", file=sys.stderr)
    result = evaluate(target.checkpoint, settings)
    if target.run is not None:
        _record(target.run, int(target.checkpoint.name), settings, result)
    if options.json:
        print_json({"checkpoint": target.checkpoint, "settings": asdict(settings), "results": asdict(result)})
    else:
        print(_sentence(result))
    return Exit.OK


def _find(target: str, which: str) -> _Target:
    from agents.checkpoint import read_pointer, resolve

    path = Path(target)
    if (path / "manifest.json").is_file():
        if which:
            raise ConfigError("--checkpoint goes with a run, not with a checkpoint directory")
        return _Target(path, None)
    run = RunStore().find(target)
    default = "best" if read_pointer(run.checkpoints, "BEST") else "latest"
    return _Target(resolve(run.checkpoints, which or default), run)


def _record(run: RunPaths, frames: int, settings: EvaluationSettings, result: EvaluationResult) -> None:
    try:
        with RunWriter(run) as writer, writer.transaction():
            row = writer.evaluation_started(
                frames=frames,
                purpose="asked",
                episodes=settings.episodes,
                seed=settings.seed,
                deterministic=settings.deterministic,
                backend=settings.backend,
            )
            writer.evaluation_finished(row, asdict(result))
    except StoreError as error:
        print(f"racetui: the scores are not kept with the run: {error}", file=sys.stderr)


def _sentence(result: EvaluationResult) -> str:
    parts = [
        f"mean {result.mean:.1f} ± {result.std:.1f} over {len(result.returns)} tracks",
        f"min {result.min:.1f}",
        f"p10 {result.p10:.1f}",
    ]
    if result.finish_rate is not None:
        parts.append(f"finished {result.finish_rate:.0%}")
        parts.append(f"missed tiles {number(result.missed_tiles, 2)}")
        parts.append(f"lap frames {number(result.lap_frames, 0)}")
    return ", ".join(parts)
