"""The trainer's pen: the only way facts get into a run's database."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from racetui.runs import liveness
from racetui.runs.commands import COMMAND_COLUMNS, command_row
from racetui.runs.database import connect_writer, translated
from racetui.runs.model import CommandRow, HardwareRow, RunState
from racetui.runs.paths import RunPaths
from racetui.runs.stages import StageWriter
from racetui.runs.thinning import thin_hardware

if TYPE_CHECKING:  # a run that waits its turn writes, too, and is to stay small
    from collectors.api import EpisodeRecord, Heat

DETAILED_SECONDS = 3600.0
"""How long every sample of what the run uses is kept."""


class RunWriter:
    """Writes a run's facts and takes its orders; every method raises StoreError when the disk does not obey.

    Belongs to one thread. Each call is a transaction of its own, unless made inside ``transaction()``.
    """

    def __init__(self, paths: RunPaths) -> None:
        self._paths = paths
        self._connection = connect_writer(paths.database)
        self._metric_ids: dict[str, int] = {}
        self._thinned = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database; may be called twice."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything written inside appear at once, or not at all when it raises."""
        if self._connection.in_transaction:
            yield
            return
        with translated(self._paths.database):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._metric_ids.clear()  # names added in this transaction are undone with it
                with suppress(sqlite3.Error):  # undone already, where the disk refused
                    self._connection.execute("ROLLBACK")
                raise

    def identify(self) -> None:
        """Record that this process trains the run."""
        who, now = liveness.identity(), time.time()
        self._write(
            "UPDATE run SET pid = ?, process_started = ?, boot = ?, directory = ?, identified = ?, heartbeat = ?",
            (who.pid, who.started, who.boot, self._paths.root.stat().st_ino, now, now),
        )

    def set_state(self, state: RunState, detail: str = "") -> None:
        """Enter a state; also an event and a sign of life."""
        if state in (RunState.STALLED, RunState.CRASHED):
            raise ValueError(f"{state} is for readers to see, not for runs to say")
        now = time.time()
        with self.transaction():
            self._write(
                "UPDATE run SET state = ?, detail = ?, state_time = ?, heartbeat = ?, ended = ?",
                (state.value, detail, now, now, now if state.ended else None),
            )
            level = "error" if state is RunState.FAILED else "info"
            self.event(level, "state", f"{state}: {detail}" if detail else state.value)

    def explain(self, detail: str) -> None:
        """Say why the run is still in its state; a sign of life, but no event."""
        self._write("UPDATE run SET detail = ?, heartbeat = ?", (detail, time.time()))

    @property
    def stages(self) -> StageWriter:
        """What a pipeline tells of its stages; each call of it a transaction, as here."""
        return StageWriter(self._write)

    def show_life(self) -> None:
        """Give a sign of life and nothing else."""
        self._write("UPDATE run SET heartbeat = ?", (time.time(),))

    def beat(
        self,
        frames: int,
        steps: int,
        episodes: int,
        seconds: float,
        return_mean: float | None,
        frames_per_second: float | None,
        episodes_per_second: float | None,
    ) -> None:
        """Give a sign of life and the counters."""
        self._write(
            "UPDATE run SET frames = ?, steps = ?, episodes = ?, seconds = ?, return_mean = ?,"
            " frames_per_second = ?, episodes_per_second = ?, heartbeat = ?",
            (frames, steps, episodes, seconds, return_mean, frames_per_second, episodes_per_second, time.time()),
        )

    def metrics(self, frames: int, values: Mapping[str, float]) -> None:
        """Add one point to each named curve."""
        now = time.time()
        with self.transaction():
            self._write("UPDATE run SET rounds = rounds + 1")
            seq = self._connection.execute("SELECT rounds FROM run").fetchone()[0]
            self._connection.executemany(
                "INSERT INTO metrics (metric, seq, frames, time, value) VALUES (?, ?, ?, ?, ?)",
                [(self._metric_id(name), seq, frames, now, float(value)) for name, value in values.items()],
            )

    def episodes(self, records: Sequence[EpisodeRecord], frames_at: int) -> None:
        """Add finished episodes, known when the run had taken ``frames_at`` frames."""
        now = time.time()
        rows = [
            (
                *(now, frames_at, record.episode, record.seed, record.lane, record.group, record.version),
                *(record.steps, record.frames, float(record.episode_return), record.end.value),
                json.dumps({name: float(value) for name, value in record.facts.items()}),
            )
            for record in records
        ]
        with self.transaction():
            self._connection.executemany(
                'INSERT INTO episodes (time, frames_at, episode, seed, lane, "group", version, steps, frames,'
                ' episode_return, "end", facts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
                rows,
            )

    def heats(self, heats: Sequence[Heat], frames_at: int) -> None:
        """Add heats that were judged when the run had taken ``frames_at`` frames."""
        now = time.time()
        rows = [
            (
                now,
                frames_at,
                heat.number,
                heat.seed,
                heat.cars,
                heat.lane,
                heat.episode,
                heat.best_return,
                heat.spread,
            )
            for heat in heats
        ]
        with self.transaction():
            self._connection.executemany(
                "INSERT INTO heats (time, frames_at, number, seed, cars, lane, episode, best_return, spread)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )

    def event(self, level: str, kind: str, text: str) -> None:
        """Note something worth telling; level is info, warning or error."""
        self._write(
            "INSERT INTO events (time, level, kind, text) VALUES (?, ?, ?, ?)", (time.time(), level, kind, text)
        )

    def hardware(self, row: HardwareRow) -> None:
        """Add a sample of what the run uses; of those more than an hour older, one a minute stays."""
        old = (row.time - DETAILED_SECONDS) // 60 * 60
        with self.transaction():
            self._write(
                "INSERT INTO hardware (time, cpu_percent, rss_bytes, pss_bytes, processes) VALUES (?, ?, ?, ?, ?)",
                (row.time, row.cpu_percent, row.rss_bytes, row.pss_bytes, row.processes),
            )
            if old > self._thinned:
                thin_hardware(self._connection, self._thinned, old)
        self._thinned = max(old, self._thinned)

    def checkpoint(self, frames: int, bytes: int, reason: str) -> None:
        """Record a checkpoint that is safely written; one of the same frames is replaced."""
        self._write(
            "INSERT OR REPLACE INTO checkpoints (frames, time, bytes, reason) VALUES (?, ?, ?, ?)",
            (frames, time.time(), bytes, reason),
        )

    def tag_checkpoint(self, tag: str, frames: int) -> None:
        """Move a tag (see ``CheckpointRow.tags``) to the checkpoint of these frames."""
        self._write("INSERT OR REPLACE INTO tags (tag, frames) VALUES (?, ?)", (tag, frames))

    def untag_checkpoint(self, tag: str) -> None:
        """Take a tag from the checkpoint that has it, if one has."""
        self._write("DELETE FROM tags WHERE tag = ?", (tag,))

    def forget_checkpoint(self, frames: int) -> None:
        """Record that a checkpoint was deleted, and its tags with it."""
        with self.transaction():
            self._write("DELETE FROM checkpoints WHERE frames = ?", (frames,))
            self._write("DELETE FROM tags WHERE frames = ?", (frames,))

    def evaluation_started(
        self, frames: int, purpose: str, episodes: int, seed: int, deterministic: bool, backend: str
    ) -> int:
        """Record that this process, or a child it waits for, evaluates a checkpoint; returns the evaluation's id."""
        who = liveness.identity()
        return self._write(
            "INSERT INTO evaluations (frames, purpose, state, episodes, seed, deterministic, backend, started,"
            " pid, process_started, boot) VALUES (?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?)",
            (frames, purpose, episodes, seed, deterministic, backend, time.time(), who.pid, who.started, who.boot),
        )

    def evaluation_progress(self, id: int, detail: str) -> None:
        """Say how far an evaluation is, in words."""
        self._write("UPDATE evaluations SET detail = ? WHERE id = ? AND state = 'running'", (detail, id))

    def evaluation_finished(self, id: int, results: Mapping[str, Any]) -> None:
        """Record what an evaluation found."""
        self._write(
            "UPDATE evaluations SET state = 'finished', detail = '', ended = ?, mean = ?, std = ?, results = ?"
            " WHERE id = ?",
            (time.time(), results.get("mean"), results.get("std"), json.dumps(dict(results)), id),
        )

    def evaluation_failed(self, id: int, detail: str) -> None:
        """Record why an evaluation has no result."""
        self._write(
            "UPDATE evaluations SET state = 'failed', detail = ?, ended = ? WHERE id = ?", (detail, time.time(), id)
        )

    def pending_commands(self) -> list[CommandRow]:
        """Orders nobody has taken yet, oldest first; cheap enough to ask several times a second."""
        with translated(self._paths.database):
            rows = self._connection.execute(
                f"SELECT {COMMAND_COLUMNS} FROM commands WHERE taken IS NULL ORDER BY id"  # noqa: S608 - our own names
            ).fetchall()
        return [command_row(row) for row in rows]

    def take(self, id: int) -> None:
        """Record that the run has seen an order and sets about it."""
        self._write("UPDATE commands SET taken = ? WHERE id = ? AND taken IS NULL", (time.time(), id))

    def done(self, id: int, outcome: str) -> None:
        """Answer an order: "ok" or what went wrong."""
        now = time.time()
        self._write(
            "UPDATE commands SET taken = coalesce(taken, ?), done = ?, outcome = ? WHERE id = ?",
            (now, now, outcome, id),
        )

    def rewind(self, frames: int, episodes: int) -> None:
        """Go back to a checkpoint: cut what was recorded beyond its ``frames`` frames and ``episodes`` episodes."""
        with self.transaction():
            self._write("DELETE FROM metrics WHERE frames > ?", (frames,))
            self._write("DELETE FROM episodes WHERE frames_at > ? OR id > ?", (frames, episodes))
            self._write("DELETE FROM heats WHERE frames_at > ?", (frames,))
            self._write("DELETE FROM checkpoints WHERE frames > ?", (frames,))
            self._write("DELETE FROM tags WHERE frames > ?", (frames,))
            self._write("DELETE FROM evaluations WHERE frames > ?", (frames,))
            self._write("UPDATE run SET frames = ?, episodes = ?", (frames, episodes))
            self.event("info", "rewind", f"went back to {frames:,} frames, {episodes:,} episodes")

    def _write(self, sql: str, values: Sequence[Any] = ()) -> int:
        with translated(self._paths.database):
            return self._connection.execute(sql, values).lastrowid or 0

    def _metric_id(self, name: str) -> int:
        if name not in self._metric_ids:
            self._connection.execute("INSERT OR IGNORE INTO metric_names (name) VALUES (?)", (name,))
            found = self._connection.execute("SELECT id FROM metric_names WHERE name = ?", (name,)).fetchone()
            self._metric_ids[name] = found[0]
        return self._metric_ids[name]
