"""``racetui demos``: record demonstrations, and show recorded ones."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from carracing.task import TRAINING_ONLY, TaskConfig
from profiles import detect
from racetui.cli.evaluate import find_target
from racetui.cli.output import number, print_json, span, table
from racetui.config import ConfigError, apply_overrides, load_spec
from racetui.exits import Exit
from racetui.usual import usual_task

if TYPE_CHECKING:
    from agents.demonstrations import DemonstrationSet
    from racetui.demos import Recorded


def demos(options: argparse.Namespace) -> int:
    """Record a set, or the rest of one."""
    from agents.demonstrations import DemonstrationSet
    from racetui.demos import Request, make_plan, record

    workers = max(1, detect().usable_cores - 1) if options.workers is None else options.workers
    if workers < 1:
        raise ConfigError("--workers must be 1 or more, not 0: nobody would drive")
    request = Request(
        episodes=options.episodes,
        noise=options.noise or [0.0],
        random_starts=options.random_starts,
        seed=options.seed,
        backend=options.backend,
    )
    checkpoint = find_target(options.source, "").path if options.source else None
    plan = make_plan(options.out, request, _task(options), checkpoint)
    directory = plan.directory
    print(f"racetui: {plan.header.driver} drives {request.episodes} episodes into {directory}", file=sys.stderr)
    try:
        recorded = record(plan, workers, _progress(plan.header.episodes))
    except KeyboardInterrupt:
        print(f"\nracetui: interrupted; the same command goes on with {directory}", file=sys.stderr)
        return Exit.INTERRUPTED
    for incident in recorded.incidents:
        print(f"racetui: {incident}", file=sys.stderr)
    _report(DemonstrationSet(directory, stack=1), recorded, workers, options.json)
    return Exit.OK


def show(options: argparse.Namespace) -> int:
    """Print what a set holds, by noise level or episode by episode, and film it if asked."""
    from agents.demonstrations import DemonstrationSet
    from racetui.video import CHOICES, check_recorded, film_recorded

    if options.episode is not None and not options.video:
        raise ConfigError("--episode chooses what --video FILE shows: give that too")
    found = DemonstrationSet(options.directory, stack=1)
    which = CHOICES[0] if options.episode is None else options.episode
    if options.video:
        check_recorded(options.video, found, which)
    _report(found, None, 0, options.json, rows=options.rows)
    if options.video:
        shown = film_recorded(options.video, found, which)
        what = f"episode {shown[0].episode}" if len(shown) == 1 else f"{len(shown)} episodes"
        print(f"racetui: {options.video} written: {what}", file=sys.stderr)
    return Exit.OK


def _report(found: DemonstrationSet, recorded: Recorded | None, workers: int, json: bool, rows: bool = False) -> None:
    header, episodes, directory = found.header, found.episodes, found.directory
    if json:
        document = {
            "directory": directory,
            "driver": header.driver,
            "task": asdict(found.task),
            "samples": len(found),
            "bytes": found.bytes,
            "episodes": [
                {name: getattr(episode, name) for name in episode.__struct_fields__} for episode in episodes
            ],
        }
        print_json(document if recorded is None else {**document, "recorded": asdict(recorded)})
        return
    if rows:
        print(_episode_rows(episodes))
    print(_level_rows(episodes))
    task = found.task
    print(
        f"{directory}: {len(episodes)} episodes by {header.driver}, {len(found):,} samples of {task.observation}, "
        f"frame skip {task.frame_skip}, action {task.action}; {found.bytes / 1e6:,.0f} MB of observations"
    )
    if recorded is not None and recorded.blocks:
        print(
            f"{recorded.episodes} episodes, {recorded.frames:,} frames in {span(recorded.seconds)} by {workers} "
            f"workers: {recorded.frames / recorded.seconds:,.0f} frames/s"
        )


def _level_rows(episodes: list[Any]) -> str:
    rows = []
    for key in sorted({(episode.noise, episode.random_start) for episode in episodes}):
        chosen = [episode for episode in episodes if (episode.noise, episode.random_start) == key]
        returns = [episode.episode_return for episode in chosen]
        rows.append(
            (
                f"{key[0]:g}",
                "anywhere" if key[1] else "line",
                str(len(chosen)),
                number(float(np.mean(returns))),
                number(float(np.std(returns))),
                number(min(returns)),
                f"{np.mean([episode.facts.get('finished', 0.0) for episode in chosen]):.0%}",
                number(float(np.mean([episode.facts.get("missed_tiles", 0.0) for episode in chosen])), 2),
                number(float(np.mean([episode.frames for episode in chosen])), 0),
            )
        )
    return table(("noise", "start", "episodes", "mean", "std", "min", "finished", "missed", "frames"), rows)


def _episode_rows(episodes: list[Any]) -> str:
    headings = ("episode", "track", "noise", "start", "return", "frames", "end", "missed")
    return table(
        headings,
        [
            (
                str(episode.episode),
                str(episode.seed),
                f"{episode.noise:g}",
                "anywhere" if episode.random_start else "line",
                number(episode.episode_return),
                str(episode.frames),
                "terminated" if episode.terminated else "truncated",
                number(episode.facts.get("missed_tiles"), 0),
            )
            for episode in episodes
        ],
    )


def _task(options: argparse.Namespace) -> TaskConfig | None:
    """The task asked for, completed as for ``train``; None where a policy brings its own."""
    document: dict[str, Any] = {"task": {"observation": options.observation}} if options.observation else {}
    document = apply_overrides(document, options.set)
    if set(document) - {"task"}:
        raise ConfigError(f"--set {sorted(set(document) - {'task'})[0]}: only task.KEY concerns demonstrations")
    if options.source and not document:
        return None
    given = {**TRAINING_ONLY, **(document.get("task") or {})}
    task = usual_task(given, options.backend) | given
    if "env" in task:
        raise ConfigError(
            "--set env: demonstrations are of CarRacing, whose scripted driver knows no other environment"
        )
    wanted: TaskConfig = load_spec({"name": "demos", "backend": options.backend, "task": task}, "command line").task
    return wanted


def _progress(total: int) -> Callable[[Any, int], None]:
    if not sys.stderr.isatty():
        return lambda recorded, left: None

    def tell(recorded: Any, left: int) -> None:
        end = "" if left else "\n"
        print(
            f"\r{recorded.episodes} episodes driven, {left} blocks of {total} episodes left ",
            end=end,
            file=sys.stderr,
        )

    return tell
