"""The 67 numbers of ``simulator.vector_observation``, taken of stock's cars: the same code on Box2D's numbers."""

from __future__ import annotations

import numpy as np

from carracing.simulator.lanes import LANES
from carracing.simulator.layout import ANGLE, BODY_ROWS, COS, OMEGA, PX, PY, SIN, SPIN, VX, VY
from carracing.simulator.sharing import Share, new_words
from carracing.simulator.state import new_cars, new_tracks
from carracing.simulator.vector_observation import SIZE, sense_cars
from carracing.stock_cars import SharedCarRacing
from carracing.task import Array


class StockSensor:
    """Copies what a car's driver could know into the simulator's arrays, and looks there."""

    def __init__(self, env: SharedCarRacing, cars: int) -> None:
        self._env = env
        self._cars = new_cars(np.zeros(cars, np.int64))
        self._tracks = new_tracks(1)
        self._one: Array = np.zeros(cars, np.bool_)
        self._seen: Array = np.zeros((cars, SIZE), np.float32)
        self._numbers: Array = np.empty(SIZE)
        self._alone = Share(new_words(1), part=0, order=1)

    def begin(self) -> None:
        """Take over the centre line of the new track."""
        points = np.array(self._env.track)
        if len(points) > self._tracks.points.shape[1]:
            self._tracks = new_tracks(1, len(points))
        self._tracks.points[0, : len(points)] = points
        self._tracks.tiles[0] = len(points)
        self._cars.nearest[:] = 0

    def look(self, car: int) -> Array:
        """(67,) float32."""
        seat, cars = self._env.seats[car], self._cars
        block, lane = car // LANES, car % LANES
        bodies, drives = cars.bodies[block], cars.drives[block]
        for number, body in enumerate(seat.bodies):
            row, rotation = number * BODY_ROWS, body.transform.q
            bodies[row + PX, lane], bodies[row + PY, lane] = body.position
            bodies[row + ANGLE, lane] = body.angle
            bodies[row + SIN, lane], bodies[row + COS, lane] = rotation.s, rotation.c
            bodies[row + VX, lane], bodies[row + VY, lane] = body.linearVelocity
            bodies[row + SPIN, lane] = body.angularVelocity
        for number, wheel in enumerate(seat.car.wheels):
            drives[OMEGA + number, lane] = wheel.omega
            cars.road[block, number, lane] = bool(wheel.tiles)
        cars.visited[car] = seat.tiles_visited
        cars.velocity_before[car] = seat.velocity_before
        self._one[:] = False
        self._one[car] = True
        sense_cars(cars, self._tracks, self._one, self._numbers, self._seen, self._alone)  # type: ignore[no-untyped-call]
        seen: Array = self._seen[car]
        return seen
