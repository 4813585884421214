"""Vectors of LANES numbers for compiled code: one lane per car, so that sixteen cars cost little more than one.

``Floats`` (float32), ``Doubles`` (float64), ``Ints`` (int32) and ``Mask`` (bool) exist only inside numba functions.
They take ``+ - * /``, comparisons and ``& | ~`` lane by lane, each operation rounded as IEEE 754 says (nothing is
fused or reordered), so a lane computes the very bits that one scalar computation would.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import ConcreteTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

LANES = 16
"""Cars per block: one 512-bit register of float32, or two of 256 bits; LLVM splits it where registers are smaller."""


class LaneType(types.Type):
    """Numba's type of a vector with one element per lane."""

    def __init__(self, name: str, element: ir.Type) -> None:
        self.element = element
        super().__init__(name=name)

    def __reduce__(self) -> Any:
        return (_by_name, (self.name,))

    @property
    def vector(self) -> ir.VectorType:
        """The LLVM type."""
        return ir.VectorType(self.element, LANES)


class FloatsType(LaneType):
    """float32 lanes."""


class DoublesType(LaneType):
    """float64 lanes."""


class IntsType(LaneType):
    """int32 lanes."""


class MaskType(LaneType):
    """bool lanes."""


Floats = FloatsType("Floats", ir.FloatType())
Doubles = DoublesType("Doubles", ir.DoubleType())
Ints = IntsType("Ints", ir.IntType(32))
Mask = MaskType("Mask", ir.IntType(1))
_TYPES: dict[str, LaneType] = {kind.name: kind for kind in (Floats, Doubles, Ints, Mask)}


def _by_name(name: str) -> LaneType:
    return _TYPES[name]


def _model(kind: LaneType) -> type:
    class LaneModel(models.PrimitiveModel):
        def __init__(self, manager: Any, fe_type: LaneType) -> None:
            super().__init__(manager, fe_type, fe_type.vector)

    register_model(type(kind))(LaneModel)
    return LaneModel


for _kind in _TYPES.values():
    _model(_kind)


def _lane_operator(function: Any, result: LaneType, left: LaneType, emit: Callable[..., Any]) -> None:
    """Teach numba ``function(left, left) -> result``."""

    class Template(ConcreteTemplate):
        cases = [signature(result, left, left)]  # noqa: RUF012

    infer_global(function)(Template)

    @lower_builtin(function, left, left)
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(builder, *args)


def _lane_unary(function: Any, kind: LaneType, emit: Callable[..., Any]) -> None:
    class Template(ConcreteTemplate):
        cases = [signature(kind, kind)]  # noqa: RUF012

    infer_global(function)(Template)

    @lower_builtin(function, kind)
    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return emit(builder, *args)


_COMPARISONS = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}

for _real in (Floats, Doubles):
    _lane_operator(operator.add, _real, _real, lambda b, x, y: b.fadd(x, y))
    _lane_operator(operator.sub, _real, _real, lambda b, x, y: b.fsub(x, y))
    _lane_operator(operator.mul, _real, _real, lambda b, x, y: b.fmul(x, y))
    _lane_operator(operator.truediv, _real, _real, lambda b, x, y: b.fdiv(x, y))
    _lane_unary(operator.neg, _real, lambda b, x: b.fneg(x))
    for _function, _sign in _COMPARISONS.items():
        _lane_operator(_function, Mask, _real, lambda b, x, y, s=_sign: b.fcmp_ordered(s, x, y))

_lane_operator(operator.add, Ints, Ints, lambda b, x, y: b.add(x, y))
_lane_operator(operator.sub, Ints, Ints, lambda b, x, y: b.sub(x, y))
_lane_operator(operator.mul, Ints, Ints, lambda b, x, y: b.mul(x, y))
_lane_operator(operator.or_, Ints, Ints, lambda b, x, y: b.or_(x, y))
_lane_operator(operator.lshift, Ints, Ints, lambda b, x, y: b.shl(x, y))
_lane_operator(operator.and_, Ints, Ints, lambda b, x, y: b.and_(x, y))
_lane_operator(operator.rshift, Ints, Ints, lambda b, x, y: b.ashr(x, y))
for _function, _sign in _COMPARISONS.items():
    _lane_operator(_function, Mask, Ints, lambda b, x, y, s=_sign: b.icmp_signed(s, x, y))
_lane_operator(operator.and_, Mask, Mask, lambda b, x, y: b.and_(x, y))
_lane_operator(operator.or_, Mask, Mask, lambda b, x, y: b.or_(x, y))
_lane_unary(operator.invert, Mask, lambda b, x: b.not_(x))


