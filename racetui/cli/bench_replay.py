"""``racetui bench replay``."""

from __future__ import annotations

import argparse
import statistics
import sys
from typing import Any

from carracing.task import TaskConfig, task_spec
from racetui.cli.bench import machine
from racetui.cli.output import print_json, table
from racetui.exits import Exit


def replays(options: argparse.Namespace) -> int:
    """Sample from our replay and stable-baselines3's in turn, several times over; print medians and memory."""
    from racetui.bench.replays import EPISODE, PROMISED, contenders, seconds_per_batch

    task = task_spec(TaskConfig(observation=options.observation))
    print(f"racetui: filling each with {options.steps:,} steps", file=sys.stderr)
    ready = list(contenders(task, options.steps))
    times: list[list[float]] = [[] for _ in ready]
    for turn in range(options.repeats):
        print(f"racetui: turn {turn + 1} of {options.repeats}", file=sys.stderr)
        for measured, contender in zip(times, ready, strict=True):
            measured.append(seconds_per_batch(contender, options.batch, options.seconds))
    rows: list[dict[str, Any]] = [
        {
            "name": contender.name,
            "look_ahead": contender.look_ahead,
            "milliseconds": 1000 * statistics.median(measured),
            "lowest": 1000 * min(measured),
            "highest": 1000 * max(measured),
            "gigabytes": contender.bytes / 1e9,
            "what": contender.what,
        }
        for contender, measured in zip(ready, times, strict=True)
    ]
    setting = (
        f"batches of {options.batch} of {options.steps:,} steps of {options.observation} in stacks of {task.stack}, "
        f"episodes of {EPISODE}; memory of {PROMISED:,}"
    )
    if options.json:
        print_json({"setting": setting, "machine": machine(), "rows": rows})
        return Exit.OK
    cells = [
        (
            row["name"],
            str(row["look_ahead"]),
            *(f"{row[key]:.2f}" for key in ("milliseconds", "lowest", "highest", "gigabytes")),
            row["what"],
        )
        for row in rows
    ]
    print(f"{setting}\n{machine()}\n")
    print(table(("replay", "steps ahead", "ms a batch", "lowest", "highest", "GB", "keeps"), cells))
    return Exit.OK
