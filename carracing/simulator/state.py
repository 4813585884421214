"""The arrays that hold every car and track of a simulator, and nothing else: copying them is saving it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carracing.simulator.lanes import LANES
from carracing.simulator.layout import DOUBLE_ROWS, FLOAT_ROWS
from carracing.simulator.memory import zeros
from carracing.simulator.tiles import CELLS
from carracing.simulator.track import Track
from carracing.task import Array

FIRST_CAPACITY = 400
"""Tiles there is room for at first: of 20,000 tracks the longest had 389."""
GRID_ENTRIES = 16
"""Entries of a track's lookup grid there is room for at first, per tile."""


class Cars(NamedTuple):
    """N cars in B blocks of LANES; car i is lane i % LANES of block i // LANES."""

    bodies: Array
    """(B, FLOAT_ROWS, LANES) float32; see ``layout``."""
    drives: Array
    """(B, DOUBLE_ROWS, LANES) float64; see ``layout``."""
    road: Array
    """(B, 4, LANES) bool: wheels with road grip."""
    live: Array
    """(B, 1, LANES) bool: whom the current step moves."""
    group: Array
    """(N,) int32: the track each car is on."""
    flags: Array
    """(N, tiles) uint8: VISITED and TOUCHED of each tile."""
    score: Array
    """(N,) float64: ``self.reward`` of stock."""
    paid: Array
    """(N,) float64: ``self.prev_reward`` of stock."""
    drawn_score: Array
    """(N,) float64: the score a picture shows, before the frame's cost."""
    time: Array
    """(N,) float64: seconds since the start (``self.t``)."""
    visited: Array
    """(N,) int32: tiles visited."""
    position: Array
    """(N,) int32: tile the car is at, unwrapped over laps."""
    front: Array
    """(N,) int32: furthest position."""
    visited_behind: Array
    """(N,) int32: tiles up to the front that are visited."""
    touching: Array
    """(N,) bool: whether a wheel is on any tile."""
    foremost: Array
    """(N,) int32: tiles from the position to the foremost one under the wheels."""
    frames: Array
    """(N,) int32: frames of the episode."""
    last_new: Array
    """(N,) int32: frame of the last new tile."""
    on_start: Array
    """(N,) uint8: which wheels are on tile 0, one bit each; 0 where the lap rule does not ask."""
    new_lap: Array
    """(N,) bool: the lap rule fired."""
    terminated: Array
    """(N,) bool."""
    truncated: Array
    """(N,) bool."""
    step_reward: Array
    """(N,) float64: of the current step."""
    step_frames: Array
    """(N,) int32: of the current step."""
    velocity_before: Array
    """(N, 2) float32: the hull's velocity before the last frame."""
    nearest: Array
    """(N,) int32: point of the centre line that was nearest when last looked for."""
    simplex: Array
    simplex_corners: Array
    """(B, 3, 7) float32 and (B, 6, 2) int32: room for ``overlap.touches``, nothing that lasts."""
    lap_complete_percent: Array
    """(1,) float64: the share of tiles above which reaching tile 0 ends a lap."""
    lap_completes: Array
    """(1,) bool: reaching tile 0 counts every time, not only the first."""


class Tracks(NamedTuple):
    """G tracks; arrays by tile have room for more than a track has."""

    tiles: Array
    """(G,) int32: 0 where no track was made yet."""
    points: Array
    """(G, tiles, 4) float64: angle around the field, heading, x, y."""
    road: Array
    """(G, tiles, 4, 2) float64: corners as drawn."""
    border: Array
    """(G, tiles) bool."""
    border_road: Array
    """(G, tiles, 4, 2) float64."""
    corners: Array
    """(G, tiles, 4, 2) float32: corners as Box2D keeps them."""
    corner_counts: Array
    """(G, tiles) int32."""
    edges: Array
    """(G, tiles, 4, 3) float64: outward normals and distances."""
    starts: Array
    """(G, CELLS * CELLS + 1) int32: see ``tiles.fill_grid``."""
    members: Array
    """(G, entries) int16."""
    colours: Array
    """(G, 3, 3) float64: road, background and grass."""


def new_cars(groups: Array, capacity: int = FIRST_CAPACITY) -> Cars:
    """Cars at rest nowhere, one per entry of ``groups``."""
    n = len(groups)
    blocks = -(-n // LANES)

    def per_car(dtype: type) -> Array:
        return zeros(n, dtype)

    return Cars(
        bodies=zeros((blocks, FLOAT_ROWS, LANES), np.float32),
        drives=zeros((blocks, DOUBLE_ROWS, LANES), np.float64),
        road=zeros((blocks, 4, LANES), np.bool_),
        live=zeros((blocks, 1, LANES), np.bool_),
        group=groups.astype(np.int32),
        flags=zeros((n, capacity), np.uint8),
        score=per_car(np.float64),
        paid=per_car(np.float64),
        drawn_score=per_car(np.float64),
        time=per_car(np.float64),
        visited=per_car(np.int32),
        position=per_car(np.int32),
        front=per_car(np.int32),
        visited_behind=per_car(np.int32),
        touching=per_car(np.bool_),
        foremost=per_car(np.int32),
        frames=per_car(np.int32),
        last_new=per_car(np.int32),
        on_start=per_car(np.uint8),
        new_lap=per_car(np.bool_),
        terminated=np.ones(n, np.bool_),
        truncated=per_car(np.bool_),
        step_reward=per_car(np.float64),
        step_frames=per_car(np.int32),
        velocity_before=zeros((n, 2), np.float32),
        nearest=per_car(np.int32),
        simplex=zeros((blocks, 3, 7), np.float32),
        simplex_corners=zeros((blocks, 6, 2), np.int32),
        lap_complete_percent=np.array([0.95]),
        lap_completes=np.zeros(1, np.bool_),
    )


def new_tracks(count: int, capacity: int = FIRST_CAPACITY) -> Tracks:
    """Room for ``count`` tracks."""
    return Tracks(
        tiles=zeros(count, np.int32),
        points=zeros((count, capacity, 4)),
        road=zeros((count, capacity, 4, 2)),
        border=zeros((count, capacity), np.bool_),
        border_road=zeros((count, capacity, 4, 2)),
        corners=zeros((count, capacity, 4, 2), np.float32),
        corner_counts=zeros((count, capacity), np.int32),
        edges=zeros((count, capacity, 4, 3)),
        starts=zeros((count, CELLS * CELLS + 1), np.int32),
        members=zeros((count, capacity * GRID_ENTRIES), np.int16),
        colours=zeros((count, 3, 3)),
    )


def widened(arrays: Array, width: int) -> Array:
    """A copy with room for ``width`` entries along the second axis."""
    wider = zeros((arrays.shape[0], width, *arrays.shape[2:]), arrays.dtype)
    wider[:, : arrays.shape[1]] = arrays
    return wider


def put_track(tracks: Tracks, group: int, track: Track, colours: Array) -> None:
    """Lay one track's drawing into its place; what physics needs of it is derived from there."""
    n = track.tiles
    tracks.tiles[group] = n
    tracks.points[group, :n] = track.points
    tracks.road[group, :n] = track.road
    tracks.border[group, :n] = track.border
    tracks.border_road[group, :n] = track.border_road
    tracks.colours[group] = colours
