"""``racetui sweep``."""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, pstdev
from typing import Any

from racetui.cli.output import number, print_json, table
from racetui.cli.report import write_compared
from racetui.comparison import compare, contestant_of
from racetui.comparison.figures import comparison_text
from racetui.exits import Exit
from racetui.reports.caveats import CHANCE
from racetui.reports.folder import check_place
from racetui.runs.model import RunState, RunSummary
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.sweeps import Member, members, read_sweep
from racetui.sweeps.plan import alike, written
from racetui.sweeps.starting import Entry, specs_of, start

POLL_SECONDS = 1.0


def sweep(options: argparse.Namespace) -> int:
    """Queue the runs of a file; wait for them and compare them where that is asked for."""
    if options.out is not None:
        check_place(options.out, options.force)
    asked = read_sweep(options.file)
    found = members(asked)
    specs = specs_of(asked, found)
    if options.dry_run:
        _print_plan(found, options.json)
        return Exit.OK
    entries = start(found, specs, RunStore())
    if not (options.wait or options.out):
        _print_started(entries, options.json)
        return Exit.OK
    try:
        ended = _wait(entries)
    except KeyboardInterrupt:
        print(f"racetui: the runs go on; racetui sweep {options.file} --wait waits for them again", file=sys.stderr)
        return Exit.INTERRUPTED
    return _conclude(entries, ended, options.json, options.out, options.force)


def _print_plan(found: Sequence[Member], json: bool) -> None:
    if json:
        print_json([{"name": member.name, "settings": member.settings} for member in found])
    else:
        print(table(("run", "its own settings"), [(member.name, written(member.varied)) for member in found]))


def _print_started(entries: Sequence[Entry], json: bool) -> None:
    if json:
        print_json([{"run": one.paths.id, "name": one.member.name, "done": one.done} for one in entries])
    else:
        rows = [(one.paths.id, one.member.name, one.done, written(one.member.varied)) for one in entries]
        print(table(("run", "name", "", "its own settings"), rows))


def _wait(entries: Sequence[Entry]) -> list[RunSummary]:
    """Until all have ended, saying on stderr what each comes to."""
    told: dict[str, RunState] = {}
    while True:
        runs = [_summary(entry) for entry in entries]
        for run in runs:
            if told.get(run.id) is not run.state:
                told[run.id] = run.state
                print(f"racetui: {run.id} {run.name} is {run.state.value} {run.detail}".rstrip(), file=sys.stderr)
        if all(run.state.ended for run in runs):
            return runs
        time.sleep(POLL_SECONDS)


def _summary(entry: Entry) -> RunSummary:
    with RunReader(entry.paths) as reader:
        return reader.summary()


def _conclude(
    entries: Sequence[Entry], runs: Sequence[RunSummary], json: bool, place: Path | None, replace: bool
) -> int:
    groups = _groups(entries, runs)
    if json:
        print_json(groups)
    else:
        comparison = compare([contestant_of(entry.paths) for entry in entries])
        print(comparison_text(comparison))
        print(_groups_text(groups))
    if place is not None:
        write_compared([entry.paths for entry in entries], place, replace)
    return Exit.OK if all(run.state is RunState.FINISHED for run in runs) else Exit.FAILURE


def _groups(entries: Sequence[Entry], runs: Sequence[RunSummary]) -> list[dict[str, Any]]:
    """Runs that differ in their seeds alone together, the best first."""
    by_name = {entry.member.name: run for entry, run in zip(entries, runs, strict=True)}
    found: list[dict[str, Any]] = []
    for title, alone in alike([entry.member for entry in entries], CHANCE):
        those = [by_name[member.name] for member in alone]
        scores = [run.best_mean for run in those if run.best_mean is not None]
        speeds = [run.frames / run.seconds for run in those if run.seconds > 0]
        found.append(
            {
                "settings": title,
                "runs": [run.id for run in those],
                "finished": sum(run.state is RunState.FINISHED for run in those),
                "best_mean": fmean(scores) if scores else None,
                "best_std": pstdev(scores) if scores else None,
                "best_least": min(scores, default=None),
                "best_greatest": max(scores, default=None),
                "frames_per_second": fmean(speeds) if speeds else None,
            }
        )
    return sorted(found, key=lambda group: math.inf if group["best_mean"] is None else -group["best_mean"])


def _groups_text(groups: Sequence[dict[str, Any]]) -> str:
    headings = ("settings", "runs", "finished", "best evaluation", "least", "greatest", "frames/s")
    rows = [
        (
            group["settings"],
            str(len(group["runs"])),
            str(group["finished"]),
            "-" if group["best_mean"] is None else f"{group['best_mean']:.1f} ± {group['best_std']:.1f}",
            number(group["best_least"]),
            number(group["best_greatest"]),
            number(group["frames_per_second"], 0),
        )
        for group in groups
    ]
    return (
        f"{table(headings, rows)}\n\nbest evaluation: mean and deviation over runs that differ in their seeds alone"
    )