def _splat(builder: Any, value: Any, kind: LaneType) -> Any:
    zero = ir.Constant(ir.IntType(32), 0)
    one = builder.insert_element(ir.Constant(kind.vector, ir.Undefined), value, zero)
    order = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(kind.vector, ir.Undefined), order)


def _splatter(kind: LaneType, scalar: types.Type) -> Any:
    @intrinsic
    def splat(typing_context: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            number = context.cast(builder, args[0], sig.args[0], scalar)
            return _splat(builder, number, kind)

        return kind(value), codegen

    return splat


floats = _splatter(Floats, types.float32)
"""A number, rounded to float32, in every lane."""
doubles = _splatter(Doubles, types.float64)
"""A number in every lane."""
ints = _splatter(Ints, types.int32)
"""An integer in every lane."""


def _row_pointer(context: Any, builder: Any, array_type: Any, array: Any, row: Any, kind: LaneType) -> Any:
    """Where row ``row`` of an (N, LANES) array begins."""
    view = context.make_array(array_type)(context, builder, array)
    size = context.get_constant(types.intp, LANES)
    memory = builder.gep(view.data, [builder.mul(row, size)])
    if isinstance(kind, MaskType):
        return builder.bitcast(memory, ir.VectorType(ir.IntType(8), LANES).as_pointer())
    return builder.bitcast(memory, kind.vector.as_pointer())


_OF_ARRAY = {types.float32: Floats, types.float64: Doubles, types.int32: Ints, types.boolean: Mask}


@intrinsic
def load(typing_context: Any, array: Any, row: Any) -> Any:
    """Row ``row`` of a C-contiguous (N, LANES) array as a vector."""
    kind = _OF_ARRAY[array.dtype]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = context.cast(builder, args[1], sig.args[1], types.intp)
        pointer = _row_pointer(context, builder, sig.args[0], args[0], index, kind)
        value = builder.load(pointer, align=1)
        if isinstance(kind, MaskType):
            return builder.trunc(value, kind.vector)
        return value

    return kind(array, row), codegen


@intrinsic
def store(typing_context: Any, array: Any, row: Any, value: Any) -> Any:
    """Write a vector to row ``row`` of a C-contiguous (N, LANES) array."""
    kind = _OF_ARRAY[array.dtype]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = context.cast(builder, args[1], sig.args[1], types.intp)
        pointer = _row_pointer(context, builder, sig.args[0], args[0], index, kind)
        vector = args[2]
        if isinstance(kind, MaskType):
            vector = builder.zext(vector, ir.VectorType(ir.IntType(8), LANES))
        builder.store(vector, pointer, align=1)
        return context.get_dummy_value()

    return types.void(array, row, value), codegen


@intrinsic
def store_bytes(typing_context: Any, array: Any, row: Any, column: Any, value: Any) -> Any:
    """Write int32 lanes, each 0 to 255, to a C-contiguous (N, M) uint8 array from ``column`` of ``row`` on."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        view = context.make_array(array)(context, builder, args[0])
        indices = [context.cast(builder, args[k], sig.args[k], types.intp) for k in (1, 2)]
        place = cgutils.get_item_pointer(context, builder, array, view, indices)
        few = ir.VectorType(ir.IntType(8), LANES)
        builder.store(builder.trunc(args[3], few), builder.bitcast(place, few.as_pointer()), align=1)
        return context.get_dummy_value()

    return types.void(array, row, column, value), codegen


def _swap_bit(builder: Any, vectors: list[Any], step: int) -> list[Any]:
    """Exchange the bit ``step`` of each element's vector number with that of its lane number."""
    swapped = list(vectors)
    for low in range(LANES):
        if low & step:
            continue
        pair = vectors[low], vectors[low | step]
        lanes = range(LANES)
        below = [LANES + (lane ^ step) if lane & step else lane for lane in lanes]
        above = [LANES + lane if lane & step else lane ^ step for lane in lanes]
        for place, order in ((low, below), (low | step, above)):
            mask = ir.Constant(ir.VectorType(ir.IntType(32), LANES), order)
            swapped[place] = builder.shuffle_vector(*pair, mask)
    return swapped


@intrinsic
def transpose(typing_context: Any, array: Any, first: Any, into: Any, start: Any, step: Any) -> Any:
    """Turn LANES rows of an (N, LANES) int32 array, from ``first`` on: row k goes to lane k of all those written.

    They are written to the rows ``start``, ``start + step``, ... of ``into``, another such array.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        first, start, step = (context.cast(builder, args[k], sig.args[k], types.intp) for k in (1, 3, 4))

        def row(begin: Any, number: int, by: Any) -> Any:
            return builder.add(begin, builder.mul(by, context.get_constant(types.intp, number)))

        one = context.get_constant(types.intp, 1)
        sources = [_row_pointer(context, builder, array, args[0], row(first, k, one), Ints) for k in range(LANES)]
        vectors = [builder.load(source, align=1) for source in sources]
        for bit in (1, 2, 4, 8):
            vectors = _swap_bit(builder, vectors, bit)
        for k, vector in enumerate(vectors):
            builder.store(vector, _row_pointer(context, builder, into, args[2], row(start, k, step), Ints), align=1)
        return context.get_dummy_value()

    return types.void(array, first, into, start, step), codegen


@intrinsic
def select(typing_context: Any, mask: Any, yes: Any, no: Any) -> Any:
    """``yes`` in the lanes where ``mask`` is set, ``no`` elsewhere."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(*args)

    return yes(mask, yes, no), codegen


@intrinsic
def any_lane(typing_context: Any, mask: Any) -> Any:
    """Whether ``mask`` is set in any lane."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], ir.IntType(LANES))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(LANES), 0))

    return types.boolean(mask), codegen


@intrinsic
def lane_numbers(typing_context: Any) -> Any:
    """0, 1, 2, ... in the lanes."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return ir.Constant(Ints.vector, list(range(LANES)))

    return Ints(), codegen


def _reducer(name: str) -> Any:
    @intrinsic
    def reduce(typing_context: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            function = cgutils.get_or_insert_function(
                builder.module,
                ir.FunctionType(ir.IntType(32), [Ints.vector]),
                f"llvm.vector.reduce.{name}.v{LANES}i32",
            )
            return builder.call(function, args)

        return types.int32(value), codegen

    return reduce


least = _reducer("smin")
"""The smallest int32 lane."""
greatest = _reducer("smax")
"""The largest int32 lane."""


@intrinsic
def lane_of(typing_context: Any, vector: Any, lane: Any) -> Any:
    """One float32 lane as a number."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = context.cast(builder, args[1], sig.args[1], types.int32)
        return builder.extract_element(args[0], index)

    return types.float32(vector, lane), codegen


@intrinsic
def with_lane(typing_context: Any, vector: Any, lane: Any, number: Any) -> Any:
    """The vector with one float32 lane replaced."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        index = context.cast(builder, args[1], sig.args[1], types.int32)
        value = context.cast(builder, args[2], sig.args[2], types.float32)
        return builder.insert_element(args[0], value, index)

    return vector(vector, lane, number), codegen


def _converter(result: LaneType, emit: Callable[..., Any]) -> Any:
    @intrinsic
    def convert(typing_context: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return emit(builder, args[0])

        return result(value), codegen

    return convert


to_doubles = _converter(Doubles, lambda b, x: b.fpext(x, Doubles.vector))
"""float32 lanes as float64, exactly."""
to_floats = _converter(Floats, lambda b, x: b.fptrunc(x, Floats.vector))
"""float64 lanes rounded to float32."""
to_ints = _converter(Ints, lambda b, x: b.fptosi(x, Ints.vector))
"""Lanes cut towards zero."""
ints_to_doubles = _converter(Doubles, lambda b, x: b.sitofp(x, Doubles.vector))
"""int32 lanes as float64, exactly."""


ints_to_floats = _converter(Floats, lambda b, x: b.sitofp(x, Floats.vector))
"""int32 lanes rounded to float32."""


def _math(name: str, count: int) -> Any:
    def build(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector = args[0].type
        element = "f32" if vector.element == ir.FloatType() else "f64"
        function = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(vector, [vector] * count), f"llvm.{name}.v{LANES}{element}"
        )
        return builder.call(function, args)

    if count == 1:

        @intrinsic
        def unary(typing_context: Any, x: Any) -> Any:
            return x(x), build

        return unary

    @intrinsic
    def ternary(typing_context: Any, x: Any, y: Any, z: Any) -> Any:
        return x(x, y, z), build

    return ternary


root = _math("sqrt", 1)
"""Square root, correctly rounded."""
magnitude = _math("fabs", 1)
"""Absolute value."""
round_down = _math("floor", 1)
"""Floor."""
round_up = _math("ceil", 1)
"""Ceiling."""
fused = _math("fma", 3)
"""x * y + z rounded once."""


def rows(count: int, dtype: Any) -> np.ndarray[Any, Any]:
    """Zeroed (count, LANES) storage for ``load`` and ``store``."""
    return np.zeros((count, LANES), dtype)
