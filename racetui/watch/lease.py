"""The lease: somebody watches a run. It is renewed every second, and over when it is not, whatever became of whom."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, get_args

from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths

LEASE_SECONDS = 5.0
"""How long a lease lasts that nobody renews."""
RENEW_SECONDS = 1.0

Source: TypeAlias = Literal["training", "best", "latest"]
"""Whose weights drive. training: those the trainer learns now, on the tracks it drives; best, latest: a checkpoint,
on test tracks."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What is to be seen."""

    source: Source = "training"


def renew(paths: RunPaths, lease: Lease) -> None:
    """Watch the run for some more seconds. Raises OSError."""
    unfinished = paths.lease.with_name(f".{paths.lease.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(asdict(lease)), encoding="utf-8")
    unfinished.replace(paths.lease)


def current(paths: RunPaths) -> Lease | None:
    """The lease; None where there is none, or an old one, which costs a look at one file's time."""
    try:
        age = time.time() - paths.lease.stat().st_mtime
        if not -LEASE_SECONDS < age < LEASE_SECONDS:
            return None
        source = json.loads(paths.lease.read_text(encoding="utf-8")).get("source")
    except (OSError, ValueError, AttributeError):
        return None
    return Lease(source) if source in get_args(Source) else None


def sources(run: RunSummary) -> tuple[Source, ...]:
    """What can be watched of a run, the usual first: of a living one its training, of an ended one its best."""
    best: tuple[Source, ...] = ("best",) if run.best_checkpoint is not None else ()
    latest: tuple[Source, ...] = ("latest",) if run.checkpoint_frames is not None else ()
    return (*best, *latest) if run.state.ended else ("training", *best)
