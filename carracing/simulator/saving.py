"""A car's state as one row of bytes, some 600 of them: what is kept of a car to go on with it exactly.

Not kept is what the seed of its track makes again, and what the next frame writes before it reads.
"""

from __future__ import annotations

import numpy as np

from carracing.simulator.lanes import LANES
from carracing.simulator.layout import DOUBLE_ROWS, FLOAT_ROWS
from carracing.simulator.state import Cars, Tracks
from carracing.simulator.tiles import TOUCHED, VISITED
from carracing.task import EPISODE_FRAMES, Array, SavedStateError

_DOUBLES = ("score", "paid", "drawn_score", "time")
_COUNTS = ("visited", "position", "front", "visited_behind", "frames", "last_new", "nearest")
_FLAGS = ("on_start", "new_lap", "terminated", "truncated")
_PER_CAR = (*_DOUBLES, *_COUNTS, *_FLAGS, "velocity_before")
"""Fields of ``Cars`` with a row per car that are kept as they are."""
_BLOCKED = ("bodies", "drives", "road")
"""Fields of ``Cars`` with a lane per car."""
RECORD = np.dtype(
    [
        ("seed", "<i8"),
        ("tiles", "<i4"),
        ("bodies", "<f4", FLOAT_ROWS),
        ("drives", "<f8", DOUBLE_ROWS),
        ("road", "u1", 4),
        *[(name, "<f8") for name in _DOUBLES],
        *[(name, "<i4") for name in _COUNTS],
        *[(name, "u1") for name in _FLAGS],
        ("velocity_before", "<f4", 2),
    ]
)
"""Of one car; two bits for each tile follow."""
_BITS = np.array([VISITED, TOUCHED], np.uint8)
_LARGEST = 1e9
"""No number of a car comes near."""
_FURTHEST = 100 * EPISODE_FRAMES
"""Nor does its way round the track, in tiles."""


def pack(cars: Cars, tracks: Tracks, seeds: Array) -> Array:
    """(N, bytes) uint8: the state of each car, on the tracks of ``seeds`` (N,), -1 where none was laid."""
    count = len(seeds)
    records = np.zeros(count, RECORD)
    records["seed"] = seeds
    records["tiles"] = tracks.tiles[cars.group]
    for name in _PER_CAR:
        records[name] = getattr(cars, name)
    for name in _BLOCKED:
        records[name] = _by_car(getattr(cars, name))[:count]
    bits = np.packbits(((cars.flags[:, :, None] & _BITS) > 0).reshape(count, -1), axis=1)
    return np.concatenate([records.view(np.uint8).reshape(count, RECORD.itemsize), bits], axis=1)


def read_records(rows: Array, count: int) -> tuple[Array, Array]:
    """(records, flags (count, tiles) uint8) of what ``pack`` made. Raises SavedStateError, naming what is wrong."""
    if rows.ndim != 2 or rows.dtype != np.uint8 or len(rows) != count or rows.shape[1] < RECORD.itemsize:
        raise SavedStateError(
            f"the state of {count} cars is {count} rows of at least {RECORD.itemsize} bytes, not {rows.dtype} "
            f"{rows.shape}: it was taken with other cars, or by another version"
        )
    records = np.ascontiguousarray(rows[:, : RECORD.itemsize]).view(RECORD).reshape(count)
    bits = np.unpackbits(rows[:, RECORD.itemsize :], axis=1).reshape(count, -1, len(_BITS))
    _check(records, most_tiles=bits.shape[1])
    return records, bits @ _BITS


def unpack(records: Array, flags: Array, cars: Cars) -> None:
    """Put checked records into ``cars``, whose tracks are laid."""
    for name in _PER_CAR:
        getattr(cars, name)[:] = records[name]
    for name in _BLOCKED:
        blocked = getattr(cars, name)
        by_car = np.zeros((blocked.shape[0] * LANES, blocked.shape[1]), blocked.dtype)
        by_car[: len(records)] = records[name]
        blocked[:] = by_car.reshape(-1, LANES, blocked.shape[1]).swapaxes(1, 2)
    room = min(flags.shape[1], cars.flags.shape[1])
    cars.flags[:, :room] = flags[:, :room]


def _by_car(blocked: Array) -> Array:
    """(B, rows, LANES) as (B * LANES, rows)."""
    return np.ascontiguousarray(blocked.swapaxes(1, 2)).reshape(-1, blocked.shape[1])


def _check(records: Array, most_tiles: int) -> None:
    """Refuse numbers that no driving leads to: compiled code trusts what it is given. Raises SavedStateError."""
    tiles = records["tiles"]
    bounds: dict[str, tuple[float | Array, float | Array]] = {
        "seed": (-1, np.iinfo(np.int64).max),
        "tiles": (0, most_tiles),
        "visited": (0, tiles),
        "visited_behind": (0, tiles),
        "nearest": (0, np.maximum(tiles - 1, 0)),
        "position": (-_FURTHEST, _FURTHEST),
        "front": (0, _FURTHEST),
        "frames": (0, EPISODE_FRAMES),
        "last_new": (0, EPISODE_FRAMES),
        **dict.fromkeys(("bodies", "drives", "velocity_before", *_DOUBLES), (-_LARGEST, _LARGEST)),
    }
    for name, (low, high) in bounds.items():
        values = records[name].reshape(len(records), -1)
        fits = (values >= np.reshape(low, (-1, 1))) & (values <= np.reshape(high, (-1, 1)))
        if not fits.all():
            car = int(np.flatnonzero(~fits.all(axis=1))[0])
            wrong = values[car][~fits[car]][0]
            raise SavedStateError(f"{name} of car {car} in the saved state is {wrong}, which no driving leads to")
    going = ~(records["terminated"] | records["truncated"])
    if (going & ((records["seed"] < 0) | (tiles < 1))).any():
        raise SavedStateError("the saved state has a car that drives without a track")
