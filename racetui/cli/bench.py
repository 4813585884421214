"""``racetui bench``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from typing import Any

from profiles import detect
from racetui.bench.contenders import CONTENDERS
from racetui.cli.output import print_json, table
from racetui.exits import Exit

_SPEEDS = ("per_second", "lowest", "highest")


def collectors(options: argparse.Namespace) -> int:
    """Train with every contender in turn, several times over, and print the medians side by side."""
    machine = detect()
    workers, threads = options.workers or machine.usable_cores, options.threads or machine.usable_cores
    speeds: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for turn in range(options.repeats):
        for name in CONTENDERS:
            print(f"racetui: turn {turn + 1} of {options.repeats}: {name}", file=sys.stderr)
            speeds[name].append(_measure(name, options.lanes, workers, threads, options.seconds))
    rows = _rows(speeds)
    setting = (
        f"PPO on grey pixels, {options.lanes} lanes (sequential 1), {workers} workers, {threads} learner threads"
    )
    if options.json:
        print_json({"setting": setting, "machine": _machine(), "rows": rows})
        return Exit.OK
    print(f"{setting}\n{_machine()}\n")
    print(
        table(
            ("contender", "frames/s", "lowest", "highest", "x sb3", "what it is"),
            [
                (
                    row["name"],
                    *(f"{row[key]:,.0f}" for key in ("frames_per_second", "lowest", "highest")),
                    f"{row['over_sb3']:.2f}",
                    CONTENDERS[row["name"]],
                )
                for row in rows
            ],
        )
    )
    return Exit.OK


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
        print_json({"machine": _machine(), "rows": rows})
        return Exit.OK
    cells = [
        (str(row["name"]), *(f"{row[key]:,.0f}" for key in _SPEEDS), f"{row['over_stock']:,.1f}") for row in rows
    ]
    print(f"frames (or resets) per second\n{_machine()}\n")
    print(table(("simulator", "per second", "lowest", "highest", "x stock"), cells))
    return Exit.OK


def _measure(name: str, lanes: int, workers: int, threads: int, seconds: float) -> float:
    command = [
        *(sys.executable, "-m", "racetui.bench.measure", name),
        *("--lanes", str(lanes), "--workers", str(workers), "--threads", str(threads), "--seconds", str(seconds)),
    ]
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"},
    )
    speed = json.loads(done.stdout.splitlines()[-1])
    return float(speed["frames"]) / float(speed["seconds"])


def _rows(speeds: dict[str, list[float]]) -> list[dict[str, Any]]:
    reference = statistics.median(speeds["sb3"])
    return [
        {
            "name": name,
            "frames_per_second": statistics.median(measured),
            "lowest": min(measured),
            "highest": max(measured),
            "over_sb3": statistics.median(measured) / reference,
        }
        for name, measured in speeds.items()
    ]


def _machine() -> str:
    packages = ("gymnasium", "stable-baselines3", "torch")
    versions = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"{detect().usable_cores} cores of {platform.processor() or platform.machine()}, {versions}"
