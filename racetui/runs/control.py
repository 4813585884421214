"""Orders to a run: given through its database, answered by its trainer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from racetui.runs.claim import claim
from racetui.runs.database import connect_writer, translated
from racetui.runs.errors import ControlError, InvalidOrder, OrderTimeout, RunBusy, RunEnded
from racetui.runs.kill import kill
from racetui.runs.model import CommandRow, RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader

__all__ = [
    "ControlError",
    "InvalidOrder",
    "OrderTimeout",
    "RunBusy",
    "RunEnded",
    "claim",
    "kill",
    "outcome",
    "send",
    "wait_for",
    "wait_for_state",
]

POLL_SECONDS = 0.05

_STARTING = frozenset({RunState.QUEUED, RunState.STARTING})
_TRAINING = frozenset({RunState.RUNNING, RunState.STALLED})
_PAUSED = frozenset({RunState.PAUSING, RunState.PAUSED})
_ALLOWED = {
    "pause": _STARTING | _TRAINING,
    "resume": _PAUSED,
    "stop": _STARTING | _TRAINING | _PAUSED | {RunState.EVALUATING},
    "checkpoint": _STARTING | _TRAINING | _PAUSED,
    "evaluate": _STARTING | _TRAINING | _PAUSED,
    "promote": _STARTING | _TRAINING | _PAUSED | {RunState.EVALUATING},
    "delete": _STARTING | _TRAINING | _PAUSED | {RunState.EVALUATING},
}
_STOP_RUNGS = ("round", "now")


def send(paths: RunPaths, name: str, args: Mapping[str, Any] | None = None, source: str = "cli") -> int:
    """Order a run to do something; returns the order's id. Raises InvalidOrder, StoreError.

    pause, resume, checkpoint, evaluate, stop with {"after": "round"} (the default) or {"after": "now"}, and promote
    or delete with the {"frames": N} of a checkpoint; {"best": True} deletes the best one, too.
    """
    args = dict(args or {})
    if name == "stop":
        args.setdefault("after", "round")
        if args["after"] not in _STOP_RUNGS:
            raise InvalidOrder(f"stop after {args['after']!r} is unknown: choose from {', '.join(_STOP_RUNGS)}")
    with RunReader(paths) as reader:
        run = reader.summary()
        _check(run, name, args, [command for command in reader.commands() if command.done is None])
    connection = connect_writer(paths.database)
    try:
        with translated(paths.database):
            return int(
                connection.execute(
                    "INSERT INTO commands (name, args, created, source) VALUES (?, ?, ?, ?)",
                    (name, json.dumps(args), time.time(), source),
                ).lastrowid
                or 0
            )
    finally:
        connection.close()


def outcome(paths: RunPaths, command_id: int) -> CommandRow:
    """What has become of an order so far. Raises InvalidOrder for an id that was never given, StoreError."""
    with RunReader(paths) as reader:
        return _outcome(reader, command_id)


def wait_for(paths: RunPaths, command_id: int, timeout: float) -> CommandRow:
    """Wait until an order is answered. Raises OrderTimeout after ``timeout`` seconds, RunEnded, StoreError."""
    deadline = time.monotonic() + timeout
    with RunReader(paths) as reader:
        while True:
            run = reader.summary()
            command = _outcome(reader, command_id)
            if command.done is not None:
                return command
            if run.state.ended:
                raise RunEnded(f"{_title(run)} ended before it could {command.name}: {_state(run)}")
            if time.monotonic() >= deadline:
                raise OrderTimeout(f"{_title(run)} did not {command.name} within {timeout:g} s: {_state(run)}")
            time.sleep(POLL_SECONDS)


def wait_for_state(
    paths: RunPaths, wanted: Collection[RunState] | Callable[[RunState], bool], timeout: float
) -> RunSummary:
    """Wait until a run is in one of these states, or in one that a predicate accepts.

    Raises OrderTimeout after ``timeout`` seconds, RunEnded when it has ended otherwise, StoreError.
    """
    deadline = time.monotonic() + timeout
    with RunReader(paths) as reader:
        while True:
            run = reader.summary()
            if wanted(run.state) if callable(wanted) else run.state in wanted:
                return run
            if run.state.ended:
                raise RunEnded(f"{_title(run)} has ended: {_state(run)}")
            if time.monotonic() >= deadline:
                raise OrderTimeout(f"{_title(run)} is still {_state(run)} after {timeout:g} s")
            time.sleep(POLL_SECONDS)


def _check(run: RunSummary, name: str, args: Mapping[str, Any], open_orders: list[CommandRow]) -> None:
    if name not in _ALLOWED:
        raise InvalidOrder(f"unknown order {name!r}: choose from {', '.join(_ALLOWED)}")
    if run.state.ended:
        raise InvalidOrder(f"{_title(run)} has ended, so it cannot {name}: {_state(run)}")
    if run.state in _ALLOWED[name]:
        return
    if name == "resume" and any(command.name == "pause" for command in open_orders):
        return  # takes back a pause that has not been obeyed yet
    if name == "stop" and run.state is RunState.STOPPING and args["after"] == "now":
        return  # the next rung
    raise InvalidOrder(f"{_title(run)} cannot {name} now: it is {_state(run)}")


def _outcome(reader: RunReader, command_id: int) -> CommandRow:
    command = reader.command(command_id)
    if command is None:
        raise InvalidOrder(f"run {reader.paths.id} was never given an order {command_id}")
    return command


def _title(run: RunSummary) -> str:
    return f"run {run.id} ({run.name})"


def _state(run: RunSummary) -> str:
    return f"{run.state}, {run.detail}" if run.detail else run.state.value
