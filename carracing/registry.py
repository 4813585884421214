"""Simulators by name, imported only when one is made."""

from __future__ import annotations

from importlib import import_module

from carracing.task import TaskConfig, World

BACKENDS = {
    "fast": "carracing.simulator.worlds:make_fast_world",
    "gymnasium": "carracing.stock:make_stock_world",
}
"""backend name -> "module:function", each a ``(config) -> World``."""


class UnknownBackendError(ValueError):
    """No simulator of that name."""


def backend_module(backend: str) -> str:
    """The module that simulates, for workers to load before they are forked. Raises UnknownBackendError."""
    return _entry(backend)[0]


def make_world(backend: str, config: TaskConfig) -> World:
    """Make one world of the named backend. Raises UnknownBackendError."""
    module, function = _entry(backend)
    world: World = getattr(import_module(module), function)(config)
    return world


def _entry(backend: str) -> tuple[str, str]:
    if backend not in BACKENDS:
        raise UnknownBackendError(f"unknown backend {backend!r}: choose from {', '.join(BACKENDS)}")
    module, function = BACKENDS[backend].split(":")
    return module, function
