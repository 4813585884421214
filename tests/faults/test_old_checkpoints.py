"""Checkpoints of versions that knew fewer settings: resumed with the defaults, refused where settings differ."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.checkpoint import load_checkpoint, resolve, save_checkpoint
from racetui.runs.paths import RunPaths
from tests.program import TINY, racetui

SAVED = 256


@pytest.fixture
def run(store_home: Path) -> RunPaths:
    """A finished run of few frames."""
    result = racetui("train", *TINY, "--backend", "fast", "--frames", str(SAVED))
    assert result.code == 0, result.err
    return RunPaths(store_home / "runs" / "1")


def _edit(run: RunPaths, **changes: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Write the run's checkpoint again with other settings, as another version might have written it."""
    saved = load_checkpoint(resolve(run.checkpoints, "latest"))
    edited: dict[str, Any] = {name: change(getattr(saved, name)) for name, change in changes.items()}
    save_checkpoint(run.checkpoints, replace(saved, **edited), "test")


def _without(key: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda settings: {name: value for name, value in settings.items() if name != key}


def test_settings_that_came_later_have_their_defaults(run: RunPaths) -> None:
    _edit(run, task=_without("lap_rule"))
    resumed = racetui("train", "--resume", "1", "--frames", str(2 * SAVED), "--json")
    assert resumed.code == 0, resumed.err
    assert resumed.json["frames"] >= 2 * SAVED


def test_other_settings_are_named(run: RunPaths) -> None:
    _edit(run, task=lambda task: task | {"lap_rule": "completed", "gravity": 9.81})
    refused = racetui("train", "--resume", "1", "--frames", str(2 * SAVED))
    assert refused.code == 1
    assert "made with another task: gravity 9.81, not None, lap_rule completed, not released" in refused.err
