"""What a run is asked to be: everything needed to do it again, as plain data."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from agents.registry import AGENTS, agent_entry
from carracing.environments.task import EnvTask
from carracing.registry import EVERY_BACKEND, THREADED, check_backend
from carracing.task import EVALUATION_TRACKS, TaskConfig
from collectors.api import CollectorConfig
from collectors.registry import COLLECTORS
from collectors.seeds import EpisodeSeeds, SeedsConfig
from racetui.pipeline.config import PipelineConfig

_NAME = re.compile(r"(?=.*[^0-9])[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", re.ASCII)
MAX_SEED = 2**32 - 1
"""Largest seed that numpy's and torch's generators both take."""
MAX_BUDGET = 10**18
"""Most frames, steps or episodes: about what the store can hold."""


@dataclass(frozen=True, slots=True)
class Budget:
    """When a run is finished: at the first limit reached; at least one is set, 0 means no limit."""

    frames: int = 0
    steps: int = 0
    episodes: int = 0
    seconds: float = 0.0
    """Training time, pauses not counted."""

    def __post_init__(self) -> None:
        """Reject budgets that never end or never start."""
        limits = {name: getattr(self, name) for name in ("frames", "steps", "episodes", "seconds")}
        for name, limit in limits.items():
            if not 0 <= limit <= MAX_BUDGET:
                raise ValueError(f"{name} must be 0 to {MAX_BUDGET}, not {limit}")
        if not any(limits.values()):
            raise ValueError("a run needs an end: at least one of frames, steps, episodes, seconds above 0")


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """The evaluations that go on in the background while training does."""

    every: int = 200_000
    """Frames between evaluations; 0 never evaluates."""
    episodes: int = 10
    seed: int = EVALUATION_TRACKS.start
    """Track seed of the first episode; the others follow. The same tracks every time, and never a training track:
    1,000,000 to 9,989,999."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if self.every < 0:
            raise ValueError(f"every must be 0 or more frames, not {self.every}")
        if not 1 <= self.episodes <= 10_000:
            raise ValueError(f"episodes must be 1 to 10000, not {self.episodes}")
        first, last = EVALUATION_TRACKS.start, EVALUATION_TRACKS.stop - 10_001
        if not first <= self.seed <= last:
            raise ValueError(f"seed must be {first} to {last}, which training never drives, not {self.seed}")


@dataclass(frozen=True, slots=True)
class CheckpointConfig:
    """When the run saves itself."""

    every: int = 100_000
    """Frames between checkpoints; 0 saves at the end only."""
    keep: int = 2
    """How many are kept beside the latest, the best and those that people chose: the newest."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if self.every < 0:
            raise ValueError(f"every must be 0 or more frames, not {self.every}")
        if not 0 <= self.keep <= 1000:
            raise ValueError(f"keep must be 0 to 1000 checkpoints, not {self.keep}")


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """When a run is kept from being killed for its memory. Shares are of whatever limit is closest."""

    limit: float = 0.0
    """GB (10^9 bytes) that the run's processes may take together, beside the limits of the container, the machine and
    ``ulimit``; 0 sets none. A profile's ``memory`` becomes this."""
    warn: float = 0.85
    """Share used from which on the run says that memory is short and begins no evaluations; 0 never. With 2 GiB
    left, memory is never short."""
    stop: float = 0.95
    """Share used at which an evaluation is given up or, where that is not enough, the run saves itself and ends, to
    be resumed with more; 0 never. With 512 MiB left, it goes on."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if not 0 <= self.limit < float("inf"):
            raise ValueError(f"limit must be 0 (none) or more GB, not {self.limit}")
        for key, value in (("warn", self.warn), ("stop", self.stop)):
            if not 0 <= value < 1:
                raise ValueError(f"{key} must be 0 (never) or a share below 1, not {value}")
        if self.warn and self.stop and self.warn > self.stop:
            raise ValueError(f"warn must be at most stop ({self.stop}), not {self.warn}")


@dataclass(frozen=True, slots=True)
class TrackingConfig:
    """Where a run's curves go beside its store."""

    tensorboard: bool = True
    """Event files in the run's directory ``tb``."""
    aim: bool = True
    """A run in the Aim repository ``aim`` beside the runs, where Aim is installed (the extra of that name)."""


