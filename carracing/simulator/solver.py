"""One Box2D 2.3 world step of a block of cars, in float32 and in Box2D's order of operations.

A car is five bodies held by four revolute joints with motors and limits, and nothing ever pushes it: tiles are
sensors. What is left of Box2D is b2Island::Solve and b2RevoluteJoint (Box2D 2.3.1): joints in the order 3, 2, 1, 0,
sequential impulses, then nonlinear Gauss-Seidel on positions, then the test for sleep. A wheel's joint sits at its
centre of mass, so the terms with that lever are zero and left out; no other term is.
"""

from __future__ import annotations

import numpy as np

from carracing.simulator.body import ANCHORS, HULL, WHEEL
from carracing.simulator.compiled import inlined, inner
from carracing.simulator.lanes import any_lane, floats, load, magnitude, root, select, store
from carracing.simulator.layout import (
    ANGLE,
    BODIES,
    BODY_ROWS,
    COS,
    CX,
    CY,
    FORCE_X,
    FORCE_Y,
    IMPULSE_LIMIT,
    IMPULSE_MOTOR,
    IMPULSE_X,
    IMPULSE_Y,
    JOINT_ROWS,
    JOINTS,
    LIMIT,
    MOTOR_SPEED,
    PX,
    PY,
    SIN,
    SLEEP,
    SPIN,
    VX,
    VY,
)
from carracing.simulator.rules import FRAME_SECONDS, POSITION_ITERATIONS, VELOCITY_ITERATIONS
from carracing.simulator.trigonometry import sin_cos

_f = np.float32
STEP = _f(FRAME_SECONDS)
_PI = _f(3.14159265359)
LINEAR_SLOP = _f(0.005)
ANGULAR_SLOP = _f(2.0) / _f(180.0) * _PI
MAX_ANGULAR_CORRECTION = _f(8.0) / _f(180.0) * _PI
MAX_TRANSLATION = _f(2.0)
"""Furthest a body moves in one frame, in units: 100 units per second is the top speed."""
MAX_ROTATION = _f(0.5) * _PI
SECONDS_TO_SLEEP = _f(0.5)
LINEAR_SLEEP_TOLERANCE = _f(0.01)
ANGULAR_SLEEP_TOLERANCE = _f(2.0) / _f(180.0) * _PI
"""Box2D's settings (b2Settings.h)."""
UPPER_ANGLE = _f(+0.4)
LOWER_ANGLE = _f(-0.4)
MAX_MOTOR_IMPULSE = STEP * _f(180 * 900 * 0.02 * 0.02)
"""Of the wheels' joints (car_dynamics.py), the torque times the time of a frame."""
MA, IA = HULL.inverse_mass, HULL.inverse_inertia
MB, IB = WHEEL.inverse_mass, WHEEL.inverse_inertia
CENTRE_X, CENTRE_Y = HULL.centre
LEVERS = ANCHORS - HULL.centre
"""(4, 2) float32: joints seen from the hull's centre of mass, unrotated."""
MOTOR_MASS = _f(1) / (IA + IB)
_MASS = MA + MB
_INERTIA = IA + IB


@inlined
def _clamp(x, low, high):
    x = select(x < high, x, high)
    return select(low > x, low, x)


@inlined
def _motor(wa, wb, impulse, speed):
    """Turn the wheel towards its motor's speed; (wa, wb, accumulated impulse)."""
    wanted = impulse + -floats(MOTOR_MASS) * ((wb - wa) - speed)
    total = _clamp(wanted, floats(-MAX_MOTOR_IMPULSE), floats(MAX_MOTOR_IMPULSE))
    change = total - impulse
    return wa - floats(IA) * change, wb + floats(IB) * change, total


@inlined
def _levers(cosine, sine, wheel):
    """A joint's place from the hull's centre of mass, rotated."""
    x, y = floats(LEVERS[wheel, 0]), floats(LEVERS[wheel, 1])
    return cosine * x - sine * y, sine * x + cosine * y


@inlined
def _inverse(rx, ry):
    """Entries 11, 12, 22 of a joint's mass matrix, and one over its determinant."""
    k11 = floats(_MASS) + ry * ry * floats(IA)
    k12 = -ry * rx * floats(IA)
    k22 = floats(_MASS) + rx * rx * floats(IA)
    determinant = k11 * k22 - k12 * k12
    return k11, k12, k22, select(determinant == floats(0.0), determinant, floats(1.0) / determinant)


