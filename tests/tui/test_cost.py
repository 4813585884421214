"""What the panel costs with a live run: that it is measured, and held to its budget (``pytest -m slow -s``)."""

from __future__ import annotations

import sys

import pytest

from racetui.bench import panel
from racetui.bench.panel import LINK, SIZES, TARGETS, Case, Cost, beside, cases, run, stand_in

CHATTY = "import time\nwhile True:\n    print('x' * 2000, flush=True)\n    time.sleep(0.5)"


def test_panel_and_others_are_measured_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel, "WARM_SECONDS", 1.0)
    other = beside((sys.executable, "-c", CHATTY))[0]
    frozen = next(case for case in cases() if case.name == "panel, car, frozen")
    told: list[str] = []
    with stand_in() as home:
        missing = Case("missing", SIZES[0], ("no-such-monitor",))
        costs = {cost.name: cost for cost in run([frozen, other, missing], home, 1.0, 1, told.append)}
    assert set(costs) == {frozen.name, other.name}
    assert any(text.startswith("left out: missing") for text in told)
    assert costs[frozen.name].bytes_per_second == 0, "nothing moves, the car neither"
    assert costs[frozen.name].rss_bytes > 20 << 20
    assert 1000 <= costs[other.name].bytes_per_second <= 8000
    assert costs[other.name].first_picture_seconds > 0


@pytest.mark.slow
def test_the_panel_keeps_to_its_budget() -> None:
    with stand_in() as home:
        for cost, case in zip(run(cases(), home, 20.0, 5, print), cases(), strict=True):
            print(cost)
            check(cost, case)


def check(cost: Cost, case: Case) -> None:
    """Figures that a case is held to: all of an open panel, keys and memory of every case."""
    assert cost.rss_bytes <= TARGETS["rss_bytes"], cost
    if case.rate is None and not case.busy:
        assert cost.first_picture_seconds <= TARGETS["first_picture_seconds"], cost
    if case.words == "FROZEN":
        assert cost.bytes_per_second == 0, cost
    if case.name == "panel" and case.size == SIZES[0]:
        assert cost.cpu_percent <= TARGETS["cpu_percent"], cost
        assert cost.bytes_per_second <= TARGETS["bytes_per_second"], cost
    if cost.key_seconds is not None:
        assert cost.key_seconds <= TARGETS["key_seconds_on_slow_link" if case.rate == LINK else "key_seconds"], cost
