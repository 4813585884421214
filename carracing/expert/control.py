"""From the true state of a car to steering and pedals."""

from __future__ import annotations

import math

import numpy as np

from carracing.expert.line import AHEAD_X, AHEAD_Y, BEND, COLUMNS, SPEED, X, Y
from carracing.simulator.body import HULL, SIZE, WHEEL, WHEEL_PLACES, WHEEL_RADIUS
from carracing.simulator.car import (
    BRAKE_FORCE,
    ENGINE_POWER,
    FRICTION_LIMIT,
    GRASS_FRICTION,
    STIFFNESS,
    WHEEL_MOMENT_OF_INERTIA,
)
from carracing.simulator.compiled import compiled, inner
from carracing.simulator.lanes import LANES
from carracing.simulator.layout import BODY_ROWS, COS, CX, CY, OMEGA, SIN, SPIN, VX, VY
from carracing.simulator.rules import FRAME_SECONDS

WHEELBASE = (WHEEL_PLACES[0][1] - WHEEL_PLACES[2][1]) * SIZE
"""Units between the axles."""
MASS = float(1 / HULL.inverse_mass + 4 / WHEEL.inverse_mass)
ROLLING_MASS = WHEEL_MOMENT_OF_INERTIA / WHEEL_RADIUS**2
"""What a rolling wheel adds to what must be sped up and slowed down: nearly as much as the whole car weighs."""
GAS_PER_FORCE = WHEEL_RADIUS / ENGINE_POWER
"""Gas that balances a unit of a rear tyre's force, for each radian/s (and 5) that the wheel rolls."""
BRAKE_PER_FORCE = FRAME_SECONDS * WHEEL_RADIUS / WHEEL_MOMENT_OF_INERTIA / BRAKE_FORCE
"""Brake that balances a unit of a tyre's force."""
GAS_PER_ROLL = WHEEL_MOMENT_OF_INERTIA / (FRAME_SECONDS * ENGINE_POWER)
"""Gas that turns a rear wheel faster by a radian/s in a frame, for each radian/s (and 5) that it rolls."""
IDLE_ROLL = 5.0
"""Radians/s that the engine's power is counted from (``Car.step``)."""
MOST_STEERING = 0.4
"""Radians that the front wheels turn either way (``lowerAngle``, ``upperAngle``)."""
MOST_BRAKE = 0.85
"""From 0.9 on the brake stops a wheel at once."""
_WINDOW = 25
"""Points either way among which the nearest is sought; all of them for a car that has strayed."""
_STRAYED = 20.0
_CREEP = 1.0
"""Units/s up to which the car goes where it looks; from five times that, where it moves."""
_ASTRAY = 0.8
"""Radians across the line beyond which the car turns round first, at ``_TURNING`` units/s."""
_TURNING = 15.0
_MOST_SLIDE = 0.98
"""Share of a tyre's grip that bends are taken to need at most, so that some is left for the pedals."""


@inner
def _nearest(line, count, x, y, hint):
    """Index of the line's point nearest to a place, sought around ``hint`` first."""
    best, least = hint, 1e18
    for offset in range(-_WINDOW, _WINDOW + 1):
        i = (hint + offset) % count
        distance = (line[i, X] - x) ** 2 + (line[i, Y] - y) ** 2
        if distance < least:
            best, least = i, distance
    if least > _STRAYED * _STRAYED:
        for i in range(count):
            distance = (line[i, X] - x) ** 2 + (line[i, Y] - y) ** 2
            if distance < least:
                best, least = i, distance
    return best


@inner
def _look(line, count, i, distance, seen):
    """Write the line ``distance`` beyond point ``i``, linear between points, to ``seen`` (COLUMNS,)."""
    after = (i + 1) % count
    span = max(math.hypot(line[after, X] - line[i, X], line[after, Y] - line[i, Y]), 1e-6)
    while distance > span:
        distance -= span
        i, after = after, (after + 1) % count
        span = max(math.hypot(line[after, X] - line[i, X], line[after, Y] - line[i, Y]), 1e-6)
    share = max(distance, 0.0) / span
    for column in range(COLUMNS):
        seen[column] = (1.0 - share) * line[i, column] + share * line[after, column]


@inner
def _course(f, lane, speed):
    """Unit vector of where the car goes."""
    ahead_x, ahead_y = -np.float64(f[SIN, lane]), np.float64(f[COS, lane])
    if speed <= _CREEP:
        return ahead_x, ahead_y
    trust = min((speed - _CREEP) / (4.0 * _CREEP), 1.0)
    x = (1.0 - trust) * ahead_x + trust * np.float64(f[VX, lane]) / speed
    y = (1.0 - trust) * ahead_y + trust * np.float64(f[VY, lane]) / speed
    length = max(math.hypot(x, y), 1e-6)
    return x / length, y / length


