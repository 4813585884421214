"""Numbers that several threads of compiled code read and write at once, each operation whole and in one order."""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_ORDER = "seq_cst"
_BYTES = 8

_X86 = platform.machine() in {"x86_64", "AMD64"}

give_way = types.ExternalFunction("sched_yield", types.int32())
"""POSIX: let another thread have the processor, if one wants it."""


@intrinsic
def breathe(typing_context: Any) -> Any:
    """Wait some tens of cycles where the processor has an instruction for it, leaving its other thread the units."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if _X86:
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), codegen


def _place(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Address of a word of an int64 array."""
    view = context.make_array(array_type)(context, builder, array)
    return cgutils.get_item_pointer(context, builder, array_type, view, [index])


@intrinsic
def read(typing_context: Any, words: Any, index: Any) -> Any:
    """A word."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, words, args[0], context.cast(builder, args[1], index, types.intp))
        return builder.load_atomic(place, _ORDER, _BYTES)

    return types.int64(words, index), codegen


@intrinsic
def write(typing_context: Any, words: Any, index: Any, value: Any) -> Any:
    """Replace a word."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, words, args[0], context.cast(builder, args[1], index, types.intp))
        builder.store_atomic(context.cast(builder, args[2], value, types.int64), place, _ORDER, _BYTES)
        return context.get_dummy_value()

    return types.void(words, index, value), codegen


@intrinsic
def add(typing_context: Any, words: Any, index: Any, value: Any) -> Any:
    """Add to a word; what it was."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, words, args[0], context.cast(builder, args[1], index, types.intp))
        return builder.atomic_rmw("add", place, context.cast(builder, args[2], value, types.int64), _ORDER)

    return types.int64(words, index, value), codegen


@intrinsic
def exchange(typing_context: Any, words: Any, index: Any, expected: Any, value: Any) -> Any:
    """Replace a word if it is as expected; whether it was."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        place = _place(context, builder, words, args[0], context.cast(builder, args[1], index, types.intp))
        before = context.cast(builder, args[2], expected, types.int64)
        after = context.cast(builder, args[3], value, types.int64)
        return builder.extract_value(builder.cmpxchg(place, before, after, _ORDER, _ORDER), 1)

    return types.boolean(words, index, expected, value), codegen