@inlined
def _free_joint(vax, vay, wa, vbx, vby, wb, ix, iy, im, rx, ry, speed):
    """One velocity iteration of a joint between its limits."""
    wa, wb, im = _motor(wa, wb, im, speed)
    k11, k12, k22, inverse = _inverse(rx, ry)
    cx = (vbx - vax) - -wa * ry
    cy = (vby - vay) - wa * rx
    px = inverse * (k22 * -cx - k12 * -cy)
    py = inverse * (k11 * -cy - k12 * -cx)
    vax = vax - floats(MA) * px
    vay = vay - floats(MA) * py
    wa = wa - floats(IA) * (rx * py - ry * px)
    vbx = vbx + floats(MB) * px
    vby = vby + floats(MB) * py
    return vax, vay, wa, vbx, vby, wb, ix + px, iy + py, im


@inlined
def _limited_joint(vax, vay, wa, vbx, vby, wb, ix, iy, iz, im, rx, ry, speed, limit):
    """One velocity iteration of a joint that may be at a limit (``limit`` -1, 0 or 1 in each lane)."""
    zero = floats(0.0)
    wa, wb, im = _motor(wa, wb, im, speed)
    k11, k12, k22, inverse = _inverse(rx, ry)
    k13 = -ry * floats(IA)
    k23 = rx * floats(IA)
    k33 = floats(_INERTIA)
    cx = (vbx - vax) - -wa * ry
    cy = (vby - vay) - wa * rx
    cz = wb - wa
    # solve the 3 by 3 system: cross(ey, ez) first
    ax = k22 * k33 - k23 * k23
    ay = k23 * k13 - k12 * k33
    az = k12 * k23 - k22 * k13
    determinant = k11 * ax + k12 * ay + k13 * az
    inverse3 = select(determinant == zero, determinant, floats(1.0) / determinant)
    px = -(inverse3 * (cx * ax + cy * ay + cz * az))
    bx = cy * k33 - cz * k23
    by = cz * k13 - cx * k33
    bz = cx * k23 - cy * k13
    py = -(inverse3 * (k11 * bx + k12 * by + k13 * bz))
    dx = k22 * cz - k23 * cy
    dy = k23 * cx - k12 * cz
    dz = k12 * cy - k22 * cx
    pz = -(inverse3 * (k11 * dx + k12 * dy + k13 * dz))
    total = iz + pz
    releases = select(limit < zero, total, -total) < zero
    reduced = releases | (limit == zero)
    qx = -cx + iz * k13
    qy = -cy + iz * k23
    px = select(reduced, inverse * (k22 * qx - k12 * qy), px)
    py = select(reduced, inverse * (k11 * qy - k12 * qx), py)
    pz = select(reduced, -iz, pz)
    iz = select(reduced, zero, total)
    vax = vax - floats(MA) * px
    vay = vay - floats(MA) * py
    wa = wa - floats(IA) * ((rx * py - ry * px) + pz)
    vbx = vbx + floats(MB) * px
    vby = vby + floats(MB) * py
    wb = wb + floats(IB) * (zero + pz)
    return vax, vay, wa, vbx, vby, wb, ix + px, iy + py, iz, im


