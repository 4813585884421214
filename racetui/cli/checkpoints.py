"""``racetui checkpoints``: those of a run, which of them is the best, and which is to go."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from racetui.checkpointing import Kept, delete, kept, promote
from racetui.cli.output import moment, number, plain, print_json, table
from racetui.config import ConfigError
from racetui.exits import Exit
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.words import size


def checkpoints(options: argparse.Namespace) -> int:
    """Promote or delete one if asked to, then print those that there are."""
    paths = RunStore().find(options.run)
    if options.even_best and options.delete is None:
        raise ConfigError("--even-best goes with --delete FRAMES")
    if options.promote is not None:
        promote(paths, options.promote, options.timeout)
    elif options.delete is not None:
        _delete(paths, options)
    found = _kept(paths)
    if options.json:
        print_json([_document(one) for one in found])
    elif found:
        print(_table(found))
    return Exit.OK


def _delete(paths: RunPaths, options: argparse.Namespace) -> None:
    frames, even_best = options.delete, options.even_best
    chosen = next((one for one in _kept(paths) if one.row.frames == frames), None)
    if chosen is not None and not options.yes:
        best = "best" in chosen.row.tags
        if not sys.stdin.isatty():
            raise ConfigError(f"--delete {frames} asks first, and there is no terminal: --yes answers")
        what = "the best checkpoint" if best else "the checkpoint"
        answer = input(f"Delete {what} of run {paths.id}, at {frames:,} frames? It cannot be brought back. [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            raise ConfigError("nothing was deleted")
        even_best = even_best or best  # that was the question
    delete(paths, frames, even_best, options.timeout)


def _kept(paths: RunPaths) -> list[Kept]:
    with RunReader(paths) as reader:
        return kept(reader.checkpoints(), reader.evaluations())


def _document(one: Kept) -> dict[str, Any]:
    score = one.score
    document: dict[str, Any] = plain(one.row)
    if score is None:
        return document | {"mean": None, "std": None, "purpose": None}
    return document | {"mean": score.results["mean"], "std": score.results.get("std"), "purpose": score.purpose}


def _table(found: list[Kept]) -> str:
    rows = [
        (
            f"{one.row.frames:,}",
            moment(one.row.time),
            one.row.reason,
            size(one.row.bytes),
            "-" if one.score is None else f"{one.score.results['mean']:.1f} ± {number(one.score.results.get('std'))}",
            " ".join(one.row.tags),
        )
        for one in found
    ]
    return table(("frames", "saved", "reason", "size", "score", ""), rows)
