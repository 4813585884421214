"""Opening a run's database, to write or only to read, with errors a person can act on."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from racetui.runs.errors import DamagedRun, NewerSchema, NotWritable, StoreError, StoreFull, StoreLocked
from racetui.runs.liveness import ProcessIdentity, is_alive
from racetui.runs.schema import MIGRATIONS, SCHEMA, SCHEMA_VERSION

BUSY_SECONDS = 10.0
"""How long to wait for another writer, who needs a few milliseconds at most."""


def create_database(path: Path) -> None:
    """Make an empty database of the present schema at ``path``, which must not exist. Raises StoreError."""
    with translated(path):
        connection = _connect(path, "rwc")
        try:
            connection.execute("PRAGMA journal_mode = WAL")  # kept in the file: readers never wait for the writer
            connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
        finally:
            connection.close()


def connect_writer(path: Path) -> sqlite3.Connection:
    """Open an existing database to write, brought to the present schema unless an older racetui trains it just now.

    Autocommit: begin and commit are the caller's. Raises StoreError.
    """
    with translated(path):
        connection = _connect(path, "rw")
        try:
            # NORMAL: after a power cut the last commits may be missing, but never in part.
            connection.execute("PRAGMA synchronous = NORMAL")
            _migrate(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open an existing database to read only, also where its directory cannot be written. Raises StoreError.

    May be used from any one thread at a time.
    """
    with translated(path):
        connection = _readable(path)
        try:
            version = _version(connection, path)
        except BaseException:
            connection.close()
            raise
    if version == SCHEMA_VERSION or _lives_elsewhere(connection):
        return connection
    connection.close()
    try:
        connect_writer(path).close()
    except NotWritable:  # an older one that stays as it is: what came later is missing, and readers bear it
        return _readable(path)
    return connect_reader(path)


def side_file(path: Path) -> Path:
    """Where SQLite keeps commits until they are merged into the database at ``path``; there while it is written."""
    return path.with_name(f"{path.name}-wal")


def unmerged(path: Path) -> tuple[int, int] | None:
    """Size and time of the commits not yet merged into the database at ``path``; None if there are none."""
    try:
        stat = side_file(path).stat()
    except OSError:
        return None
    return (stat.st_size, stat.st_mtime_ns) if stat.st_size else None


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the database at ``path`` into StoreErrors."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _store_error(path, error) from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )


def _readable(path: Path) -> sqlite3.Connection:
    connection = _connect(path, "ro")
    try:
        connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        # Even a reader of a WAL database must make its two side files, unless told that nobody writes.
        if (
            error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
            or not path.exists()
        ):
            raise
        if unmerged(path):
            raise NotWritable(
                f"{path} has unfinished writes and its directory is read-only: copy it to where it can be written"
            ) from None
        return _connect(path, "ro&immutable=1")
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise NewerSchema(f"{path} was made by a newer racetui: upgrade racetui to open it")
    if version < 1:
        raise DamagedRun(f"{path} is damaged: it holds no run")
    return version


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    if _version(connection, path) == SCHEMA_VERSION or _lives_elsewhere(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    for version in range(_version(connection, path), SCHEMA_VERSION):  # asked again: another may have been first
        for statement in MIGRATIONS[version]:
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.execute("COMMIT")


def _lives_elsewhere(connection: sqlite3.Connection) -> bool:
    """Whether another process than this trains the run: an older one would find its database too new, and fail."""
    trainer = connection.execute("SELECT pid, process_started, boot FROM run WHERE pid IS NOT NULL").fetchone()
    return trainer is not None and trainer[0] != os.getpid() and is_alive(ProcessIdentity(*trainer))


_WRITE_ERRORS = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    }
)


def _store_error(path: Path, error: sqlite3.DatabaseError) -> StoreError:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    if code in _WRITE_ERRORS:
        return StoreFull(f"cannot write to {path}: {error}; free some space on its disk")
    match code & 0xFF:
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM:
            return NotWritable(f"cannot write to {path}: {error}")
        case sqlite3.SQLITE_CANTOPEN if not path.exists():
            return DamagedRun(f"{path} is missing")
        case sqlite3.SQLITE_CANTOPEN:
            return StoreError(f"cannot open {path}: {error}")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return StoreLocked(f"{path} is locked by another program: {error}")
        case _:
            return DamagedRun(f"{path} is damaged: {error}")
