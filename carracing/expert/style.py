"""How the scripted driver drives: every number it is made of."""

from __future__ import annotations

from typing import NamedTuple


class Style(NamedTuple):
    room: float
    shortness: float
    sharpness: float
    grip: float
    brake: float
    top: float
    ahead: float
    bend_ahead: float
    reach: float
    reach_time: float
    damping: float
    understeer: float
    yaw: float
    speed_ahead: float
    urge: float
    tyre: float
    brake_tyre: float
    slip_gain: float
    caution: float


DEFAULT = Style(
    room=4.5,
    shortness=0.001,
    sharpness=0.0,
    grip=160.0,
    brake=130.0,
    top=98.0,
    ahead=0.04,
    bend_ahead=0.02,
    reach=4.0,
    reach_time=0.12,
    damping=1.0,
    understeer=0.0,
    yaw=0.05,
    speed_ahead=0.06,
    urge=10.0,
    tyre=0.8,
    brake_tyre=0.8,
    slip_gain=0.5,
    caution=0.0,
)
