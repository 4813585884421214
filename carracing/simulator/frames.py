"""A car's episode frame by frame, compiled: start, drive, score, end, for blocks of cars at a time."""

from __future__ import annotations

import math

import numpy as np

from carracing.simulator.body import HULL, SIZE, WHEEL_PLACES, WHEEL_RADIUS
from carracing.simulator.car import drive
from carracing.simulator.compiled import compiled, inlined, inner, uncounted
from carracing.simulator.lanes import LANES, load
from carracing.simulator.layout import (
    ANGLE,
    BODIES,
    BODY_ROWS,
    BRAKE,
    COS,
    CX,
    CY,
    GAS,
    OMEGA,
    PX,
    PY,
    SIN,
    STEER,
    VX,
    VY,
)
from carracing.simulator.rules import FRAME_REWARD, FRAME_SECONDS, LOST_REWARD, PLAYFIELD
from carracing.simulator.sharing import begin, finish, take
from carracing.simulator.solver import solve
from carracing.simulator.tiles import go_round, meet_tiles

_PLACES = np.array([(x * SIZE, y * SIZE) for x, y in WHEEL_PLACES])
_CENTRE = HULL.centre
GAS_STEP = 0.1
"""Most that the gas rises in one frame (``Car.gas``)."""


@inner
def _put_body(f, lane, body, x, y, angle):
    """Create a body as Box2D does: unrotated places are given, the centre of mass follows."""
    row = body * BODY_ROWS
    px, py, a = np.float32(x), np.float32(y), np.float32(angle)
    sine, cosine = math.sin(a), math.cos(a)
    f[row + PX, lane] = px
    f[row + PY, lane] = py
    f[row + ANGLE, lane] = a
    f[row + SIN, lane] = sine
    f[row + COS, lane] = cosine
    f[row + CX, lane] = px
    f[row + CY, lane] = py
    if body == 0:
        f[row + CX, lane] = (cosine * _CENTRE[0] - sine * _CENTRE[1]) + px
        f[row + CY, lane] = (sine * _CENTRE[0] + cosine * _CENTRE[1]) + py


@inlined
def put_car(cars, car, x, y, angle):
    """Forget a car's episode and create it anew at a place, its wheels not yet where its joints want them."""
    block, lane = car // LANES, car % LANES
    f = cars.bodies[block]
    f[:, lane] = 0
    cars.drives[block, :, lane] = 0
    cars.road[block, :, lane] = False
    _put_body(f, lane, 0, x, y, angle)
    for wheel in range(4):
        _put_body(f, lane, wheel + 1, x + _PLACES[wheel, 0], y + _PLACES[wheel, 1], angle)
    cars.flags[car] = 0
    cars.score[car] = 0.0
    cars.paid[car] = 0.0
    cars.drawn_score[car] = 0.0
    cars.time[car] = 0.0
    cars.visited[car] = 0
    cars.position[car] = 0
    cars.front[car] = 0
    cars.visited_behind[car] = 0
    cars.frames[car] = 0
    cars.last_new[car] = 0
    cars.nearest[car] = 0
    cars.on_start[car] = 0
    cars.new_lap[car] = False
    cars.terminated[car] = False
    cars.truncated[car] = False
    cars.step_reward[car] = 0.0
    cars.step_frames[car] = 0


@inlined
def _move_block(cars, tracks, block):
    """Physics of one frame for the live cars of a block, tiles included."""
    f = cars.bodies[block]
    live = load(cars.live[block], 0)
    for wheel in range(4):
        drive(f, cars.drives[block], cars.road[block], wheel, live)
    for lane in range(LANES):
        car = block * LANES + lane
        if cars.live[block, 0, lane]:
            if meet_tiles(cars, tracks, car) > 0:
                cars.last_new[car] = cars.frames[car] + 1
            cars.drawn_score[car] = cars.score[car]
            cars.time[car] += FRAME_SECONDS
            cars.velocity_before[car, 0] = f[VX, lane]
            cars.velocity_before[car, 1] = f[VY, lane]
    solve(f, live)


