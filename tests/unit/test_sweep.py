"""What the plan is held against."""

from __future__ import annotations

from dataclasses import replace

import pytest

from profiles import Hardware
from racetui import launching
from racetui.bench import sweep
from racetui.bench.cases import Case
from racetui.bench.measurement import Measurement
from racetui.bench.sweep import measure_sweep, sweep_cases
from racetui.launching import StartRequest

HARDWARE = Hardware(4, 4, 4, 16 << 30, None, 12 << 30)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "detect", lambda: HARDWARE)


def test_the_plan_comes_first_and_every_spread_once() -> None:
    cases = sweep_cases(StartRequest(observation="vector"))
    first = cases[0].spec
    assert (first.collector, first.collector_config.lanes, first.collector_config.workers) == ("async", 66, 3)
    assert len({case.name for case in cases}) == len(cases)
    assert {case.spec.collector for case in cases} == {"async", "sync", "executor"}
    assert {case.spec.threads for case in cases} == {2, 4, 8}


def test_rows_are_by_speed_and_say_how_far_the_plan_is_from_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(case: Case, seconds: float, learn: bool) -> Measurement:
        assert learn
        frames = {"async": 1000, "sync": 2500, "executor": 500}
        return replace(NOTHING, seconds=seconds, frames=frames[case.spec.collector])

    monkeypatch.setattr(sweep, "measure", measure)
    three = list({case.spec.collector: case for case in reversed(sweep_cases(StartRequest()))}.values())
    cases = sorted(three, key=lambda case: case.spec.collector)
    rows = measure_sweep(cases, 2.0, 1, lambda text: None)
    assert [row.collector for row in rows] == ["sync", "async", "executor"]
    assert [row.planned for row in rows] == [False, True, False]
    assert [row.ratio for row in rows] == [1.0, 0.4, 0.2]
    assert rows[0].frames_per_second == 1250


NOTHING = Measurement(1.0, 0, 0, 0, None, 0.0, 1, 0, 0)