@inner
def _grip_left(f, d, road, lane, sideways):
    """(force left along each of all tyres, the same for the rear ones, rear slip, rear roll) in a bend.

    ``sideways`` is the force that the bend needs of each tyre; what the tyres do now counts where it is more.
    """
    everywhere, rear, slip, roll = 1e9, 1e9, -1e9, 0.0
    for wheel in range(4):
        row = (wheel + 1) * BODY_ROWS
        sine, cosine = np.float64(f[row + SIN, lane]), np.float64(f[row + COS, lane])
        vx, vy = np.float64(f[row + VX, lane]), np.float64(f[row + VY, lane])
        limit = FRICTION_LIMIT if road[wheel, lane] else GRASS_FRICTION
        used = min(max(STIFFNESS * abs(cosine * vx + sine * vy), sideways), _MOST_SLIDE * limit)
        left = math.sqrt(limit * limit - used * used)
        everywhere = min(everywhere, left)
        if wheel >= 2:
            rear = min(rear, left)
            slip = max(slip, d[OMEGA + wheel, lane] * WHEEL_RADIUS - (-sine * vx + cosine * vy))
            roll = max(roll, abs(d[OMEGA + wheel, lane]))
    return everywhere, rear, slip, roll


@inner
def _pedals(acceleration, grip, style):
    """Gas, or the brake as a negative number, for an acceleration in units/s²."""
    everywhere, rear, slip, roll = grip
    if acceleration < 0.0:
        slowing = min(-acceleration, style.brake_tyre * 4.0 * everywhere / MASS)
        return -min((MASS / 4.0 + ROLLING_MASS) * slowing * BRAKE_PER_FORCE, MOST_BRAKE)
    each = min(0.5 * (MASS + 2.0 * ROLLING_MASS) * acceleration, style.tyre * rear)
    torque = each + ROLLING_MASS * each / (0.5 * MASS + ROLLING_MASS)
    gas = torque * GAS_PER_FORCE - style.slip * (slip - each / STIFFNESS) / WHEEL_RADIUS * GAS_PER_ROLL
    return min(max(gas * (roll + IDLE_ROLL), 0.0), 1.0)


@inner
def _aim(line, count, hint, x, y, here):
    """Write the line where it is nearest to a place to ``here``; (index of the point before, distance from it)."""
    i = _nearest(line, count, x, y, hint)
    along = (x - line[i, X]) * line[i, AHEAD_X] + (y - line[i, Y]) * line[i, AHEAD_Y]
    if along < 0.0:
        i = (i - 1) % count
        along = (x - line[i, X]) * line[i, AHEAD_X] + (y - line[i, Y]) * line[i, AHEAD_Y]
    _look(line, count, i, along, here)
    return i, max(along, 0.0)


@inner
def _drive(line, count, hint, f, d, road, lane, style, seen):
    """(steering to the right, gas or minus brake) of one car; ``seen`` (2, COLUMNS) is room to work in."""
    x, y = np.float64(f[CX, lane]), np.float64(f[CY, lane])
    speed = math.hypot(np.float64(f[VX, lane]), np.float64(f[VY, lane]))
    here, there = seen[0], seen[1]
    i, along = _aim(line, count, hint, x, y, here)
    line_x, line_y = here[AHEAD_X], here[AHEAD_Y]
    aside = line_x * (y - here[Y]) - line_y * (x - here[X])
    course_x, course_y = _course(f, lane, speed)
    across = math.atan2(line_x * course_y - line_y * course_x, line_x * course_x + line_y * course_y)

    reach = style.reach + style.reach_time * speed
    _look(line, count, i, along + style.bend_ahead * speed, there)
    back = min(max(aside, -reach), reach) / (reach * reach) + 2.0 * style.damping * across / reach
    bend = there[BEND] - back
    turn = math.atan(WHEELBASE * bend) + 1e-4 * style.understeer * bend * speed * speed
    turn += style.yaw * (speed * bend - np.float64(f[SPIN, lane]))

    _look(line, count, i, along + style.speed_ahead * speed, there)
    wanted = there[SPEED]
    wanted /= 1.0 + style.caution * (abs(aside) / 5.0 + abs(across))
    if abs(across) > _ASTRAY:
        wanted = min(wanted, _TURNING)
    acceleration = style.urge * (wanted - speed)
    grip = _grip_left(f, d, road, lane, abs(bend) * speed * speed * MASS / 4.0)
    return -min(max(turn, -MOST_STEERING), MOST_STEERING), _pedals(acceleration, grip, style)


@compiled
def drive_cars(cars, tracks, lines, counts, style, actions):
    """Write the actions (N, 2) of all cars on tracks whose ``lines`` (G, rows, COLUMNS) have ``counts`` (G,) rows.

    A pure function of the cars' state: nothing is remembered from one call to the next.
    """
    seen = np.empty((2, COLUMNS))
    for car in range(len(cars.group)):
        block, lane, group = car // LANES, car % LANES, cars.group[car]
        count = counts[group]
        if count == 0:
            continue
        hint = cars.position[car] % tracks.tiles[group]
        bodies, drives, road = cars.bodies[block], cars.drives[block], cars.road[block]
        steering, pedal = _drive(lines[group], count, hint, bodies, drives, road, lane, style, seen)
        actions[car, 0] = steering
        actions[car, 1] = pedal
