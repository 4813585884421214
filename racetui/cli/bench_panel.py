"""``racetui bench panel``."""

from __future__ import annotations

import argparse
import contextlib
import platform
import shlex
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from profiles import detect, processor_name
from racetui.bench.panel import SIZES, TARGETS, Case, Cost, beside, cases, run, stand_in
from racetui.cli.output import print_json, table
from racetui.config import ConfigError
from racetui.exits import Exit
from racetui.runs.paths import home


def panel(options: argparse.Namespace) -> int:
    """Measure the panel, then the others; print a table, or JSON."""
    chosen: list[Case] = [case for case in cases() if (options.only or "") in case.name]
    if not chosen:
        names = dict.fromkeys(case.name for case in cases())
        raise ConfigError(f"--only {options.only}: no case has these words: choose from {'; '.join(names)}")
    for command in options.beside:
        chosen += beside(tuple(shlex.split(command)))
    with contextlib.nullcontext(home()) if options.here else stand_in() as store:
        costs = run(chosen, Path(store), options.seconds, options.repeats, _tell)
    setting = f"{detect().usable_cores} cores of {processor_name()}, "
    setting += f"Python {platform.python_version()}, Textual {version('textual')}"
    if options.json:
        print_json({"machine": setting, "targets": TARGETS, "rows": costs})
    else:
        print(f"{setting}\n\n{_table(costs)}\n\n{_targets()}")
    return Exit.OK if len(costs) == len(chosen) else Exit.FAILURE


def _tell(text: str) -> None:
    print(f"racetui: {text}", file=sys.stderr)


def _table(costs: Sequence[Cost]) -> str:
    head = ("what", "size", "first picture s", "CPU %", "kB/s", "MB", "pictures/s", "key ms", "worst ms")
    return table(head, [_cells(cost) for cost in costs])


def _cells(cost: Cost) -> tuple[str, ...]:
    keys = (cost.key_seconds, cost.worst_key_seconds)
    return (
        cost.name,
        f"{cost.columns}x{cost.rows}",
        f"{cost.first_picture_seconds:.2f}",
        f"{cost.cpu_percent:.1f}",
        f"{cost.bytes_per_second / 1000:.1f}",
        f"{cost.rss_bytes / 1e6:.0f}",
        f"{cost.pictures_per_second:.1f}" if cost.pictures_per_second else "-",
        *("-" if seconds is None else f"{1000 * seconds:.0f}" for seconds in keys),
    )


def _targets() -> str:
    size = f"{SIZES[0][0]}x{SIZES[0][1]}"
    return (
        f"may be, at {size}: first picture {TARGETS['first_picture_seconds']} s, CPU {TARGETS['cpu_percent']:.0f} %, "
        f"{TARGETS['bytes_per_second'] / 1000:.0f} kB/s and 0 frozen, {TARGETS['rss_bytes'] / 1e6:.0f} MB, key "
        f"{1000 * TARGETS['key_seconds']:.0f} ms, or {1000 * TARGETS['key_seconds_on_slow_link']:.0f} ms at 50 kB/s"
    )
