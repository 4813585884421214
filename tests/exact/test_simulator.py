"""The simulator is stock CarRacing-v3 to the last bit: tracks, physics, tiles, rewards, ends; alone or in a crowd."""

from __future__ import annotations

import ctypes
import ctypes.util
from itertools import product
from typing import Any

import numpy as np
import pytest
from numba import njit

from carracing.simulator import body, trigonometry
from carracing.simulator.lanes import LANES, load, rows, store
from carracing.simulator.simulator import Rules, Simulator
from carracing.simulator.track import Track, make_track
from carracing.simulator.trigonometry import GLIBC
from tests.exact.simulator_reference import (
    DRIVERS,
    Driver,
    UndrawnStock,
    assert_equal_frames,
    full_throttle,
    sleeper,
    start_pairs,
    weaving,
)


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))


class OnlyTracks(UndrawnStock):
    def step(self, action: Any) -> Any:
        return None, 0.0, False, False, {}


def assert_equal_tracks(seeds: range) -> None:
    env: Any = OnlyTracks()
    for seed in seeds:
        env.reset(seed=seed)
        ours = make_track(generator(seed))
        assert np.array_equal(np.array(env.track), ours.points), seed
        assert drawn_road(ours) == [np.array(corners).tolist() for corners, _ in env.road_poly], seed


def drawn_road(track: Track) -> list[Any]:
    drawn = []
    for tile in range(track.tiles):
        drawn.append(track.road[tile].tolist())
        if track.border[tile]:
            drawn.append(track.border_road[tile].tolist())
    return drawn


def test_tracks_equal_stock() -> None:
    assert_equal_tracks(range(25))


@pytest.mark.slow
def test_tracks_of_300_seeds_equal_stock() -> None:
    assert_equal_tracks(range(300))


def test_masses_and_shapes_equal_box2d() -> None:
    env: Any = UndrawnStock()
    env.reset(seed=0)
    for box2d, mass in ((env.car.hull, body.HULL), (env.car.wheels[0], body.WHEEL)):
        assert tuple(mass.centre) == tuple(box2d.localCenter)
        assert np.float32(1) / np.float32(box2d.mass) == mass.inverse_mass
    for fixture, shape in zip(env.car.hull.fixtures, body.HULL_SHAPES, strict=True):
        assert np.array_equal(np.array(fixture.shape.vertices, np.float32), shape)
    assert np.array_equal(np.array(env.car.wheels[0].fixtures[0].shape.vertices, np.float32), body.WHEEL_SHAPE)


@pytest.mark.skipif(not GLIBC, reason="other C libraries are called directly")
def test_sines_and_cosines_equal_the_c_library() -> None:
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    for function in (library.sinf, library.cosf):
        function.restype, function.argtypes = ctypes.c_float, [ctypes.c_float]

    sin_cos: Any = trigonometry.sin_cos

    @njit  # type: ignore[untyped-decorator]
    def compute(angles: Any) -> None:
        sine, cosine = sin_cos(load(angles, 0))
        store(angles, 1, sine)
        store(angles, 2, cosine)

    rng = np.random.default_rng(0)
    angles = rows(3, np.float32)
    rare = np.array([1122531925, 3270015573], np.uint32).view(np.float32)  # where fused products decide
    for scale in (1e-6, 0.3, 3, 50, 118, 1e4):
        for _ in range(60):
            angles[0] = rng.uniform(-scale, scale, LANES)
            angles[0, :2] = rare
            compute(angles)
            for lane in range(LANES):
                angle = float(angles[0, lane])
                assert (angles[1, lane], angles[2, lane]) == (library.sinf(angle), library.cosf(angle)), angle


def compare(jobs: list[tuple[int, Driver]], frames: int, threads: int = 1) -> int:
    simulator = Simulator(np.arange(len(jobs)), Rules(), threads)
    pairs = start_pairs(simulator, jobs, [UndrawnStock() for _ in jobs])
    compared = assert_equal_frames(simulator, pairs, frames)
    simulator.close()
    return compared


def test_physics_rewards_and_ends_equal_stock() -> None:
    assert compare(list(product((1, 2), DRIVERS)), 320) > 2500


@pytest.mark.slow
def test_physics_of_20_seeds_equals_stock() -> None:
    for seeds in (range(10), range(10, 20)):
        assert compare(list(product(seeds, DRIVERS)), 1000, threads=2) > 10_000


def test_a_world_that_was_reset_before_equals_stock() -> None:
    jobs = [(5, weaving), (6, full_throttle)]
    simulator, envs = Simulator(np.arange(2), Rules()), [UndrawnStock(), UndrawnStock()]
    for episode in range(3):
        pairs = start_pairs(simulator, [(seed + episode, driver) for seed, driver in jobs], envs)
        assert_equal_frames(simulator, pairs, 60)


def test_a_sleeping_car_is_still_and_wakes_as_stock_does() -> None:
    simulator = Simulator(np.arange(1), Rules())
    pairs = start_pairs(simulator, [(3, sleeper)], [UndrawnStock()])
    assert_equal_frames(simulator, pairs, 26)  # a quarter of a second to settle, half a second at rest
    assert not pairs[0].env.car.hull.awake
    assert_equal_frames(simulator, pairs, 300)


def drive(groups: list[int], threads: int = 1) -> Simulator:
    """Cars on tracks 7, 8, ...; each is driven by what its place on its track says."""
    simulator = Simulator(np.array(groups), Rules(frame_skip=3), threads)
    for group in range(max(groups) + 1):
        simulator.lay_track(group, generator(7 + group))
    simulator.start(np.ones(len(groups), bool))
    places = np.array([groups[:car].count(group) for car, group in enumerate(groups)])
    for step in range(60):
        steer = np.sin(step / 5 + places)
        orders = np.stack([steer, 0.3 + 0.1 * places % 0.5, np.zeros(len(groups))], axis=1)
        simulator.step(orders, np.ones(len(groups), bool))
    simulator.close()
    return simulator


def scores(simulator: Simulator) -> list[float]:
    return [float(score) for score in simulator.cars.score]


def test_cars_do_not_depend_on_company_or_threads() -> None:
    together = drive([0] * 5 + [1] * 20 + [2] * 12)
    assert scores(drive([0] * 5 + [1] * 20 + [2] * 12, threads=3)) == scores(together)
    assert scores(drive([0] * 5)) == scores(together)[:5]
    assert scores(drive([0])) == scores(together)[:1]
    assert len(set(scores(together))) > 5


def test_a_car_that_is_not_live_keeps_every_bit() -> None:
    simulator = Simulator(np.zeros(4, int), Rules())
    simulator.lay_track(0, generator(1))
    simulator.start(np.ones(4, bool))
    before = simulator.cars.bodies[0, :, 1].copy()
    for _ in range(20):
        simulator.step(np.tile([0.3, 1.0, 0.0], (4, 1)), np.array([True, False, True, False]))
    assert np.array_equal(simulator.cars.bodies[0, :, 1], before)
    assert not np.array_equal(simulator.cars.bodies[0, :, 0], before)
    assert simulator.cars.frames.tolist() == [20, 0, 20, 0]
