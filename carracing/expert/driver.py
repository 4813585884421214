"""The scripted driver: an expert that knows the true state of every car, for scores, demonstrations and labels."""

from __future__ import annotations

import numpy as np

from carracing.expert.control import drive_cars
from carracing.expert.line import COLUMNS, LEAST_ROOM, lay_line
from carracing.expert.style import Style, style_for
from carracing.simulator.simulator import Simulator
from carracing.task import Array


class ScriptedDriver:
    """Drives all cars of a simulator by what it knows of them; it sees no picture and remembers nothing.

    Actions are a pure function of the simulator's state, so a car may be asked about wherever it came from: by
    another driver, from a random start, out of a saved state. Lines are laid when a track is first met.
    """

    def __init__(self, simulator: Simulator, style: Style | None = None) -> None:
        self._simulator = simulator
        self._style = style or style_for(simulator.rules.frame_skip)
        tracks = len(simulator.tracks.tiles)
        self._lines: Array = np.zeros((tracks, 0, COLUMNS))
        self._counts: Array = np.zeros(tracks, np.int64)
        self._met: Array = np.full((tracks, 3), np.nan)
        """What the tracks were known by when their lines were laid."""
        self._controls: Array = np.zeros((simulator.count, 2))

    def actions(self) -> Array:
        """(N, 2) float32: steering to the right and gas, or brake below 0, for the next ``frame_skip`` frames.

        Rows of cars without a track are 0.
        """
        self._lay_lines()
        cars, tracks = self._simulator.cars, self._simulator.tracks
        drive_cars(cars, tracks, self._lines, self._counts, self._style, self._controls)
        return self._controls.astype(np.float32)

    def _lay_lines(self) -> None:
        tracks = self._simulator.tracks
        if self._lines.shape[1] < LEAST_ROOM * tracks.points.shape[1]:
            self._lines = np.zeros((len(self._counts), LEAST_ROOM * tracks.points.shape[1], COLUMNS))
            self._met[:] = np.nan
        # No two tracks share their length and a point to the last bit, nor one track two starts.
        known_by = np.column_stack([tracks.tiles, tracks.points[:, 1, 2:4]])
        for group in np.flatnonzero((known_by != self._met).any(axis=1)).tolist():
            tiles = int(tracks.tiles[group])
            if tiles:
                self._counts[group] = lay_line(tracks.points[group], tiles, self._style, self._lines[group])
        self._met = known_by