@inner
def _start_velocities(f, live):
    """Apply forces, find which joints are at a limit, warm start; velocities stay in ``f``. Returns any limit."""
    zero = floats(0.0)
    h = floats(STEP)
    for wheel in range(4):
        body = (wheel + 1) * BODY_ROWS
        joint = JOINTS + wheel * JOINT_ROWS
        vx = load(f, body + VX)
        vy = load(f, body + VY)
        store(f, body + VX, select(live, vx + h * (floats(MB) * load(f, joint + FORCE_X)), vx))
        store(f, body + VY, select(live, vy + h * (floats(MB) * load(f, joint + FORCE_Y)), vy))
    vax, vay, wa = load(f, VX), load(f, VY), load(f, SPIN)
    cosine, sine = load(f, COS), load(f, SIN)
    limited = live & ~live
    for i in range(4):
        wheel = 3 - i
        body = (wheel + 1) * BODY_ROWS
        joint = JOINTS + wheel * JOINT_ROWS
        rx, ry = _levers(cosine, sine, wheel)
        angle = load(f, body + ANGLE) - load(f, ANGLE)
        lower = angle <= floats(LOWER_ANGLE)
        upper = ~lower & (angle >= floats(UPPER_ANGLE))
        limit = select(lower, floats(-1.0), select(upper, floats(1.0), zero))
        before = load(f, joint + LIMIT)
        iz = load(f, joint + IMPULSE_LIMIT)
        iz = select((limit == before) & (lower | upper), iz, zero)
        store(f, joint + IMPULSE_LIMIT, select(live, iz, load(f, joint + IMPULSE_LIMIT)))
        store(f, joint + LIMIT, select(live, limit, before))
        limited = limited | (live & (lower | upper))
        ix, iy, im = load(f, joint + IMPULSE_X), load(f, joint + IMPULSE_Y), load(f, joint + IMPULSE_MOTOR)
        vax = vax - floats(MA) * ix
        vay = vay - floats(MA) * iy
        wa = wa - floats(IA) * (((rx * iy - ry * ix) + im) + iz)
        vbx, vby, wb = load(f, body + VX), load(f, body + VY), load(f, body + SPIN)
        store(f, body + VX, select(live, vbx + floats(MB) * ix, vbx))
        store(f, body + VY, select(live, vby + floats(MB) * iy, vby))
        store(f, body + SPIN, select(live, wb + floats(IB) * ((zero + im) + iz), wb))
    store(f, VX, select(live, vax, load(f, VX)))
    store(f, VY, select(live, vay, load(f, VY)))
    store(f, SPIN, select(live, wa, load(f, SPIN)))
    return any_lane(limited)


@inner
def _solve_free(f, live):
    """All velocity iterations where every joint is between its limits."""
    cosine, sine = load(f, COS), load(f, SIN)
    r0x, r0y = _levers(cosine, sine, 0)
    r1x, r1y = _levers(cosine, sine, 1)
    r2x, r2y = _levers(cosine, sine, 2)
    r3x, r3y = _levers(cosine, sine, 3)
    vx, vy, w = load(f, VX), load(f, VY), load(f, SPIN)
    v0x, v0y, w0, i0x, i0y, m0, s0 = _load_wheel(f, 0)
    v1x, v1y, w1, i1x, i1y, m1, s1 = _load_wheel(f, 1)
    v2x, v2y, w2, i2x, i2y, m2, s2 = _load_wheel(f, 2)
    v3x, v3y, w3, i3x, i3y, m3, s3 = _load_wheel(f, 3)
    for _ in range(VELOCITY_ITERATIONS):
        vx, vy, w, v3x, v3y, w3, i3x, i3y, m3 = _free_joint(vx, vy, w, v3x, v3y, w3, i3x, i3y, m3, r3x, r3y, s3)
        vx, vy, w, v2x, v2y, w2, i2x, i2y, m2 = _free_joint(vx, vy, w, v2x, v2y, w2, i2x, i2y, m2, r2x, r2y, s2)
        vx, vy, w, v1x, v1y, w1, i1x, i1y, m1 = _free_joint(vx, vy, w, v1x, v1y, w1, i1x, i1y, m1, r1x, r1y, s1)
        vx, vy, w, v0x, v0y, w0, i0x, i0y, m0 = _free_joint(vx, vy, w, v0x, v0y, w0, i0x, i0y, m0, r0x, r0y, s0)
    store(f, VX, select(live, vx, load(f, VX)))
    store(f, VY, select(live, vy, load(f, VY)))
    store(f, SPIN, select(live, w, load(f, SPIN)))
    _store_wheel(f, 0, live, v0x, v0y, w0, i0x, i0y, m0)
    _store_wheel(f, 1, live, v1x, v1y, w1, i1x, i1y, m1)
    _store_wheel(f, 2, live, v2x, v2y, w2, i2x, i2y, m2)
    _store_wheel(f, 3, live, v3x, v3y, w3, i3x, i3y, m3)


@inlined
def _load_wheel(f, wheel):
    body = (wheel + 1) * BODY_ROWS
    joint = JOINTS + wheel * JOINT_ROWS
    return (
        load(f, body + VX),
        load(f, body + VY),
        load(f, body + SPIN),
        load(f, joint + IMPULSE_X),
        load(f, joint + IMPULSE_Y),
        load(f, joint + IMPULSE_MOTOR),
        load(f, joint + MOTOR_SPEED),
    )


