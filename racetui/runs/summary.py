"""A run in one row, out of its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from racetui.runs.errors import DamagedRun
from racetui.runs.liveness import ProcessIdentity, Signs, derive, is_alive
from racetui.runs.log import plain
from racetui.runs.model import RunState, RunSummary, StageRow
from racetui.runs.paths import RunPaths
from racetui.runs.stages import read_stages, stages_eta, stages_progress
from racetui.spec import Budget

_WORDS = ("name", "agent", "collector", "profile", "backend", "observation")
_NUMBERS = (
    "seed",
    "lanes",
    "workers",
    "frames",
    "steps",
    "episodes",
    "return_mean",
    "created",
    "seconds",
    "heartbeat",
)
_UNKNOWN = (
    *("eta_seconds", "frames_per_second", "episodes_per_second", "pid", "ended", "checkpoint_time"),
    *("checkpoint_frames", "best_mean", "best_std", "best_frames"),
)
_TRAINING = frozenset({RunState.RUNNING, RunState.PAUSING, RunState.STOPPING})


def read_summary(connection: sqlite3.Connection, paths: RunPaths, now: float) -> RunSummary:
    """Summarise the run as of ``now``, Unix seconds. Raises DamagedRun and what SQLite raises."""
    run = _row(connection, paths)
    identity = read_identity(run)
    state, detail = derive(read_signs(connection, run, paths), now)
    stages = read_stages(connection, state)
    budget = Budget(run["budget_frames"], run["budget_steps"], run["budget_episodes"], run["budget_seconds"])
    training = state in _TRAINING
    facts: dict[str, Any] = {key: plain(run[key]) for key in _WORDS} | {key: run[key] for key in _NUMBERS}
    if "cars" in run:  # older runs that cannot be written lack it
        facts |= {"cars": run["cars"], "seeds": plain(run["seeds"])}
    if "note" in run:
        facts |= {"note": plain(run["note"]), "tags": tuple(plain(run["labels"]).split())}
    speeds = (run["frames_per_second"], run["episodes_per_second"]) if training else (None, None)
    saved = connection.execute("SELECT time, frames FROM checkpoints ORDER BY frames DESC LIMIT 1").fetchone()
    best = connection.execute(
        "SELECT mean, std, frames FROM evaluations WHERE purpose IN ('periodic', 'final') AND mean IS NOT NULL"
        " ORDER BY mean DESC, id LIMIT 1"
    ).fetchone()
    return RunSummary(
        id=paths.id,
        path=paths.root,
        state=state,
        detail=plain(detail),
        **facts,
        budget=budget,
        progress=stages_progress(stages) if stages else progress(budget, run),
        eta_seconds=_eta(stages, budget, run, state),
        stages=stages,
        frames_per_second=speeds[0],
        episodes_per_second=speeds[1],
        pid=None if state.ended or identity is None else identity.pid,
        ended=_ended(run, state),
        checkpoint_time=saved[0] if saved else None,
        checkpoint_frames=saved[1] if saved else None,
        best_mean=best[0] if best else None,
        best_std=best[1] if best else None,
        best_frames=best[2] if best else None,
    )


def _eta(stages: Sequence[StageRow], budget: Budget, run: Mapping[str, Any], state: RunState) -> float | None:
    if stages:
        return stages_eta(stages) if state in _TRAINING | {RunState.EVALUATING} else None
    return eta(budget, run) if state in _TRAINING else None


def damaged_summary(paths: RunPaths, detail: str) -> RunSummary:
    """Stand in for a run that cannot be read: failed, with what is damaged."""
    try:
        created = paths.root.stat().st_mtime
    except OSError:
        created = 0.0
    facts: dict[str, Any] = dict.fromkeys(_WORDS, "") | dict.fromkeys(_NUMBERS, 0) | dict.fromkeys(_UNKNOWN)
    facts |= {"return_mean": None, "heartbeat": None, "created": created, "progress": 0.0, "budget": Budget(frames=1)}
    return RunSummary(id=paths.id, path=paths.root, state=RunState.FAILED, detail=plain(detail), **facts)


def read_process(connection: sqlite3.Connection, paths: RunPaths) -> ProcessIdentity | None:
    """The process that trains, if it lives and belongs to this directory. Raises DamagedRun."""
    run = _row(connection, paths)
    return read_identity(run) if read_signs(connection, run, paths).alive else None


def read_identity(run: Mapping[str, Any]) -> ProcessIdentity | None:
    """Who trains, by a row of the run table."""
    return None if run["pid"] is None else ProcessIdentity(run["pid"], run["process_started"], run["boot"])


def read_signs(connection: sqlite3.Connection, run: Mapping[str, Any], paths: RunPaths) -> Signs:
    """The signs of life of a run."""
    identity = read_identity(run)
    # A copy of the directory has another inode number, and the process in it is not its own.
    own = identity is not None and run["directory"] == paths.root.stat().st_ino
    killed = connection.execute(
        "SELECT count(*) FROM commands WHERE name = 'kill' AND created >= ?", (run["identified"] or 0.0,)
    ).fetchone()[0]
    return Signs(
        state=RunState(run["state"]),
        detail=run["detail"],
        since=run["state_time"],
        identity=identity,
        alive=own and identity is not None and is_alive(identity),
        heartbeat=run["heartbeat"],
        killed=bool(killed),
    )


def progress(budget: Budget, run: Mapping[str, Any]) -> float:
    """Share of the budget used, 0 to 1: that of the limit nearest to being reached."""
    shares: list[float] = [run[key] / limit for key, limit in _limits(budget) if limit]
    return min(1.0, max(shares))


def eta(budget: Budget, run: Mapping[str, Any]) -> float | None:
    """Seconds until the first limit is reached at the present speed; None where that is not known."""
    frames_per_second = run["frames_per_second"] or 0.0
    speeds = {
        "frames": frames_per_second,
        "steps": frames_per_second * run["steps"] / run["frames"] if run["frames"] else 0.0,
        "episodes": run["episodes_per_second"] or 0.0,
        "seconds": 1.0,
    }
    left = [max(0.0, limit - run[key]) / speeds[key] for key, limit in _limits(budget) if limit and speeds[key] > 0]
    return min(left, default=None)


def _limits(budget: Budget) -> tuple[tuple[str, float], ...]:
    return (
        ("frames", budget.frames),
        ("steps", budget.steps),
        ("episodes", budget.episodes),
        ("seconds", budget.seconds),
    )


def _row(connection: sqlite3.Connection, paths: RunPaths) -> dict[str, Any]:
    cursor = connection.execute("SELECT * FROM run")
    values = cursor.fetchone()
    if values is None:
        raise DamagedRun(f"{paths.database} is damaged: it holds no run")
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}


def _ended(run: Mapping[str, Any], state: RunState) -> float | None:
    if not state.ended:
        return None
    ended: float | None = run["ended"]
    return max(run["state_time"], run["heartbeat"] or 0.0) if ended is None else ended
