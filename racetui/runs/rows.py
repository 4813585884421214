"""From rows of the database to the dataclasses of ``model``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.api import End
from racetui.runs.liveness import ProcessIdentity, is_alive
from racetui.runs.log import plain
from racetui.runs.model import CheckpointRow, EpisodeRow, EvaluationRow, HeatRow, Series
from racetui.spec import RunSpec

EPISODE_COLUMNS = (
    'id, time, frames_at, episode, seed, lane, "group", version, steps, frames, episode_return, "end", facts'
)
HEAT_COLUMNS = "id, time, frames_at, number, seed, cars, lane, episode, best_return, spread"
EVALUATION_COLUMNS = (
    "id, frames, purpose, state, detail, episodes, seed, deterministic, backend, started, ended, results,"
    " pid, process_started, boot"
)


def describe(spec: RunSpec) -> dict[str, Any]:
    """What the run table repeats of a spec, by column."""
    return {
        "name": spec.name,
        "agent": spec.agent,
        "collector": spec.collector,
        "profile": spec.profile,
        "backend": spec.backend,
        "observation": spec.task.observation,
        "seed": spec.seed,
        "lanes": spec.collector_config.lanes,
        "cars": spec.collector_config.cars,
        "seeds": spec.seeds.strategy,
        "workers": spec.collector_config.workers,
        "budget_frames": spec.budget.frames,
        "budget_steps": spec.budget.steps,
        "budget_episodes": spec.budget.episodes,
        "budget_seconds": spec.budget.seconds,
    }


def episode_row(row: Sequence[Any]) -> EpisodeRow:
    """Read a row of EPISODE_COLUMNS."""
    id, time, frames_at, episode, seed, lane, group, version, steps, frames, episode_return, end, facts = row
    value = float("nan") if episode_return is None else episode_return
    return EpisodeRow(
        *(id, time, frames_at, episode, seed, lane, group, version, steps, frames, value, End(end)),
        json.loads(facts),
    )


def heat_row(row: Sequence[Any]) -> HeatRow:
    """Read a row of HEAT_COLUMNS."""
    *known, best, spread = row
    return HeatRow(*known, *(float("nan") if value is None else value for value in (best, spread)))


def evaluation_row(row: Sequence[Any]) -> EvaluationRow:
    """Read a row of EVALUATION_COLUMNS; one that nobody is left to finish has failed."""
    id, frames, purpose, state, detail, episodes, seed, deterministic, backend, started, ended, results, *who = row
    if state == "running" and not is_alive(ProcessIdentity(*who)):
        state, detail = "failed", "its process is gone without a result"
    return EvaluationRow(
        *(id, frames, purpose, state, plain(detail), episodes, seed, bool(deterministic), backend, started, ended),
        json.loads(results),
    )


def checkpoint_row(row: Sequence[Any]) -> CheckpointRow:
    """Read a row of frames, time, bytes, reason, tags."""
    frames, time, size, reason, tags = row
    return CheckpointRow(frames, time, size, reason, tuple(sorted(tags.split(","))) if tags else ())


def series(found: Sequence[Sequence[Any]]) -> Series:
    """Read rows of seq, frames, time, value."""
    if not found:
        return Series(np.empty(0, np.int64), np.empty(0), np.empty(0))
    _, frames, times, values = zip(*found, strict=True)
    return Series(np.array(frames, np.int64), np.array(times, np.float64), np.array(values, np.float64))
