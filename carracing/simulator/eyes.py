"""Ways to look at cars: each keeps the last observation of every car and shares its work among threads."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from carracing.simulator.drawing import Canvas, new_canvas
from carracing.simulator.memory import zeros
from carracing.simulator.observations import (
    CHANNELS_FIRST,
    GREY,
    GREY_CROPPED,
    GREY_SIZE,
    PIXELS,
    observe_cars,
)
from carracing.simulator.rules import STATE_SIZE
from carracing.simulator.sharing import Share
from carracing.simulator.simulator import Simulator
from carracing.simulator.sketch import Sheet, new_sheet, sketch_cars
from carracing.simulator.vector_observation import SIZE, sense_cars
from carracing.task import Array


class Eyes(Protocol):
    """What observes cars."""

    observations: Array
    """(N, ...) the last observation of every car."""

    def look(self, mask: Array) -> Array:
        """A copy of all observations, after observing anew the cars of ``mask`` (N,) bool."""


class Sensor:
    """Takes the 67 numbers of chosen cars (see ``vector_observation``)."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.observations: Array = np.zeros((simulator.count, SIZE), np.float32)
        self._numbers = [zeros(SIZE) for _ in range(simulator.crew.threads)]

    def look(self, mask: Array) -> Array:
        """A copy of all observations, after taking anew those of ``mask``."""

        def sense(share: Share) -> None:
            simulator, numbers = self._simulator, self._numbers[share.part]
            sense_cars(simulator.cars, simulator.tracks, mask, numbers, self.observations, share)

        self._simulator.crew.do(sense, len(self._simulator.cars.live))
        return self.observations.copy()


class Painter:
    """Draws observations of chosen cars, each thread on a canvas of its own."""

    def __init__(self, simulator: Simulator, kind: int) -> None:
        self._simulator = simulator
        self._kind = kind
        shape = {PIXELS: (STATE_SIZE, STATE_SIZE, 3), CHANNELS_FIRST: (3, STATE_SIZE, STATE_SIZE)}
        size = shape.get(kind, (GREY_SIZE, GREY_SIZE))
        self.observations: Array = np.zeros((simulator.count, *size), np.uint8)
        self._easels: list[tuple[Canvas, Array, Array, Array]] = []
        self._capacity = 0

    def look(self, mask: Array) -> Array:
        """A copy of all observations, after drawing anew those of ``mask``."""
        self._make_room()
        flat = self.observations.reshape(self._simulator.count, -1)

        def paint(share: Share) -> None:
            simulator, easel = self._simulator, self._easels[share.part]
            observe_cars(simulator.cars, simulator.tracks, mask, *easel, self._kind, flat, share)

        self._simulator.crew.do(paint, self._simulator.count)
        return self.observations.copy()

    def _make_room(self) -> None:
        capacity = self._simulator.cars.flags.shape[1]
        if capacity == self._capacity and len(self._easels) == self._simulator.crew.threads:
            return
        self._capacity = capacity
        self._easels = [
            (
                new_canvas(capacity),
                zeros((3, STATE_SIZE * STATE_SIZE), np.uint8),
                zeros((STATE_SIZE, STATE_SIZE), np.int32),
                zeros((STATE_SIZE, GREY_SIZE), np.int32),
            )
            for _ in range(self._simulator.crew.threads)
        ]


class Sketcher:
    """Draws near-exact grey pictures (see ``sketch``), each thread on a sheet of its own."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.observations: Array = np.zeros((simulator.count, GREY_SIZE, GREY_SIZE), np.uint8)
        self._capacity = 0
        self._sheets: list[tuple[Canvas, Sheet]] = []

    def look(self, mask: Array) -> Array:
        """A copy of all observations, after drawing anew those of ``mask``."""
        capacity = self._simulator.cars.flags.shape[1]
        if capacity != self._capacity or len(self._sheets) != self._simulator.crew.threads:
            self._capacity = capacity
            self._sheets = [(new_canvas(capacity), new_sheet(capacity)) for _ in range(self._simulator.crew.threads)]

        flat = self.observations.reshape(self._simulator.count, -1)

        def sketch(share: Share) -> None:
            canvas, sheet = self._sheets[share.part]
            sketch_cars(self._simulator.cars, self._simulator.tracks, mask, canvas, sheet, flat, share)

        self._simulator.crew.do(sketch, self._simulator.count)
        return self.observations.copy()


def make_eyes(simulator: Simulator, observation: str) -> Eyes:
    """Eyes that see what ``observation`` names: a key of PICTURES, "grey-fast" or "vector"."""
    if observation == "vector":
        return Sensor(simulator)
    if observation == "grey-fast":
        return Sketcher(simulator)
    return Painter(simulator, PICTURES[observation])


PICTURES = {"pixels": PIXELS, "rgb": CHANNELS_FIRST, "grey": GREY, "grey-cropped": GREY_CROPPED}
"""Exact pictures by name."""
