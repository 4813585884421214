"""What the driver and the tyres do in one frame, in float64, as ``Car.step`` of car_dynamics.py (Gymnasium 1.4.0)."""

from __future__ import annotations

from carracing.simulator.body import SIZE, WHEEL_RADIUS
from carracing.simulator.compiled import inlined, inner
from carracing.simulator.lanes import (
    doubles,
    floats,
    load,
    magnitude,
    root,
    select,
    store,
    to_doubles,
    to_floats,
)
from carracing.simulator.layout import (
    ANGLE,
    BODY_ROWS,
    BRAKE,
    COS,
    FORCE_X,
    FORCE_Y,
    GAS,
    JOINT_ROWS,
    JOINTS,
    MOTOR_SPEED,
    OMEGA,
    PHASE,
    SIN,
    STEER,
    VX,
    VY,
)
from carracing.simulator.rules import FRAME_SECONDS

ENGINE_POWER = 100000000 * SIZE * SIZE
WHEEL_MOMENT_OF_INERTIA = 4000 * SIZE * SIZE
FRICTION_LIMIT = 1000000 * SIZE * SIZE
GRASS_FRICTION = FRICTION_LIMIT * 0.6
STIFFNESS = 205000 * SIZE * SIZE
"""Force per unit of slip speed, below the friction limit."""
BRAKE_FORCE = 15
"""Radians per second that a full brake takes from a wheel each frame."""
BLOCKING_BRAKE = 0.9
"""From here on the brake stops a wheel at once."""
STEERING_RATE = 3.0
"""Fastest the front wheels turn, radians per second."""


@inlined
def _sign(x):
    zero = doubles(0.0)
    return select(x > zero, doubles(1.0), select(x < zero, doubles(-1.0), zero))


@inlined
def _braked(omega, brake):
    """A wheel's rolling speed after the brake."""
    bite = doubles(float(BRAKE_FORCE)) * brake
    bite = select(magnitude(bite) > magnitude(omega), magnitude(omega), bite)
    slowed = select(brake > doubles(0.0), omega + (-_sign(omega)) * bite, omega)
    return select(brake < doubles(BLOCKING_BRAKE), slowed, doubles(0.0))


@inner
def drive(f, d, road, wheel, live):
    """Steer, roll and grip of one wheel of a block: motor speed and tyre force into ``f``, its roll into ``d``."""
    body = (wheel + 1) * BODY_ROWS
    joint = JOINTS + wheel * JOINT_ROWS
    front = wheel < 2
    steer = load(d, STEER) if front else doubles(0.0)
    turn = steer - to_doubles((load(f, body + ANGLE) - load(f, ANGLE)) - floats(0.0))
    rate = doubles(50.0) * magnitude(turn)
    rate = select(rate < doubles(STEERING_RATE), rate, doubles(STEERING_RATE))
    store(f, joint + MOTOR_SPEED, select(live, to_floats(_sign(turn) * rate), load(f, joint + MOTOR_SPEED)))

    limit = select(load(road, wheel), doubles(FRICTION_LIMIT), doubles(GRASS_FRICTION))
    cosine = to_doubles(load(f, body + COS))
    sine = to_doubles(load(f, body + SIN))
    vx = to_doubles(load(f, body + VX))
    vy = to_doubles(load(f, body + VY))
    forward = -sine * vx + cosine * vy
    sideways = cosine * vx + sine * vy

    before = load(d, OMEGA + wheel)
    gas = doubles(0.0) if front else load(d, GAS)
    omega = before + doubles(FRAME_SECONDS) * doubles(ENGINE_POWER) * gas / doubles(WHEEL_MOMENT_OF_INERTIA) / (
        magnitude(before) + doubles(5.0)
    )
    omega = _braked(omega, load(d, BRAKE))
    phase = load(d, PHASE + wheel)
    store(d, PHASE + wheel, select(live, phase + omega * doubles(FRAME_SECONDS), phase))

    along = (-forward + omega * doubles(WHEEL_RADIUS)) * doubles(STIFFNESS)
    across = -sideways * doubles(STIFFNESS)
    force = root(along * along + across * across)
    slips = magnitude(force) > limit
    along = select(slips, along / force * limit, along)
    across = select(slips, across / force * limit, across)
    omega = omega - doubles(FRAME_SECONDS) * along * doubles(WHEEL_RADIUS) / doubles(WHEEL_MOMENT_OF_INERTIA)
    store(d, OMEGA + wheel, select(live, omega, before))
    force_x, force_y = to_floats(across * cosine + along * -sine), to_floats(across * sine + along * cosine)
    store(f, joint + FORCE_X, select(live, force_x, load(f, joint + FORCE_X)))
    store(f, joint + FORCE_Y, select(live, force_y, load(f, joint + FORCE_Y)))
