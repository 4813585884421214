"""One measurement in a process of its own: ``python -m racetui.bench.measure CONTENDER``; prints one JSON line."""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict
from functools import partial

from racetui.bench.contenders import CONTENDERS, Bench, Speed


def measure_ours(bench: Bench, contender: str) -> Speed:
    """Train our PPO through a collector for ``bench.seconds`` after a first round."""
    from agents.ppo.config import PPOConfig
    from agents.registry import make_agent
    from carracing import TaskConfig, backend_module, make_worlds, task_spec
    from collectors.api import CollectorConfig
    from collectors.registry import CollectorPlan, make_collector
    from collectors.seeds import EpisodeSeeds

    task = TaskConfig()
    agent = make_agent("ppo", task_spec(task), PPOConfig(), seed=1)
    backend, name = ("fast", "sync") if contender == "fast" else ("gymnasium", contender)
    lanes = 1 if name == "sequential" else bench.lanes
    threads = bench.workers if backend == "fast" else 1
    plan = CollectorPlan(
        config=CollectorConfig(lanes=lanes, workers=min(bench.workers, lanes) if name == "async" else 1),
        worlds=partial(make_worlds, backend, task, threads=threads),
        task=task_spec(task),
        actor=agent.actor_spec(),
        seeds=EpisodeSeeds(1),
        preload=(backend_module(backend),),
    )
    collector = make_collector(name, plan)
    try:
        frames, started = 0, 0.0
        while not started or time.perf_counter() - started < bench.seconds:
            collector.publish(agent.snapshot())
            agent.learn(collector.collect(agent.demand.steps), 0.0)
            done = collector.stats().frames
            frames, started = (frames + done, started) if started else (0, time.perf_counter())
        return Speed(frames, time.perf_counter() - started)
    finally:
        collector.close()


def main() -> int:
    """Measure one contender."""
    parser = argparse.ArgumentParser(prog="python -m racetui.bench.measure", description=__doc__)
    parser.add_argument("contender", choices=CONTENDERS)
    for name in ("lanes", "workers", "threads"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    bench = Bench(options.lanes, options.workers, options.threads, options.seconds)
    import torch

    torch.set_num_threads(bench.threads)
    if options.contender.startswith("sb3"):
        from racetui.bench.reference import measure_reference

        speed = measure_reference(bench, drawn=options.contender == "sb3-stock")
    else:
        speed = measure_ours(bench, options.contender)
    print(json.dumps(asdict(speed)))  # noqa: T201  (stdout is this module's answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
