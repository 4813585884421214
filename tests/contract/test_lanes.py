"""What lanes owe a collector, wherever their worlds run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pytest

from carracing.each_world import EachWorld, each
from carracing.task import FACTS, Array
from collectors.api import CollectorConfig, CollectorError, Lanes
from collectors.lanes import WorldLanes
from collectors.process_lanes import ProcessLanes
from tests.contract.collecting import FLOATS, Setting
from tests.fakes import CountingRules, CountingWorld

RULES = CountingRules(shortest=4)


def _in_process() -> Lanes:
    return WorldLanes(EachWorld([CountingWorld(RULES) for _ in range(5)]))


def _workers() -> Lanes:
    return ProcessLanes(Setting(RULES).plan(CollectorConfig(lanes=5, workers=2)))


@pytest.fixture(params=[_in_process, _workers])
def lanes(request: pytest.FixtureRequest) -> Iterator[Lanes]:
    with closing(request.param()) as made:
        yield made


def _mask(*lanes: int) -> Array:
    mask = np.zeros(5, dtype=np.bool_)
    mask[list(lanes)] = True
    return mask


SEEDS = np.arange(100, 105)
ACTIONS = np.linspace(-1, 1, 10, dtype=np.float32).reshape(5, 2)


def test_every_lane_has_the_track_it_was_given(lanes: Lanes) -> None:
    assert lanes.num == 5 and lanes.groups.tolist() == [0, 1, 2, 3, 4] and lanes.spec == RULES.spec
    seen = RULES.read(lanes.reset(_mask(0, 1, 2, 3, 4), SEEDS))
    assert seen[:, 0].tolist() == SEEDS.tolist()
    seen = RULES.read(lanes.reset(_mask(1, 4), SEEDS + 50))
    assert seen[[1, 4], 0].tolist() == [151, 154]


def test_only_live_lanes_move(lanes: Lanes) -> None:
    lanes.reset(_mask(0, 1, 2, 3, 4), SEEDS)
    before = lanes.step(ACTIONS, _mask(0, 1, 2, 3, 4)).observations.copy()
    step = lanes.step(ACTIONS, _mask(0, 3))
    resting = [1, 2, 4]
    assert RULES.read(step.observations)[:, 2].tolist() == [2, 1, 1, 2, 1]
    assert np.array_equal(step.observations[resting], before[resting])
    for array in (step.rewards, step.frames, step.facts, step.terminated, step.truncated):
        assert not array[resting].any()
    assert step.frames[[0, 3]].tolist() == [4, 4]
    assert step.facts.shape == (5, len(FACTS))


def test_actions_reach_their_lane_exactly(lanes: Lanes) -> None:
    lanes.reset(_mask(0, 1, 2, 3, 4), SEEDS)
    seen = RULES.read(lanes.step(ACTIONS.astype(np.float64), _mask(0, 1, 2, 3, 4)).observations)
    expected = [
        RULES.next_trace(RULES.first_trace(seed, 0), action)
        for seed, action in zip(SEEDS.tolist(), ACTIONS, strict=True)
    ]
    assert seen[:, 3].tolist() == expected


def test_nothing_to_tell_when_nothing_went_wrong(lanes: Lanes) -> None:
    assert list(lanes.incidents()) == []


def test_closing_twice(lanes: Lanes) -> None:
    lanes.close()
    lanes.close()


def test_a_failing_environment_is_named(lanes: Lanes) -> None:
    lanes.reset(_mask(0, 1, 2, 3, 4), SEEDS)
    beyond = ACTIONS.copy()
    beyond[3] = 7.0
    with pytest.raises(
        CollectorError, match="the environment of lane 3 failed in step: AssertionError: actions out of"
    ):
        lanes.step(beyond, _mask(0, 1, 2, 3, 4))


def test_worlds_of_a_collector_pose_one_task() -> None:
    with pytest.raises(ValueError, match="the same task"):
        EachWorld([CountingWorld(RULES), CountingWorld(FLOATS)])


def test_workers_refuse_a_task_that_was_not_planned() -> None:
    plan = replace(
        Setting(RULES).plan(CollectorConfig(lanes=2, workers=1)), worlds=each(partial(CountingWorld, FLOATS))
    )
    with pytest.raises(CollectorError, match="pose another task than planned"):
        ProcessLanes(plan)


def test_workers_share_the_worlds_evenly() -> None:
    with closing(ProcessLanes(Setting(RULES).plan(CollectorConfig(lanes=5, workers=3)))) as lanes:
        sizes = [worker.rows.stop - worker.rows.start for worker in lanes._workers]
        assert sorted(sizes) == [1, 2, 2]


def _open_files() -> set[tuple[str, str]]:
    files = set()
    for file in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the descriptor that lists the directory
            files.add((file.name, str(file.readlink())))
    return files


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="sees descriptors through /proc")
@pytest.mark.parametrize("make", [_in_process, _workers])
def test_closing_leaves_nothing_behind(make: Callable[[], Lanes]) -> None:
    make().close()  # the fork server and its tracker stay: they belong to the process, not to the lanes
    shared, files = set(Path("/dev/shm").iterdir()), _open_files()
    children = set(psutil.Process().children(recursive=True))
    lanes = make()
    lanes.reset(_mask(0, 1, 2, 3, 4), SEEDS)
    lanes.close()
    assert set(psutil.Process().children(recursive=True)) == children
    assert set(Path("/dev/shm").iterdir()) == shared
    assert _open_files() == files


def test_closed_workers_do_not_step() -> None:
    lanes = _workers()
    lanes.close()
    with pytest.raises(CollectorError, match="the lanes are closed"):
        lanes.reset(_mask(0), SEEDS)
