"""``racetui bench learner`` of the agents that learn from a replay."""

from __future__ import annotations

import argparse
import os
import statistics
import sys

from agents.registry import agent_entry, config_class
from profiles import detect
from racetui.cli.output import print_json, table
from racetui.exits import Exit

_SPEEDS = ("updates_per_second", "lowest", "highest")


def updates(options: argparse.Namespace) -> int:
    """Take gradient steps with every contender in turn, several times over; print the medians."""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    import torch

    from carracing.task import TaskConfig, task_spec
    from racetui.bench.offpolicy import STOCK, contenders

    threads = options.threads or detect().usable_cores
    torch.set_num_threads(threads)
    stack = 1 if options.observation == "vector" else 4
    task = TaskConfig(observation=options.observation, stack=stack, action=agent_entry(options.agent).action)
    config = config_class(options.agent)()
    ready = contenders(task_spec(task), config)
    speeds: dict[str, list[float]] = {name: [] for name in ready}
    for turn in range(options.repeats):
        for name, measure in ready.items():
            print(f"racetui: turn {turn + 1} of {options.repeats}: {name}", file=sys.stderr)
            speeds[name].append(measure(options.seconds))
    medians = {name: statistics.median(measured) for name, measured in speeds.items()}
    rows = [
        {
            "name": name,
            "updates_per_second": medians[name],
            "lowest": min(measured),
            "highest": max(measured),
            "over_stock": medians[name] / medians[STOCK],
        }
        for name, measured in speeds.items()
    ]
    place = "GPU" if torch.cuda.is_available() else f"{threads} threads"
    setting = (
        f"{agent_entry(options.agent).title} on {task.observation}, stack {task.stack}, batches of "
        f"{config.sizes(task_spec(task)).batch}, {place}, torch {torch.__version__}"
    )
    if options.json:
        print_json({"setting": setting, "rows": rows})
        return Exit.OK
    print(f"{setting}\n")
    cells = [(str(row["name"]), *(f"{row[key]:,.1f}" for key in _SPEEDS), f"{row['over_stock']:.2f}") for row in rows]
    print(table(("learner", "updates/s", "lowest", "highest", "x sb3"), cells))
    return Exit.OK
