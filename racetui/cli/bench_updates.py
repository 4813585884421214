"""``racetui bench learner`` of the agents that learn from a replay."""

from __future__ import annotations

import argparse
from functools import partial

from agents.registry import agent_entry, config_class
from racetui.cli.bench_turns import speed_rows, speeds_in_turn, use_threads
from racetui.cli.output import print_json, table
from racetui.exits import Exit

_SPEEDS = ("updates_per_second", "lowest", "highest")


def updates(options: argparse.Namespace) -> int:
    """Take gradient steps with every contender in turn, several times over; print the medians."""
    threads = use_threads(options.threads)
    import torch

    from carracing.task import TaskConfig, task_spec
    from racetui.bench.offpolicy import STOCK, contenders

    stack = 1 if options.observation == "vector" else 4
    task = TaskConfig(observation=options.observation, stack=stack, action=agent_entry(options.agent).action)
    config = config_class(options.agent)()
    ready = contenders(task_spec(task), config)
    timed = {name: partial(measure, options.seconds) for name, measure in ready.items()}
    rows = speed_rows(speeds_in_turn(timed, options.repeats), _SPEEDS[0], STOCK)
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
