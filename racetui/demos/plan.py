"""What to record, as plain data, from what a person asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from agents.checkpoint import load_checkpoint
from agents.checkpoint.content import MANIFEST
from agents.demonstrations import SetHeader
from agents.demonstrations.sealed import checksum
from carracing.environments.task import task_class
from carracing.expert.style import style_for
from carracing.registry import check_backend
from carracing.task import TRAINING_ONLY, TaskConfig
from racetui.config import ConfigError
from racetui.runs.paths import home

BLOCK = 8
"""Episodes that a worker drives together: enough for the simulator to fill its SIMD lanes halfway, few to lose."""
EXPERT = "expert"


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """A set to be recorded; picklable, since workers get it."""

    directory: Path
    header: SetHeader
    task: TaskConfig
    """As every episode poses it, but for where it starts."""
    checkpoint: Path | None
    """Whose policy drives; None for the scripted expert."""

    def episodes_of(self, number: int) -> range:
        """The episodes of a block."""
        first = number * self.header.block
        return range(first, min(first + self.header.block, self.header.episodes))

    def task_of(self, number: int) -> TaskConfig:
        """The task of a block's episodes: the asked share of blocks, evenly spread, starts anywhere."""
        share = self.header.random_starts
        anywhere = int((number + 1) * share) > int(number * share)
        return replace(self.task, random_start=anywhere)

    def noise_of(self, episode: int) -> float:
        """The noise level of an episode."""
        return self.header.noise[episode % len(self.header.noise)]


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for."""

    episodes: int
    noise: Sequence[float] = (0.0,)
    random_starts: float = 0.0
    seed: int = 0
    block: int = BLOCK
    backend: str = "fast"


def make_plan(
    directory: Path | None, request: Request, task: TaskConfig | None, checkpoint: Path | None
) -> RecordingPlan:
    """Check a request and complete it; without a checkpoint the expert drives ``task``.

    With one, its policy drives the checkpoint's own task, without what only training has. Without a directory the
    set goes to one of the store that the plan names, so that the same request goes on with the same set. Raises
    ConfigError, CheckpointError, and UnsupportedTaskOptionError where the backend cannot pose the task.
    """
    _check(request)
    if checkpoint is None:
        task = task or TaskConfig()
        for key in TRAINING_ONLY:
            if getattr(task, key):
                raise ConfigError(
                    f"task.{key} is for training only, and demonstrations are whole episodes; --random-starts has "
                    "some begin anywhere"
                )
        posed, driver = replace(task, labels=True), EXPERT
        facts: dict[str, Any] = {"style": style_for(posed.frame_skip)._asdict()}
    else:
        if task is not None:
            raise ConfigError("a checkpoint's policy drives the checkpoint's own task: leave the task's options out")
        posed, driver, facts = _of_checkpoint(checkpoint)
    check_backend(request.backend, replace(posed, random_start=request.random_starts > 0))
    if posed.action == "discrete" and any(request.noise):
        raise ConfigError("noise is added to continuous actions, and these are discrete: leave --noise out")
    header = SetHeader(
        task=asdict(replace(posed, labels=False)),
        backend=request.backend,
        driver=driver,
        driver_facts=facts,
        seed=request.seed,
        episodes=request.episodes,
        block=request.block,
        noise=[float(level) for level in request.noise],
        random_starts=request.random_starts,
    )
    return RecordingPlan(directory or home() / "demos" / _name(header), header, posed, checkpoint)


def _name(header: SetHeader) -> str:
    """A directory of its own for every plan, and the same one for the same plan."""
    task = header.task
    return f"{header.driver}-{task['observation']}-skip{task['frame_skip']}-{header.episodes}-{checksum(header)[:8]}"


def _of_checkpoint(path: Path) -> tuple[TaskConfig, str, dict[str, Any]]:
    """Its task, its agent, and which checkpoint exactly it is."""
    checkpoint = load_checkpoint(path)
    if task_class(checkpoint.task) is not TaskConfig:
        raise ConfigError(f"demonstrations are of CarRacing, and {path} drives {checkpoint.task['env']}")
    task = msgspec.convert(checkpoint.task, TaskConfig)
    seal = hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest()
    return replace(task, **TRAINING_ONLY), checkpoint.agent, {"frames": checkpoint.counters["frames"], "sha256": seal}


def _check(request: Request) -> None:
    if request.episodes < 1:
        raise ConfigError(f"episodes must be 1 or more, not {request.episodes}")
    if not request.noise or not all(0 <= level <= 1 for level in request.noise):
        raise ConfigError(f"noise levels must be 0 to 1, not {', '.join(map(str, request.noise)) or 'none'}")
    if not 0 <= request.random_starts <= 1:
        raise ConfigError(f"random starts must be a share from 0 to 1, not {request.random_starts}")
    if not 0 <= request.seed < 2**32:
        raise ConfigError(f"seed must be 0 to {2**32 - 1}, not {request.seed}")
