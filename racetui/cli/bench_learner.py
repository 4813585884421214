"""``racetui bench learner``."""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from dataclasses import replace

from profiles import detect
from racetui.cli.bench_updates import updates
from racetui.cli.output import print_json, table
from racetui.exits import Exit


def learner(options: argparse.Namespace) -> int:
    """Learn from the same round with every contender in turn, several times over; print the medians."""
    if options.agent != "ppo":
        return updates(options)
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    import torch

    from agents.ppo.config import PPOConfig
    from carracing.task import TaskConfig, task_spec
    from racetui.bench.learner import STOCK, apart, contenders

    threads = options.threads or detect().usable_cores
    torch.set_num_threads(threads)
    task = TaskConfig(observation=options.observation)
    config = replace(PPOConfig(), epochs=1)
    ready = contenders(task_spec(task), config)
    speeds: dict[str, list[float]] = {name: [] for name in ready}
    results = {}
    for turn in range(options.repeats):
        for name, measure in ready.items():
            print(f"racetui: turn {turn + 1} of {options.repeats}: {name}", file=sys.stderr)
            speed, results[name] = measure()
            speeds[name].append(speed)
    medians = {name: statistics.median(measured) for name, measured in speeds.items()}
    rows = [
        {
            "name": name,
            "samples_per_second": medians[name],
            "lowest": min(measured),
            "highest": max(measured),
            "over_stock": medians[name] / medians[STOCK],
            "parameters_apart": apart(results[name], results[STOCK]),
        }
        for name, measured in speeds.items()
    ]
    setting = (
        f"PPO, network {config.network} on {task.observation}, stack {task.stack}, minibatches of "
        f"{config.minibatch}, {threads} threads, torch {torch.__version__}"
    )
    if options.json:
        print_json({"setting": setting, "rows": rows})
        return Exit.OK
    print(f"{setting}\n")
    cells = [
        (
            str(row["name"]),
            *(f"{row[key]:,.0f}" for key in _SPEEDS),
            f"{row['over_stock']:.2f}",
            "" if row["parameters_apart"] is None else f"{row['parameters_apart']:.2g}",
        )
        for row in rows
    ]
    print(table(("learner", "samples/s", "lowest", "highest", "x sb3", "apart"), cells))
    print(_APART)
    return Exit.OK


_APART = """
apart: largest difference of a parameter from stable-baselines3's after the same gradient steps; 0 is the same to the
bit, empty another distribution. The last row is what a run does unless told otherwise."""
_SPEEDS = ("samples_per_second", "lowest", "highest")
