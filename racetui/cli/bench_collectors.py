"""``racetui bench collectors``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from profiles import detect
from racetui.bench.cases import Setting, cases
from racetui.bench.collecting import Row, measure_all
from racetui.cli.bench import machine
from racetui.cli.output import print_json, table
from racetui.exits import Exit
from racetui.runs.paths import home


def collectors(options: argparse.Namespace) -> int:
    """Measure every collector that runs here beside what others use; print the medians, write JSON and a PNG."""
    setting = _setting(options)
    chosen, skipped = cases(setting, tuple(options.only or ()))
    for reason in skipped:
        print(f"racetui: left out: {reason}", file=sys.stderr)
    rows = measure_all(
        chosen,
        options.seconds,
        options.repeats,
        options.learn,
        lambda text: print(f"racetui: {text}", file=sys.stderr),
    )
    title = _title(setting, options.learn)
    document = {
        "setting": asdict(setting) | {"learn": options.learn},
        "machine": machine(),
        "left_out": skipped,
        "rows": [asdict(row) for row in rows],
    }
    written = _write(document, rows, title, options.out)
    if options.json:
        print_json(document)
        return Exit.OK
    print(f"{title}\n{machine()}\n\n{_table(rows)}")
    overhead = _overhead(rows)
    if overhead:
        print(f"\n{overhead}")
    print(f"\nwritten: {', '.join(str(path) for path in written)}")
    return Exit.OK


def _setting(options: argparse.Namespace) -> Setting:
    cores = detect().usable_cores
    stock = options.backend == "gymnasium"
    return Setting(
        backend=options.backend,
        agent=options.agent,
        observation=options.observation or ("grey" if stock else "grey-fast"),
        lanes=options.lanes or (8 if stock else 64),
        workers=options.workers or tuple(dict.fromkeys((1, cores))),
        threads=options.threads or cores,
        overrides=tuple(options.overrides),
    )


def _title(setting: Setting, learn: bool) -> str:
    what = "training" if learn else "collecting"
    return (
        f"{what}: {setting.agent} on {setting.observation}, backend {setting.backend}, {setting.lanes} lanes, "
        f"policy on {setting.threads} threads"
    )


def _table(rows: Sequence[Row]) -> str:
    head = (
        *("contender", "frames/s", "lowest", "highest", "steps/s", "episodes/s", "steps/ep", "s/ep"),
        *("x stock seq.", "efficiency", "memory MB", "CPU %", "procs", "tracks"),
    )
    return table(head, [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.name,
        f"{row.frames_per_second:,.0f}",
        f"{row.lowest:,.0f}",
        f"{row.highest:,.0f}",
        f"{row.steps_per_second:,.0f}",
        _maybe(row.episodes_per_second, ".2f"),
        _maybe(row.steps_per_episode, ".0f"),
        _maybe(row.seconds_per_episode, ".3f"),
        f"{row.speed_up:,.2f}",
        "-" if row.efficiency is None else f"{100 * row.efficiency:.0f} %",
        f"{row.memory_end / 1e6:,.0f}",
        f"{row.cpu_percent:.0f}",
        str(row.processes),
        str(row.tracks),
    )


def _maybe(number: float | None, form: str) -> str:
    return "-" if number is None else format(number, form)


def _overhead(rows: Sequence[Row]) -> str | None:
    """What collecting costs beside the same simulator and policy without a collector."""
    bare = next((row for row in rows if row.collector == "bare"), None)
    for row in rows:
        alike = bare is not None and row.collector == "sync" and row.threads == bare.threads
        if bare is not None and alike and row.backend == bare.backend:
            cost = bare.frames_per_second / row.frames_per_second - 1
            return f"{row.name} takes {100 * cost:+.1f} % of the time of the bare simulator and policy."
    return None


def _write(document: Mapping[str, object], rows: Sequence[Row], title: str, out: Path | None) -> list[Path]:
    from racetui.bench.plot import plot

    stem = out or home() / "bench" / f"collectors-{time.strftime('%Y%m%d-%H%M%S')}"
    stem.parent.mkdir(parents=True, exist_ok=True)
    data, picture = stem.with_suffix(".json"), stem.with_suffix(".png")
    data.write_text(json.dumps(document, indent=2) + "\n")
    plot(rows, f"{title}\n{machine()}", picture)
    return [data, picture]
