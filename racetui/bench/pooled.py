"""EnvPool's CarRacing-v3 with our policy: the fastest simulator others have, under the same task."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import numpy as np

from agents.registry import make_agent
from carracing import task_spec
from carracing.actions import to_controls
from carracing.observation import grey
from carracing.task import Array
from racetui.bench.bare import STEPS, Policy
from racetui.bench.measurement import Measurement, Watch
from racetui.spec import RunSpec


def drive(spec: RunSpec, seconds: float) -> Measurement:
    """Step EnvPool's cars on as many threads as the spec has workers, all in step."""
    import envpool

    lanes = spec.collector_config.lanes
    agent = make_agent(spec.agent, task_spec(spec.task), spec.agent_config, spec.seed)
    envs = envpool.make_gymnasium(
        "CarRacing-v3", num_envs=lanes, num_threads=spec.collector_config.workers, seed=spec.seed
    )
    policy = Policy(agent.actor_spec(), agent.snapshot(), lanes, spec.threads)
    with closing(policy):
        observations = _greys(envs.reset()[0])
        watch: Watch | None = None
        while watch is None or watch.seconds < seconds:
            for _ in range(STEPS):
                observations = _step(envs, policy.act(observations), spec.task.frame_skip)
            if watch is None:
                watch = Watch()
            else:
                watch.add(STEPS * lanes, STEPS * lanes * spec.task.frame_skip)
        return watch.read()


def _step(envs: Any, actions: Array, frame_skip: int) -> Array:
    """Repeat ``actions``; EnvPool draws every frame and starts ended episodes again by itself."""
    controls = to_controls(actions).astype(np.float32)
    for _ in range(frame_skip):
        pictures = envs.step(controls)[0]
    return _greys(pictures)


def _greys(pictures: Array) -> Array:
    return np.stack([grey(picture) for picture in pictures])
