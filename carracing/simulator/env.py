"""The simulator as a Gymnasium environment that stands in for CarRacing-v3, argument for argument."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.utils import EzPickle

from carracing.simulator.arguments import orders_of
from carracing.simulator.colours import draw_colours
from carracing.simulator.eyes import Painter
from carracing.simulator.layout import PX, PY
from carracing.simulator.observations import PIXELS
from carracing.simulator.rules import PLAYFIELD, STATE_SIZE
from carracing.simulator.simulator import NEVER, Rules, Simulator
from carracing.task import FRAMES_PER_SECOND, Array, LapRule, check_lap_rule

_ONE = np.ones(1, bool)
RENDER_MODES = ("human", "rgb_array", "state_pixels")


def action_space_of(continuous: bool) -> spaces.Space[Any]:
    """Stock's action space: steer, gas and brake, or one of five."""
    if continuous:
        return spaces.Box(np.array([-1, 0, 0], np.float32), np.array([1, 1, 1], np.float32))
    return spaces.Discrete(5)


class FastCarRacing(gymnasium.Env[Array, Any], EzPickle):
    """CarRacing-v3 without Box2D and pygame, which are imported only to render for people.

    Observations, rewards, ends and infos are stock's, to the last bit and pixel (Gymnasium 1.4.0, pygame-ce 2.5.8).
    Two arguments are not stock's: with ``lap_rule="completed"`` (see ``carracing.task.LapRule``)
    ``lap_complete_percent`` does what stock documents, and ``random_start`` begins as the task option of that name.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": list(RENDER_MODES),
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(
        self,
        render_mode: str | None = None,
        verbose: bool = False,
        lap_complete_percent: float = 0.95,
        domain_randomize: bool = False,
        continuous: bool = True,
        lap_rule: LapRule = "released",
        random_start: bool = False,
    ) -> None:
        own = {"lap_rule": lap_rule, "random_start": random_start}
        EzPickle.__init__(self, render_mode, verbose, lap_complete_percent, domain_randomize, continuous, **own)
        check_lap_rule(lap_rule)
        if render_mode is not None and render_mode not in RENDER_MODES:
            raise ValueError(f"render_mode must be one of {', '.join(RENDER_MODES)}, not {render_mode!r}")
        self.render_mode = render_mode
        self.continuous = continuous
        self.domain_randomize = domain_randomize
        self.lap_complete_percent = lap_complete_percent
        self.verbose = verbose
        self.action_space = action_space_of(continuous)
        self.observation_space = spaces.Box(0, 255, (STATE_SIZE, STATE_SIZE, 3), np.uint8)
        self._colours = draw_colours(self.np_random, domain_randomize)
        rules = Rules(
            most_frames=NEVER,
            lap_complete_percent=lap_complete_percent,
            lap_rule=lap_rule,
            random_start=random_start,
        )
        self._simulator = Simulator(np.zeros(1, int), rules)
        self._painter = Painter(self._simulator, PIXELS)
        self._orders: Array = np.zeros((1, 3))
        self._started = False
        self._renderer: Any = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Build a new track and start; ``options={"randomize": False}`` keeps the colours."""
        super().reset(seed=seed)
        if self.domain_randomize and (options or {}).get("randomize", True):
            self._colours = draw_colours(self.np_random, True)
        self._simulator.lay_track(0, self.np_random, self._colours)
        if self.verbose:
            print(f"Track generation: {self._simulator.tracks.tiles[0]}-tiles track")  # noqa: T201 - stock's option
        self._simulator.start(_ONE)
        self._orders = np.zeros((1, 3))
        self._started = True
        if self.render_mode in ("human", "rgb_array"):
            self._renderer_for_people().begin(self._simulator)
        if self.render_mode == "human":
            self.render()
        return self._painter.look(_ONE)[0], {}

    def step(self, action: Any) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Drive one frame. Raises InvalidAction, and ResetNeeded before the first reset."""
        if not self._started:
            raise ResetNeeded("cannot call env.step() before calling env.reset()")
        self._orders = orders_of(action, self.continuous, self.action_space)
        if self._renderer is not None:
            self._renderer.before_frame(self._simulator, self._orders[0])
        self._simulator.step(self._orders, _ONE)
        cars = self._simulator.cars
        info: dict[str, Any] = {}
        if cars.visited[0] == self._simulator.tracks.tiles[0] or cars.new_lap[0]:
            info["lap_finished"] = True
        if np.abs(cars.bodies[0, [PX, PY], 0].astype(np.float64)).max() > PLAYFIELD:
            info["lap_finished"] = False
        if self.render_mode == "human":
            self.render()
        return self._painter.look(_ONE)[0], float(cars.step_reward[0]), bool(cars.terminated[0]), False, info

    def render(self) -> Any:
        """The picture that ``render_mode`` asks for; people's pictures are drawn by stock itself."""
        if self.render_mode is None:
            gymnasium.logger.warn(
                "You are calling render method without specifying any render mode. You can specify the render_mode "
                'at initialization, e.g. gymnasium.make("racetui/CarRacing-v3", render_mode="rgb_array")'
            )
            return None
        if not self._started:
            return None
        if self.render_mode == "state_pixels":
            return self._painter.look(_ONE)[0]
        return self._renderer_for_people().draw(self._simulator, self.render_mode)

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
        self._simulator.close()

    def _renderer_for_people(self) -> Any:
        if self._renderer is None:
            from carracing.simulator.rendering import StockRenderer

            self._renderer = StockRenderer()
        return self._renderer
