"""Simulators by name, imported only when one is made."""

from __future__ import annotations

from importlib import import_module

import numpy as np

from carracing.task import TaskConfig, Worlds

BACKENDS = {
    "fast": "carracing.simulator.worlds:make_fast_worlds",
    "gymnasium": "carracing.stock:make_stock_worlds",
}
"""backend name -> "module:function", each a ``(config, tracks, threads) -> Worlds``."""

THREADED = frozenset({"fast"})
"""Backends that can step their tracks on several threads."""


class UnknownBackendError(ValueError):
    """No simulator of that name."""


def backend_module(backend: str) -> str:
    """The module that simulates, for workers to load before they are forked. Raises UnknownBackendError."""
    return _entry(backend)[0]


def make_worlds(backend: str, config: TaskConfig, tracks: int, threads: int = 1) -> Worlds:
    """Make worlds of so many tracks, simulated by so many threads. Raises UnknownBackendError, ValueError."""
    module, function = _entry(backend)
    worlds: Worlds = getattr(import_module(module), function)(config, tracks, threads)
    return worlds


def warm_up(backend: str, config: TaskConfig) -> None:
    """Take one step with a backend, so that what it compiles is compiled, and kept for the processes to come."""
    worlds = make_worlds(backend, config, 1)
    everyone = np.ones(1, np.bool_)
    worlds.reset(everyone, np.zeros(1, np.int64))
    worlds.step(np.zeros((1, worlds.spec.action.size), worlds.spec.action_dtype), everyone)
    worlds.close()


def _entry(backend: str) -> tuple[str, str]:
    if backend not in BACKENDS:
        raise UnknownBackendError(f"unknown backend {backend!r}: choose from {', '.join(BACKENDS)}")
    module, function = BACKENDS[backend].split(":")
    return module, function
