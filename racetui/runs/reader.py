"""Reading a run: its summary, curves, episodes, log. Never writes, never waits for the trainer."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from racetui.runs import log, rows, thinning
from racetui.runs.commands import COMMAND_COLUMNS, command_row
from racetui.runs.database import connect_reader, side_file, translated
from racetui.runs.errors import DamagedRun
from racetui.runs.liveness import ProcessIdentity
from racetui.runs.model import (
    OWN_PURPOSES,
    CheckpointRow,
    CommandRow,
    EpisodeRow,
    EvaluationRow,
    EventRow,
    HardwareRow,
    HeatRow,
    RunSummary,
    Series,
)
from racetui.runs.paths import RunPaths
from racetui.runs.summary import read_process, read_summary
from racetui.spec import RunSpec


class RunReader:
    """Reads one run; its connection stays open and follows a database that is replaced.

    For one thread at a time. Every method raises StoreError when the run cannot be read.
    """

    def __init__(self, paths: RunPaths) -> None:
        self.paths = paths
        self._connection: sqlite3.Connection | None = None
        self._files: object = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; the next call opens it again."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def summary(self) -> RunSummary:
        """The run in one row, its state judged by the signs of life it gives now."""
        with self._reading() as connection:
            return read_summary(connection, self.paths, time.time())

    def process(self) -> ProcessIdentity | None:
        """The process that trains this run, if it lives and is this run's own."""
        with self._reading() as connection:
            return read_process(connection, self.paths)

    def metric_names(self) -> list[str]:
        """Names of all curves, sorted."""
        with self._reading() as connection:
            return [name for (name,) in connection.execute("SELECT name FROM metric_names ORDER BY name")]

    def series(self, name: str, after: int = 0) -> Series:
        """One curve from its row number ``after`` on; empty if there is none of that name."""
        return self.series_since(name, after)[0]

    def series_since(self, name: str, seq: int) -> tuple[Series, int]:
        """What a curve gained after row number ``seq``, and the row number to ask with next time.

        After a rewind the news may begin before what was read earlier: ``Series.joined`` puts them together.
        """
        with self._reading() as connection:
            found = connection.execute(
                "SELECT seq, frames, time, value FROM metrics"
                " WHERE metric = (SELECT id FROM metric_names WHERE name = ?) AND seq > ? ORDER BY seq",
                (name, seq),
            ).fetchall()
            return rows.series(found), found[-1][0] if found else seq

    def thinned(self, name: str, most: int) -> tuple[Series, int]:
        """A curve of about ``most`` rows at the most, and its last row number; all of it where it is no longer.

        Of each stretch the least and the greatest value are kept, and a NaN where there is one, so a chart looks the
        same.
        """
        return self._in_few(thinning.extremes, name, most)

    def averaged(self, name: str, most: int) -> tuple[Series, int]:
        """As ``thinned``, but of each stretch the mean, over what is a number: what areas are the same under."""
        return self._in_few(thinning.means, name, most)

    def latest(self, name: str) -> float | None:
        """The last value of a curve; None where it is none, or NaN."""
        with self._reading() as connection:
            found = connection.execute(
                "SELECT value FROM metrics WHERE metric = (SELECT id FROM metric_names WHERE name = ?)"
                " ORDER BY seq DESC LIMIT 1",
                (name,),
            ).fetchone()
            return None if found is None else found[0]

    def episodes(self, last: int = 100) -> list[EpisodeRow]:
        """The last finished episodes, oldest first."""
        with self._reading() as connection:
            return [rows.episode_row(row) for row in _last(connection, rows.EPISODE_COLUMNS, "episodes", last)]

    def episodes_after(self, id: int) -> list[EpisodeRow]:
        """Episodes recorded after the one of that id, oldest first."""
        sql = f"SELECT {rows.EPISODE_COLUMNS} FROM episodes WHERE id > ? ORDER BY id"  # noqa: S608 - our own names
        with self._reading() as connection:
            return [rows.episode_row(row) for row in connection.execute(sql, (id,))]

    def returns(self) -> Series:
        """The raw returns of all finished episodes, as a curve."""
        with self._reading() as connection:
            return rows.series(
                connection.execute("SELECT id, frames_at, time, episode_return FROM episodes ORDER BY id").fetchall()
            )

    def heats(self, last: int = 100) -> list[HeatRow]:
        """The last heats that were judged, oldest first."""
        with self._reading() as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'heats'").fetchone():
                return []  # an older run, where nothing can be written
            return [rows.heat_row(row) for row in _last(connection, rows.HEAT_COLUMNS, "heats", last)]

    def recent_metrics(self, rounds: int = 10) -> dict[str, float]:
        """The mean of every curve over the last rounds; without those that have no number there."""
        with self._reading() as connection:
            found = connection.execute(
                "SELECT name, (SELECT avg(value) FROM metrics WHERE metric = n.id"
                " AND seq > (SELECT rounds FROM run) - ?) FROM metric_names n",
                (rounds,),
            )
            return {name: mean for name, mean in found if mean is not None}

    def metric_tails(self, rounds: int) -> dict[str, Series]:
        """Every curve over the last rounds; without those that have no point there."""
        with self._reading() as connection:
            known = connection.execute("SELECT id, name FROM metric_names").fetchall()
            sql = (
                "SELECT seq, frames, time, value FROM metrics"
                " WHERE metric = ? AND seq > (SELECT rounds FROM run) - ? ORDER BY seq"
            )
            found = {name: connection.execute(sql, (id, rounds)).fetchall() for id, name in known}
            return {name: rows.series(points) for name, points in found.items() if points}

    def evaluations(self) -> list[EvaluationRow]:
        """All evaluations, oldest first; one whose process is gone without a result has failed."""
        with self._reading() as connection:
            found = connection.execute(f"SELECT {rows.EVALUATION_COLUMNS} FROM evaluations ORDER BY id")  # noqa: S608
            return [rows.evaluation_row(row) for row in found]

    def best_evaluation(self, without: int | None = None) -> EvaluationRow | None:
        """The run's own evaluation with the best mean, of a checkpoint that there is; not of that at ``without``."""
        with self._reading() as connection:
            found = connection.execute(
                f"SELECT {rows.EVALUATION_COLUMNS} FROM evaluations WHERE mean IS NOT NULL AND purpose IN (?, ?)"  # noqa: S608
                " AND frames IN (SELECT frames FROM checkpoints) AND frames IS NOT ? ORDER BY mean DESC, id LIMIT 1",
                (*OWN_PURPOSES, without),
            ).fetchone()
            return None if found is None else rows.evaluation_row(found)

    def checkpoints(self) -> list[CheckpointRow]:
        """All checkpoints, by frames."""
        with self._reading() as connection:
            found = connection.execute(
                "SELECT frames, time, bytes, reason, (SELECT group_concat(tag) FROM tags WHERE frames = c.frames)"
                " FROM checkpoints c ORDER BY frames"
            )
            return [rows.checkpoint_row(row) for row in found]

    def events(self, after_id: int = 0, since: float = 0.0) -> list[EventRow]:
        """Events after the one of that id, not before ``since`` (Unix seconds), oldest first."""
        with self._reading() as connection:
            found = connection.execute(
                "SELECT id, time, level, kind, text FROM events WHERE id > ? AND time >= ? ORDER BY id",
                (after_id, since),
            )
            return [EventRow(id, when, level, kind, log.plain(text)) for id, when, level, kind, text in found]

    def newest_event(self) -> int:
        """Id of the last event; 0 where there is none."""
        with self._reading() as connection:
            return int(connection.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0])

    def hardware(self, last: int = 600) -> list[HardwareRow]:
        """The last samples of what the run uses, oldest first."""
        columns = "time, cpu_percent, rss_bytes, pss_bytes, processes"
        with self._reading() as connection:
            return [HardwareRow(*row) for row in _last(connection, columns, "hardware", last)]

    def peak_memory(self, after_id: int = 0) -> tuple[int | None, int]:
        """Most bytes of the process tree after the sample of that id, and the id to ask with next time."""
        with self._reading() as connection:
            peak, last = connection.execute(
                "SELECT max(coalesce(pss_bytes, rss_bytes)), max(id) FROM hardware WHERE id > ?", (after_id,)
            ).fetchone()
            return peak, last or after_id

    def commands(self, last: int = 20) -> list[CommandRow]:
        """The last orders, oldest first."""
        with self._reading() as connection:
            return [command_row(row) for row in _last(connection, COMMAND_COLUMNS, "commands", last)]

    def command(self, id: int) -> CommandRow | None:
        """The order of that id; None if there is none."""
        with self._reading() as connection:
            sql = f"SELECT {COMMAND_COLUMNS} FROM commands WHERE id = ?"  # noqa: S608 - our own names
            row = connection.execute(sql, (id,)).fetchone()
            return None if row is None else command_row(row)

    def spec(self) -> RunSpec:
        """What the run was asked to be."""
        from racetui.config import ConfigError, load_stored_spec, read_config_file

        try:
            return load_stored_spec(read_config_file(self.paths.spec), str(self.paths.spec))
        except (OSError, ConfigError) as error:
            raise DamagedRun(str(error)) from error

    def log_tail(self, lines: int = 200) -> list[str]:
        """The last lines of the log as plain text, oldest first."""
        return log.tail(self.paths.log, lines)

    def follow_log(self, lines: int = 200) -> log.LogFollower:
        """Read the log's last lines and then what is added to it."""
        return log.LogFollower(self.paths.log, lines)

    def _in_few(
        self, thin: Callable[[sqlite3.Connection, str, int], list[Any]], name: str, most: int
    ) -> tuple[Series, int]:
        with self._reading() as connection:
            if thinning.is_longer(connection, name, most):
                found = thin(connection, name, most)
                return rows.series(found), found[-1][0]
        return self.series_since(name, 0)

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with translated(self.paths.database):
                yield self._open()
        except (ValueError, TypeError, KeyError) as error:  # a database of ours has no such values
            raise DamagedRun(f"{self.paths.database} is damaged: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None or self._files != self._look():
            self.close()
            self._connection = connect_reader(self.paths.database)
            self._files = self._look()
        return self._connection

    def _look(self) -> object:
        """Which database this is, and whether it may be written: one opened as unchanging must not be kept then."""
        try:
            stat = self.paths.database.stat()
        except OSError as error:
            self.close()
            raise DamagedRun(f"{self.paths.database} cannot be opened: {error.strerror}") from error
        return stat.st_dev, stat.st_ino, side_file(self.paths.database).exists()


def _last(connection: sqlite3.Connection, columns: str, table: str, last: int) -> list[Any]:
    sql = f"SELECT {columns} FROM {table} ORDER BY id DESC LIMIT ?"  # noqa: S608 - our own names
    return connection.execute(sql, (last,)).fetchall()[::-1]
