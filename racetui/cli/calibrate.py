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
from racetui.measured.calibration import calibration_path, ready_to_write


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
    ready_to_write()  # else a minute of measuring would be lost
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
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
    print(f"measured {moment(found.time)}, in {span(found.seconds)}, on {found.machine.cores} cores{busy(found)}\n")
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


def busy(found: Calibration) -> str:
    """What to say of a calibration that others disturbed; empty of one that nobody did."""
    return f", while others kept the machine busy (load {found.load:.1f}): do it again" if found.disturbed else ""
