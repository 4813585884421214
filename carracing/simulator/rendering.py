"""Pictures for people: stock's own renderer, shown our car instead of its own. Imports Box2D and pygame."""

from __future__ import annotations

from typing import Any

from gymnasium.envs.box2d.car_dynamics import Car
from gymnasium.envs.box2d.car_racing import CarRacing

from carracing.simulator.layout import (
    ANGLE,
    BODY_ROWS,
    BRAKE,
    GAS,
    OMEGA,
    PHASE,
    PX,
    PY,
    SPIN,
    STEER,
    VX,
    VY,
)
from carracing.simulator.rules import FRAME_SECONDS
from carracing.simulator.simulator import Simulator
from carracing.simulator.tiles import TOUCHED
from carracing.task import Array


class _Road:
    """All that stock's car asks of a tile."""

    road_friction = 1.0


_ROAD = _Road()


class StockRenderer:
    """A stock environment that never steps its world: its car is set to ours before every picture."""

    def __init__(self) -> None:
        self._stock: Any = CarRacing()

    def begin(self, simulator: Simulator) -> None:
        """Take over a new episode of car 0."""
        stock, tracks = self._stock, simulator.tracks
        if stock.car is not None:
            stock.car.destroy()
        start = tracks.points[0, 0]
        stock.car = Car(stock.world, start[1], start[2], start[3])
        stock.road_color, stock.bg_color, stock.grass_color = tracks.colours[0]
        self._copy(simulator)

    def before_frame(self, simulator: Simulator, orders: Array) -> None:
        """Let stock's car find its skid marks in the frame that is about to be driven."""
        self._copy(simulator)
        car = self._stock.car
        steer, gas, brake = (float(order) for order in orders)
        car.steer(-steer)
        car.gas(gas)
        car.brake(brake)
        car.step(FRAME_SECONDS)

    def draw(self, simulator: Simulator, mode: str) -> Any:
        """Stock's picture of the car as it is: an array for ``rgb_array``, the window for ``human``."""
        self._copy(simulator)
        self._stock.road_poly = list(_road(simulator))
        return self._stock._render(mode)

    def close(self) -> None:
        """Close stock's window."""
        self._stock.close()

    def _copy(self, simulator: Simulator) -> None:
        """Set stock's car, score and time to those of car 0."""
        cars, stock = simulator.cars, self._stock
        stock.t, stock.reward = float(cars.time[0]), float(cars.score[0])
        f, d = cars.bodies[0, :, 0], cars.drives[0, :, 0]
        for index, body in enumerate((stock.car.hull, *stock.car.wheels)):
            row = index * BODY_ROWS
            body.transform = ((float(f[row + PX]), float(f[row + PY])), float(f[row + ANGLE]))
            body.linearVelocity = (float(f[row + VX]), float(f[row + VY]))
            body.angularVelocity = float(f[row + SPIN])
        for index, wheel in enumerate(stock.car.wheels):
            wheel.omega, wheel.phase = float(d[OMEGA + index]), float(d[PHASE + index])
            wheel.gas = float(d[GAS]) if index >= 2 else 0.0
            wheel.brake, wheel.steer = float(d[BRAKE]), float(d[STEER]) if index < 2 else 0.0
            wheel.tiles = {_ROAD} if cars.road[0, index, 0] else set()


def _road(simulator: Simulator) -> Any:
    """Stock's list of polygons and colours."""
    tracks, flags = simulator.tracks, simulator.cars.flags[0]
    for tile in range(tracks.tiles[0]):
        shade = 0.0 if flags[tile] & TOUCHED else 0.01 * (tile % 3) * 255
        yield tracks.road[0, tile].tolist(), tracks.colours[0, 0] + shade
        if tracks.border[0, tile]:
            yield tracks.border_road[0, tile].tolist(), (255, 255, 255) if tile % 2 == 0 else (255, 0, 0)
