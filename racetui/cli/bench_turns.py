"""What benchmarks of learners share: contenders that learn in turn, and their speeds beside stable-baselines3's."""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Mapping
from typing import Any

from profiles import detect


def use_threads(threads: int) -> int:
    """Let PyTorch use so many threads, 0 for all cores that may be used; returns how many."""
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    import torch

    chosen = threads or detect().usable_cores
    torch.set_num_threads(chosen)
    return chosen


def speeds_in_turn(contenders: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """What each contender measures, in ``repeats`` turns: what disturbs the machine for a while disturbs all."""
    speeds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(repeats):
        for name, measure in contenders.items():
            print(f"racetui: turn {turn + 1} of {repeats}: {name}", file=sys.stderr)
            speeds[name].append(measure())
    return speeds


def speed_rows(speeds: Mapping[str, list[float]], unit: str, stock: str) -> list[dict[str, Any]]:
    """Median (named ``unit``), range, and the median over that of ``stock``, by name."""
    medians = {name: statistics.median(measured) for name, measured in speeds.items()}
    return [
        {
            "name": name,
            unit: medians[name],
            "lowest": min(measured),
            "highest": max(measured),
            "over_stock": medians[name] / medians[stock],
        }
        for name, measured in speeds.items()
    ]