@inlined
def _store_wheel(f, wheel, live, vx, vy, w, ix, iy, im):
    body = (wheel + 1) * BODY_ROWS
    joint = JOINTS + wheel * JOINT_ROWS
    store(f, body + VX, select(live, vx, load(f, body + VX)))
    store(f, body + VY, select(live, vy, load(f, body + VY)))
    store(f, body + SPIN, select(live, w, load(f, body + SPIN)))
    store(f, joint + IMPULSE_X, select(live, ix, load(f, joint + IMPULSE_X)))
    store(f, joint + IMPULSE_Y, select(live, iy, load(f, joint + IMPULSE_Y)))
    store(f, joint + IMPULSE_MOTOR, select(live, im, load(f, joint + IMPULSE_MOTOR)))


@inner
def _solve_limited(f, live):
    """All velocity iterations where some joint of some lane is at a limit."""
    cosine, sine = load(f, COS), load(f, SIN)
    vax, vay, wa = load(f, VX), load(f, VY), load(f, SPIN)
    for _ in range(VELOCITY_ITERATIONS):
        for i in range(4):
            wheel = 3 - i
            joint = JOINTS + wheel * JOINT_ROWS
            rx, ry = _levers(cosine, sine, wheel)
            vbx, vby, wb, ix, iy, im, speed = _load_wheel(f, wheel)
            iz = load(f, joint + IMPULSE_LIMIT)
            limit = load(f, joint + LIMIT)
            vax, vay, wa, vbx, vby, wb, ix, iy, jz, im = _limited_joint(
                vax, vay, wa, vbx, vby, wb, ix, iy, iz, im, rx, ry, speed, limit
            )
            _store_wheel(f, wheel, live, vbx, vby, wb, ix, iy, im)
            store(f, joint + IMPULSE_LIMIT, select(live, jz, iz))
    store(f, VX, select(live, vax, load(f, VX)))
    store(f, VY, select(live, vay, load(f, VY)))
    store(f, SPIN, select(live, wa, load(f, SPIN)))


@inner
def _move(f, live):
    """Integrate positions at capped speeds."""
    h = floats(STEP)
    one = floats(1.0)
    for b in range(BODIES):
        body = b * BODY_ROWS
        vx, vy, w = load(f, body + VX), load(f, body + VY), load(f, body + SPIN)
        tx, ty = h * vx, h * vy
        square = tx * tx + ty * ty
        fast = square > floats(MAX_TRANSLATION * MAX_TRANSLATION)
        ratio = select(fast, floats(MAX_TRANSLATION) / root(square), one)
        vx, vy = select(fast, vx * ratio, vx), select(fast, vy * ratio, vy)
        turn = h * w
        fast = turn * turn > floats(MAX_ROTATION * MAX_ROTATION)
        w = select(fast, w * (floats(MAX_ROTATION) / magnitude(turn)), w)
        cx, cy, angle = load(f, body + CX), load(f, body + CY), load(f, body + ANGLE)
        store(f, body + CX, select(live, cx + h * vx, cx))
        store(f, body + CY, select(live, cy + h * vy, cy))
        store(f, body + ANGLE, select(live, angle + h * w, angle))
        store(f, body + VX, select(live, vx, load(f, body + VX)))
        store(f, body + VY, select(live, vy, load(f, body + VY)))
        store(f, body + SPIN, select(live, w, load(f, body + SPIN)))


@inner
def _limit_correction(angle, limit):
    """(impulse, error) that bring a joint back inside its limits."""
    zero = floats(0.0)
    lower = limit < zero
    upper = limit > zero
    below = angle - floats(LOWER_ANGLE)
    above = angle - floats(UPPER_ANGLE)
    back = _clamp(below + floats(ANGULAR_SLOP), floats(-MAX_ANGULAR_CORRECTION), zero)
    back = select(upper, _clamp(above - floats(ANGULAR_SLOP), zero, floats(MAX_ANGULAR_CORRECTION)), back)
    error = select(lower, -below, select(upper, above, zero))
    return select(lower | upper, -floats(MOTOR_MASS) * back, zero), error


