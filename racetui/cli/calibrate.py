"""``racetui calibrate``."""

from __future__ import annotations

import argparse
import os
import sys
import time

from profiles import detect
from racetui.cli.output import moment, print_json, span, table
from racetui.exits import Exit
from racetui.measured import Calibration, CalibrationError, fingerprint, read_calibration, write_calibration
from racetui.measured.calibration import calibration_path

BUSY = 0.25
"""Load for each core above which measuring is said to be disturbed."""


def calibrate(options: argparse.Namespace) -> int:
    """Measure this machine and keep the result, or with ``--show`` print the one that is kept."""
    hardware = detect()
    machine = fingerprint(hardware)
    if options.show:
        try:
            kept = read_calibration(machine)
        except CalibrationError as error:
            print(f"racetui: {error}", file=sys.stderr)
            return Exit.FAILURE
        if kept is None:
            print("racetui: this machine was never calibrated: run `racetui calibrate`", file=sys.stderr)
            return Exit.NOT_FOUND
        _print(kept, options.json)
        return Exit.OK
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > BUSY * hardware.usable_cores:
        print(f"racetui: the machine is busy (load {load:.1f}): what is measured will be too slow", file=sys.stderr)
    from racetui.bench.calibrating import calibrate as measure

    started = time.monotonic()

    def say(text: str) -> None:
        print(f"racetui: {time.monotonic() - started:3.0f} s  {text}", file=sys.stderr)

    found = measure(machine, hardware, options.seconds, say)
    path = write_calibration(found)
    _print(found, options.json)
    if not options.json:
        print(f"\nkept in {path}")
    return Exit.OK


def _print(found: Calibration, as_json: bool) -> None:
    if as_json:
        print_json({"path": calibration_path(), "best_threads": found.best_threads, "calibration": found})
        return
    print(f"measured {moment(found.time)}, in {span(found.seconds)}, on {found.machine.cores} cores\n")
    print(
        table(
            ("simulator", "frames/s of a thread"), [(name, f"{rate:,.0f}") for name, rate in found.simulator.items()]
        )
    )
    learners = [(key, f"{found.acting[key]:,.0f}", f"{rate:,.0f}") for key, rate in found.learning.items()]
    print(f"\n{table(('learner', 'steps/s acted', 'samples/s learned'), learners)}")
    threads = [(count, f"{rate:,.0f}") for count, rate in found.threads.items()]
    print(f"\n{table(('learner threads', 'samples/s learned'), threads)}")
    workers = [
        (name, f"{seconds:.1f}", f"{found.worker_bytes.get(name, 0) / 1e6:,.0f}")
        for name, seconds in found.worker_seconds.items()
    ]
    print(f"\n{table(('workers of', 's to start', 'MB each'), workers)}")
