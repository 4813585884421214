"""What the watched car drives next, and with whose weights: those a trainer lends, or a checkpoint's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from agents.api import Actor
from agents.checkpoint import Checkpoint, build_agent, load_checkpoint, resolve, task_of
from agents.registry import make_agent
from carracing.environments.task import EnvTask
from carracing.registry import scoring_backend
from carracing.task import TaskConfig, task_spec
from collectors.seeds import EpisodeSeeds
from racetui.evaluation.driving import actor_of, posed_task
from racetui.pipeline.stages import training_spec
from racetui.runs.paths import RunPaths
from racetui.spec import RunSpec
from racetui.watch.lease import Source
from racetui.watch.weights import Lent, borrow

FIRST_TRACK = 3_000_000
"""Track seed that checkpoints are shown on first, then the next ones: no training drives them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """An episode to be shown."""

    actor: Actor
    task: TaskConfig | EnvTask
    version: int
    episode: int
    """Its number in the run; -1 on a test track."""
    seed: int
    key: np.uint64
    words: str
    """What this is, for people."""


class NotYetError(Exception):
    """There is nothing to drive with now; says what is missing."""


class Plans(Protocol):
    """Successive episodes."""

    def next(self) -> Plan:
        """Raises NotYetError, CheckpointError, and what reading files raises."""

    def refresh(self) -> None:
        """Give the actor newer weights, where there are some; called within episodes."""


class TrainingPlans:
    """The tracks and the noise of the episodes that training drives now, with the newest weights it lends."""

    def __init__(self, paths: RunPaths, spec: RunSpec) -> None:
        self._path, self._run = paths.weights, spec
        self._spec = spec
        """Of the training that lends: a stage's, in a pipeline."""
        self._actor: Actor | None = None
        self._seen: tuple[int, int] | None = None
        self._lent: Lent | None = None
        self._last = -1

    def next(self) -> Plan:
        """The oldest episode that goes on; the one after the last shown where that would be no news."""
        self.refresh()
        if self._lent is None or self._actor is None:
            raise NotYetError("waiting for the weights that the run lends")
        seeds: EpisodeSeeds = self._spec.episode_seeds
        self._last = episode = max(self._lent.episode, self._last + 1)
        version, track = self._lent.weights.version, seeds.track(episode)
        words = f"training, episode {episode:,}, weights {version:,}"
        return Plan(self._actor, self._spec.task, version, episode, track, seeds.key(episode), words)

    def refresh(self) -> None:
        """Take what is lent now, if it is new."""
        try:
            stat = self._path.stat()
            if (stat.st_ino, stat.st_mtime_ns) == self._seen:
                return
            lent = borrow(self._path)
        except FileNotFoundError:
            return
        if self._actor is None or lent.agent != self._spec.agent:
            self._spec = training_spec(self._run, lent.agent)
            self._actor, self._last = _acting(self._spec), -1
        self._actor.load(lent.weights)
        self._lent, self._seen = lent, (stat.st_ino, stat.st_mtime_ns)


class CheckpointPlans:
    """Test tracks, one after the other, with the checkpoint that is the best or latest when an episode begins."""

    def __init__(self, paths: RunPaths, which: str) -> None:
        self._root, self._which = paths.checkpoints, which
        self._driven = 0
        self._path: Path | None = None
        self._loaded: tuple[Checkpoint, Actor] | None = None

    def next(self) -> Plan:
        """The next track."""
        path = resolve(self._root, self._which)
        if self._loaded is None or path != self._path:
            checkpoint = load_checkpoint(path)
            self._loaded, self._path = (checkpoint, actor_of(build_agent(checkpoint), deterministic=True)), path
        checkpoint, actor = self._loaded
        seed = FIRST_TRACK + self._driven
        self._driven += 1
        frames = int(checkpoint.counters["frames"])
        words = f"{self._which} checkpoint, {frames:,} frames, track {seed}"
        return Plan(actor, _shown(checkpoint), frames, -1, seed, EpisodeSeeds(seed).key(0), words)

    def refresh(self) -> None:
        """An episode is driven by one checkpoint."""


def plans_for(source: Source, paths: RunPaths, spec: Callable[[], RunSpec]) -> Plans:
    """The episodes of a source."""
    return TrainingPlans(paths, spec()) if source == "training" else CheckpointPlans(paths, source)


def _shown(checkpoint: Checkpoint) -> TaskConfig | EnvTask:
    """CarRacing is shown on backend fast, whatever it was learned on; anything else where it is at home."""
    task = task_of(checkpoint)
    return posed_task(checkpoint, scoring_backend(task) if isinstance(task, EnvTask) else "fast")


def _acting(spec: RunSpec) -> Actor:
    config: Any = spec.agent_config
    if hasattr(config, "device"):
        config = replace(config, device="cpu")
    return make_agent(spec.agent, task_spec(spec.task), config, spec.seed).actor_spec().build()
