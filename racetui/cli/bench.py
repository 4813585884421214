"""``racetui bench``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from importlib.metadata import version

from profiles import detect, processor_name
from racetui.cli.output import print_json, table
from racetui.exits import Exit


def simulators(options: argparse.Namespace) -> int:
    """Run every simulator in turn, several times over, and print the medians beside stock's and EnvPool's."""
    from racetui.bench.simulators import BATCH, STOCK, compare, contenders
    from racetui.bench.starting import measure_start

    print("racetui: starting processes, the first of which compiles everything", file=sys.stderr)
    start = measure_start(options.repeats)
    print("racetui: getting ready (compiling, the first time)", file=sys.stderr)
    ready = contenders()
    turns = []
    for turn in range(options.repeats):
        print(f"racetui: turn {turn + 1} of {options.repeats}", file=sys.stderr)
        turns.append({contender.name: contender.timed(options.seconds) for contender in ready})
    speeds = compare(ready, turns)
    setting = f"frames (or resets) per second, one thread and {BATCH} cars where nothing else is said"
    if options.json:
        rows = [asdict(speed) for speed in speeds]
        print_json({"setting": setting, "machine": machine(), "rows": rows, "start": asdict(start)})
        return Exit.OK
    cells = [
        (
            speed.name,
            *(f"{rate:,.0f}" for rate in (speed.per_second, speed.lowest, speed.highest)),
            f"{speed.over[STOCK]:,.1f}" if STOCK in speed.over else "",
            ", ".join(f"{ratio:,.2f} x {other}" for other, ratio in speed.over.items() if other != STOCK),
        )
        for speed in speeds
    ]
    print(f"{setting}\n{machine()}\n")
    print(table(("simulator", "per second", "lowest", "highest", "x stock", "beside others"), cells))
    print(
        f"\nfrom the start of a process to its first step: {start.seconds:.2f} s, {start.rss_bytes / 1e6:,.0f} MB; "
        f"the first time, compiling, {start.compiling_seconds:.1f} s"
    )
    return Exit.OK


def machine() -> str:
    """Cores and versions, as every benchmark states them."""
    packages = ("gymnasium", "stable-baselines3", "torch")
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"{detect().usable_cores} cores of {processor_name()}, {versions}"