@inner
def _correct_joint(f, wheel, limited, cax, cay, aa, moving):
    """One position iteration of a joint; the hull's (x, y, angle) and the lanes where the joint was in place."""
    body = (wheel + 1) * BODY_ROWS
    cbx, cby, ab = load(f, body + CX), load(f, body + CY), load(f, body + ANGLE)
    angular_error = floats(0.0)
    if limited:
        impulse, angular_error = _limit_correction(ab - aa, load(f, JOINTS + wheel * JOINT_ROWS + LIMIT))
        aa = aa - floats(IA) * impulse
        store(f, body + ANGLE, select(moving, ab + floats(IB) * impulse, ab))
    sine, cosine = sin_cos(aa)
    rx, ry = _levers(cosine, sine, wheel)
    cx = cbx - cax - rx
    cy = cby - cay - ry
    k11 = floats(_MASS) + floats(IA) * ry * ry
    k12 = -floats(IA) * rx * ry
    k22 = floats(_MASS) + floats(IA) * rx * rx
    determinant = k11 * k22 - k12 * k12
    inverse = select(determinant == floats(0.0), determinant, floats(1.0) / determinant)
    px = -(inverse * (k22 * cx - k12 * cy))
    py = -(inverse * (k11 * cy - k12 * cx))
    store(f, body + CX, select(moving, cbx + floats(MB) * px, cbx))
    store(f, body + CY, select(moving, cby + floats(MB) * py, cby))
    good = (root(cx * cx + cy * cy) <= floats(LINEAR_SLOP)) & (angular_error <= floats(ANGULAR_SLOP))
    return (
        cax - floats(MA) * px,
        cay - floats(MA) * py,
        aa - floats(IA) * (rx * py - ry * px),
        good,
    )


@inner
def _correct(f, limited, live):
    """Position iterations, each lane until its joints are in place; the lanes that got there."""
    moving = live
    for _ in range(POSITION_ITERATIONS):
        cx, cy, angle = load(f, CX), load(f, CY), load(f, ANGLE)
        x, y, a, good = _correct_joint(f, 3, limited, cx, cy, angle, moving)
        x, y, a, good2 = _correct_joint(f, 2, limited, x, y, a, moving)
        x, y, a, good1 = _correct_joint(f, 1, limited, x, y, a, moving)
        x, y, a, good0 = _correct_joint(f, 0, limited, x, y, a, moving)
        store(f, CX, select(moving, x, cx))
        store(f, CY, select(moving, y, cy))
        store(f, ANGLE, select(moving, a, angle))
        moving = moving & ~(good & good2 & good1 & good0)
        if not any_lane(moving):
            break
    return live & ~moving


@inner
def place(f, live):
    """Set sines, cosines and origins from centres and angles (b2Body::SynchronizeTransform)."""
    for b in range(BODIES):
        body = b * BODY_ROWS
        sine, cosine = sin_cos(load(f, body + ANGLE))
        store(f, body + SIN, select(live, sine, load(f, body + SIN)))
        store(f, body + COS, select(live, cosine, load(f, body + COS)))
        x, y = load(f, body + CX), load(f, body + CY)
        if b == 0:
            x = x - (cosine * floats(CENTRE_X) - sine * floats(CENTRE_Y))
            y = y - (sine * floats(CENTRE_X) + cosine * floats(CENTRE_Y))
        store(f, body + PX, select(live, x, load(f, body + PX)))
        store(f, body + PY, select(live, y, load(f, body + PY)))


@inner
def _sleep(f, solved, live):
    """Count how long each body rests; a car whose bodies all rested half a second stops dead."""
    zero = floats(0.0)
    least = floats(np.float32(3.4e38))
    for b in range(BODIES):
        body = b * BODY_ROWS
        vx, vy, w = load(f, body + VX), load(f, body + VY), load(f, body + SPIN)
        awake = (w * w > floats(ANGULAR_SLEEP_TOLERANCE * ANGULAR_SLEEP_TOLERANCE)) | (
            vx * vx + vy * vy > floats(LINEAR_SLEEP_TOLERANCE * LINEAR_SLEEP_TOLERANCE)
        )
        rest = select(awake, zero, load(f, body + SLEEP) + floats(STEP))
        store(f, body + SLEEP, select(live, rest, load(f, body + SLEEP)))
        least = select(rest < least, rest, least)
    asleep = live & solved & (least >= floats(SECONDS_TO_SLEEP))
    if not any_lane(asleep):
        return
    for b in range(BODIES):
        body = b * BODY_ROWS
        for row in (VX, VY, SPIN, SLEEP):
            store(f, body + row, select(asleep, zero, load(f, body + row)))


@inner
def solve(f, live):
    """Advance the live lanes of a block by one frame, from the forces and motor speeds in ``f``."""
    limited = _start_velocities(f, live)
    if limited:
        _solve_limited(f, live)
    else:
        _solve_free(f, live)
    _move(f, live)
    solved = _correct(f, limited, live)
    place(f, live)
    _sleep(f, solved, live)