@dataclass(frozen=True, slots=True)
class RunSpec:
    """A run before it exists; stored beside it as ``spec.yaml``."""

    name: str
    agent: str = "ppo"
    collector: str = "async"
    profile: str = "auto"
    backend: str = "fast"
    seed: int = 1
    threads: int = 0
    """Threads of the learner; 0 lets the profile decide, and a stored spec has the number decided on."""
    budget: Budget = field(default_factory=lambda: Budget(frames=1_000_000))
    task: Any = field(default_factory=TaskConfig)
    """A TaskConfig, CarRacing's rules; in YAML with the key ``env`` another environment, an EnvTask."""
    agent_config: Any = None
    """The agent's own config dataclass; under ``agent_config:`` in YAML, ``agent.KEY`` on the command line."""
    collector_config: CollectorConfig = field(default_factory=CollectorConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    seeds: SeedsConfig = field(default_factory=SeedsConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    pipeline: PipelineConfig | None = None
    """The stages before and after this training; None of a run that is one training and no more."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the key."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(
                f"name {self.name!r} is not a run's name: 1 to 64 of letters, digits, '.', '_' and '-', "
                "not starting with '.' or '-', not digits only"
            )
        agent_entry(self.agent)
        for key, value, known in (
            ("collector", self.collector, COLLECTORS),
            ("backend", self.backend, EVERY_BACKEND),
        ):
            if value not in known:
                raise ValueError(f"unknown {key} {value!r}: choose from {', '.join(known)}")
        if isinstance(self.task, EnvTask):
            self._check_env(self.task)
        check_backend(self.backend, self.task, self.collector_config.cars)
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"seed must be 0 to {MAX_SEED}, not {self.seed}")
        if self.threads < 0:
            raise ValueError(f"threads must be 0 (the profile decides) or more, not {self.threads}")
        self._check_collector()

    @property
    def episode_seeds(self) -> EpisodeSeeds:
        """Track and noise of every episode of this run."""
        config = self.collector_config
        return EpisodeSeeds(self.seed, config.cars, self.seeds, config.lanes)

    def _check_env(self, task: EnvTask) -> None:
        """What only CarRacing has."""
        if not agent_entry(self.agent).anywhere:
            able = [name for name, entry in AGENTS.items() if entry.anywhere]
            raise ValueError(
                f"agent {self.agent} learns from CarRacing's scripted driver, and {task.env} has none: "
                f"use {', '.join(able)}"
            )
        if self.agent in ("sac", "dqn") and (self.agent == "sac") is bool(task.spaces.choices):
            raise ValueError(
                f"agent {self.agent} does not go with {task.env}, which has {task.spaces}: use ppo, which takes any "
                f"actions, or {'dqn' if task.spaces.choices else 'sac'}"
            )
        if COLLECTORS[self.collector].many_cars:
            alone = [name for name, entry in COLLECTORS.items() if not entry.many_cars]
            raise ValueError(
                f"collector {self.collector} puts several cars on a track, and {task.env} has no such thing: "
                f"use {', '.join(alone)}"
            )
        if self.pipeline is not None:
            raise ValueError(f"a pipeline begins with CarRacing's scripted driver, and {task.env} has none: train it")

    def _check_collector(self) -> None:
        config = self.collector_config
        if config.threads > 1 and (self.backend not in THREADED or self.collector == "sequential"):
            raise ValueError(
                f"collector_config.threads must be 1 with backend {self.backend} and collector {self.collector}, "
                f"not {config.threads}: it simulates on one thread"
            )
        if self.seeds.strategy == "shared" and config.lanes == 1:
            raise ValueError("seeds.strategy shared needs more than one lane: with one there is nobody to share with")
        if config.select == "best" and self.episode_seeds.sharing == 1:
            raise ValueError(
                "collector_config.select best needs cars that drive the same track: collector_config.cars of 2 or "
                "more, or seeds.strategy shared"
            )
