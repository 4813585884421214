"""``racetui bench``."""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
from importlib.metadata import version

from profiles import detect
from racetui.cli.output import print_json, table
from racetui.exits import Exit

_SPEEDS = ("per_second", "lowest", "highest")


def simulators(options: argparse.Namespace) -> int:
    """Run every simulator in turn, several times over, and print the medians beside stock's."""
    from racetui.bench.simulators import contenders

    print("racetui: getting ready (compiling, the first time)", file=sys.stderr)
    ready = contenders()
    speeds: dict[str, list[float]] = {name: [] for name in ready}
    for turn in range(options.repeats):
        print(f"racetui: turn {turn + 1} of {options.repeats}", file=sys.stderr)
        for name, timed in ready.items():
            speeds[name].append(timed(options.seconds))
    medians = {name: statistics.median(measured) for name, measured in speeds.items()}
    rows = [
        {
            "name": name,
            "per_second": medians[name],
            "lowest": min(measured),
            "highest": max(measured),
            "over_stock": medians[name] / medians["stock, resets" if name.endswith("resets") else "stock"],
        }
        for name, measured in speeds.items()
    ]
    if options.json:
        print_json({"machine": machine(), "rows": rows})
        return Exit.OK
    cells = [
        (str(row["name"]), *(f"{row[key]:,.0f}" for key in _SPEEDS), f"{row['over_stock']:,.1f}") for row in rows
    ]
    print(f"frames (or resets) per second\n{machine()}\n")
    print(table(("simulator", "per second", "lowest", "highest", "x stock"), cells))
    return Exit.OK


def machine() -> str:
    """Cores and versions, as every benchmark states them."""
    packages = ("gymnasium", "stable-baselines3", "torch")
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"{detect().usable_cores} cores of {platform.processor() or platform.machine()}, {versions}"
