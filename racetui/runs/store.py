"""The store: all runs of this user on this machine."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from racetui.runs import paths as locations
from racetui.runs.database import connect_writer, create_database, translated, unmerged
from racetui.runs.errors import (
    AmbiguousRun,
    DamagedRun,
    NewerSchema,
    NotADirectory,
    NotWritable,
    RunNotFound,
    StoreError,
)
from racetui.runs.model import RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.rows import describe
from racetui.runs.summary import damaged_summary
from racetui.spec import RunSpec

__all__ = ["AmbiguousRun", "DamagedRun", "NewerSchema", "RunNotFound", "RunStore", "StoreError"]
NAME_LENGTH = 64
"""The longest name a RunSpec takes."""

_DRAFT = ".new-"
"""Begins the name of a run's directory that is being made."""


class RunStore:
    """Makes, lists and finds runs. A store that does not exist yet is an empty one."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = locations.home() if home is None else home.absolute()
        self._ended: dict[str, tuple[object, RunSummary]] = {}

    @property
    def runs(self) -> Path:
        """The directory that holds one directory per run."""
        return self.home / "runs"

    def create(self, spec: RunSpec) -> RunPaths:
        """Make a run's directory, queued; its name gets a number where another run has it.

        Complete or not at all, with a number of its own however many create at once.
        Raises NotADirectory, NotWritable, StoreError.
        """
        with self._writing(), self._locked():
            for left in self.runs.glob(f"{_DRAFT}*"):  # who made them died: nobody else makes one under the lock
                shutil.rmtree(left, ignore_errors=True)
            spec = replace(spec, name=_unique(spec.name, {run.name for run in self.list()}))
            draft = self.runs / f"{_DRAFT}{os.getpid()}-{secrets.token_hex(4)}"
            try:
                draft.mkdir()
                _fill(RunPaths(draft), spec)
                return RunPaths(self._number(draft))
            except BaseException:
                shutil.rmtree(draft, ignore_errors=True)
                raise

    def list(self) -> list[RunSummary]:
        """All runs, newest first; a damaged one is among them, failed, with what is damaged. Raises NotADirectory."""
        return [self._summary(RunPaths(self.runs / str(number))) for number in sorted(self._numbers(), reverse=True)]

    def find(self, reference: str) -> RunPaths:
        """The run of this id, else of this name, else the only one whose id or name begins so.

        Raises RunNotFound and AmbiguousRun, which list what there is.
        """
        runs = self.list()
        for exact in ([run for run in runs if run.id == reference], [run for run in runs if run.name == reference]):
            if len(exact) == 1:
                return RunPaths(exact[0].path)
        found = [
            run for run in runs if reference and (run.id.startswith(reference) or run.name.startswith(reference))
        ]
        if len(found) == 1:
            return RunPaths(found[0].path)
        if found:
            raise AmbiguousRun(f"{reference!r} could be {_listed(found)}: give more of it")
        there = f"there are {_listed(runs)}" if runs else f"there are no runs in {self.home}"
        raise RunNotFound(f"no run {reference!r}: {there}")

    def _summary(self, paths: RunPaths) -> RunSummary:
        try:
            files = _fingerprint(paths)
            known = self._ended.get(paths.id)
            if known is not None and known[0] == files:
                return known[1]
            with RunReader(paths) as reader:
                summary = reader.summary()
        except (StoreError, OSError) as error:
            return damaged_summary(paths, str(error))
        if summary.state.ended:  # nothing but a write can change it, and a write changes the files
            self._ended[paths.id] = (files, summary)
        return summary

    def _numbers(self) -> set[int]:
        try:
            names = [entry.name for entry in os.scandir(self.runs) if entry.is_dir()]
        except FileNotFoundError:
            return set()
        except NotADirectoryError:
            raise NotADirectory(f"{self.runs} is not in a directory: set RACETUI_HOME to one") from None
        except OSError as error:
            raise StoreError(f"cannot read {self.runs}: {error.strerror}") from error
        return {int(name) for name in names if name.isascii() and name.isdigit() and str(int(name)) == name}

    def _number(self, draft: Path) -> Path:
        number = max(self._numbers(), default=0) + 1
        while True:
            try:
                return draft.rename(self.runs / str(number))
            except OSError:
                if not (self.runs / str(number)).exists():
                    raise
                number += 1  # taken since, by a program that does not know the lock

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self.runs.mkdir(parents=True, exist_ok=True)
            yield
        except (NotADirectoryError, FileExistsError):
            raise NotADirectory(f"{self.home} is not a directory: set RACETUI_HOME to one") from None
        except OSError as error:
            raise NotWritable(f"cannot write to {self.runs}: {error.strerror}; set RACETUI_HOME") from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the store's creation lock: names are only unique when nobody else is choosing one."""
        with (self.runs / ".lock").open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _fill(paths: RunPaths, spec: RunSpec) -> None:
    from racetui.config import dump_spec

    for directory in (paths.checkpoints, paths.evals, paths.tensorboard):
        directory.mkdir()
    paths.spec.write_text(dump_spec(spec), encoding="utf-8")
    create_database(paths.database)
    now = time.time()
    row = describe(spec) | {"created": now, "state": RunState.QUEUED.value, "state_time": now}
    _insert(connect_writer(paths.database), paths.database, row)


def _insert(connection: sqlite3.Connection, path: Path, row: dict[str, Any]) -> None:
    try:
        with translated(path):
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO run ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))  # noqa: S608
    finally:
        connection.close()


def _unique(name: str, taken: set[str]) -> str:
    found, number = name, 2
    while found in taken:
        suffix = f"-{number}"
        found, number = name[: NAME_LENGTH - len(suffix)] + suffix, number + 1
    return found


def _fingerprint(paths: RunPaths) -> object:
    """Changes whenever the database does."""
    stat = paths.database.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns, unmerged(paths.database)


def _listed(runs: list[RunSummary]) -> str:
    shown = ", ".join(f"{run.id} ({run.name})" if run.name else run.id for run in runs[:5])
    return shown if len(runs) <= 5 else f"{shown} and {len(runs) - 5} more"
