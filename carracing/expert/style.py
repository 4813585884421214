"""How the scripted driver drives: every number it is made of, and the values a search found.

The search was CMA-ES (Hansen, "The CMA evolution strategy: a tutorial", 2016) over the mean return on tracks of
seeds 500,000 to 500,191, from a hand-made guess, for frame skips 1 and 4. It was done once and is no part of this
program: any optimiser of ``ScriptedDriver(simulator, style)`` can do it again. Grip and braking were then taken back
until no lap of seeds 601,000 to 601,199 went wrong. ``racetui eval expert`` scores the result, on tracks of neither.
"""

from __future__ import annotations

from typing import NamedTuple


class Style(NamedTuple):
    """Settings of the racing line, its speeds, the steering and the pedals."""

    room: float
    """How far the line may leave the centre, in units; half the road's width is 6.7, half the car's 1.4."""
    shortness: float
    """Weight of a short line against a straight one."""
    sharpness: float
    """How much more sharp bends count than gentle ones; 0 not at all."""
    grip: float
    """Sideways acceleration that speeds are planned for, in units/s²; the tyres manage 219."""
    braking: float
    """Deceleration that speeds are planned for, in units/s²."""
    bend_ahead: float
    """Seconds ahead at which the line's bend is looked up."""
    reach: float
    """Distance within which the car returns to the line, in units."""
    reach_time: float
    """The same that comes on top, in seconds of driving."""
    damping: float
    """How strongly the car turns to go along the line; 1 returns to it without crossing."""
    understeer: float
    """Steering beyond what a bend needs at walking pace: radians per 10⁴ units/s² of sideways acceleration."""
    yaw: float
    """Steering against yaw that is not wanted, in radians per radian/s."""
    speed_ahead: float
    """Seconds ahead at which the line's speed is looked up."""
    urge: float
    """Acceleration for each unit/s that the speed is off, in 1/s."""
    tyre: float
    """Share of what bends leave of the rear tyres' grip that is accelerated with."""
    brake_tyre: float
    """The same for all tyres and braking."""
    slip: float
    """How strongly gas is taken back for each unit/s that the rear wheels spin more than intended."""
    caution: float
    """How much slower to drive off the line: share per 5 units beside it, and per radian across it."""


EVERY_FRAME = Style(
    room=5.14,
    shortness=5.87e-05,
    sharpness=0.543,
    grip=240.0,
    braking=145.0,
    bend_ahead=0.0943,
    reach=5.41,
    reach_time=0.12,
    damping=0.984,
    understeer=4.71,
    yaw=0.0372,
    speed_ahead=0.146,
    urge=9.24,
    tyre=1.0,
    brake_tyre=1.0,
    slip=0.484,
    caution=0.0757,
)
"""For drivers that act every frame or two."""
EVERY_FOURTH = Style(
    room=3.9,
    shortness=8.76e-05,
    sharpness=1.06,
    grip=220.0,
    braking=130.0,
    bend_ahead=0.0863,
    reach=6.6,
    reach_time=0.174,
    damping=0.947,
    understeer=1.94,
    yaw=0.0343,
    speed_ahead=0.145,
    urge=5.12,
    tyre=0.901,
    brake_tyre=1.0,
    slip=0.581,
    caution=0.149,
)
"""For those that act every third or fourth frame."""
SELDOM = EVERY_FOURTH._replace(grip=190.0, braking=100.0)
"""For those that act every fifth to sixth frame."""
RARELY = EVERY_FOURTH._replace(grip=150.0, braking=80.0, caution=0.2)
"""For all others."""


def style_for(frame_skip: int) -> Style:
    """The style for a driver that acts every ``frame_skip`` frames."""
    for most, style in ((2, EVERY_FRAME), (4, EVERY_FOURTH), (6, SELDOM)):
        if frame_skip <= most:
            return style
    return RARELY
