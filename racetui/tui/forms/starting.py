"""What the start form has done in threads: looking what there is to start from, planning, and starting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from racetui.runs.errors import StoreError
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader

if TYPE_CHECKING:
    from pathlib import Path

    from racetui.launching import StartRequest
    from racetui.previews import Preview
    from racetui.sources import Source


def planned(request: StartRequest) -> Preview:
    """The run before it starts, in words."""
    from racetui.previews import preview

    return preview(request)


def look_around(runs: Iterable[Any]) -> tuple[list[Source], Path | None]:
    """Policies to start from, and the newest demonstrations."""
    from racetui.sources import demonstration_sets, sources

    try:
        sets = demonstration_sets()
    except OSError:
        sets = []
    return sources(runs), sets[0] if sets else None


def attempt(start: Callable[[StartRequest], RunPaths], request: StartRequest) -> tuple[RunPaths, str] | Exception:
    """Start it: the run and what it does now, in words, or what went wrong."""
    try:
        paths = start(request)
    except Exception as error:  # shown in the form
        return error
    try:
        with RunReader(paths) as reader:
            run = reader.summary()
    except StoreError:
        return paths, "starting"
    return paths, f"queued, {run.detail}" if run.state is RunState.QUEUED and run.detail else "starting"
