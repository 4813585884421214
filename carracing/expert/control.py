"""Control."""

from __future__ import annotations

import math

import numpy as np

from carracing.expert.line import BEND, PLACE, SPEED, TX, TY, X, Y
from carracing.simulator.body import WHEEL_RADIUS
from carracing.simulator.compiled import compiled, inner
from carracing.simulator.lanes import LANES
from carracing.simulator.layout import ANGLE, BODY_ROWS, COS, CX, CY, OMEGA, SIN, SPIN, VX, VY

WHEELBASE = 162 * 0.02
TYRE = 400.0
GRASS = 240.0
STIFF = 82.0
MASS = 7.302


@inner
def _nearest(line, m, x, y, hint):
    best, least = hint, 1e18
    for offset in range(-25, 26):
        i = (hint + offset) % m
        dd = (line[i, X] - x) ** 2 + (line[i, Y] - y) ** 2
        if dd < least:
            best, least = i, dd
    if least > 400.0:
        for i in range(m):
            dd = (line[i, X] - x) ** 2 + (line[i, Y] - y) ** 2
            if dd < least:
                best, least = i, dd
    return best


@inner
def _further(line, m, i, distance):
    while distance > 0:
        j = (i + 1) % m
        distance -= math.hypot(line[j, X] - line[i, X], line[j, Y] - line[i, Y])
        i = j
    return i


@inner
def _at(line, m, i, distance, column):
    """Value of ``column`` so far beyond point i, linear between points."""
    for _ in range(64):
        j = (i + 1) % m
        h = max(math.hypot(line[j, X] - line[i, X], line[j, Y] - line[i, Y]), 1e-6)
        if distance <= h:
            t = max(distance, 0.0) / h
            return line[i, column] * (1 - t) + line[j, column] * t
        distance -= h
        i = j
    return line[i, column]


@inner
def _drive(line, m, hint, f, d, road, lane, s, out):
    x, y = np.float64(f[CX, lane]), np.float64(f[CY, lane])
    vx, vy = np.float64(f[VX, lane]), np.float64(f[VY, lane])
    hx, hy = -np.float64(f[SIN, lane]), np.float64(f[COS, lane])
    spin = np.float64(f[SPIN, lane])
    v = math.hypot(vx, vy)
    # course
    cx, cy = hx, hy
    if v > 1.0:
        t = min((v - 1.0) / 4.0, 1.0)
        cx, cy = (1 - t) * hx + t * vx / v, (1 - t) * hy + t * vy / v
        length = max(math.hypot(cx, cy), 1e-6)
        cx, cy = cx / length, cy / length
    # predicted
    turn = spin * s.ahead
    qx, qy = x + v * s.ahead * (cx - 0.5 * turn * cy), y + v * s.ahead * (cy + 0.5 * turn * cx)
    px, py = cx - turn * cy, cy + turn * cx
    length = math.hypot(px, py)
    px, py = px / length, py / length
    i = _nearest(line, m, qx, qy, hint)
    tx, ty = line[i, TX], line[i, TY]
    along = (qx - line[i, X]) * tx + (qy - line[i, Y]) * ty
    if along < 0:
        i = (i - 1) % m
        tx, ty = line[i, TX], line[i, TY]
        along = (qx - line[i, X]) * tx + (qy - line[i, Y]) * ty
    tx, ty = _at(line, m, i, along, TX), _at(line, m, i, along, TY)
    length = max(math.hypot(tx, ty), 1e-6)
    tx, ty = tx / length, ty / length
    lx, ly = _at(line, m, i, along, X), _at(line, m, i, along, Y)
    off = tx * (qy - ly) - ty * (qx - lx)
    skew = math.atan2(tx * py - ty * px, tx * px + ty * py)
    reach = s.reach + s.reach_time * v
    bend = _at(line, m, i, along + v * s.bend_ahead, BEND)
    want = bend - 2 * s.damping * skew / reach - min(max(off, -reach), reach) / (reach * reach)
    rate = v * want
    steer = math.atan(WHEELBASE * want) + s.understeer * 1e-4 * want * v * v + s.yaw * (rate - spin)
    steer = min(max(steer, -0.4), 0.4)
    # speed
    target = _at(line, m, i, along + v * s.speed_ahead, SPEED)
    target = min(target, target / (1 + s.caution * (abs(off) / 5.0 + abs(skew))))
    if abs(skew) > 0.8:
        target = min(target, 15.0 + 0.0 * v)
    # tyres
    limit = 1e9
    slip = -1e9
    omega = 0.0
    for wheel in range(4):
        row = (wheel + 1) * BODY_ROWS
        sine, cosine = np.float64(f[row + SIN, lane]), np.float64(f[row + COS, lane])
        wx, wy = np.float64(f[row + VX, lane]), np.float64(f[row + VY, lane])
        ahead, across = -sine * wx + cosine * wy, cosine * wx + sine * wy
        size = TYRE if road[wheel, lane] else GRASS
        sideways = min(STIFF * abs(across), 0.98 * size)
        bendy = min(abs(rate * v) * MASS / 4.0, 0.98 * size)
        sideways = max(sideways, bendy)
        if wheel >= 2:
            limit = min(limit, math.sqrt(size * size - sideways * sideways))
            w = d[OMEGA + wheel, lane]
            slip = max(slip, w * WHEEL_RADIUS - ahead)
            omega = max(omega, abs(w))
    force = s.urge * (target - v) * MASS
    if force >= 0:
        each = min(force / 2, s.tyre * limit)
        gas = each * 1.35e-5 * (omega + 5)
        excess = slip - each / STIFF
        gas -= s.slip_gain * max(excess, 0.0) / WHEEL_RADIUS * (omega + 5) / 500
        out[1] = min(max(gas, 0.0), 1.0)
    else:
        each = min(-force / 4, s.brake_tyre * limit)
        out[1] = -min(each / 2222.0, 0.19)
    out[0] = -steer


@compiled
def drive_cars(cars, tracks, lines, lengths, style, out):
    out_one = np.zeros(2)
    for car in range(len(cars.group)):
        block, lane, group = car // LANES, car % LANES, cars.group[car]
        m, tiles = lengths[group], tracks.tiles[group]
        if m == 0:
            continue
        hint = (cars.position[car] % tiles) * m // tiles
        _drive(lines[group], m, hint, cars.bodies[block], cars.drives[block], cars.road[block], lane, style, out_one)
        out[car, 0] = out_one[0]
        out[car, 1] = out_one[1]
