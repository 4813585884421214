"""How the scripted driver drives: every number it is made of, and the values a search found."""

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
    lead: float
    """Share of the planned deceleration that is braked for before the speed is off."""
    tyre: float
    """Share of what bends leave of the rear tyres' grip that is accelerated with."""
    brake_tyre: float
    """The same for all tyres and braking."""
    slip: float
    """How strongly gas is taken back for each unit/s that the rear wheels spin more than intended."""
    caution: float
    """How much slower to drive off the line: share per 5 units beside it, and per radian across it."""


EVERY_FRAME = Style(
    room=3.496, shortness=0.00059, sharpness=0.838, grip=234.0, braking=45.46, bend_ahead=0.1025, reach=6.406, reach_time=0.1131, damping=0.8036, understeer=2.712, yaw=0.06465, speed_ahead=0.02678, urge=16.59, lead=0.0, tyre=1.0, brake_tyre=0.984, slip=0.5145, caution=0.0)
EVERY_FOURTH = Style(room=3.706, shortness=0.000109, sharpness=1.2, grip=203.75, braking=61.45, bend_ahead=0.11155, reach=3.155, reach_time=0.188, damping=0.996, understeer=2.252, yaw=0.02555, speed_ahead=0.212, urge=11.1, lead=0.0, tyre=1.0, brake_tyre=1.0, slip=0.319, caution=0.0778)


def style_for(frame_skip: int) -> Style:
    """The style for a driver that acts every ``frame_skip`` frames."""
    return EVERY_FRAME if frame_skip < 3 else EVERY_FOURTH
