"""One episode of a stock car: its time limits, and the facts beside its observations."""

from __future__ import annotations

from carracing.advance import Advance
from carracing.stock_cars import SharedCarRacing
from carracing.task import EPISODE_FRAMES


class StockEpisode:
    """One car's episode in a world that was just reset, frame by frame."""

    def __init__(self, env: SharedCarRacing, car: int, early_stop: int) -> None:
        self._env = env
        self._car = car
        self._early_stop = early_stop
        self._seat = env.seats[car]
        self._advance = Advance(len(env.track))
        self.frames = 0
        """How many have passed."""
        self._last_progress = 0
        """Frame of the last new tile: once all are visited, of the finished lap."""
        self._tiles = self._seat.tiles_visited
        self.ends = (False, False)
        """Whether it is terminated, and truncated."""

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.ends[0] or self.ends[1]

    def frame(self) -> float:
        """Take in the frame that was just driven; its reward."""
        seat = self._seat
        reward, terminated = self._env.settle(self._car)
        self.frames += 1
        if seat.tiles_visited > self._tiles:
            self._tiles, self._last_progress = seat.tiles_visited, self.frames
        self._advance.touch({tile.idx for wheel in seat.car.wheels for tile in wheel.tiles})
        stuck = self._early_stop and self.frames - self._last_progress >= self._early_stop
        self.ends = (bool(terminated), bool(stuck) or self.frames >= EPISODE_FRAMES)
        return float(reward)

    def facts(self) -> tuple[float, ...]:
        """The values of FACTS."""
        seat, tiles = self._seat, len(self._seat.visited)
        missed = self._advance.missed(lambda tile: seat.visited[tile])
        finished, on_grass = seat.tiles_visited == tiles, sum(not wheel.tiles for wheel in seat.car.wheels)
        lap_frames = float(self._last_progress * finished)
        return float(missed), seat.tiles_visited / tiles, float(finished), lap_frames, float(on_grass)
