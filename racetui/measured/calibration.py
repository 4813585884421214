"""How fast this machine does each part of a training, as ``racetui calibrate`` found it, and what follows."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agents.bc.config import DAggerConfig
from agents.offpolicy.config import OffPolicyConfig
from agents.ppo.config import PPOConfig
from carracing.task import task_spec
from collectors.registry import COLLECTORS
from profiles.strict import DocumentError, convert
from racetui.measured.fingerprint import Fingerprint
from racetui.runs.errors import NotWritable
from racetui.runs.paths import home
from racetui.spec import RunSpec

VERSION = 1
"""Of the file."""
BUSY = 0.5
"""Load for each core above which what is measured is too slow."""
_TOO_LONG = 1 << 20
"""Bytes that no calibration has."""


class CalibrationError(ValueError):
    """There is a calibration that cannot be used; says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Speeds of one machine; rates are per second of wall-clock time."""

    machine: Fingerprint
    time: float
    """When, in Unix seconds."""
    seconds: float
    """How long measuring took."""
    simulator: dict[str, float] = field(default_factory=dict)
    """Frames per second of one thread of backend fast, by observation."""
    acting: dict[str, float] = field(default_factory=dict)
    """Steps per second of a policy on all cores, by ``learner_key``."""
    learning: dict[str, float] = field(default_factory=dict)
    """Samples per second that gradients are taken of on all cores, by ``learner_key``: each pass counts."""
    threads: dict[str, float] = field(default_factory=dict)
    """The same of PPO on pictures, by number of threads."""
    worker_seconds: dict[str, float] = field(default_factory=dict)
    """From nothing until all workers stand ready, by collector."""
    worker_bytes: dict[str, int] = field(default_factory=dict)
    """Of one worker, by collector."""
    load: float = 0.0
    """Of the machine when measuring began: processes that wanted to run, over the last minute."""
    version: int = VERSION

    def frames_per_second(self, spec: RunSpec) -> tuple[float, str] | None:
        """Of whole training, worked out from its parts; None where one of them was not measured."""
        samples, key = samples_per_step(spec), learner_key(spec)
        known = key in self.acting and key in self.learning and spec.task.observation in self.simulator
        if spec.backend != "fast" or samples is None or not known:
            return None
        config, cores = spec.collector_config, self.machine.cores
        side_by_side = config.workers if COLLECTORS[spec.collector].workers else config.threads
        driving = self.simulator[spec.task.observation] * max(1, min(side_by_side, cores))
        skip = spec.task.frame_skip
        seconds = skip / driving + 1 / self.acting[key] + samples / self.learning[key]
        when = time.strftime("%Y-%m-%d", time.localtime(self.time))
        return skip / seconds, (
            f"worked out from what `racetui calibrate` measured here on {when}: {driving:,.0f} frames/s simulated, "
            f"{self.acting[key]:,.0f} steps/s acted, {self.learning[key]:,.0f} samples/s learned from"
        )

    @property
    def disturbed(self) -> bool:
        """Others had much of the machine meanwhile."""
        return self.load > BUSY * self.machine.cores

    @property
    def best_threads(self) -> int | None:
        """The fewest learner threads that come within 5 % of the best; None where none were measured undisturbed."""
        if self.disturbed:
            return None
        most = max(self.threads.values(), default=0.0)
        enough = [int(count) for count, rate in self.threads.items() if rate >= 0.95 * most]
        return min(enough, default=None)


def learner_key(spec: RunSpec) -> str:
    """What a learner's speed depends on most: agent, network, and the size of what it sees."""
    shape = "x".join(map(str, task_spec(spec.task).observation_shape))
    return f"{spec.agent} {spec.agent_config.network} {shape} x{spec.task.stack}"


def samples_per_step(spec: RunSpec) -> float | None:
    """Samples that gradients are taken of for each step driven; None of agents that drive none."""
    settings = spec.agent_config
    if isinstance(settings, PPOConfig):
        return float(settings.epochs)
    if isinstance(settings, OffPolicyConfig):
        return settings.updates_per_step * settings.sizes(task_spec(spec.task)).batch
    return settings.visits if isinstance(settings, DAggerConfig) else None


def calibration_path() -> Path:
    """Beside the runs."""
    return home() / "machine" / "calibration.json"


def read_calibration(machine: Fingerprint, path: Path | None = None) -> Calibration | None:
    """The one of this machine; None if it was never calibrated. Raises CalibrationError."""
    path = path or calibration_path()
    try:
        text = path.read_bytes()[:_TOO_LONG].decode()
        document = json.loads(text)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _unusable(path, f"cannot be read ({' '.join(str(error).split())})") from None
    if not isinstance(document, Mapping) or document.get("version") != VERSION:
        raise _unusable(path, "is of another version of racetui")
    try:
        found: Calibration = convert(document, Calibration, str(path))
    except DocumentError as error:
        raise _unusable(path, f"is damaged: {error}") from None
    if changed := found.machine.difference(machine):
        raise _unusable(path, f"is of another machine or other versions: {changed}")
    return found


def ready_to_write(path: Path | None = None) -> None:
    """Make the directory of the calibration. Raises StoreError where nothing can be written into it."""
    directory = (path or calibration_path()).parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        raise NotWritable(f"cannot write to {directory}: {error.strerror}; set RACETUI_HOME") from error


def write_calibration(found: Calibration, path: Path | None = None) -> Path:
    """Keep it; whole or not at all. Raises OSError."""
    path = path or calibration_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    document: dict[str, Any] = asdict(found)
    try:
        temporary.write_text(json.dumps(document, indent=2) + "\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _unusable(path: Path, why: str) -> CalibrationError:
    return CalibrationError(f"the calibration {path} {why}; it is ignored: run `racetui calibrate`")
