"""What is compared: every collector that can run here, at every number of workers, and what others use instead."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, replace
from typing import Literal

from carracing.task import OBSERVATIONS
from collectors.registry import COLLECTORS
from racetui.config import ConfigError
from racetui.launching import StartRequest, build_spec
from racetui.spec import RunSpec

Kind = Literal["ours", "bare", "sb3", "sb3-stock", "envpool"]

OTHERS: dict[Kind, str] = {
    "bare": "simulator and policy, no collector",
    "sb3": "SB3 SubprocVecEnv, undrawn stock",
    "sb3-stock": "SB3 SubprocVecEnv, stock",
    "envpool": "EnvPool and our policy",
}
"""What our collectors are held against. Undrawn stock is our stock backend, which draws only frames that are seen."""
MOST_PROCESSES = 8
"""Cars of SubprocVecEnv, which takes a process for each: more would only take memory."""
REFERENCE = "sequential, stock"
"""The row that every other is compared with: one car on Gymnasium's simulator."""
SWEPT = ("async", "hybrid", "executor", "ray")
"""Collectors with worker processes. ``sync`` takes as many simulator threads instead, where the backend has any."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the rows of one table have in common."""

    backend: str = "fast"
    agent: str = "ppo"
    observation: str = "grey-fast"
    lanes: int = 64
    workers: tuple[int, ...] = (1, 2)
    threads: int = 1
    """Threads of the learner, which act while it waits."""
    overrides: tuple[str, ...] = ()
    """``key=value`` of the runs' specs."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row: what is measured, and as what kind of run."""

    name: str
    kind: Kind
    spec: RunSpec

    @property
    def parallel(self) -> int:
        """Worker processes or simulator threads, whichever there are more of."""
        config = self.spec.collector_config
        return max(config.workers, config.threads)


def cases(setting: Setting, only: tuple[str, ...] = ()) -> tuple[list[Case], list[str]]:
    """The rows of a table in order, the reference first, and in words what cannot run here.

    ``only`` names collectors and kinds of others; none means all. Raises ConfigError if the setting itself is wrong.
    """
    stock = setting if setting.backend == "gymnasium" else replace(setting, backend="gymnasium", observation="grey")
    reference = Case(REFERENCE, "ours", _spec(stock, "sequential", 1, 1))
    build_spec(_request(setting, "sequential", 1, 1))  # a wrong setting is told once, not for every row
    found, skipped = [reference], []
    for collector in COLLECTORS:
        if only and collector not in only:
            continue
        try:
            found += _rows(setting, collector)
        except (ConfigError, ValueError) as error:
            skipped.append(f"{collector}: {error}")
    for kind, title in OTHERS.items():
        if only and kind not in only:
            continue
        if kind == "envpool" and not importlib.util.find_spec("envpool"):
            skipped.append("envpool: not installed (pip install 'racetui[envpool]')")
        elif kind != "bare" and not _seen_by_others(setting):
            skipped.append(f"{kind}: it has no {setting.observation} observations")
        else:
            found.append(Case(title, kind, _other(setting, kind)))
    return found, skipped


def _rows(setting: Setting, collector: str) -> list[Case]:
    if collector == "sequential" and setting.backend == "gymnasium":
        return []  # the reference
    if collector in ("sequential", "multicar"):
        return [Case(collector, "ours", _spec(setting, collector, 1, 1))]
    if collector == "sync":
        counts = setting.workers if setting.backend == "fast" else (1,)
        return [Case(_times(collector, count), "ours", _spec(setting, collector, 1, count)) for count in counts]
    return [Case(_times(collector, count), "ours", _spec(setting, collector, count, 1)) for count in setting.workers]


def _other(setting: Setting, kind: Kind) -> RunSpec:
    if kind == "bare":
        threads = max(setting.workers) if setting.backend == "fast" else 1
        return _spec(setting, "sync", 1, threads)
    lanes = setting.lanes if kind == "envpool" else min(MOST_PROCESSES, setting.lanes)
    return _spec(
        replace(setting, backend="gymnasium", observation="grey", lanes=lanes), "async", max(setting.workers), 1
    )


def _seen_by_others(setting: Setting) -> bool:
    return OBSERVATIONS[setting.observation].dtype == "uint8"  # they look at stock's pictures


def _spec(setting: Setting, collector: str, workers: int, threads: int) -> RunSpec:
    return build_spec(_request(setting, collector, workers, threads))


def _request(setting: Setting, collector: str, workers: int, threads: int) -> StartRequest:
    lanes = 1 if collector == "sequential" else setting.lanes
    overrides = [
        *(f"collector_config.lanes={lanes}", f"collector_config.workers={workers}"),
        *(f"collector_config.threads={threads}", f"threads={setting.threads}"),
        *setting.overrides,
    ]
    return StartRequest(
        name="bench",
        agent=setting.agent,
        collector=collector,
        backend=setting.backend,
        observation=setting.observation,
        overrides=tuple(overrides),
    )


def _times(collector: str, count: int) -> str:
    return f"{collector} x {count}"
