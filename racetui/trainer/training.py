"""Trains a run whose turn has come: alone, or stage by stage."""

from __future__ import annotations

import logging
import time

from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from racetui.trainer.assembly import Training, assembled, attended, counters_of
from racetui.trainer.latest import latest_checkpoint
from racetui.trainer.orders import Orders
from racetui.trainer.pipeline import run_stages


def train(paths: RunPaths, writer: RunWriter, orders: Orders, resume: bool) -> RunState:
    """Do what the run's spec says, fresh or from its latest checkpoint; FINISHED, or STOPPED by order."""
    spec = RunReader(paths).spec()
    if spec.pipeline is not None:
        return run_stages(paths, writer, orders, spec)
    return _train_alone(paths, writer, orders, spec, resume)


def _train_alone(paths: RunPaths, writer: RunWriter, orders: Orders, spec: RunSpec, resume: bool) -> RunState:
    """Train a run that is one training and no more, fresh or from its latest checkpoint."""
    started = time.monotonic()
    checkpoint = latest_checkpoint(paths) if resume else None
    frames = counters_of(checkpoint).frames if checkpoint else 0
    with (
        attended(paths, writer, orders, spec, frames) as attendants,
        assembled(attendants, Training(spec, checkpoint)) as trainer,
    ):
        logging.info("ready after %.1f s", time.monotonic() - started)
        return trainer.run()
