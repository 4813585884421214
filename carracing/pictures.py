"""Pictures for people of an episode, frame by frame: one car as a Gymnasium environment that draws itself."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import gymnasium

from carracing.registry import check_backend
from carracing.task import TaskConfig

DRAWN = {
    "fast": "carracing.simulator.env:FastCarRacing",
    "gymnasium": "gymnasium.envs.box2d.car_racing:CarRacing",
}
"""backend name -> "module:class" with CarRacing-v3's arguments; both draw 600x400 pictures, without a display."""


def make_drawn(backend: str, config: TaskConfig) -> gymnasium.Env[Any, Any]:
    """An environment of single frames and stock's actions, whose ``render`` gives (400, 600, 3) uint8 pictures.

    Seeded alike it drives the same episode as the backend's worlds. Raises KeyError for a backend without pictures,
    UnsupportedTaskOptionError where it cannot begin anywhere.
    """
    module, name = DRAWN[backend].split(":")
    if config.random_start:
        check_backend(backend, config)
    own = {"random_start": True} if config.random_start else {}
    env: gymnasium.Env[Any, Any] = getattr(import_module(module), name)(
        render_mode="rgb_array",
        continuous=config.action != "discrete",
        domain_randomize=config.domain_randomize,
        **own,
    )
    return env
