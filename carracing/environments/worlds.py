"""Environments as worlds: each lane is one environment, reset with the seed of its episode, never by itself."""

from __future__ import annotations

import warnings
from typing import Any, Protocol

import numpy as np

from carracing.each_world import CarError
from carracing.environments.finding import make_env, make_pool, spaces_of
from carracing.environments.spaces import describe, eyes, hands
from carracing.environments.task import EnvTask, UnknownEnvironmentError
from carracing.task import Array, ResetNeededError, Step, TaskSpec, task_spec


class Body(Protocol):
    """One environment, told what to do first and asked for the outcome later: some work meanwhile."""

    spaces: tuple[Any, Any]
    """Of observations and actions, as Gymnasium describes them."""

    def begin(self, seed: int) -> None:
        """Start an episode."""

    def begun(self) -> Any:
        """Its first observation."""

    def tell(self, action: Any) -> None:
        """Take a frame."""

    def told(self) -> tuple[Any, float, bool, bool]:
        """Its observation, reward, and whether it terminated or was truncated."""

    def picture(self) -> Any:
        """How it draws itself, where it was made to."""

    def close(self) -> None:
        """Free what it holds; may be called twice."""


def make_body(task: EnvTask, render_mode: str | None = None) -> Body:
    """One environment. Raises UnknownEnvironmentError."""
    return _PooledBody(task) if task.library == "envpool" else _GymnasiumBody(task, render_mode)


def make_env_worlds(task: EnvTask, tracks: int, threads: int = 1, cars: int = 1) -> EnvWorlds:
    """So many environments. Raises ValueError for more than one thread, UnknownEnvironmentError.

    EnvPool's work on threads of their own, one each.
    """
    if threads != 1:
        raise ValueError(f"environments are stepped on 1 thread, not {threads}: more processes share their work")
    if cars != 1:
        raise ValueError(f"an environment has 1 lane, not {cars}")
    return EnvWorlds(task, tracks)


class EnvWorlds:
    """Implements ``Worlds`` over environments of one task, in one process."""

    def __init__(self, task: EnvTask, num: int) -> None:
        self._task, self._spec = task, task_spec(task)
        self._bodies = [make_body(task) for _ in range(num)]
        observed, acted = self._bodies[0].spaces
        spaces = describe(task.env, observed, acted)
        if spaces != task.spaces:
            self.close()
            raise UnknownEnvironmentError(
                f"{task.env} is not what the run was started with: it has {spaces}, and there were {task.spaces}. "
                "Another version of its package may be installed"
            )
        self._see, self._act = eyes(task.env, observed), hands(acted)
        self._groups: Array = np.arange(num)
        self._playing: Array = np.zeros(num, np.bool_)
        self._lane = 0
        """Whose turn it is, for errors."""
        self._step = Step.blank(self._spec, num)

    @property
    def spec(self) -> TaskSpec:
        """What observations and actions look like."""
        return self._spec

    @property
    def groups(self) -> Array:
        """(N,) int64: each lane is alone."""
        return self._groups

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Start episodes in ``mask``; the result is valid until the next call. Raises CarError."""
        lanes = np.flatnonzero(mask).tolist()
        try:
            for self._lane in lanes:
                self._bodies[self._lane].begin(int(seeds[self._lane]))
            for self._lane in lanes:
                self._step.observations[self._lane] = self._see(self._bodies[self._lane].begun())
        except Exception as error:
            raise CarError(self._lane, error) from error
        self._playing[lanes] = True
        return self._step.observations

    def step(self, actions: Array, live: Array) -> Step:
        """Step the environments in ``live``; results are valid until the next call. Raises CarError."""
        mine = self._step
        for array in (mine.rewards, mine.terminated, mine.truncated, mine.frames):
            array[:] = 0
        try:
            self._drive(actions, np.flatnonzero(live).tolist())
        except Exception as error:
            raise CarError(self._lane, error) from error
        self._playing &= ~(mine.terminated | mine.truncated)
        self._check_numbers(live)
        return mine

    def close(self) -> None:
        """Close every environment; may be called twice."""
        for body in self._bodies:
            body.close()

    def _drive(self, actions: Array, driving: list[int]) -> None:
        mine, orders = self._step, {}
        for self._lane in driving:
            if not self._playing[self._lane]:
                raise ResetNeededError("no episode is going on: call reset(seed) before step")
            orders[self._lane] = self._act(actions[self._lane])
        for frame in range(1, self._task.frame_skip + 1):
            for self._lane in driving:
                self._bodies[self._lane].tell(orders[self._lane])
            going = []
            for self._lane in driving:
                seen, reward, terminated, truncated = self._bodies[self._lane].told()
                mine.rewards[self._lane] += reward
                mine.frames[self._lane] = frame
                if terminated or truncated:
                    mine.terminated[self._lane], mine.truncated[self._lane] = terminated, truncated
                else:
                    going.append(self._lane)
                if terminated or truncated or frame == self._task.frame_skip:
                    mine.observations[self._lane] = self._see(seen)
            driving = going

    def _check_numbers(self, live: Array) -> None:
        """What is no number would spoil a policy for good."""
        mine = self._step
        sound = np.isfinite(mine.rewards)
        if self._spec.observation_dtype == "float32":
            sound &= np.isfinite(mine.observations).all(axis=1)
        if not sound[live].all():
            lane = int(np.flatnonzero(live & ~sound)[0])
            cause = ValueError(f"{self._task.env} gave an observation or a reward that is no number")
            raise CarError(lane, cause) from cause


class _GymnasiumBody:
    """One environment of Gymnasium's; it works where it is asked."""

    def __init__(self, task: EnvTask, render_mode: str | None) -> None:
        self._env = make_env(task, render_mode)
        self.spaces = spaces_of(self._env)

    def begin(self, seed: int) -> None:
        self._seen = self._env.reset(seed=seed)[0]

    def begun(self) -> Any:
        return self._seen

    def tell(self, action: Any) -> None:
        observation, reward, terminated, truncated, _ = self._env.step(action)
        self._told = observation, float(reward), bool(terminated), bool(truncated)

    def told(self) -> tuple[Any, float, bool, bool]:
        return self._told

    def picture(self) -> Any:
        return self._env.render()

    def close(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._env.close()


class _PooledBody:
    """One environment of EnvPool's, in a pool of its own: a thread that works until its outcome is asked for.

    A pool takes seeds when it is made only, and goes on by itself after an episode, so each has one of its own.
    """

    def __init__(self, task: EnvTask) -> None:
        self._task, self._pool = task, make_pool(task)
        self.spaces = spaces_of(self._pool)
        self._only = np.zeros(1, np.int32)

    def begin(self, seed: int) -> None:
        self.close()
        self._pool = make_pool(self._task, seed)
        self._pool.async_reset()

    def begun(self) -> Any:
        return self._pool.recv()[0][0]

    def tell(self, action: Any) -> None:
        self._pool.send(np.asarray(action)[None], self._only)

    def told(self) -> tuple[Any, float, bool, bool]:
        observations, rewards, terminated, truncated, _ = self._pool.recv()
        return observations[0], float(rewards[0]), bool(terminated[0]), bool(truncated[0])

    def picture(self) -> Any:
        raise NotImplementedError("EnvPool draws nothing but observations")

    def close(self) -> None:
        if self._pool is not None:
            self._pool.close()
            self._pool = None
