"""Simulators by name, imported only when one is made."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import overload

import numpy as np

from carracing.environments.task import EnvTask
from carracing.task import OBSERVATIONS, TRAINING_ONLY, TaskConfig, Worlds, labelled

BACKENDS = {
    "fast": "carracing.simulator.worlds:make_fast_worlds",
    "gymnasium": "carracing.stock:make_stock_worlds",
}
"""backend name -> "module:function", each a ``(config, tracks, threads, cars) -> Worlds``."""

LIBRARIES = ("gymnasium", "envpool")
"""Backends that know other environments than CarRacing, by the ids that they have there."""

EVERY_BACKEND = (*BACKENDS, "envpool")
"""Those of any task."""

_ENVIRONMENTS = ("carracing.environments.worlds", "make_env_worlds")

THREADED = frozenset({"fast"})
"""Backends that can step their tracks on several threads."""


ANY_START = frozenset({"fast"})
"""Backends that can begin an episode anywhere."""

LABELLED = frozenset({"fast"})
"""Backends that know what the scripted driver would do."""

EVERY_LAP_RULE = frozenset({"fast"})
"""Backends that can end laps by other rules than the released one."""

MANY_CARS = frozenset({"fast", "gymnasium"})
"""Backends that can put several cars on a track."""

BONUSES = frozenset({"fast"})
"""Backends that can add to the rewards that are learned from."""

TRUNCATED_LAPS = frozenset({"fast"})
"""Backends that can truncate episodes where laps are finished."""

OBSERVED = {"fast": tuple(OBSERVATIONS), "gymnasium": ("grey", "rgb", "vector")}
"""What each backend can show."""


_SENSES = {("gymnasium", "vector"): "carracing.stock_vector"}
"""Modules that are loaded instead of a backend's, and load it, where an observation needs more."""


class UnknownBackendError(ValueError):
    """No simulator of that name."""


class UnsupportedTaskOptionError(ValueError):
    """A backend cannot pose such a task; says what to change."""


def backend_module(backend: str, config: TaskConfig | EnvTask) -> str:
    """The module that simulates, for workers to load before they are forked. Raises UnknownBackendError."""
    module = _entry(backend, config)[0]
    return module if isinstance(config, EnvTask) else _SENSES.get((backend, config.observation), module)


def make_worlds(backend: str, config: TaskConfig | EnvTask, tracks: int, threads: int = 1, cars: int = 1) -> Worlds:
    """Make worlds of so many tracks with so many cars on each, simulated by so many threads.

    Raises UnknownBackendError, UnsupportedTaskOptionError, UnknownEnvironmentError, ValueError.
    """
    module, function = _entry(backend, config)
    check_backend(backend, config, cars)
    worlds: Worlds = getattr(import_module(module), function)(config, tracks, threads, cars)
    return worlds


def check_backend(backend: str, config: TaskConfig | EnvTask, cars: int = 1) -> None:
    """Raise UnsupportedTaskOptionError unless the backend can pose this task to so many cars on a track."""
    if isinstance(config, EnvTask):
        _check_library(backend, config, cars)
        return
    if backend not in BACKENDS:
        raise UnsupportedTaskOptionError(
            f"backend {backend} is for other environments: give one by --env (task.env), or use backend "
            f"{' or '.join(BACKENDS)}"
        )
    if cars > 1 and backend not in MANY_CARS:
        raise UnsupportedTaskOptionError(
            f"backend {backend} puts one car on a track, not {cars}: use backend {' or '.join(sorted(MANY_CARS))}"
        )
    if config.observation not in OBSERVED[backend]:
        able = " or ".join(name for name, kinds in OBSERVED.items() if config.observation in kinds)
        raise UnsupportedTaskOptionError(
            f"backend {backend} cannot give task.observation {config.observation}: use backend {able}, "
            f"or observation {' or '.join(OBSERVED[backend])}"
        )
    if config.missed_penalty and backend not in BONUSES:
        raise UnsupportedTaskOptionError(
            f"backend {backend} does not add to rewards: use backend {' or '.join(sorted(BONUSES))}, "
            "or task.missed_penalty 0"
        )
    if config.random_start and backend not in ANY_START:
        raise UnsupportedTaskOptionError(
            f"backend {backend} starts every car on the line: use backend {' or '.join(sorted(ANY_START))}, "
            "or task.random_start false"
        )
    if config.bootstrap_laps and backend not in TRUNCATED_LAPS:
        raise UnsupportedTaskOptionError(
            f"backend {backend} terminates finished laps: use backend {' or '.join(sorted(TRUNCATED_LAPS))}, "
            "or task.bootstrap_laps false"
        )
    if config.labels and backend not in LABELLED:
        raise UnsupportedTaskOptionError(
            f"backend {backend} has no scripted driver: use backend {' or '.join(sorted(LABELLED))}, "
            "or task.labels false"
        )
    if config.lap_rule != "released" and backend not in EVERY_LAP_RULE:
        raise UnsupportedTaskOptionError(
            f"backend {backend} ends laps as released: use backend {' or '.join(sorted(EVERY_LAP_RULE))}, "
            "or task.lap_rule released"
        )


@overload
def scoring_task(config: TaskConfig, backend: str) -> TaskConfig: ...


@overload
def scoring_task(config: EnvTask, backend: str) -> EnvTask: ...


def scoring_task(config: TaskConfig | EnvTask, backend: str) -> TaskConfig | EnvTask:
    """The task as scores count: without what only training needs, laps as released.

    Where a backend cannot draw grey-fast it is looked at as the grey it stands for. So a policy trained on grey-fast
    shows on stock's own pictures what it is worth. Other environments are as they were.
    """
    if isinstance(config, EnvTask):
        return config
    config = replace(config, lap_rule="released", **TRAINING_ONLY)
    if config.observation == "grey-fast" and config.observation not in OBSERVED.get(backend, ()):
        return replace(config, observation="grey")
    return config


def scoring_backend(config: TaskConfig | EnvTask) -> str:
    """Where policies of this task are scored by default: the first backend that shows what they see.

    That is fast, whose cars, rewards and ends are stock's to the last bit; a score on gymnasium proves it. Other
    environments have one backend.
    """
    if isinstance(config, EnvTask):
        return config.library
    return next(backend for backend in BACKENDS if config.observation in OBSERVED[backend])


def warm_up(backend: str, config: TaskConfig | EnvTask) -> None:
    """Take one step with a backend, so that what it compiles is compiled, and kept for the processes to come."""
    worlds = make_worlds(backend, config, 1)
    everyone = np.ones(1, np.bool_)
    worlds.reset(everyone, np.zeros(1, np.int64))
    expert = labelled(worlds)
    if expert is not None:
        expert.labels()
    worlds.step(np.zeros((1, worlds.spec.action.size), worlds.spec.action_dtype), everyone)
    worlds.close()


def _check_library(backend: str, task: EnvTask, cars: int) -> None:
    if backend != task.library:
        raise UnsupportedTaskOptionError(
            f"backend {backend} does not know {task.env}: it is {task.library}'s, use backend {task.library}"
        )
    if cars > 1:
        raise UnsupportedTaskOptionError(f"only CarRacing has several cars in one world: {task.env} takes cars 1")


def _entry(backend: str, config: TaskConfig | EnvTask) -> tuple[str, str]:
    if isinstance(config, EnvTask):
        return _ENVIRONMENTS
    if backend not in BACKENDS:
        raise UnknownBackendError(f"unknown backend {backend!r}: choose from {', '.join(BACKENDS)}")
    module, function = BACKENDS[backend].split(":")
    return module, function