@inlined
def _roll(cars, car, angle, speed):
    """Have a car that was just put roll straight ahead, its wheels turning as fast as the road passes."""
    block, lane = car // LANES, car % LANES
    for body in range(BODIES):
        cars.bodies[block, body * BODY_ROWS + VX, lane] = -math.sin(angle) * speed
        cars.bodies[block, body * BODY_ROWS + VY, lane] = math.cos(angle) * speed
    for wheel in range(4):
        cars.drives[block, OMEGA + wheel, lane] = speed / WHEEL_RADIUS


@compiled
def put_cars(cars, tracks, car_mask, starts):
    """Put the cars of ``car_mask`` (N,) at their tracks' starts, turned and rolling as ``starts`` (N, 2) says."""
    for car in range(len(car_mask)):
        if car_mask[car]:
            start, turn, speed = tracks.points[cars.group[car], 0], starts[car, 0], starts[car, 1]
            put_car(cars, car, start[2], start[3], start[1] + turn)
            if speed > 0:
                _roll(cars, car, start[1] + turn, speed)


@inlined
def _steer(cars, block, lane, control):
    """Take a driver's orders (steer, gas, brake), as ``CarRacing.step`` gives them to the car."""
    cars.drives[block, STEER, lane] = -control[0]
    rise = min(max(control[1], 0.0), 1.0) - cars.drives[block, GAS, lane]
    cars.drives[block, GAS, lane] += min(rise, GAS_STEP)
    cars.drives[block, BRAKE, lane] = control[2]


@inlined
def _score_frame(cars, tracks, car, early_stop, most_frames):
    """Reward of the frame just driven, and whether the episode ends with it."""
    block, lane = car // LANES, car % LANES
    go_round(cars, tracks, car)
    cars.frames[car] += 1
    cars.step_frames[car] += 1
    cars.score[car] += FRAME_REWARD
    reward = cars.score[car] - cars.paid[car]
    cars.paid[car] = cars.score[car]
    cars.terminated[car] = cars.visited[car] == tracks.tiles[cars.group[car]] or cars.new_lap[car]
    x, y = np.float64(cars.bodies[block, PX, lane]), np.float64(cars.bodies[block, PY, lane])
    if abs(x) > PLAYFIELD or abs(y) > PLAYFIELD:
        cars.terminated[car] = True
        reward = LOST_REWARD
    cars.step_reward[car] += reward
    stuck = early_stop > 0 and cars.frames[car] - cars.last_new[car] >= early_stop
    cars.truncated[car] = stuck or cars.frames[car] >= most_frames
    if cars.terminated[car] or cars.truncated[car]:
        cars.live[block, 0, lane] = False


@inlined
def _drive_block(cars, tracks, block, controls, frames, early_stop, most_frames):
    """Drive the live cars of a block for ``frames`` frames, or to the ends of their episodes."""
    for lane in range(LANES):
        if cars.live[block, 0, lane]:
            car = block * LANES + lane
            cars.step_reward[car] = 0.0
            cars.step_frames[car] = 0
    for _ in range(frames):
        if not cars.live[block].any():
            break
        for lane in range(LANES):
            if cars.live[block, 0, lane]:
                _steer(cars, block, lane, controls[block * LANES + lane])
        _move_block(cars, tracks, block)
        for lane in range(LANES):
            if cars.live[block, 0, lane]:
                _score_frame(cars, tracks, block * LANES + lane, early_stop, most_frames)


@inlined
def _settle_block(cars, tracks, block):
    """Have the live cars of a block live through the one undriven, unpaid frame that stock's reset ends with."""
    _move_block(cars, tracks, block)
    for lane in range(LANES):
        if cars.live[block, 0, lane]:
            cars.last_new[block * LANES + lane] = 0


@uncounted
def step_blocks(cars, tracks, controls, frames, early_stop, most_frames, share):
    """Drive the live cars by ``controls`` (N, 3) float64 for ``frames`` frames; with 0 frames, settle them.

    A block of cars is an item to share.
    """
    blocks, done = len(cars.live), 0
    begin(share, blocks)
    block = take(share, blocks)
    while block >= 0:
        if cars.live[block].any():
            if frames == 0:
                _settle_block(cars, tracks, block)
            else:
                _drive_block(cars, tracks, block, controls, frames, early_stop, most_frames)
        done += 1
        block = take(share, blocks)
    finish(share, blocks, done)
