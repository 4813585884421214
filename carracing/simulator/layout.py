"""Where each quantity of a block of cars is kept: rows of (ROWS, LANES) arrays, one column per car."""

from __future__ import annotations

# float32 rows of body b (0 the hull, 1 to 4 the wheels) begin at b * BODY_ROWS
BODIES = 5
CX, CY = 0, 1
"""Centre of mass."""
ANGLE = 2
VX, VY, SPIN = 3, 4, 5
"""Velocity of the centre of mass, and angular velocity."""
SLEEP = 6
"""Seconds at rest."""
SIN, COS = 7, 8
"""Of the angle."""
PX, PY = 9, 10
"""Origin of the body; for a wheel equal to its centre."""
BODY_ROWS = 11

# float32 rows of wheel joint j (0 to 3) begin at JOINTS + j * JOINT_ROWS
JOINTS = BODIES * BODY_ROWS
IMPULSE_X, IMPULSE_Y, IMPULSE_LIMIT, IMPULSE_MOTOR = 0, 1, 2, 3
"""What the solver applied in the last frame: where the next one starts."""
LIMIT = 4
"""-1 at the lower limit, 1 at the upper, 0 between."""
MOTOR_SPEED = 5
FORCE_X, FORCE_Y = 6, 7
"""Of the tyre on the wheel, this frame."""
JOINT_ROWS = 8
FLOAT_ROWS = JOINTS + 4 * JOINT_ROWS

# float64 rows
STEER, GAS, BRAKE = 0, 1, 2
OMEGA = 3
"""Four rows: how fast each wheel rolls, radians per second."""
PHASE = 7
"""Four rows: how far each wheel has rolled, radians."""
DOUBLE_ROWS = 11
