"""How far round the track a car has come, and which tiles it left out: the facts beside its observation.

Tiles are numbered in driving direction from the start, and the track is a circle, so a number alone does not
say what is behind. The car's position along the track is therefore followed from tile to tile, unwrapped:
a touched tile moves it by the shorter way round, at most half a lap either way. Reversing over the start
line gives negative positions rather than "almost a lap". The furthest position is the front; the unvisited
tiles up to it were missed. Once the front has passed the last tile, every unvisited tile was missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Advance:
    """One car's way round a track of ``tiles`` tiles, from tile 0."""

    tiles: int
    position: int = 0
    """Where the car last touched the road: tile number plus ``tiles`` per lap; negative behind the start."""
    front: int = 0
    """The largest position so far."""
    _passed: list[int] = field(default_factory=lambda: [0])
    """Tiles up to the front that were unvisited when last looked at."""

    def touch(self, touched: Iterable[int]) -> None:
        """Move to the foremost of the tiles under the wheels; stay where there is none.

        That no wheel touches two far parts of the track at once is a property of stock's tracks: of 150, none had
        parts nearer to each other than 23 units, and the road is 13.3 wide.
        """
        half = self.tiles // 2
        moves = [(tile - self.position + half) % self.tiles - half for tile in touched]
        self.position += max(moves, default=0)
        if self.position > self.front:
            self._passed.extend(range(self.front + 1, min(self.position + 1, self.tiles)))
            self.front = self.position

    def missed(self, visited: Callable[[int], bool]) -> int:
        """How many tiles up to the front are unvisited; ``visited`` says it of a tile, and never takes it back."""
        self._passed = [tile for tile in self._passed if not visited(tile)]
        return len(self._passed)
