"""The least that collecting can cost: simulator and policy by turns, with nothing kept."""

from __future__ import annotations

from contextlib import closing

import numpy as np

from agents.api import ActorSpec, WeightsSnapshot
from agents.random import EpisodeRandom
from agents.registry import make_agent
from carracing import make_worlds, task_spec
from carracing.task import Array
from collectors.acting import ThreadedActor, build_actor
from racetui.bench.measurement import Measurement, Watch
from racetui.spec import RunSpec

STEPS = 16
"""Between looks at the clock."""


class Policy:
    """An actor with its windows of stacked observations, as simply as can be."""

    def __init__(self, spec: ActorSpec, weights: WeightsSnapshot, lanes: int, threads: int) -> None:
        self._actor = build_actor(spec, threads)
        self._actor.load(weights)
        self._windows = np.zeros((lanes, spec.task.stack, *spec.task.observation_shape), spec.task.observation_dtype)
        self._keys = np.arange(lanes, dtype=np.uint64)
        self._steps = np.zeros(lanes, np.int64)

    def act(self, observations: Array) -> Array:
        """(lanes, *observation_shape) -> (lanes, A), as the environment takes them."""
        self._windows[:, :-1] = self._windows[:, 1:]
        self._windows[:, -1] = observations
        self._steps += 1
        return self._actor.act(self._windows, EpisodeRandom(self._keys, self._steps)).env_actions

    def close(self) -> None:
        """End its threads."""
        if isinstance(self._actor, ThreadedActor):
            self._actor.close()


def drive(spec: RunSpec, seconds: float) -> Measurement:
    """Step the spec's lanes with its agent's policy, in this process."""
    config, task = spec.collector_config, task_spec(spec.task)
    agent = make_agent(spec.agent, task, spec.agent_config, spec.seed)
    policy = Policy(agent.actor_spec(), agent.snapshot(), config.lanes, spec.threads)
    worlds = make_worlds(spec.backend, spec.task, config.lanes, config.threads)
    everyone = np.ones(config.lanes, np.bool_)
    with closing(worlds), closing(policy):
        rng = np.random.default_rng(spec.seed)
        observations = worlds.reset(everyone, rng.integers(2**31, size=config.lanes))
        watch: Watch | None = None
        while watch is None or watch.seconds < seconds:
            frames = 0
            for _ in range(STEPS):
                step = worlds.step(policy.act(observations), everyone)
                observations = step.observations
                frames += int(step.frames.sum())
                over = step.terminated | step.truncated
                if over.any():
                    observations = worlds.reset(over, rng.integers(2**31, size=config.lanes))
            if watch is None:
                watch = Watch()
            else:
                watch.add(STEPS * config.lanes, frames)
        return watch.read()
