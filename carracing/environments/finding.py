"""Finding environments by id, and what they are."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Iterable
from contextlib import closing, contextmanager
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from carracing.environments.task import EnvTask, UnknownEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import gymnasium

NEAR = 5
"""Ids named where the one asked for does not exist."""


def found(task: EnvTask) -> EnvTask:
    """The task with its id as the library has it in full, and its spaces; the environment is made once for that.

    Raises UnknownEnvironmentError, UnsupportedSpacesError.
    """
    from carracing.environments.spaces import describe

    with closing(make_env(task) if task.library == "gymnasium" else make_pool(task)) as env:
        spaces = describe(task.env, *spaces_of(env))
        known = getattr(env.spec, "id", task.env)
    module, colon, _ = task.env.rpartition(":")
    return replace(task, env=f"{module}{colon}{known}", spaces=spaces)


def spaces_of(env: Any) -> tuple[Any, Any]:
    """Of an environment's or pool's observations and actions; EnvPool's warn each time of bounds made float32."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return env.observation_space, env.action_space


def make_env(task: EnvTask, render_mode: str | None = None) -> gymnasium.Env[Any, Any]:
    """One environment of Gymnasium's. Raises UnknownEnvironmentError, which says what is missing."""
    import gymnasium

    with _explained(task):
        if ":" in task.env:  # Gymnasium imports it too, but forgets to say that there is no such module
            import_module(task.env.rpartition(":")[0])
        return gymnasium.make(task.env, render_mode=render_mode, disable_env_checker=True, **task.options)


def make_pool(task: EnvTask, seed: int = 0) -> Any:
    """A pool of one environment of EnvPool's, which begins with ``seed``. Raises UnknownEnvironmentError."""
    try:
        import envpool
    except ImportError as error:
        raise UnknownEnvironmentError(
            f"backend envpool is an extra: pip install 'racetui[envpool]' ({error})"
        ) from None
    known = envpool.list_all_envs()
    if task.env not in known:
        raise UnknownEnvironmentError(f"EnvPool has no environment {task.env}{_near(task.env, known)}")
    with _explained(task):
        return envpool.make_gymnasium(task.env, num_envs=1, num_threads=1, seed=seed, **task.options)


@contextmanager
def _explained(task: EnvTask) -> Iterator[None]:
    """Everything that can be wrong with an id or with what it needs, as one line."""
    from gymnasium.error import DependencyNotInstalled, Error

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except DependencyNotInstalled as error:
        raise UnknownEnvironmentError(f"{task.env} needs more than is installed: {error}") from error
    except Error as error:
        near = _near(task.env, _registered())
        raise UnknownEnvironmentError(f"no environment {task.env}{near} ({_first(error)})") from error
    except ImportError as error:
        module = ", and what is before ':' must be a module that can be imported" if ":" in task.env else ""
        raise UnknownEnvironmentError(f"{task.env} cannot be loaded: {_first(error)}{module}") from error
    except Exception as error:
        raise UnknownEnvironmentError(
            f"{task.env} cannot be made{' with these options' if task.options else ''}: "
            f"{type(error).__name__}: {_first(error)}"
        ) from error


def _registered() -> Iterable[str]:
    import gymnasium

    return gymnasium.registry


def _near(wanted: str, known: Iterable[str]) -> str:
    name = wanted.rpartition(":")[2]
    by_lower = {env.lower(): env for env in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=NEAR)
    return f": did you mean {' or '.join(by_lower[match] for match in close)}?" if close else ""


def _first(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")
