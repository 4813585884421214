"""The simulator as a Gymnasium vector environment: many cars, one call."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from carracing.simulator.arguments import Seeds, check_numbers, seeds_of, vector_orders
from carracing.simulator.colours import draw_colours
from carracing.simulator.env import action_space_of
from carracing.simulator.eyes import make_eyes
from carracing.simulator.layout import PX, PY
from carracing.simulator.rules import PLAYFIELD
from carracing.simulator.simulator import Rules, Simulator
from carracing.simulator.vector_observation import BOUND
from carracing.simulator.worlds import WorldsError, facts_of
from carracing.task import EPISODE_FRAMES, FACTS, FRAMES_PER_SECOND, Array, LapRule, check_lap_rule

_KINDS = ("pixels", "grey", "grey-cropped", "grey-fast", "vector")


class FastCarRacingVector(VectorEnv[Array, Array, Array]):
    """``num_envs`` cars, ``cars`` of them on each track, stepped together for ``frame_skip`` frames a step.

    observation: "pixels" (96, 96, 3) as stock's; "grey" (84, 84) luminance; "grey-cropped" (84, 84) without the bar;
    "grey-fast" (84, 84) drawn directly, on average 0.2 grey levels off; "vector" (67,) float32, named one by one
    in ``vector_observation.FIELDS``.
    random_start: begin on any tile, at any heading, rolling (see ``starts``), for training.
    lap_rule: "released" or "completed" (see ``task.LapRule``).
    max_episode_steps: time limit in frames, whatever ``frame_skip``. threads: how many share the work.
    Cars that share a track begin together, so ``cars`` above 1 needs autoreset_mode "Disabled" and masks of whole
    tracks. Facts (``task.FACTS``) are in every step's infos. Raises WorldsError.
    """

    metadata: dict[str, Any] = {"render_modes": [], "render_fps": FRAMES_PER_SECOND}  # noqa: RUF012 - as the base

    def __init__(
        self,
        num_envs: int = 1,
        *,
        observation: Literal["pixels", "grey", "grey-cropped", "grey-fast", "vector"] = "pixels",
        cars: int = 1,
        threads: int = 1,
        frame_skip: int = 1,
        max_episode_steps: int = EPISODE_FRAMES,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        lap_complete_percent: float = 0.95,
        domain_randomize: bool = False,
        random_start: bool = False,
        continuous: bool = True,
        lap_rule: LapRule = "released",
    ) -> None:
        self._mode = AutoresetMode(autoreset_mode)
        check_lap_rule(lap_rule)
        check_numbers(num_envs, cars, threads, frame_skip, max_episode_steps)
        if cars > 1 and self._mode is not AutoresetMode.DISABLED:
            raise WorldsError("cars on one track begin together: set autoreset_mode='Disabled' and reset by mask")
        if observation not in _KINDS:
            raise WorldsError(f"observation must be one of {', '.join(_KINDS)}, not {observation!r}")
        self.num_envs = num_envs
        self.metadata = {**type(self).metadata, "autoreset_mode": self._mode}
        self._cars = cars
        self._continuous = continuous
        self._domain_randomize = domain_randomize
        self.single_action_space = action_space_of(continuous)
        rules = Rules(
            frame_skip=frame_skip,
            most_frames=max_episode_steps,
            lap_complete_percent=lap_complete_percent,
            random_start=random_start,
            lap_rule=lap_rule,
        )
        self._simulator = Simulator(np.arange(num_envs) // cars, rules, threads)
        self._eyes = make_eyes(self._simulator, observation)
        shape, kind = self._eyes.observations.shape[1:], self._eyes.observations.dtype
        low, high = (-BOUND, BOUND) if observation == "vector" else (0, 255)
        self.single_observation_space = spaces.Box(low, high, shape, kind.type)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._rngs = [np.random.default_rng() for _ in range(num_envs // cars)]
        self._colours = [draw_colours(rng, domain_randomize) for rng in self._rngs]
        self._over = np.zeros(num_envs, bool)
        self._started = np.zeros(num_envs, bool)

    def reset(self, *, seed: Seeds = None, options: dict[str, Any] | None = None) -> tuple[Array, dict[str, Any]]:
        """Start new episodes, of all cars or of ``options["reset_mask"]``; seeds as Gymnasium's vectors take them.

        An int seeds car i with seed + i; a track takes the seed of its first car. ``options["randomize"] = False``
        keeps the colours. Raises WorldsError.
        """
        mask = np.ones(self.num_envs, bool)
        if options is not None and "reset_mask" in options:
            mask = np.asarray(options["reset_mask"])
        self._check_mask(mask)
        seeds = seeds_of(seed, self.num_envs)
        self._begin(mask, seeds, (options or {}).get("randomize", True))
        return self._eyes.look(mask), {}

    def step(self, actions: Array) -> tuple[Array, Array, Array, Array, dict[str, Any]]:
        """Step every car. Raises InvalidAction, and ResetNeeded where there is no episode to go on with."""
        self._check_going()
        orders = vector_orders(actions, self.num_envs, self._continuous)
        resetting = self._over if self._mode is AutoresetMode.NEXT_STEP else np.zeros(self.num_envs, bool)
        live = ~resetting
        self._simulator.step(orders, live)
        if resetting.any():
            self._begin(resetting, [None] * self.num_envs, True)
        cars = self._simulator.cars
        terminated, truncated = live & cars.terminated, live & cars.truncated
        rewards = np.where(live, cars.step_reward, 0.0)
        infos = self._infos(live & terminated)
        observations = self._eyes.look(np.ones(self.num_envs, bool))
        self._over = terminated | truncated
        if self._mode is AutoresetMode.SAME_STEP and self._over.any():
            observations = self._restart_finished(observations, infos)
        return observations, rewards, terminated, truncated, infos

    def close_extras(self, **kwargs: Any) -> None:  # noqa: ARG002 - Gymnasium's signature
        """End the threads."""
        self._simulator.close()

    def _restart_finished(self, observations: Array, infos: dict[str, Any]) -> Array:
        over = self._over
        infos["final_obs"] = np.full(self.num_envs, None, object)
        for car in np.flatnonzero(over):
            infos["final_obs"][car] = observations[car].copy()
        infos["_final_obs"] = over
        infos["final_info"] = {name: value.copy() for name, value in infos.items() if "final" not in name}
        infos["_final_info"] = over
        self._begin(over, [None] * self.num_envs, True)
        self._over = np.zeros(self.num_envs, bool)
        return self._eyes.look(over)

    def _begin(self, mask: Array, seeds: list[int | None], randomize: bool) -> None:
        for group in np.unique(np.flatnonzero(mask) // self._cars):
            seed = seeds[group * self._cars]
            if seed is not None:
                self._rngs[group] = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
            if self._domain_randomize and randomize:
                self._colours[group] = draw_colours(self._rngs[group], True)
            self._simulator.lay_track(int(group), self._rngs[group], self._colours[group])
        self._simulator.start(mask)
        self._over = self._over & ~mask
        self._started |= mask

    def _infos(self, terminated: Array) -> dict[str, Any]:
        everyone = np.ones(self.num_envs, bool)
        facts = facts_of(self._simulator)
        infos: dict[str, Any] = {}
        for column, name in enumerate(FACTS):
            infos[name], infos[f"_{name}"] = facts[:, column], everyone
        if terminated.any():
            bodies = self._simulator.cars.bodies[:, [PX, PY]].astype(np.float64)
            lost = (np.abs(bodies) > PLAYFIELD).any(1).reshape(-1)[: self.num_envs]
            infos["lap_finished"], infos["_lap_finished"] = terminated & ~lost, terminated
        return infos

    def _check_going(self) -> None:
        if not self._started.all():
            raise ResetNeeded(f"car {np.flatnonzero(~self._started)[0]} was never reset: call reset first")
        if self._mode is AutoresetMode.DISABLED and self._over.any():
            car = np.flatnonzero(self._over)[0]
            raise ResetNeeded(f"the episode of car {car} is over: reset it with options={{'reset_mask': ...}}")

    def _check_mask(self, mask: Array) -> None:
        if mask.shape != (self.num_envs,) or mask.dtype != np.bool_ or not mask.any():
            raise WorldsError(f"reset_mask must be bool of shape ({self.num_envs},) with at least one True")
        groups = mask.reshape(-1, self._cars)
        if (groups.any(1) != groups.all(1)).any():
            raise WorldsError("cars on one track are reset together: reset_mask must cover whole tracks")
