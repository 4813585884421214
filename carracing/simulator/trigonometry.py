"""Sine and cosine of float32 lanes, equal bit for bit to the C library's ``sinf`` and ``cosf`` that Box2D calls.

The method is that of ARM's optimized-routines, which glibc uses since 2.28 (sysdeps/ieee754/flt-32/s_sincosf.h):
one multiply-subtract reduces the angle to a quadrant, then a polynomial in float64. Whether products are fused
decides rare last bits (17 of the 2.2 thousand million angles below 120 radians): glibc fuses where the processor
can, so this does too. With another C library every lane calls the library itself, which is slower and always equal.
"""

from __future__ import annotations

import math
import platform

import llvmlite.binding

from carracing.simulator.compiled import inlined, inner
from carracing.simulator.lanes import (
    LANES,
    any_lane,
    doubles,
    floats,
    fused,
    ints,
    ints_to_doubles,
    lane_of,
    magnitude,
    select,
    to_doubles,
    to_floats,
    to_ints,
    with_lane,
)

_QUADRANTS_PER_RADIAN = float.fromhex("0x1.45F306DC9C883p+23")  # 2/pi, scaled by 2**24 as glibc does
_HALF_PI = float.fromhex("0x1.921FB54442D18p0")
_COS = [
    float.fromhex(h)
    for h in (
        "0x1p0",
        "-0x1.ffffffd0c621cp-2",
        "0x1.55553e1068f19p-5",
        "-0x1.6c087e89a359dp-10",
        "0x1.99343027bf8c3p-16",
    )
]
_SIN = [float.fromhex(h) for h in ("-0x1.555545995a603p-3", "0x1.1107605230bc4p-7", "-0x1.994eb3774cf24p-13")]
_C0, _C1, _C2, _C3, _C4 = _COS
_S1, _S2, _S3 = _SIN
LARGEST = 119.0
"""Angles of at least this many radians take another reduction in glibc (120): they call the library."""


def _processor_fuses() -> bool:
    """Whether glibc picks its fused variants on this processor."""
    if platform.machine() in {"aarch64", "arm64"}:
        return True
    return bool(llvmlite.binding.get_host_cpu_features().get("fma", False))


GLIBC = platform.libc_ver()[0] == "glibc"
"""Whether lanes are computed together; otherwise each calls the C library."""
FUSES = _processor_fuses()


@inlined
def _add_product(x, y, z):
    """x * y + z as glibc rounds it here."""
    if FUSES:
        return fused(x, y, z)
    return x * y + z


@inner
def _library_sin_cos(angle):
    """The C library's sine and cosine, lane after lane."""
    sine, cosine = angle, angle
    for lane in range(LANES):
        number = lane_of(angle, lane)
        sine = with_lane(sine, lane, math.sin(number))
        cosine = with_lane(cosine, lane, math.cos(number))
    return sine, cosine


@inner
def sin_cos(angle):
    """(sine, cosine) of float32 lanes, each rounded as the C library rounds it."""
    if not GLIBC or any_lane(~(magnitude(angle) < floats(LARGEST))):
        return _library_sin_cos(angle)
    x = to_doubles(angle)
    quadrant = (to_ints(x * doubles(_QUADRANTS_PER_RADIAN)) + ints(0x800000)) >> ints(24)
    x = _add_product(-ints_to_doubles(quadrant), doubles(_HALF_PI), x)
    x2 = x * x
    x3 = x * x2
    x4 = x2 * x2
    s = _add_product(x3, doubles(_S1), x)
    s = _add_product(x3 * x2, _add_product(x2, doubles(_S3), doubles(_S2)), s)
    c = _add_product(x4, doubles(_C2), _add_product(x2, doubles(_C1), doubles(_C0)))
    c = _add_product(x4 * x2, _add_product(x2, doubles(_C4), doubles(_C3)), c)
    sine, cosine = to_floats(s), to_floats(c)
    odd = (quadrant & ints(1)) == ints(1)
    sine, cosine = select(odd, cosine, sine), select(odd, sine, cosine)
    sine = select((quadrant & ints(2)) == ints(2), -sine, sine)
    cosine = select(((quadrant + ints(1)) & ints(2)) == ints(2), -cosine, cosine)
    return sine, cosine
