"""What people say of a run: a note and tags. Written by whoever says it, whether the run lives or not.

They are no facts of training, so the trainer neither writes nor reads them, and its transactions and these exclude
each other as any two writers of a database do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from racetui.runs.database import connect_writer, translated
from racetui.runs.errors import InvalidNote
from racetui.runs.log import plain
from racetui.runs.paths import RunPaths

NOTE_LENGTH = 500
"""Characters of a note, at the most."""
MOST_TAGS = 16
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,31}", re.ASCII)
_Value = TypeVar("_Value")


def set_note(paths: RunPaths, text: str) -> str:
    """Replace the run's note by ``text`` in one line; an empty one takes it away. Raises InvalidNote, StoreError."""
    note = " ".join(plain(text).split())
    if len(note) > NOTE_LENGTH:
        raise InvalidNote(f"a note has at most {NOTE_LENGTH} characters, not {len(note)}")
    return _rewrite(paths, "note", lambda _: (note, note))


def change_tags(paths: RunPaths, add: Iterable[str] = (), remove: Iterable[str] = ()) -> tuple[str, ...]:
    """Add tags and take others away; returns those it has then, sorted. Raises InvalidNote, StoreError."""
    wanted, unwanted = {check_tag(tag) for tag in add}, {check_tag(tag) for tag in remove}
    return _rewrite(paths, "labels", lambda labels: _joined((set(labels.split()) - unwanted) | wanted))


def set_tags(paths: RunPaths, tags: Iterable[str]) -> tuple[str, ...]:
    """Let the run have these tags and no others; returns them sorted. Raises InvalidNote, StoreError."""
    wanted = {check_tag(tag) for tag in tags}
    return _rewrite(paths, "labels", lambda _: _joined(wanted))


def check_tag(tag: str) -> str:
    """The tag, if it can be one. Raises InvalidNote."""
    if not _TAG.fullmatch(tag):
        raise InvalidNote(
            f"{tag!r} is no tag: 1 to 32 of letters, digits, '.', '_' and '-', not starting with '.' or '-'"
        )
    return tag


def _joined(tags: set[str]) -> tuple[str, tuple[str, ...]]:
    if len(tags) > MOST_TAGS:
        raise InvalidNote(f"a run has at most {MOST_TAGS} tags, not {len(tags)}")
    return " ".join(sorted(tags)), tuple(sorted(tags))


def _rewrite(paths: RunPaths, column: str, change: Callable[[str], tuple[str, _Value]]) -> _Value:
    """Replace a column of the run by what ``change`` makes of it, with nobody writing in between."""
    connection = connect_writer(paths.database)
    try:
        with translated(paths.database):
            connection.execute("BEGIN IMMEDIATE")
            columns = {row[1] for row in connection.execute("PRAGMA table_info(run)")}
            if column not in columns:  # its database is not touched while it lives
                raise InvalidNote(f"run {paths.id} is being trained by an older racetui: say it when it has ended")
            (before,) = connection.execute(f"SELECT {column} FROM run").fetchone()  # noqa: S608 - our own names
            after, value = change(before)
            if after != before:
                connection.execute(f"UPDATE run SET {column} = ?", (after,))  # noqa: S608 - our own names
            connection.execute("COMMIT")
            return value
    finally:
        connection.close()  # takes back what was begun and not completed
