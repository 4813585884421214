"""How the simulator's functions are compiled: once, kept on disk, without Python's lock, dividing as C does."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., Any])


@cache
def _digest(directory: Path) -> str:
    """Of every source file and table here and in ``directory``: compiled functions contain one another."""
    digest = hashlib.sha256(numba.__version__.encode())
    for folder in sorted({Path(__file__).parent, directory}):
        for path in sorted(folder.glob("*.[pn][yp]*")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


_LOG = logging.getLogger(__name__)


def inner(function: F) -> F:
    """Compile ``function`` as a part of the compiled functions that call it; Python cannot call it itself."""
    options = {"nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
    return numba.njit(**options)(function)  # type: ignore[no-any-return]


def inlined(function: F) -> F:
    """Copy ``function`` into the functions that call it: for what takes whole states, hundreds of words by value."""
    return numba.njit(inline="always")(function)  # type: ignore[no-any-return]


def compiled(function: F) -> F:
    """Compile ``function`` when it is first called, or load what an earlier process compiled."""
    return _cached(function)


def uncounted(function: F) -> F:
    """Like ``compiled``, for functions that make no arrays: numba need not count references to those they use.

    Counting costs an atomic operation for every array taken out of a state, which is more than driving costs.
    """
    return _cached(function, _nrt=False)


def announce(function: Any) -> None:
    """Say in the log that ``function`` will be compiled first, unless it is or an earlier process kept it."""
    if not function.overloads and not function._cache._cache_file._load_index():
        _LOG.warning("compiling the simulator: about half a minute, once on this machine")


def _cached(function: F, **options: Any) -> F:
    """Compile with a stamp of all files.

    numba keeps what it compiled as long as the function's own file is unchanged; a function it calls may have
    changed all the same. So the stamp that numba compares is replaced by one of all files together.
    """
    dispatcher = numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    dispatcher._cache._cache_file._source_stamp = _digest(Path(function.__code__.co_filename).parent)
    return dispatcher  # type: ignore[no-any-return]
