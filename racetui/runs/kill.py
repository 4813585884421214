"""The last rung of stopping a run: end all its processes, now, without a checkpoint."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import psutil

from racetui.runs.database import connect_writer, translated
from racetui.runs.errors import ControlError, InvalidOrder, StoreError
from racetui.runs.liveness import ProcessIdentity, is_alive
from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader

DEATH_SECONDS = 5.0
"""How long a killed process may take to be gone."""


def kill(paths: RunPaths, source: str = "cli") -> int:
    """Kill the trainer and every process of its session, and return the order's id.

    Only if the process is still the run's own. Raises InvalidOrder if it is not, ControlError, StoreError.
    """
    with RunReader(paths) as reader:
        run, process = reader.summary(), reader.process()
    if process is None:
        state = f"{run.state}, {run.detail}" if run.detail else run.state.value
        raise InvalidOrder(f"{_title(run)} has no process to kill: {state}")
    if process.pid == os.getpid():
        raise InvalidOrder(f"{_title(run)} is trained by this very process, which does not kill itself")
    order = 0
    with contextlib.suppress(StoreError):  # a full disk does not save it
        order = _record(paths, source)
    _kill_tree(process)
    deadline = time.monotonic() + DEATH_SECONDS
    while is_alive(process):
        if time.monotonic() >= deadline:
            raise ControlError(f"process {process.pid} of {_title(run)} does not die: the system holds it")
        time.sleep(0.02)
    return order


def _kill_tree(process: ProcessIdentity) -> None:
    family: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        family = psutil.Process(process.pid).children(recursive=True)
    if not is_alive(process):
        return
    with contextlib.suppress(ProcessLookupError):
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:  # in a terminal's foreground: its group is not only ours
            os.kill(process.pid, signal.SIGKILL)
    for member in family + _session(process.pid):
        with contextlib.suppress(psutil.Error):
            member.kill()  # checks that the number still means the same process


def _session(leader: int) -> list[psutil.Process]:
    """Processes of the session that ``leader`` began; its number is not given out again while there are any."""
    members = []
    for member in psutil.process_iter():
        with contextlib.suppress(OSError):
            if os.getsid(member.pid) == leader:
                members.append(member)
    return members


def _record(paths: RunPaths, source: str) -> int:
    now = time.time()
    connection = connect_writer(paths.database)
    try:
        with translated(paths.database):
            return int(
                connection.execute(
                    "INSERT INTO commands (name, args, created, source, taken, done, outcome)"
                    " VALUES ('kill', '{}', ?, ?, ?, ?, 'ok')",
                    (now, source, now, now),
                ).lastrowid
                or 0
            )
    finally:
        connection.close()


def _title(run: RunSummary) -> str:
    return f"run {run.id} ({run.name})"
