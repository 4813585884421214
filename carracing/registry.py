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


def make_world(backend: str, config: TaskConfig) -> World:
    """Make one world of the named backend. Raises UnknownBackendError."""
    try:
        module, function = BACKENDS[backend].split(":")
    except KeyError:
        raise UnknownBackendError(f"unknown backend {backend!r}: choose from {', '.join(BACKENDS)}") from None
    world: World = getattr(import_module(module), function)(config)
    return world
