"""Many CarRacing-v3 cars on many tracks, stepped together: the numpy face of the compiled simulator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from carracing.simulator.colours import draw_colours
from carracing.simulator.compiled import announce
from carracing.simulator.crew import Crew
from carracing.simulator.frames import put_cars, step_blocks
from carracing.simulator.sharing import Share
from carracing.simulator.starts import begin_anywhere, draw_starts
from carracing.simulator.state import Cars, Tracks, new_cars, new_tracks, put_track, widened
from carracing.simulator.tiles import fill_grid, shape_tiles
from carracing.simulator.track import make_track
from carracing.task import EPISODE_FRAMES, Array, LapRule

NEVER = 2**30
"""A time limit that is none."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How an episode goes and ends."""

    frame_skip: int = 1
    """Frames each step lasts."""
    most_frames: int = EPISODE_FRAMES
    """Time limit in frames."""
    early_stop: int = 0
    """Frames without a new tile after which an episode is truncated; 0 never."""
    lap_complete_percent: float = 0.95
    """Stock's option: the share of tiles above which reaching tile 0 ends the lap."""
    lap_rule: LapRule = "released"
    """See ``LapRule``."""
    domain_randomize: bool = False
    """New colours for every track."""
    random_start: bool = False
    """Begin anywhere on the track (see ``starts``) rather than at rest on its first tile."""


class Simulator:
    """``groups`` (N,) says which of the tracks 0, 1, ... each of N cars drives on; cars do not touch each other."""

    def __init__(self, groups: Array, rules: Rules, threads: int = 1) -> None:
        announce(step_blocks)
        self.rules = rules
        self.cars: Cars = new_cars(groups)
        self.tracks: Tracks = new_tracks(int(groups.max()) + 1)
        self.cars.lap_complete_percent[0] = rules.lap_complete_percent
        self.cars.lap_completes[0] = rules.lap_rule == "completed"
        self._starts: Array = np.zeros((len(groups), 2))
        """Of each car's next episode: see ``starts.draw_starts``."""
        self.crew = Crew(min(threads, len(groups)))

    @property
    def count(self) -> int:
        """How many cars there are."""
        return len(self.cars.group)

    def lay_track(self, group: int, rng: np.random.Generator, colours: Array | None = None) -> None:
        """Make a new track from the draws of ``rng``, as stock's reset does, in ``colours`` (3, 3) if given."""
        if colours is None:
            colours = draw_colours(rng, self.rules.domain_randomize)
        track = make_track(rng)
        if self.rules.random_start:
            track = begin_anywhere(track, rng)
            here = self.cars.group == group
            self._starts[here] = draw_starts(rng, int(here.sum()))
        if track.tiles > self.cars.flags.shape[1]:
            self._make_room(track.tiles)
        put_track(self.tracks, group, track, colours)
        tracks, n = self.tracks, track.tiles
        corners, counts = tracks.corners[group, :n], tracks.corner_counts[group, :n]
        shape_tiles(track.road, corners, counts, tracks.edges[group, :n])
        entries = fill_grid(corners, counts, tracks.starts[group], tracks.members[group])
        if entries > tracks.members.shape[1]:
            self.tracks = tracks._replace(members=widened(tracks.members, entries))
            fill_grid(corners, counts, tracks.starts[group], self.tracks.members[group])

    def start(self, car_mask: Array) -> None:
        """Start new episodes of the cars in ``car_mask`` (N,) bool on the tracks as they lie."""
        put_cars(self.cars, self.tracks, car_mask, self._starts)
        self._drive(np.zeros((self.count, 3)), car_mask, 0)

    def step(self, controls: Array, live: Array) -> None:
        """Drive the cars in ``live`` (N,) bool by ``controls`` (N, 3) float64; results are in ``cars``."""
        self._drive(controls, live, self.rules.frame_skip)

    def _drive(self, controls: Array, live: Array, frames: int) -> None:
        self.cars.live.reshape(-1)[: self.count] = live
        rules = self.rules

        def drive(share: Share) -> None:
            step_blocks(self.cars, self.tracks, controls, frames, rules.early_stop, rules.most_frames, share)

        self.crew.do(drive, len(self.cars.live))

    def close(self) -> None:
        """End the threads; may be called twice."""
        self.crew.close()

    def _make_room(self, tiles: int) -> None:
        """Widen every array that has a place per tile."""
        self.cars = self.cars._replace(flags=widened(self.cars.flags, tiles))
        per_tile = ("points", "road", "border", "border_road", "corners", "corner_counts", "edges")
        self.tracks = self.tracks._replace(**{name: widened(getattr(self.tracks, name), tiles) for name in per_tile})
