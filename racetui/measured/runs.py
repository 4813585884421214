"""What runs that ended on this machine took: a line each, found again by their configuration."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from agents.bc.config import DAggerConfig
from agents.offpolicy.config import OffPolicyConfig
from carracing.task import task_spec
from racetui.measured.fingerprint import Fingerprint
from racetui.runs.paths import RunPaths, home
from racetui.runs.reader import RunReader
from racetui.spec import RunSpec

LEAST_SECONDS = 60.0
"""Of training, before a run's speed says anything."""
_MOST_BYTES = 1 << 20
"""Of the file; the older half is dropped beyond it."""
_LATEST = 5
"""Runs of a configuration that count."""
_FREE = ("name", "seed", "budget", "tracking", "checkpoint", "memory", "profile", "seeds")
"""Sections of a spec that neither speed nor memory depends on."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """The latest runs of one configuration together."""

    runs: int
    frames_per_second: float
    peak_memory: int | None
    """Bytes; None where no run came as far as to fill its replay."""


def remember(paths: RunPaths, machine: Fingerprint, path: Path | None = None) -> None:
    """Keep what the run took, if it was long enough to say anything. Raises OSError and what reading it raises."""
    with RunReader(paths) as reader:
        run, spec = reader.summary(), reader.spec()
        peak, _ = reader.peak_memory()
    if spec.pipeline is not None or run.seconds < LEAST_SECONDS or not run.frames:
        return
    line = {
        "key": key_of(spec, machine),
        "time": time.time(),
        "frames": run.frames,
        "seconds": run.seconds,
        "peak": peak if run.steps >= _filled_after(spec) else None,
    }
    path = path or _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    _shorten(path)
    # One write to a file opened for appending is never mixed with another's.
    with path.open("ab", buffering=0) as file:
        file.write(f"{json.dumps(line)}\n".encode())


def remembered(path: Path | None = None) -> Mapping[str, Remembered]:
    """By ``key_of``; lines that are torn or not ours are left out."""
    try:
        lines = (path or _path()).read_bytes().decode(errors="replace").splitlines()
    except OSError:
        return {}
    found: dict[str, list[tuple[float, float, int | None]]] = {}
    for line in lines:
        try:
            each = json.loads(line)
            row = (float(each["frames"]), float(each["seconds"]), each["peak"] and int(each["peak"]))
            if row[0] > 0 and row[1] > 0:
                found.setdefault(str(each["key"]), []).append(row)
        except (ValueError, KeyError, TypeError):
            continue
    return {key: _together(rows[-_LATEST:]) for key, rows in found.items()}


def key_of(spec: RunSpec, machine: Fingerprint) -> str:
    """The same for all runs that do the same work on the same machine."""
    document = {name: value for name, value in asdict(spec).items() if name not in _FREE}
    text = json.dumps([document, asdict(machine)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _together(rows: Iterable[tuple[float, float, int | None]]) -> Remembered:
    frames, seconds, peaks = zip(*rows, strict=True)
    known = [peak for peak in peaks if peak]
    return Remembered(len(frames), sum(frames) / sum(seconds), max(known, default=None))


def _filled_after(spec: RunSpec) -> int:
    """Steps after which a run takes no more memory."""
    if isinstance(spec.agent_config, OffPolicyConfig):
        return spec.agent_config.sizes(task_spec(spec.task)).replay
    return spec.agent_config.replay if isinstance(spec.agent_config, DAggerConfig) else 0


def _shorten(path: Path) -> None:
    if path.exists() and path.stat().st_size > _MOST_BYTES:
        lines = path.read_bytes().splitlines(keepends=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        temporary.write_bytes(b"".join(lines[len(lines) // 2 :]))
        temporary.replace(path)


def _path() -> Path:
    return home() / "machine" / "runs.jsonl"
