"""Stock's track with several of its cars in one Box2D world: they do not touch, and each is as if alone.

Stock keeps the score, the visited tiles and the colours of the road of its only car in the environment. Here each
car has a seat for them. Nothing that one car does reaches another's numbers: bodies that do not touch are in islands
of their own, which Box2D solves one by one, and tiles are sensors, which move nobody. That a car is driven to the
same bits in company as alone is tested.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from Box2D import b2Filter
from Box2D.b2 import contactListener
from gymnasium.envs.box2d.car_dynamics import Car
from gymnasium.envs.box2d.car_racing import FPS, PLAYFIELD, CarRacing

from carracing.task import Array

_GHOSTS = -1
"""Box2D's group of all cars: fixtures of one negative group never touch."""


@dataclass(slots=True)
class Seat:
    """One car, and what stock's environment keeps of its only one."""

    car: Any
    road_poly: list[Any]
    """The road as this car's picture shows it."""
    colours: list[Array]
    """Of each tile in it."""
    visited: list[bool]
    """Of each tile."""
    tiles_visited: int = 0
    score: float = 0.0
    """``reward`` of stock."""
    paid: float = 0.0
    """``prev_reward`` of stock."""
    shown: float = 0.0
    """The score that a picture shows: as it was before the frame's cost."""
    new_lap: bool = False
    velocity_before: tuple[float, float] = (0.0, 0.0)
    """The hull's velocity before the last frame, in units per second."""

    @property
    def bodies(self) -> tuple[Any, ...]:
        """Hull and wheels."""
        return (self.car.hull, *self.car.wheels)

    def park(self) -> None:
        """Put the car to sleep for good: it costs nothing while others drive on. Look at it before."""
        for body in self.bodies:
            body.awake = False


class SharedCarRacing(CarRacing):
    """Stock for ``cars`` cars; a picture is drawn only when asked for, since 95 % of stock's time is drawing.

    ``reset`` as stock; then ``drive`` some seats for a frame and ``settle`` each of them.
    """

    road: Any

    def __init__(self, cars: int, **options: Any) -> None:
        super().__init__(**options)
        self.seats: list[Seat] = []
        self._cars = cars

    def _destroy(self) -> None:
        super()._destroy()  # type: ignore[no-untyped-call]
        for seat in self.seats[1:]:
            seat.car.destroy()
        self.seats = []

    def step(self, action: Any) -> Any:
        """The frame with which stock's ``reset`` ends: every car is there, and nobody acts."""
        if action is not None:
            raise RuntimeError("stock's step drives its only car: use drive and settle")
        others = [Car(self.world, *self.track[0][1:4]) for _ in range(self._cars - 1)]  # type: ignore[no-untyped-call]
        self.seats = [self._seat(car) for car in (self.car, *others)]
        self._listener = _Tiles(self)
        self.world.contactListener = self._listener
        self.drive(dict.fromkeys(range(self._cars)))
        for seat in self.seats:
            seat.shown = seat.score
        return None, 0.0, False, False, {}

    def drive(self, controls: Mapping[int, tuple[float, float, float] | None]) -> None:
        """Let a frame pass for the seats in ``controls``: steer (left is negative), gas and brake, or as before."""
        for number, control in controls.items():
            seat = self.seats[number]
            if control is not None:
                seat.car.steer(-control[0])
                seat.car.gas(control[1])
                seat.car.brake(control[2])
            seat.velocity_before = seat.car.hull.linearVelocity.tuple
            seat.car.step(1.0 / FPS)
        self.world.Step(1.0 / FPS, 6 * 30, 2 * 30)
        self.t += 1.0 / FPS

    def settle(self, number: int) -> tuple[float, bool]:
        """What a seat's driver gets for the frame: (reward, terminated), as in stock's ``step``."""
        seat = self.seats[number]
        seat.shown = seat.score
        seat.score -= 0.1
        seat.car.fuel_spent = 0.0
        reward = seat.score - seat.paid
        seat.paid = seat.score
        terminated = seat.tiles_visited == len(self.track) or seat.new_lap
        x, y = seat.car.hull.position
        if abs(x) > PLAYFIELD or abs(y) > PLAYFIELD:
            return -100.0, True
        return reward, terminated

    def picture(self, number: int) -> Array:
        """What stock would have returned to this driver: (96, 96, 3) uint8."""
        seat = self.seats[number]
        self.car, self.reward, self.road_poly = seat.car, seat.shown, seat.road_poly
        picture: Array = super()._render("state_pixels")
        self.car = self.seats[0].car  # the one that stock will destroy
        return picture

    def _seat(self, car: Any) -> Seat:
        own = {id(tile.color): tile.color.copy() for tile in self.road}
        seat = Seat(
            car,
            [(corners, own.get(id(colour), colour)) for corners, colour in self.road_poly],
            [own[id(tile.color)] for tile in self.road],
            [False] * len(self.road),
        )
        car.hull.userData = _Part(seat, None)
        for wheel in car.wheels:
            wheel.userData = _Part(seat, wheel.tiles)
        if self._cars > 1:
            for fixture in (fixture for body in seat.bodies for fixture in body.fixtures):
                old = fixture.filterData
                fixture.filterData = b2Filter(
                    groupIndex=_GHOSTS, categoryBits=old.categoryBits, maskBits=old.maskBits
                )
        return seat


@dataclass(frozen=True, slots=True)
class _Part:
    """What a body of a car tells about itself."""

    seat: Seat
    tiles: set[Any] | None
    """Tiles under it; None for a hull, which only wears the road's colour off."""


class _Tiles(contactListener):  # type: ignore[misc]
    """Stock's ``FrictionDetector`` for several seats."""

    def __init__(self, env: SharedCarRacing) -> None:
        contactListener.__init__(self)
        self._env = env

    def BeginContact(self, contact: Any) -> None:  # noqa: N802 - Box2D's name
        """A tile begins to be under a part of a car."""
        part, tile = _parted(contact)
        part.seat.colours[tile.idx][:] = self._env.road_color
        if part.tiles is None:
            return
        part.tiles.add(tile)
        seat, tiles = part.seat, len(self._env.track)
        if not seat.visited[tile.idx]:
            seat.visited[tile.idx] = True
            seat.score += 1000.0 / tiles
            seat.tiles_visited += 1
            if tile.idx == 0 and seat.tiles_visited / tiles > self._env.lap_complete_percent:
                seat.new_lap = True

    def EndContact(self, contact: Any) -> None:  # noqa: N802 - Box2D's name
        """A tile is no longer under a part of a car."""
        part, tile = _parted(contact)
        if part.tiles is not None:
            part.tiles.remove(tile)


def _parted(contact: Any) -> tuple[_Part, Any]:
    """The part of a car and the tile that touch; nothing else does."""
    one, other = contact.fixtureA.body.userData, contact.fixtureB.body.userData
    return (one, other) if isinstance(one, _Part) else (other, one)
