"""``racetui bench memory``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from profiles import detect
from racetui.cli.bench import machine
from racetui.cli.output import plain, print_json, table
from racetui.exits import Exit

TOLERANCE = 0.2
"""Share of the peak that an expectation may be off."""


def memory(options: argparse.Namespace) -> int:
    """Measure every configuration; exit code 1 if an expectation is off."""
    from racetui.bench.memory import CASES, measure

    names = [name for name in CASES if all(word in name for word in options.only or ())]
    if not names:
        print(f"racetui: no configuration has all of these words: {'; '.join(CASES)}", file=sys.stderr)
        return Exit.USAGE
    rows = []
    for number, name in enumerate(names, start=1):
        print(f"racetui: {number} of {len(names)}: {name}", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="racetui-memory-") as directory:
            rows.append(measure(name, Path(directory), detect()))
        print(f"racetui: {_mb(rows[-1].peak)} MB, expected {_mb(rows[-1].expected)} MB", file=sys.stderr)
    document = {"machine": machine(), "rows": rows}
    if options.out:
        options.out.write_text(json.dumps(plain(document), indent=2) + "\n")
    if options.json:
        print_json(document)
    else:
        cells = [
            (row.name, _mb(row.expected), _mb(row.peak), _mb(row.peak_pss), f"{100 * row.error:+.0f} %")
            for row in rows
        ]
        print(f"{machine()}\n")
        print(table(("configuration", "expected MB", "peak MB", "PSS MB", "off by"), cells))
        print(_LEGEND)
    return Exit.OK if all(abs(row.error) <= TOLERANCE for row in rows) else Exit.FAILURE


def _mb(size: int | None) -> str:
    return "-" if size is None else f"{size / 1e6:,.0f}"


_LEGEND = """
peak: of the process tree, an evaluation included, looked at five times a second. Pages of libraries count whole: PSS,
which shares them out among all programs of the machine that map them, is lower while others do."""
