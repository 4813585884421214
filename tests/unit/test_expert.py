"""The scripted driver: its line, its score, and that it is a pure function of the state."""

from __future__ import annotations

import numpy as np
import pytest

from carracing import TaskConfig
from carracing.expert.driver import ScriptedDriver
from carracing.expert.line import BEND, COLUMNS, LEAST_ROOM, SPEED, TOP_SPEED, X, Y, lay_line
from carracing.expert.style import Style, style_for
from carracing.simulator.simulator import Rules, Simulator
from carracing.simulator.track import Track, make_track
from carracing.simulator.worlds import FastWorlds, WorldsError
from carracing.task import Array

FIRST = 900_000
"""Track seeds from here on: neither the search for the driver's settings nor scores use them."""


def track_of(seed: int) -> Track:
    return make_track(np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))))


def laid(points: Array, line: Array, style: Style) -> int:
    return int(lay_line(points, len(points), style, line))  # type: ignore[no-untyped-call]  # numba infers types


def drive(config: TaskConfig, tracks: int) -> tuple[Array, Array]:
    """Returns, and the facts at the end, of the driver on as many tracks."""
    worlds = FastWorlds(config, tracks)
    live = np.ones(tracks, np.bool_)
    worlds.reset(live, np.arange(FIRST, FIRST + tracks))
    returns, facts = np.zeros(tracks), np.zeros((tracks, 5))
    while live.any():
        step = worlds.step(worlds.labels(), live)
        returns += step.rewards
        facts[live] = step.facts[live]
        live &= ~(step.terminated | step.truncated)
    return returns, facts


@pytest.mark.parametrize("skip", [1, 4])
def test_it_finishes_every_lap_and_misses_nothing(skip: int) -> None:
    returns, facts = drive(TaskConfig(observation="vector", frame_skip=skip, labels=True), 16)
    assert returns.mean() > 930, returns
    assert facts[:, 0].sum() == 0, "tiles missed"
    assert facts[:, 2].all(), "laps not finished"


def test_it_finds_back_from_anywhere() -> None:
    returns, facts = drive(TaskConfig(observation="vector", labels=True, random_start=True), 16)
    assert facts[:, 2].mean() >= 15 / 16
    assert returns.mean() > 915, returns


def test_native_actions_drive_alike() -> None:
    native, _ = drive(TaskConfig(observation="vector", labels=True, action="native"), 4)
    joined, _ = drive(TaskConfig(observation="vector", labels=True), 4)
    assert native.tolist() == joined.tolist()


def test_the_line_goes_round_on_the_road() -> None:
    style = style_for(4)
    for seed in range(FIRST, FIRST + 20):
        points = track_of(seed).points
        line = np.zeros((LEAST_ROOM * len(points), COLUMNS))
        count = laid(points, line, style)
        line = line[:count]
        steps = np.hypot(*np.diff(line[:, [X, Y]], axis=0, append=line[:1, [X, Y]]).T)
        assert steps.min() > 1.0
        assert steps.max() < 7.0
        apart = np.hypot(line[:, None, X] - points[:, 2], line[:, None, Y] - points[:, 3]).min(axis=1)
        assert apart.max() < style.room + 2.0
        assert (line[:, SPEED] > 10).all() and (line[:, SPEED] <= TOP_SPEED).all()
        assert np.abs(line[:, BEND]).max() < 0.25


def test_the_line_is_shorter_and_straighter_than_the_middle_of_the_road() -> None:
    points = track_of(FIRST).points
    middle, line = np.zeros((2, LEAST_ROOM * len(points), COLUMNS))
    count = laid(points, middle, style_for(4)._replace(room=1e-6))
    laid(points, line, style_for(4))
    assert np.square(line[:count, BEND]).sum() < 0.7 * np.square(middle[:count, BEND]).sum()


def simulator_of(seeds: list[int]) -> Simulator:
    simulator = Simulator(np.arange(len(seeds)), Rules(frame_skip=4))
    for group, seed in enumerate(seeds):
        simulator.lay_track(group, np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))))
    simulator.start(np.ones(len(seeds), np.bool_))
    return simulator


def test_actions_depend_on_nothing_but_the_state() -> None:
    """Not on the other cars, on what the driver saw before, or on whether it saw anything."""
    seeds = [FIRST, FIRST + 1, FIRST + 2]
    together = simulator_of(seeds)
    alone = [simulator_of([seed]) for seed in seeds]
    driver = ScriptedDriver(together)
    for _ in range(40):
        actions = driver.actions()
        for car, simulator in enumerate(alone):
            assert ScriptedDriver(simulator).actions()[0].tolist() == actions[car].tolist()
            simulator.step(controls(actions[car : car + 1]), np.ones(1, np.bool_))
        together.step(controls(actions), np.ones(3, np.bool_))


def test_a_new_track_in_the_same_place_gets_a_line_of_its_own() -> None:
    simulator = simulator_of([FIRST])
    driver = ScriptedDriver(simulator)
    driver.actions()
    other = simulator_of([FIRST + 1])
    simulator.cars, simulator.tracks = other.cars, other.tracks
    assert driver.actions().tolist() == ScriptedDriver(other).actions().tolist()


def test_labels_are_asked_for_first() -> None:
    worlds = FastWorlds(TaskConfig(observation="vector"), 1)
    with pytest.raises(WorldsError, match="labels=True"):
        worlds.labels()
    with pytest.raises(ValueError, match="continuous"):
        TaskConfig(action="discrete", labels=True)


def controls(actions: Array) -> Array:
    pedals = actions[:, 1]
    return np.stack([actions[:, 0], np.maximum(pedals, 0), np.maximum(-pedals, 0)], axis=1).astype(np.float64)
