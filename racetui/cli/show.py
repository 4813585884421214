"""``racetui runs`` and ``racetui show``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from profiles import detect
from racetui.bottleneck import Remark, remarks_on
from racetui.cli.output import moment, number, print_json, span, summary_document, table
from racetui.cli.stages import stages_document, stages_text
from racetui.exits import Exit
from racetui.runs.errors import DamagedRun
from racetui.runs.filtering import parse_filter
from racetui.runs.model import HeatRow, RunState, RunSummary
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.spec import RunSpec
from racetui.words import counted

RECENT = 10
"""Events shown of a run."""
RECENT_HEATS = 100
"""Heats of which the winners are counted."""


def list_runs(options: argparse.Namespace) -> int:
    """Print every run, the newest first."""
    chosen = parse_filter(options.filter)
    summaries = list(chosen.chosen(RunStore().list()))
    if options.json:
        print_json([summary_document(summary) for summary in summaries])
    elif summaries:
        print(runs_table(summaries))
    elif not chosen.tests:
        print("no runs yet: start one with `racetui train` or in the panel")
    return Exit.OK


def runs_table(summaries: list[RunSummary]) -> str:
    """The runs as a table for people."""
    queued, tagged = any(map(_waits, summaries)), any(run.tags for run in summaries)
    headings = ["id", "name", "state", "agent", "collector", "frames", "episodes", "return", "frames/s", "left"]
    headings += [*(["tags"] if tagged else []), *(["in the queue"] if queued else [])]
    rows = [
        (
            run.id,
            run.name,
            run.state.value,
            run.agent,
            run.collector,
            number(run.frames, 0),
            number(run.episodes, 0),
            number(run.return_mean),
            number(run.frames_per_second, 0),
            span(run.eta_seconds),
            *([" ".join(run.tags)] if tagged else []),
            *([_waits(run)] if queued else []),
        )
        for run in summaries
    ]
    return table(headings, rows)


def _waits(run: RunSummary) -> str:
    """What it waits for; empty if it does not."""
    return run.detail if run.state is RunState.QUEUED else ""


def show_run(options: argparse.Namespace) -> int:
    """Print everything about one run."""
    reader = RunReader(RunStore().find(options.run))
    summary, spec = reader.summary(), _spec(reader)
    if options.json:
        print_json(_document(reader, summary, spec))
        return Exit.OK
    facts = [*_facts(summary), *_findings(reader, spec), ("directory", str(summary.path))]
    print("\n".join(f"{name:>10}  {value}" for name, value in facts))
    if summary.stages:
        print(f"\n{stages_text(summary.stages, reader.evaluations())}\n")
    for row in reader.evaluations()[-RECENT:]:
        score = (
            f"{row.results['mean']:.1f} ± {row.results['std']:.1f}" if row.results else f"{row.state} {row.detail}"
        )
        print(f"evaluation  {row.purpose} at {row.frames:,} frames, {counted(row.episodes, 'episode')}: {score}")
    for event in reader.events()[-RECENT:]:
        print(f"     event  {moment(event.time)}  {event.level}  {event.text}")
    return Exit.OK


def _facts(summary: RunSummary) -> list[tuple[str, str]]:
    return [
        ("run", f"{summary.id} {summary.name}"),
        ("state", f"{summary.state.value}{f' ({summary.detail})' if summary.detail else ''}"),
        ("agent", f"{summary.agent}, {summary.observation} observations, seed {summary.seed}"),
        ("collector", f"{summary.collector}: {_cars(summary)}, {summary.workers} workers, {summary.backend}"),
        ("progress", f"{summary.progress:.1%}: {summary.frames:,} frames, {summary.episodes:,} episodes"),
        ("time", f"{span(summary.seconds)} trained, {span(summary.eta_seconds)} left"),
        ("return", f"{number(summary.return_mean)} (mean of the last 100 episodes)"),
        ("speed", f"{number(summary.frames_per_second, 0)} frames/s"),
        ("checkpoint", f"{number(summary.checkpoint_frames, 0)} frames, {moment(summary.checkpoint_time)}"),
        ("best", _best(summary)),
        ("process", str(summary.pid or "-")),
        *([("tags", " ".join(summary.tags))] if summary.tags else []),
        *([("note", summary.note)] if summary.note else []),
    ]


def _best(summary: RunSummary) -> str:
    if summary.best_mean is None:
        return "none yet"
    return f"{number(summary.best_mean)} ± {number(summary.best_std)} at {number(summary.best_frames, 0)} frames"


def _spec(reader: RunReader) -> RunSpec | None:
    """What the run was asked to be; where that is damaged, the rest is shown all the same."""
    try:
        return reader.spec()
    except DamagedRun as error:
        print(f"racetui: {error}", file=sys.stderr)
        return None


def _findings(reader: RunReader, spec: RunSpec | None) -> list[tuple[str, str]]:
    """Who wins, and what holds the run back."""
    heats = reader.heats(last=RECENT_HEATS)
    found = [("winner", _winner(heats))] if heats else []
    for index, remark in enumerate(_remarks(reader, spec)):
        found.append(("" if index else "limit", f"{remark.text}: {remark.advice}"))
    return found


def _remarks(reader: RunReader, spec: RunSpec | None) -> tuple[Remark, ...]:
    return remarks_on(reader, spec, detect().usable_cores) if spec is not None else ()


def _cars(summary: RunSummary) -> str:
    tracks = f", {summary.cars} on each track" if summary.cars > 1 else ""
    dealt = f", seeds {summary.seeds}" if summary.seeds != "independent" else ""
    return f"{summary.lanes} lanes{tracks}{dealt}"


def _winner(heats: list[HeatRow]) -> str:
    """Who won the last heat, and who won most of the last ones."""
    last = heats[-1]
    lane, wins = Counter(heat.lane for heat in heats).most_common(1)[0]
    often = f"; lane {lane} won {wins} of the last {len(heats)}" if wins > 1 else ""
    return (
        f"lane {last.lane}, best of {last.cars} cars with {number(last.best_return)}, spread {number(last.spread)}, "
        f"on track {last.seed}{often}"
    )


def _document(reader: RunReader, summary: RunSummary, spec: RunSpec | None) -> dict[str, object]:
    evaluations = reader.evaluations()
    return (
        summary_document(summary)
        | stages_document(summary.stages, evaluations)
        | {
            "spec": spec,
            "evaluations": evaluations,
            "checkpoints": reader.checkpoints(),
            "events": reader.events()[-100:],
            "commands": reader.commands(),
            "heats": reader.heats(last=RECENT_HEATS),
            "recent_metrics": reader.recent_metrics(),
            "remarks": _remarks(reader, spec),
        }
    )
