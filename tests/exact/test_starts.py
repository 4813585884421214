"""Random starts are anywhere on the track, follow from the seed alone, and are forgotten where they are off."""

from __future__ import annotations

import numpy as np

from carracing import TaskConfig, task_spec
from carracing.simulator.layout import ANGLE, OMEGA, VX, VY
from carracing.simulator.simulator import Rules, Simulator
from carracing.simulator.starts import FASTEST, begin_anywhere, draw_starts
from carracing.simulator.track import make_track
from carracing.simulator.vector_env import FastCarRacingVector
from carracing.simulator.vector_observation import FIELDS
from carracing.simulator.worlds import FastWorlds
from carracing.task import Array

CONFIG = TaskConfig(observation="vector", random_start=True, frame_skip=2)


def driven(config: TaskConfig, seeds: list[int], cars: int = 1, threads: int = 1) -> tuple[Array, Array]:
    """First observations, and the last after ten steps."""
    worlds = FastWorlds(config, len(seeds), cars, threads)
    everyone = np.ones(worlds.num, bool)
    first = worlds.reset(everyone, np.repeat(seeds, cars))
    for _ in range(10):
        last = worlds.step(np.tile(np.array([0.1, 0.3], np.float32), (worlds.num, 1)), everyone).observations
    worlds.close()
    return first, last


def column(observations: Array, name: str) -> Array:
    return np.array(observations[:, FIELDS.index(next(field for field in FIELDS if field.startswith(name)))])


def test_starts_follow_from_the_seed_alone() -> None:
    together = driven(CONFIG, [4, 5, 6, 7], threads=2)
    for number, seed in enumerate([4, 5, 6, 7]):
        for one, many in zip(driven(CONFIG, [seed]), together, strict=True):
            assert (one[0] == many[number]).all()


def test_a_used_world_starts_as_a_fresh_one() -> None:
    worlds, one = FastWorlds(CONFIG, 1), np.ones(1, bool)
    worlds.reset(one, np.array([1]))
    assert (worlds.reset(one, np.array([2])) == driven(CONFIG, [2])[0]).all()


def test_cars_begin_on_every_part_of_the_road_at_many_headings_and_speeds() -> None:
    first, _ = driven(CONFIG, list(range(60)))
    wheels = sum(
        column(first, f"{wheel} wheel") for wheel in ("front left", "front right", "rear left", "rear right")
    )
    assert np.mean(wheels >= 3) > 0.9
    assert np.abs(column(first, "offset")).max() < 0.6
    headings, speeds = column(first, "heading error"), column(first, "speed ahead") * 100
    assert headings.min() < -0.5
    assert headings.max() > 0.5
    assert 0.4 < np.mean(np.abs(headings) < 0.3) < 0.7  # of the triangle, 0.51
    assert speeds.max() > 0.7 * FASTEST
    assert (speeds < 1).mean() > 0.1
    angles = np.arctan2(column(first, "y /"), column(first, "x /"))
    assert (np.histogram(angles, bins=6, range=(-np.pi, np.pi))[0] > 2).all()


def test_a_rolling_car_rolls_on_without_slip() -> None:
    simulator = Simulator(np.zeros(8, int), Rules(random_start=True))
    simulator.lay_track(0, np.random.default_rng(3))
    simulator.start(np.ones(8, bool))
    fastest = int(np.hypot(simulator.cars.bodies[0, VX], simulator.cars.bodies[0, VY])[:8].argmax())
    f, rolling = simulator.cars.bodies[0, :, fastest], simulator.cars.drives[0, OMEGA : OMEGA + 4, fastest]
    ahead = -np.sin(f[ANGLE]) * f[VX] + np.cos(f[ANGLE]) * f[VY]
    assert ahead > 20
    assert np.allclose(rolling * 0.54, ahead, rtol=0.02)
    before = ahead
    simulator.step(np.zeros((8, 3)), np.ones(8, bool))
    assert abs(-np.sin(f[ANGLE]) * f[VX] + np.cos(f[ANGLE]) * f[VY] - before) < 0.5


def test_the_track_keeps_its_shape_and_facts_count_from_the_start() -> None:
    track = make_track(np.random.default_rng(9))
    moved = begin_anywhere(track, np.random.default_rng(0))
    first = int(np.flatnonzero((track.points == moved.points[0]).all(1))[0])
    assert first > 0
    for name in track.__dataclass_fields__:
        assert (np.roll(getattr(track, name), -first, axis=0) == getattr(moved, name)).all()
    worlds = FastWorlds(TaskConfig(random_start=True, frame_skip=50), 20)
    everyone = np.ones(20, bool)
    worlds.reset(everyone, np.arange(20))
    step = worlds.step(np.zeros((20, 2), np.float32), everyone)
    facts = dict(zip(task_spec(CONFIG).facts, step.facts.T, strict=True))
    assert (facts["progress"] > 0).all()
    assert (facts["progress"] < 0.2).all()
    assert (facts["missed_tiles"] <= 12).all()


def test_cars_of_one_track_share_the_tile_but_not_the_pose() -> None:
    first, _ = driven(CONFIG, [3], cars=6)
    assert np.ptp(column(first, "x /")) < 0.02
    assert len(set(column(first, "heading error").tolist())) == 6
    assert draw_starts(np.random.default_rng(0), 6).shape == (6, 2)


def test_the_vector_environment_starts_anywhere_if_asked() -> None:
    def first(random_start: bool) -> Array:
        envs = FastCarRacingVector(4, observation="vector", random_start=random_start)
        observations, _ = envs.reset(seed=[1, 2, 3, 3])
        envs.close()
        return observations

    anywhere, line = first(True), first(False)
    assert (anywhere[2] == anywhere[3]).all()
    assert (anywhere == driven(CONFIG, [1, 2, 3, 3])[0]).all()
    assert (column(anywhere, "speed ahead") > 0.05).any()
    assert (np.abs(column(line, "speed ahead")) < 0.02).all()
