"""Measures how fast this machine does each part of a training, for about a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

from agents.api import Beginner
from agents.registry import make_agent
from carracing import task_spec, warm_up
from profiles import Hardware
from racetui.collecting import collector_for
from racetui.launching import StartRequest, build_spec
from racetui.measured import Calibration, Fingerprint
from racetui.measured.calibration import learner_key, samples_per_step
from racetui.processes import Tree, proportional_bytes, resident_bytes
from racetui.spec import RunSpec

LEARNERS = (
    ("ppo", "grey-fast"),
    ("ppo", "vector"),
    ("sac", "grey-fast"),
    ("sac", "vector"),
    ("dqn", "grey-fast"),
    ("dagger", "grey-fast"),
)
"""Agents, and what they see."""
ONLY_SEEN = ("grey", "rgb")
"""Observations of which only the simulator is measured: their learners cost what others do, or are rare."""
_SHORT_REPLAY = ("agent.round=16", "agent.warmup=16", "agent.replay=4000")
SHORT = {
    "ppo": ("agent.rollout=512",),
    "dagger": ("agent.rollout=128", "agent.replay=8000"),
    "sac": _SHORT_REPLAY,
    "dqn": _SHORT_REPLAY,
}
"""Settings that make rounds short: a sample costs the same."""
WORKERS = ("async", "executor")
"""Collectors whose workers are started and weighed."""
Say = Callable[[str], None]


def calibrate(machine: Fingerprint, hardware: Hardware, seconds: float, say: Say) -> Calibration:
    """Measure everything, each part for about ``seconds`` seconds. Raises what agents and collectors raise."""
    started = time.monotonic()
    simulator: dict[str, float] = {}
    acting: dict[str, float] = {}
    learning: dict[str, float] = {}
    for agent, observation in LEARNERS:
        say(f"{agent} on {observation}: simulator, policy and learner")
        spec = _spec(agent, observation, hardware.usable_cores)
        frames, steps, samples = _train(spec, seconds)
        simulator.setdefault(observation, frames)
        acting[learner_key(spec)], learning[learner_key(spec)] = steps, samples
    for observation in ONLY_SEEN:
        say(f"simulator on {observation}")
        simulator[observation] = _train(_spec("ppo", observation, hardware.usable_cores), seconds / 2)[0]
    threads = {}
    for count in _thread_counts(hardware.usable_cores):
        say(f"learner with {count} thread{'' if count == 1 else 's'}")
        threads[str(count)] = _train(_spec(*LEARNERS[0], count), seconds / 2)[2]
    seconds_of, bytes_of = {}, {}
    for collector in WORKERS:
        say(f"workers of {collector}")
        seconds_of[collector], bytes_of[collector] = _workers(collector, hardware.usable_cores)
    return Calibration(
        machine, time.time(), time.monotonic() - started, simulator, acting, learning, threads, seconds_of, bytes_of
    )


def _spec(agent: str, observation: str, threads: int) -> RunSpec:
    """A run in this process alone, whose simulator has one thread, and whose rounds are short."""
    spec = build_spec(
        StartRequest(agent=agent, observation=observation, collector="sync", lanes=16, overrides=SHORT[agent])
    )
    config = replace(spec.collector_config, threads=1)
    return replace(spec, threads=threads, collector_config=config)


def _train(spec: RunSpec, seconds: float) -> tuple[float, float, float]:
    """Frames simulated, steps acted and samples learned from, each per second of its own time."""
    import torch

    torch.set_num_threads(spec.threads)
    warm_up(spec.backend, spec.task)
    agent = make_agent(spec.agent, task_spec(spec.task), spec.agent_config, spec.seed)
    if isinstance(agent, Beginner):
        agent.begin()
    env = act = learn = 0.0
    steps = frames = 0
    with closing(collector_for(spec, agent)) as collector:
        for number in _rounds(seconds):
            collector.publish(agent.snapshot())
            segments = collector.collect(agent.demand.steps)
            begun = time.perf_counter()
            agent.learn(segments, 0.0)
            took, stats = time.perf_counter() - begun, collector.stats()
            if number > 0:  # the first starts threads, and learns nothing where there is a warm-up
                env, act, learn = env + stats.seconds_env, act + stats.seconds_act, learn + took
                steps, frames = steps + stats.steps, frames + stats.frames
    samples = (samples_per_step(spec) or 0.0) * steps
    return frames / max(env, 1e-9), steps / max(act, 1e-9), samples / max(learn, 1e-9)


def _rounds(seconds: float) -> Iterator[int]:
    """Numbers of rounds, from 0, until time is up; three at least."""
    ends, number = time.perf_counter() + seconds, 0
    while number < 3 or time.perf_counter() < ends:
        yield number
        number += 1


def _thread_counts(cores: int) -> list[int]:
    return sorted({1, max(1, cores // 2), cores})


def _workers(collector: str, cores: int) -> tuple[float, int]:
    """Seconds until as many workers as cores have taken their first steps, and bytes of one of them.

    The bytes are what a worker has to itself and its share of the rest.
    """
    spec = build_spec(StartRequest(collector=collector, workers=cores, lanes=4 * cores))
    agent = make_agent(spec.agent, task_spec(spec.task), spec.agent_config, spec.seed)
    others = {process.pid for process in Tree().processes()}
    begun = time.perf_counter()
    with closing(collector_for(spec, agent)) as started:
        started.publish(agent.snapshot())
        started.collect(16)
        took = time.perf_counter() - begun
        # Those that start workers and clean up after them stay small, or are there already.
        new = [process for process in Tree().processes() if process.pid not in others]
        sizes = sorted(proportional_bytes([process]) or resident_bytes([process]) for process in new)
        return took, sum(sizes[-cores:]) // cores
