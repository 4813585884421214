"""The stages of a pipeline in a run's database: written by its trainer, read by everyone."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, fields
from typing import Any

from racetui.counters import Counters
from racetui.runs.log import plain
from racetui.runs.model import RunState, StageRow

PACE_FROM = 0.05
"""Share of a stage from which on its own pace says more than what was expected of it."""
_COUNTERS = tuple(field.name for field in fields(Counters))
_COLUMNS = ("number", "name", "kind", "workers", "state", "started", "ended")
_MEASURED = ("share", "one_core_rate", "planned_seconds")


class StageWriter:
    """Writes them; ``RunWriter.stages`` makes one."""

    def __init__(self, write: Callable[[str, Sequence[Any]], int]) -> None:
        self._write = write

    def plan(self, stages: Iterable[StageRow]) -> None:
        """Add the stages of a run that has none yet."""
        columns = "number, name, kind, workers, state, one_core_rate, planned_seconds"
        for stage in stages:
            self._write(
                f"INSERT INTO stages ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - our own names
                (
                    *(stage.number, stage.name, stage.kind, stage.workers, stage.state.value),
                    *(stage.one_core_rate, stage.planned_seconds),
                ),
            )

    def begin(self, number: int, start: Counters) -> None:
        """Say that a stage begins (again), and where the run's counters stand."""
        columns = ", ".join(f"{name}_from = ?" for name in _COUNTERS)
        self._write(
            f"UPDATE stages SET state = ?, started = coalesce(started, ?), {columns} WHERE number = ?",  # noqa: S608
            (RunState.RUNNING.value, time.time(), *astuple(start), number),
        )

    def progress(self, number: int, done: Counters, share: float) -> None:
        """Say how far a stage is."""
        columns = ", ".join(f"{name} = ?" for name in _COUNTERS)
        self._write(
            f"UPDATE stages SET {columns}, share = ? WHERE number = ?",  # noqa: S608 - our own names
            (*astuple(done), share, number),
        )

    def finish(self, number: int) -> None:
        """Say that a stage is over."""
        self._write(
            "UPDATE stages SET state = ?, ended = ?, share = 1 WHERE number = ?",
            (RunState.FINISHED.value, time.time(), number),
        )

    def reopen(self, number: int) -> None:
        """Let the run go on with a stage that was over, and with those after it."""
        self._write(
            "UPDATE stages SET state = ?, ended = NULL, share = 0 WHERE number >= ? AND state = ?",
            (RunState.RUNNING.value, number, RunState.FINISHED.value),
        )


def read_stages(connection: sqlite3.Connection, state: RunState) -> tuple[StageRow, ...]:
    """The stages of a pipeline whose run is in ``state``, in order; none of other runs, and of older ones."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'stages'").fetchone():
        return ()  # an older run, where nothing can be written
    columns = (*_COLUMNS, *(f"{name}_from" for name in _COUNTERS), *_COUNTERS, *_MEASURED)
    found = connection.execute(f"SELECT {', '.join(columns)} FROM stages ORDER BY number")  # noqa: S608
    return tuple(_row(row, state) for row in found)


def stages_progress(stages: Sequence[StageRow]) -> float:
    """Share of a pipeline that is done, 0 to 1: each stage counts for the time it was expected to take.

    Where nothing was measured, all count the same.
    """
    known = all(stage.planned_seconds for stage in stages)
    weights = [stage.planned_seconds or 0.0 if known else 1.0 for stage in stages]
    done = sum(weight * stage.share for weight, stage in zip(weights, stages, strict=True))
    return min(1.0, done / sum(weights))


def stages_eta(stages: Sequence[StageRow]) -> float | None:
    """Seconds until the last stage is over: the running one's by its own pace, the others' as expected.

    None where that is not known.
    """
    left = [_stage_eta(stage) for stage in stages if stage.state is not RunState.FINISHED]
    known = [seconds for seconds in left if seconds is not None]
    return sum(known) if len(known) == len(left) else None


def _stage_eta(stage: StageRow) -> float | None:
    if stage.share >= PACE_FROM:
        return stage.done.seconds * (1 - stage.share) / stage.share
    return None if stage.planned_seconds is None else max(0.0, stage.planned_seconds - stage.done.seconds)


def _row(row: Sequence[Any], run_state: RunState) -> StageRow:
    """One row of the above; a stage that has begun and is not over is in the state of its run."""
    number, name, kind, workers, state, started, ended, *rest = row
    count = len(_COUNTERS)
    shown = run_state if state == RunState.RUNNING else RunState(state)
    return StageRow(
        *(number, plain(name), plain(kind), workers, shown, started, ended),
        Counters(*rest[:count]),
        Counters(*rest[count : 2 * count]),
        *rest[2 * count :],
    )
