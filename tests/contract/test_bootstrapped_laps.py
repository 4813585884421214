"""Finished laps that end episodes as a limit does: values go on there, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from carracing import TaskConfig, make_worlds
from carracing.registry import UnsupportedTaskOptionError, check_backend, scoring_task
from carracing.simulator.worlds import FastWorlds
from carracing.task import FACTS

PLAIN = TaskConfig(observation="vector", stack=1, labels=True)
GOES_ON = replace(PLAIN, bootstrap_laps=True)
FINISHED = FACTS.index("finished")


def test_a_finished_lap_is_truncated_and_a_lost_car_terminated() -> None:
    plain, other = (make_worlds("fast", task, 2) for task in (PLAIN, GOES_ON))
    assert isinstance(plain, FastWorlds)
    for worlds in (plain, other):
        worlds.reset(np.ones(2, np.bool_), np.arange(2))
    live = np.ones(2, np.bool_)
    ends: dict[int, tuple[bool, bool, float]] = {}
    while live.any():
        actions = plain.labels()
        actions[1] = (0.0, 0.5)  # straight on, off the field
        one, two = (worlds.step(actions, live) for worlds in (plain, other))
        for name in ("observations", "rewards", "frames", "facts"):
            assert np.array_equal(getattr(one, name), getattr(two, name)), name
        over = one.terminated | one.truncated
        assert np.array_equal(over, two.terminated | two.truncated)
        for car in np.flatnonzero(over).tolist():
            ends[car] = bool(one.terminated[car]), bool(two.terminated[car]), float(two.facts[car, FINISHED])
        live &= ~over
    assert ends == {0: (True, False, 1.0), 1: (True, True, 0.0)}


def test_scores_do_not_have_it_and_other_simulators_refuse_it() -> None:
    assert scoring_task(GOES_ON, "fast").bootstrap_laps is False
    with pytest.raises(UnsupportedTaskOptionError, match=r"use backend fast, or task\.bootstrap_laps false"):
        check_backend("gymnasium", TaskConfig(bootstrap_laps=True))
