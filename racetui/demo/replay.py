"""One recorded run, written anew as its time goes by: its database has what was recorded up to now, and no more."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass

from racetui.counters import COUNTED_EPISODES, COUNTED_SECONDS, COUNTED_STEPS
from racetui.demo.session import CLIP
from racetui.runs.database import connect_writer, create_database, translated
from racetui.runs.model import CommandRow, RunState
from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter

NO_TRAINING = "this is a demo: nothing is trained, so there is nothing to save or to evaluate"
_TIMES = frozenset({"time", "started", "ended", "created", "state_time", "identified", "heartbeat"})
"""Columns that hold moments; all of a run's are moved by the same time."""
_COPIED = {
    "metrics": "time",
    "episodes": "time",
    "heats": "time",
    "events": "time",
    "hardware": "time",
    "evaluations": "ended",
}
"""Table -> the moment at which its rows appear."""
_SAVED = re.compile(r"checkpoint at ([\d,]+) frames")


@dataclass(slots=True)
class _Clock:
    """Where the replay is, in seconds of recorded time; it stands still while the run is paused."""

    position: float
    at: float
    """When it was there, by ``watch``."""
    held: bool
    watch: Callable[[], float]

    def now(self) -> float:
        return self.position if self.held else self.position + self.watch() - self.at

    def move(self, position: float, held: bool) -> None:
        self.position, self.at, self.held = position, self.watch(), held


