"""A directory of a report: there whole or not at all."""

from __future__ import annotations

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
    if not place.exists():
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
    place.parent.mkdir(parents=True, exist_ok=True)
    draft, old = (place.parent / f".{place.name}.{kind}-{secrets.token_hex(4)}" for kind in ("new", "old"))
    try:
        draft.mkdir()
        fill(draft)
        if place.exists():
            place.rename(old)
        draft.rename(place)
    finally:
        for left in (draft, old):
            shutil.rmtree(left, ignore_errors=True)
