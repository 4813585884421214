"""What the collector contract tests share: a row for each collector, and a stage where a checking agent trains."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np

from agents.api import Pulse, Segment, State, no_pulse
from carracing.each_world import each
from carracing.task import Array, Discrete, TaskSpec
from collectors.api import Collector, CollectorConfig, CollectorStats, EpisodeRecord, Heat
from collectors.competition import Competition
from collectors.episode_collector import EpisodeCollector
from collectors.registry import COLLECTORS, CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds
from collectors.step import StepCollector
from tests.fakes import CountingRules, CountingWorld, RecordingAgent, RecordingConfig

ROWS = {
    "sequential": CollectorConfig(lanes=1, workers=1),
    "multicar": CollectorConfig(lanes=4, cars=4, workers=1),
    "sync": CollectorConfig(lanes=5, workers=1),
    "async": CollectorConfig(lanes=5, workers=2),
    "hybrid": CollectorConfig(lanes=6, cars=2, workers=2),
    "executor": CollectorConfig(lanes=6, workers=2, depth=3, max_segment=5),
    "ray": CollectorConfig(lanes=6, workers=2, depth=3, max_segment=5),
}
"""Every registered collector and the configuration its contract is tested with."""

EPISODES = tuple(name for name in ROWS if COLLECTORS[name].whole_episodes)
STEPWISE = tuple(name for name in ROWS if not COLLECTORS[name].whole_episodes)
"""The rows of either loop: of whole episodes, and of steps."""

STEPS = 60
"""Per round; the lanes of every row divide it."""

LAG = 10
"""Versions; more than any row's depth can bring about in rounds of STEPS."""
ALONE = tuple(name for name, config in ROWS.items() if config.cars == 1)
"""The rows in which no lane ever waits for another."""

FLOATS = CountingRules(TaskSpec((8,), "float32", stack=1, action=Discrete(5), frame_skip=2))
"""Another kind of task: vectors, no look-back, discrete actions, no facts."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What varies between tests."""

    rules: CountingRules = field(default_factory=CountingRules)
    seeds: EpisodeSeeds = field(default_factory=lambda: EpisodeSeeds(run_seed=11))
    constant: bool = False
    log_probs: bool = True
    pulse: Pulse = no_pulse
    lag: int = 0
    """How many versions old the acting weights may be."""

    def of(self, config: CollectorConfig) -> Setting:
        """The same with as many cars on each track as ``config`` has."""
        seeds = replace(self.seeds, cars_per_track=config.cars)
        return replace(self, rules=replace(self.rules, cars=config.cars), seeds=seeds)

    def agent(self) -> RecordingAgent:
        """Checks what collectors of this setting produce."""
        config = RecordingConfig(STEPS, self.constant, self.log_probs, self.rules, self.seeds, self.lag)
        return RecordingAgent(self.rules.spec, config)

    def plan(self, config: CollectorConfig) -> CollectorPlan:
        """Worlds and actors of this setting."""
        worlds = each(partial(CountingWorld, self.rules))
        return CollectorPlan(config, worlds, self.rules.spec, self.agent().actor_spec(), self.seeds, self.pulse)


class Stage:
    """A collector with poisoned memory and the agent that checks it; closes the collector on the way out."""

    def __init__(self, collector: Collector, setting: Setting) -> None:
        driving = collector.inner if isinstance(collector, Competition) else collector
        if isinstance(driving, StepCollector | EpisodeCollector):
            driving.poison()
        self.collector = collector
        self.setting = setting
        self.agent = setting.agent()
        self.records: list[EpisodeRecord] = []
        self.heats: list[Heat] = []
        self.stats: list[CollectorStats] = []
        self.incidents: list[str] = []

    def rounds(self, count: int, steps: int = STEPS) -> None:
        """The training loop."""
        for _ in range(count):
            self.collector.publish(self.agent.snapshot())
            self.agent.learn(self.collector.collect(steps), 0.0)
            stats = self.collector.stats()
            self.stats.append(stats)
            self.records += stats.episodes
            self.heats += stats.heats
            self.incidents += stats.incidents

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.collector.close()


def stage(name: str, setting: Setting | None = None, lanes: int | None = None) -> Stage:
    """The collector of a row, with as many lanes as the row has or as given."""
    if name == "ray":
        share_ray()
    config = ROWS[name] if lanes is None else replace(ROWS[name], lanes=lanes)
    setting = replace((setting or Setting()).of(config), lag=LAG if name in EPISODES else 0)
    return Stage(make_collector(name, setting.plan(config)), setting)


def share_ray() -> None:
    """One Ray for all tests of a module, since it takes seconds to start; ``conftest.py`` ends it."""
    import ray

    if not ray.is_initialized():
        ray.init("local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)


def through_json(state: State) -> State:
    """The state as a checkpoint would bring it back."""
    return State({name: tensor.copy() for name, tensor in state.tensors.items()}, json.loads(json.dumps(state.facts)))


def same_states(left: State, right: State) -> bool:
    """Bit for bit."""
    return (
        left.facts == right.facts
        and left.tensors.keys() == right.tensors.keys()
        and all(np.array_equal(tensor, right.tensors[name]) for name, tensor in left.tensors.items())
    )


def same_segments(left: Sequence[Segment], right: Sequence[Segment]) -> bool:
    """Bit for bit, in order."""
    return len(left) == len(right) and all(
        (a.end, a.version, a.episode, a.start, a.stack) == (b.end, b.version, b.episode, b.start, b.stack)
        and np.array_equal(a.frames, b.frames)
        and np.array_equal(a.actions, b.actions)
        and np.array_equal(a.rewards, b.rewards)
        and _same(a.log_probs, b.log_probs)
        and _same(a.labels, b.labels)
        for a, b in zip(left, right, strict=True)
    )


def _same(left: Array | None, right: Array | None) -> bool:
    return left is right if left is None or right is None else np.array_equal(left, right)
