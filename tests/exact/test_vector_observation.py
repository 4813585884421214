"""The 67 numbers say what they claim, everywhere on and off the track."""

from __future__ import annotations

import math

import numpy as np

from carracing.simulator.eyes import Sensor
from carracing.simulator.layout import ANGLE, PX, PY
from carracing.simulator.rules import TRACK_WIDTH
from carracing.simulator.simulator import NEVER, Rules, Simulator
from carracing.simulator.vector_observation import BOUND, FIELDS, SIGHT
from carracing.task import Array

ONE = np.ones(1, bool)


def started(seed: int = 1) -> tuple[Simulator, Sensor]:
    simulator = Simulator(np.zeros(1, int), Rules(most_frames=NEVER))
    simulator.lay_track(0, np.random.default_rng(seed))
    simulator.start(ONE)
    return simulator, Sensor(simulator)


def number(sensor: Sensor, name: str) -> float:
    found = [index for index, field in enumerate(FIELDS) if field.startswith(name)]
    assert len(found) == 1, name
    return float(sensor.look(ONE)[0, found[0]])


def drive(simulator: Simulator, frames: int, *orders: float) -> None:
    for _ in range(frames):
        simulator.step(np.array([orders]), ONE)


def test_there_are_67_numbers_with_different_names() -> None:
    assert len(FIELDS) == len(set(FIELDS)) == 67


def test_a_car_at_the_start_is_on_the_centre_line_and_faces_along_it() -> None:
    for seed in range(20):
        _, sensor = started(seed)
        assert abs(number(sensor, "offset")) < 0.1
        assert abs(number(sensor, "heading error")) < 0.1
        assert number(sensor, "point 1 ahead") > -0.01
        assert number(sensor, "point 20 ahead") > number(sensor, "point 5 ahead") > 0
        assert number(sensor, "rear left wheel on the road") == 1


def test_left_is_positive() -> None:
    simulator, sensor = started()
    bodies, track = simulator.cars.bodies[0], simulator.tracks
    heading = math.atan2(track.points[0, 1, 3] - track.points[0, 0, 3], track.points[0, 1, 2] - track.points[0, 0, 2])
    left = np.array([-math.sin(heading), math.cos(heading)])
    bodies[[PX, PY], 0] += left * 0.5 * TRACK_WIDTH
    assert abs(number(sensor, "offset") - 0.5) < 0.1
    assert number(sensor, "point 2 to the left") < 0
    drive(simulator, 60, 0.0, 0.3, 0.0)
    drive(simulator, 6, -1.0, 0.1, 0.0)  # steer left
    assert number(sensor, "yaw rate") > 0
    assert number(sensor, "speed ahead") > 0.1


def test_look_ahead_points_are_the_centre_line_in_the_cars_frame() -> None:
    simulator, sensor = started(5)
    drive(simulator, 40, 0.0, 0.2, 0.0)
    f = simulator.cars.bodies[0, :, 0].astype(float)
    seen = sensor.look(ONE)[0, 16:56].astype(float).reshape(20, 2) * SIGHT
    ahead = np.array([-math.sin(f[ANGLE]), math.cos(f[ANGLE])])
    left = np.array([-ahead[1], ahead[0]])
    places = f[[PX, PY]] + seen[:, :1] * ahead + seen[:, 1:] * left
    points: Array = simulator.tracks.points[0, : simulator.tracks.tiles[0], 2:]
    distances = np.sqrt(((places[:, None] - points[None]) ** 2).sum(2))
    assert distances.min(1).max() < 1e-3
    assert (np.diff(distances.argmin(1)) % len(points) == 1).all()


def test_all_numbers_stay_finite_and_bounded_whatever_happens() -> None:
    rng = np.random.default_rng(0)
    simulator, sensor = started(2)
    for _ in range(1500):
        simulator.step(rng.uniform([-1, 0, 0], [1, 1, 1], (1, 3)) * [1, 1, rng.random() < 0.1], ONE)
        observation = sensor.look(ONE)
        assert np.isfinite(observation).all()
        assert np.abs(observation).max() <= BOUND
    drive(simulator, 400, 0.0, 1.0, 0.0)  # far off the playfield
    assert np.abs(sensor.look(ONE)).max() <= BOUND
