"""``benchmark_metrics.json``: what a run came to in one document, beside its store. docs/metrics.md describes it."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from profiles import detect, processor_name
from racetui.comparison.settings import settings_of
from racetui.documents import plain
from racetui.evaluation.report import versions, write_document
from racetui.runs.errors import StoreError
from racetui.runs.model import EvaluationRow, HardwareRow, RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader

SCHEMA = "racetui/benchmark-metrics/1"
"""Changes whenever a key goes or means something else; new keys may come without."""
METRICS_FILE = "benchmark_metrics.json"
LAST = 100
"""Episodes of the mean that lists show."""


def write_benchmark_metrics(paths: RunPaths) -> None:
    """Write the document of a run that this process has just ended. Raises StoreError, OSError."""
    write_document(paths.root / METRICS_FILE, plain(benchmark_metrics(paths) | environment()))


def keep_benchmark_metrics(paths: RunPaths, document: Mapping[str, Any]) -> None:
    """Leave the document with a run whose process could not: it was killed, or crashed. Of any other, do nothing.

    Where the run's own process left one before, as of a run that was resumed, its ``versions`` and ``hardware`` stay.
    """
    path, ended = paths.root / METRICS_FILE, RunState(document["state"]).ended
    kept = _kept(path)
    if ended and any(kept.get(name) != document[name] for name in ("state", "ended", "frames")):
        with suppress(OSError):  # a store that this user may only read
            write_document(path, plain(document))


def benchmark_metrics(paths: RunPaths) -> dict[str, Any]:
    """The document of a run as of now: out of its store, and where it trained as far as its own file tells.

    ``versions`` and ``hardware`` are None of a run whose process never wrote that file. Raises StoreError.
    """
    with RunReader(paths) as reader:
        return outline(paths, reader) | {
            "rewards": _rewards(reader.returns().values),
            "evaluations": _evaluations(reader.evaluations()),
            **_usage(reader.hardware(last=-1)),
        }


def outline(paths: RunPaths, reader: RunReader) -> dict[str, Any]:
    """The document without what takes a look at every episode and sample. Raises StoreError."""
    run, kept = reader.summary(), _kept(paths.root / METRICS_FILE)
    return {
        "schema": SCHEMA,
        "run": _who(run),
        "configuration": _configuration(reader),
        "state": run.state.value,
        "detail": run.detail,
        **_amounts(run),
        **{name: kept.get(name) for name in ("versions", "hardware")},
    }


def environment() -> dict[str, Any]:
    """Versions and hardware of this process."""
    here = detect()
    return {
        "versions": {"python": platform.python_version(), **versions()},
        "hardware": {
            "processor": processor_name(),
            "system": platform.platform(),
            "logical_cores": here.logical_cores,
            "physical_cores": here.physical_cores,
            "usable_cores": here.usable_cores,
            "memory_bytes": here.memory_limit or here.memory_total,
            "gpus": [gpu.name for gpu in here.gpus],
        },
    }


def _who(run: RunSummary) -> dict[str, Any]:
    names = ("id", "name", "agent", "collector", "profile", "backend", "observation", "seed", "lanes", "cars")
    return {name: getattr(run, name) for name in (*names, "workers")}


def _configuration(reader: RunReader) -> dict[str, Any] | None:
    """Every setting by dotted key, and a hash of them all; None where they cannot be read."""
    try:
        settings = settings_of(reader.spec())
    except StoreError:
        return None
    text = json.dumps(settings, sort_keys=True)
    return {"sha256": hashlib.sha256(text.encode()).hexdigest(), "settings": settings}


def _amounts(run: RunSummary) -> dict[str, Any]:
    seconds = run.seconds
    amounts = {"frames": run.frames, "steps": run.steps, "episodes": run.episodes}
    rates = {f"{name}_per_second": amount / seconds if seconds > 0 else None for name, amount in amounts.items()}
    wall = run.ended - run.created if run.ended is not None else None
    return {"created": run.created, "ended": run.ended, "training_seconds": seconds, "wall_seconds": wall} | (
        amounts | rates
    )


def _rewards(returns: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Of training's episodes: raw returns, exploration included."""
    if not len(returns):
        return {"count": 0}
    return {
        "count": len(returns),
        "mean": float(returns.mean()),
        "std": float(returns.std()),
        f"last_{LAST}_mean": float(returns[-LAST:].mean()),
        "best": float(returns.max()),
        "worst": float(returns.min()),
    }


def _evaluations(rows: Sequence[EvaluationRow]) -> dict[str, Any]:
    done = [row for row in rows if row.state == "finished" and row.results]
    if not done:
        return {"count": 0}
    own = [row for row in done if row.purpose in ("periodic", "final")]
    best = max(own, key=lambda row: row.results["mean"], default=None)
    return {"count": len(done), "best": None if best is None else _score(best), "last": _score(done[-1])}


def _score(row: EvaluationRow) -> dict[str, Any]:
    scores = {name: row.results.get(name) for name in ("mean", "std", "min", "p10", "finish_rate")}
    return {"frames": row.frames, "episodes": row.episodes, "backend": row.backend, "purpose": row.purpose} | scores


def _usage(samples: Sequence[HardwareRow]) -> dict[str, Any]:
    """Of the run's whole process tree; None where never sampled."""
    memory = [row.memory for row in samples]
    percents = [row.cpu_percent for row in samples]
    # An older sample stands for a minute (``RunWriter.hardware``): each weighs the seconds since the one before.
    times = np.array([row.time for row in samples])
    seconds = np.clip(np.diff(times, prepend=times[:1] - 1.0), 0.1, 60.0)
    return {
        "memory_peak_bytes": max(memory, default=None),
        "processes_peak": max((row.processes for row in samples), default=None),
        "cpu_percent_mean": float(np.average(percents, weights=seconds)) if percents else None,
        "cpu_percent_peak": max(percents, default=None),
    }


def _kept(path: Path) -> Mapping[str, Any]:
    """What the run's own process wrote; nothing where the file is not there or not ours."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) and document.get("schema") == SCHEMA else {}