class Replay:
    """Fills the run at ``target`` with what was recorded of the run at ``source``; for one thread.

    ``begins`` are the seconds of it that are past at first; None of a run that ended, ``age`` seconds ago.
    """

    def __init__(
        self,
        source: RunPaths,
        target: RunPaths,
        begins: float | None,
        age: float,
        watch: Callable[[], float] = time.monotonic,
    ) -> None:
        target.root.mkdir(parents=True)
        for name in (source.spec.name, source.log.name, CLIP):
            if (source.root / name).exists():
                shutil.copyfile(source.root / name, target.root / name)
        create_database(target.database)
        connect_writer(source.database).close()  # an older recording gets the present tables
        self._target = target
        self._connection = connect_writer(target.database)
        self._connection.execute("ATTACH ? AS recorded", (str(source.database),))
        self._begin, self._end = self._connection.execute(_SPAN).fetchone()
        self._shown = self._begin - 1.0
        self._over = begins is None
        position = self._end if begins is None else self._begin + begins
        self._shift = time.time() - position - (age if self._over else 0.0)
        self._clock = _Clock(position, watch(), self._over, watch)
        self._copy("metric_names", "")
        self._copy("run", "")
        self._show(position)
        if self._over:  # how it ended, or that nobody knows, is in its own last row
            return
        self._writer = RunWriter(target)
        self._writer.identify()

    def tick(self) -> None:
        """Let appear what has happened by now, and obey orders."""
        if self._over:
            return
        for order in self._writer.pending_commands():
            self._writer.take(order.id)
            self._writer.done(order.id, self._obey(order))
        if not self._over:
            self._show(min(self._clock.now(), self._end))
            self._writer.show_life()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def _obey(self, order: CommandRow) -> str:
        """Do what a demo can; returns the answer."""
        now = self._clock.now()
        if order.name == "pause":
            self._clock.move(now, held=True)
            self._writer.set_state(RunState.PAUSED)
        elif order.name == "resume":
            following = self._after_pause(now)
            self._shown = max(self._shown, following)
            self._shift = time.time() - following
            self._clock.move(following, held=False)
            self._writer.set_state(RunState.RUNNING)
        elif order.name == "stop":
            self._over = True
            self._writer.set_state(RunState.STOPPED, "by panel, in a demo")
        else:
            return NO_TRAINING
        return "ok"

    def _after_pause(self, now: float) -> float:
        """The recorded moment to go on from: where the recording was paused itself, when it went on."""
        found = self._connection.execute(
            "SELECT text, (SELECT min(time) FROM recorded.events WHERE kind = 'state' AND time > ?)"
            " FROM recorded.events WHERE kind = 'state' AND time <= ? ORDER BY time DESC LIMIT 1",
            (now, now),
        ).fetchone()
        paused = found is not None and found[0] == RunState.PAUSED.value and found[1] is not None
        return float(found[1]) if paused else now

    def _show(self, until: float) -> None:
        """Copy what was recorded since the last time, up to a recorded moment."""
        with translated(self._target.database):
            self._connection.execute("BEGIN IMMEDIATE")
            for table, moment in _COPIED.items():
                self._copy(table, f"WHERE {moment} > ? AND {moment} <= ?", self._shown, until)
            self._checkpoints(until)
            if self._connection.execute("SELECT max(seq) FROM metrics").fetchone()[0] is not None:
                self._connection.execute(_COUNTERS)
            self._state(until)
            self._connection.execute("COMMIT")
        self._shown = max(self._shown, until)

    def _state(self, until: float) -> None:
        """Be in the state that was entered last; where that is a pause, wait for somebody to end it."""
        for text, moment in self._connection.execute(
            "SELECT text, time FROM recorded.events WHERE kind = 'state' AND time > ? AND time <= ? ORDER BY time",
            (self._shown, until),
        ).fetchall():
            name, _, detail = text.partition(": ")
            state = RunState(name)
            self._connection.execute(
                "UPDATE run SET state = ?, detail = ?, state_time = ?, ended = ?",
                (name, detail, moment + self._shift, moment + self._shift if state.ended else None),
            )
            self._over = self._over or state.ended
        if (
            self._connection.execute("SELECT state FROM run").fetchone()[0] == RunState.PAUSED.value
            and not self._clock.held
        ):
            self._clock.move(until, held=True)

    def _checkpoints(self, until: float) -> None:
        """Checkpoints by what was told of them: old ones were deleted, the newest and the best are tagged."""
        bytes = self._connection.execute("SELECT coalesce(max(bytes), 0) FROM recorded.checkpoints").fetchone()[0]
        for text, moment in self._connection.execute(
            "SELECT text, time FROM recorded.events WHERE kind IN ('checkpoint', 'best') AND time > ? AND time <= ?",
            (self._shown, until),
        ).fetchall():
            found = _SAVED.search(text)
            if found is not None:
                frames = int(found[1].replace(",", ""))
                self._connection.execute(
                    "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, 'periodic')",
                    (frames, moment + self._shift, bytes),
                )
                self._connection.execute("INSERT OR REPLACE INTO tags VALUES ('latest', ?)", (frames,))
        self._connection.execute(
            "INSERT OR REPLACE INTO tags SELECT 'best', frames FROM evaluations WHERE mean IS NOT NULL"
            " AND frames IN (SELECT frames FROM checkpoints) ORDER BY mean DESC LIMIT 1"
        )

    def _copy(self, table: str, which: str, *values: float) -> None:
        names = [row[1] for row in self._connection.execute(f"PRAGMA recorded.table_info({table})")]
        names = [name for name in names if name != "id" or table == "metric_names"]
        columns = ", ".join(f'"{name}"' for name in names)
        moved = ", ".join(f'"{name}" + {self._shift!r}' if name in _TIMES else f'"{name}"' for name in names)
        self._connection.execute(
            f"INSERT INTO main.{table} ({columns}) SELECT {moved} FROM recorded.{table} {which}",  # noqa: S608
            values,
        )


_SPAN = """
SELECT created, max(coalesce(heartbeat, created), state_time, (SELECT max(time) FROM recorded.events))
FROM recorded.run
"""
"""When the recording began and when it ended."""


def _latest(metric: str) -> str:
    return (
        "(SELECT value FROM metrics WHERE metric = (SELECT id FROM metric_names"  # noqa: S608 - our own names
        f" WHERE name = '{metric}') ORDER BY seq DESC LIMIT 1)"
    )


_COUNTERS = f"""
UPDATE run SET
    rounds = (SELECT max(seq) FROM metrics),
    frames = (SELECT max(frames) FROM metrics),
    steps = coalesce({_latest(COUNTED_STEPS)}, 0),
    episodes = coalesce({_latest(COUNTED_EPISODES)}, 0),
    seconds = coalesce({_latest(COUNTED_SECONDS)}, 0),
    return_mean = {_latest("return_mean")},
    frames_per_second = {_latest("frames_per_second")},
    episodes_per_second = {_latest("episodes_per_second")}
"""  # noqa: S608 - our own names
"""The run's counters as its last round left them."""
