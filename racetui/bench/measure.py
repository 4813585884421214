"""One measurement in a process of its own: ``python -m racetui.bench.measure KIND SECONDS < spec.yaml``.

Prints one JSON line. A process of its own gives every contender the same start, and its memory is nobody else's.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from functools import partial

from agents.api import Beginner
from racetui.bench.cases import OTHERS
from racetui.bench.measurement import Measurement, Watch
from racetui.config import load_spec
from racetui.spec import RunSpec

SLICE = 16
"""Steps of each lane between looks at the clock; a collector of whole episodes takes as many more as it needs."""
LEAST_STEPS = 128
"""Between looks at the clock."""
Contender = Callable[[RunSpec, float], Measurement]


def collect(spec: RunSpec, seconds: float) -> Measurement:
    """Collect with the spec's collector, publishing weights as often as its agent would."""
    from agents.registry import make_agent
    from carracing import task_spec
    from racetui.collecting import collector_for

    agent = make_agent(spec.agent, task_spec(spec.task), spec.agent_config, spec.seed)
    weights, demand = agent.snapshot(), agent.demand.steps
    steps = max(LEAST_STEPS, SLICE * spec.collector_config.lanes)
    with closing(collector_for(spec, agent)) as collector:
        collector.publish(weights)
        collector.collect(steps)
        collector.stats()
        watch, since = Watch(), 0
        while watch.seconds < seconds:
            if since >= demand:
                collector.publish(weights)
                since = 0
            collector.collect(steps)
            stats = collector.stats()
            watch.add(stats.steps, stats.frames, stats.episodes)
            since += stats.steps
        return watch.read()


def train(spec: RunSpec, seconds: float) -> Measurement:
    """Whole rounds of training, learning included, after a first one."""
    from agents.registry import make_agent
    from carracing import task_spec
    from racetui.collecting import collector_for

    agent = make_agent(spec.agent, task_spec(spec.task), spec.agent_config, spec.seed)
    if isinstance(agent, Beginner):
        agent.begin()
    with closing(collector_for(spec, agent)) as collector:
        watch: Watch | None = None
        while watch is None or watch.seconds < seconds:
            collector.publish(agent.snapshot())
            agent.learn(collector.collect(agent.demand.steps), 0.0)
            stats = collector.stats()
            if watch is None:
                watch = Watch()
            else:
                watch.add(stats.steps, stats.frames, stats.episodes)
        return watch.read()


def _contender(kind: str, learn: bool) -> Contender:
    from racetui.bench import bare, pooled, reference

    if kind == "ours":
        return train if learn else collect
    if kind == "bare":
        return bare.drive
    if kind == "envpool":
        return pooled.drive
    return partial(reference.train if learn else reference.collect, drawn=kind == "sb3-stock")


def main() -> int:
    """Measure one contender."""
    parser = argparse.ArgumentParser(prog="python -m racetui.bench.measure", description=__doc__)
    parser.add_argument("kind", choices=("ours", *OTHERS))
    parser.add_argument("seconds", type=float)
    parser.add_argument("--learn", action="store_true")
    options = parser.parse_args()
    from profiles.strict_yaml import parse_yaml

    document = parse_yaml(sys.stdin.read(), "standard input")
    if not isinstance(document, dict):
        parser.error("standard input must be a run's spec")
    spec = load_spec(document, "standard input")
    import torch

    torch.set_num_threads(spec.threads)
    print(json.dumps(asdict(_contender(options.kind, options.learn)(spec, options.seconds))))  # noqa: T201  (the answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
