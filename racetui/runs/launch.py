"""Starting a trainer as a process of its own, which no panel or terminal takes with it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from profiles import detect
from racetui.queueing import demand_of, in_turn, queue_limits
from racetui.runs.claim import claim
from racetui.runs.database import connect_writer, translated
from racetui.runs.errors import InvalidOrder, NotWritable, RunBusy
from racetui.runs.liveness import ProcessIdentity, identity
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.queue import Queue
from racetui.runs.reader import RunReader
from racetui.runs.rows import describe
from racetui.runs.turns import Ticket
from racetui.spec import RunSpec


def launch(paths: RunPaths, resume: bool = False, command: Sequence[str] | None = None, now: bool = False) -> int:
    """Start the run's process detached, printing into its log; returns the process's number.

    It waits its turn beside other runs before it trains, unless it is to go ``now`` (see ``racetui.runs.queue``).
    ``command`` is what to start, by default the trainer on this run. Raises RunBusy, InvalidOrder for a run that
    has trained before and is not to resume, ConfigError for limits that cannot be used, StoreError.
    """
    _check(paths, resume)
    limits = queue_limits(in_turn(detect(), paths.root.parent))
    with claim(paths):
        spec = _check(paths, resume)  # again: someone may have launched it meanwhile
        directory, demand = paths.root.stat().st_ino, demand_of(spec)
        _queue(paths, spec)
        process = _start(paths, list(command) if command is not None else _trainer(paths, resume))
        try:
            who = identity(process.pid)
            line = Queue(paths).enter(Ticket(paths.id, who, directory, demand, going=now), limits)
            _record(paths, who, line.reason(paths.id))
        finally:
            # A dead child that nobody waits for stays behind as a zombie.
            threading.Thread(target=process.wait, name=f"reap-{process.pid}", daemon=True).start()
    return process.pid


def _check(paths: RunPaths, resume: bool) -> RunSpec:
    with RunReader(paths) as reader:
        run = reader.summary()
        # A process that has said its last word may still be on its way out: its lock is waited for.
        if not run.state.ended and reader.process() is not None:
            what = "waiting its turn as" if run.state is RunState.QUEUED else "being trained by"
            raise RunBusy(f"run {run.id} ({run.name}) is already {what} process {run.pid}")
        if run.frames and not resume:
            raise InvalidOrder(f"run {run.id} ({run.name}) has been trained before: resume it, or start a new run")
        return reader.spec()


def _trainer(paths: RunPaths, resume: bool) -> list[str]:
    # -P: nothing lying about in / may pass for a module; -u and faulthandler: the log has the last words of a crash.
    python = [sys.executable, "-P", "-u", "-X", "faulthandler"]
    return [*python, "-m", "racetui.trainer", str(paths.root.absolute()), *(["--resume"] if resume else [])]


def _start(paths: RunPaths, command: list[str]) -> subprocess.Popen[bytes]:
    try:
        with paths.log.open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                start_new_session=True,
            )
    except OSError as error:
        raise NotWritable(f"cannot start run {paths.id}: {error.strerror}: {error.filename}") from error


def _queue(paths: RunPaths, spec: RunSpec) -> None:
    """Put the run back to its beginning for readers, and answer orders that its last process never saw.

    What the spec says is repeated anew: between two launches its budget may have been raised.
    """
    now = time.time()
    connection = connect_writer(paths.database)
    try:
        with translated(paths.database):
            connection.execute("BEGIN IMMEDIATE")
            facts = describe(spec)
            connection.execute(
                f"UPDATE run SET {', '.join(f'{column} = ?' for column in facts)}",  # noqa: S608 - our own names
                tuple(facts.values()),
            )
            connection.execute(
                "UPDATE run SET state = ?, detail = '', state_time = ?, ended = NULL, pid = NULL, identified = ?",
                (RunState.QUEUED.value, now, now),
            )
            connection.execute(
                "UPDATE commands SET done = ?, taken = coalesce(taken, ?), outcome = ? WHERE done IS NULL",
                (now, now, "the run ended before it could"),
            )
            connection.execute("COMMIT")
    finally:
        connection.close()


def _record(paths: RunPaths, who: ProcessIdentity, waits_for: str) -> None:
    """Say who the trainer is until it can itself, so that one which dies at once is seen to be dead."""
    connection = connect_writer(paths.database)
    try:
        with translated(paths.database):
            connection.execute(
                "UPDATE run SET pid = ?, process_started = ?, boot = ?, directory = ?, detail = ? WHERE pid IS NULL",
                (who.pid, who.started, who.boot, paths.root.stat().st_ino, waits_for),
            )
    finally:
        connection.close()
