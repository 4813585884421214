"""Every kind of budget ends a real run where it should, whatever collects, and leaves the run's figures."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from racetui.reports import METRICS_FILE
from tests.program import racetui, started, until

pytestmark = pytest.mark.timeout(400)
BUDGETS = {
    "steps": ("--collector", "executor", "--set", "collector.workers=1", "--steps", "200"),
    "episodes": ("--collector", "multicar", "--backend", "fast", "--episodes", "7"),
    "training_seconds": ("--collector", "sequential", "--set", "collector.lanes=1", "--duration", "2s"),
    "frames": ("--collector", "async", "--set", "collector.workers=1", "--frames", "700"),
}
LIMITS = {"steps": 200, "episodes": 7, "training_seconds": 2.0, "frames": 700}


def figures(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None


def test_a_run_ends_with_its_budget_and_leaves_its_figures(store_home: Path) -> None:
    runs = {name: started("--backend", "gymnasium", *options) for name, options in BUDGETS.items()}
    for name, run in runs.items():
        document = until(
            partial(figures, store_home / "runs" / run / METRICS_FILE), 300.0, f"figures of the run by {name}"
        )
        assert document["state"] == "finished", document["detail"]
        assert LIMITS[name] <= document[name] < 8 * LIMITS[name], "a round more at the most"
        assert document["versions"]["torch"] and document["configuration"]["sha256"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--frames", "0"), "a run needs an end: at least one of frames"),
        (("--duration", "soon"), "--duration"),
        (("--set", "budget.frames=-5"), "frames must be 0 to 1000000000000000000, not -5"),
        (("--set", "budget.seconds=.inf"), "seconds"),
        (("--episodes", "99999999999999999999999"), "episodes must be 0 to"),
        (("--agent", "bc", "--episodes", "5"), "bc drives no episodes that could be counted: use --epochs"),
    ],
)
def test_budgets_that_cannot_be_are_refused_before_anything_is_made(
    options: tuple[str, ...], words: str, store_home: Path
) -> None:
    result = racetui("train", "--detach", *options)
    assert result.code == 2
    assert words in result.err
    assert not list(store_home.glob("runs/[0-9]*"))
