"""A directory of a report: there whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

MARK = "report.html"
"""What every report has: a directory with it may be replaced where that is asked for."""


class ReportPlaceError(ValueError):
    """A report cannot be put there without losing something."""


def check_place(place: Path, replace: bool) -> None:
    """Raise ReportPlaceError unless a report may be written there: nothing, an empty directory, or an old report."""
    try:
        there = place.exists()
        beside = next(parent for parent in place.absolute().parents if parent.exists())
    except OSError as error:
        raise _cannot(place, error) from error
    if not beside.is_dir():
        raise ReportPlaceError(f"cannot write to {place}: {beside} is a file; name another directory")
    if not os.access(beside, os.W_OK):
        raise ReportPlaceError(f"cannot write to {place}: {beside} is not writable; name another directory")
    if not there:
        return
    if not place.is_dir():
        raise ReportPlaceError(f"{place} is a file: name another directory")
    if not any(place.iterdir()):
        return
    if not (place / MARK).is_file():
        raise ReportPlaceError(f"{place} has files that are no report: name another directory")
    if not replace:
        raise ReportPlaceError(f"{place} has a report already: name another directory, or replace it with --force")


def write_whole(place: Path, replace: bool, fill: Callable[[Path], None]) -> None:
    """Have ``fill`` write into an empty directory, which then takes its place; a failure leaves what was there.

    Raises ReportPlaceError, OSError, and what ``fill`` raises.
    """
    check_place(place, replace)
    draft, old = (place.parent / f".{place.name}.{kind}-{secrets.token_hex(4)}" for kind in ("new", "old"))
    try:
        draft.mkdir(parents=True)
    except OSError as error:
        raise _cannot(place, error) from error
    try:
        fill(draft)
        if place.exists():
            place.rename(old)
        draft.rename(place)
    finally:
        for left in (draft, old):
            shutil.rmtree(left, ignore_errors=True)


def _cannot(place: Path, error: OSError) -> ReportPlaceError:
    return ReportPlaceError(f"cannot write to {place}: {error.strerror}; name another directory")
