"""``racetui bench learner``."""

from __future__ import annotations

import argparse
from dataclasses import replace
from functools import partial
from typing import Any

from racetui.cli.bench_turns import speed_rows, speeds_in_turn, use_threads
from racetui.cli.bench_updates import updates
from racetui.cli.output import print_json, table
from racetui.exits import Exit


def learner(options: argparse.Namespace) -> int:
    """Learn from the same round with every contender in turn, several times over; print the medians."""
    if options.agent != "ppo":
        return updates(options)
    threads = use_threads(options.threads)
    import torch

    from agents.ppo.config import PPOConfig
    from carracing.task import TaskConfig, task_spec
    from racetui.bench.learner import STOCK, apart, contenders

    task = TaskConfig(observation=options.observation)
    config = replace(PPOConfig(), epochs=1)
    ready = contenders(task_spec(task), config)
    results: dict[str, Any] = {}

    def learn(name: str) -> float:
        speed, results[name] = ready[name]()
        return speed

    speeds = speeds_in_turn({name: partial(learn, name) for name in ready}, options.repeats)
    rows = speed_rows(speeds, _SPEEDS[0], STOCK)
    for row in rows:
        row["parameters_apart"] = apart(results[row["name"]], results[STOCK])
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
