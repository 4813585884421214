"""The simulators' benchmark: who is compared with whom, and what is made of the turns."""

from __future__ import annotations

import importlib.util

import pytest

from racetui.bench.simulators import ENVPOOL, STOCK, Contender, compare, contenders
from racetui.bench.starting import measure_start


def _fake(name: str, *beside: str) -> Contender:
    return Contender(name, lambda seconds: 1.0, beside)


def test_ratios_are_of_the_same_turn() -> None:
    ready = [_fake(STOCK), _fake("ours", STOCK, ENVPOOL)]
    turns = [{STOCK: 1.0, "ours": 30.0}, {STOCK: 10.0, "ours": 200.0}, {STOCK: 2.0, "ours": 50.0}]
    stock, ours = compare(ready, turns)
    assert (stock.per_second, stock.lowest, stock.highest, stock.over) == (2.0, 1.0, 10.0, {})
    assert (ours.per_second, ours.lowest, ours.highest) == (50.0, 30.0, 200.0)
    assert ours.over == {STOCK: 25.0}  # who is not measured is not beside it


@pytest.mark.filterwarnings("ignore")  # of other people's packages
def test_everyone_measures_and_is_beside_someone_there_is() -> None:
    ready = contenders()
    names = [contender.name for contender in ready]
    assert len(set(names)) == len(names)
    assert (ENVPOOL in names) == (importlib.util.find_spec("envpool") is not None)
    for contender in ready:
        assert contender.timed(0.0) > 0, contender.name
        assert set(contender.beside) <= {*names, ENVPOOL}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_process_starts_within_seconds_once_the_simulator_is_compiled() -> None:
    start = measure_start(1)
    assert start.seconds < start.compiling_seconds
    assert 50 * 2**20 < start.rss_bytes <= 200 * 2**20
