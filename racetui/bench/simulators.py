"""How many frames per second each simulator makes in this process, one core unless it says otherwise."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

Timed = Callable[[float], float]
"""Works for about that many seconds; frames (or resets) per second."""
BATCH = 64


def contenders() -> dict[str, Timed]:
    """name -> measurement, made ready: nothing is compiled or built within a measurement."""
    from carracing.simulator.observations import GREY, PIXELS

    found: dict[str, Timed] = {
        "stock": _stock(drawn=True),
        "stock, not drawn": _stock(drawn=False),
    }
    if importlib.util.find_spec("envpool"):
        found["envpool, pixels"] = _envpool()
    found |= {
        "fast, physics": _batch(None, 1),
        "fast, physics and 67 numbers": _batch("vector", 1),
        "fast, pixels": _batch(PIXELS, 1),
        "fast, grey": _batch(GREY, 1),
        "fast, grey-fast": _batch("grey-fast", 1),
        "fast, single environment": _single(),
        "fast, physics, 2 threads": _batch(None, 2),
        "fast, pixels, 2 threads": _batch(PIXELS, 2),
        "stock, resets": _stock_resets(),
        "fast, resets": _resets(),
    }
    return found


def _repeat(work: Callable[[], int], seconds: float) -> float:
    """Call ``work`` until the time is up; what it counted, per second."""
    done, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds or not done:
        done += work()
    return done / elapsed


def _drive(env: Any, frame: list[int]) -> int:
    """Ten frames of gentle weaving, as every contender drives."""
    for _ in range(10):
        frame[0] += 1
        _, _, terminated, truncated, _ = env.step(np.array([np.sin(frame[0] / 15) / 5, 0.1, 0], np.float32))
        if terminated or truncated:
            env.reset()
    return 10


def _stock(drawn: bool) -> Timed:
    from gymnasium.envs.box2d.car_racing import CarRacing

    env: Any = CarRacing()
    if not drawn:
        env._render = lambda mode: None
    env.reset(seed=1)
    frame = [0]
    return lambda seconds: _repeat(lambda: _drive(env, frame), seconds)


def _single() -> Timed:
    from carracing.simulator.env import FastCarRacing

    env = FastCarRacing()
    env.reset(seed=1)
    frame = [0]
    _drive(env, frame)
    return lambda seconds: _repeat(lambda: _drive(env, frame), seconds)


def _envpool() -> Timed:
    import envpool

    env = envpool.make_gymnasium("CarRacing-v3", num_envs=BATCH, num_threads=1, seed=1)
    env.reset()
    actions = np.tile(np.array([0.02, 0.1, 0], np.float32), (BATCH, 1))

    def work() -> int:
        env.step(actions)
        return BATCH

    return lambda seconds: _repeat(work, seconds)


def _batch(kind: int | Literal["vector", "grey-fast"] | None, threads: int) -> Timed:
    from carracing.simulator.eyes import Eyes, Painter, Sensor, Sketcher
    from carracing.simulator.simulator import Rules, Simulator

    simulator = Simulator(np.arange(BATCH), Rules(), threads)
    for group in range(BATCH):
        simulator.lay_track(group, np.random.default_rng(group))
    everyone = np.ones(BATCH, bool)
    simulator.start(everyone)
    painter: Eyes | None = None
    if kind is not None:
        named: dict[str | int, type[Sensor] | type[Sketcher]] = {"vector": Sensor, "grey-fast": Sketcher}
        painter = named[kind](simulator) if isinstance(kind, str) else Painter(simulator, kind)
    frame = [0]

    def work() -> int:
        frame[0] += 1
        steer = np.full(BATCH, np.sin(frame[0] / 15) / 5)
        over = simulator.cars.terminated | simulator.cars.truncated
        if over.any():
            simulator.start(over)
        simulator.step(np.stack([steer, np.full(BATCH, 0.1), np.zeros(BATCH)], axis=1), everyone)
        if painter is not None:
            painter.look(everyone)
        return BATCH

    work()
    return lambda seconds: _repeat(work, seconds)


def _stock_resets() -> Timed:
    from gymnasium.envs.box2d.car_racing import CarRacing

    env: Any = CarRacing()

    def work() -> int:
        env.reset()
        return 1

    return lambda seconds: _repeat(work, seconds)


def _resets() -> Timed:
    from carracing.simulator.eyes import Painter
    from carracing.simulator.observations import PIXELS
    from carracing.simulator.simulator import Rules, Simulator

    simulator, one = Simulator(np.zeros(1, int), Rules()), np.ones(1, bool)
    painter, rng = Painter(simulator, PIXELS), np.random.default_rng(1)

    def work() -> int:
        simulator.lay_track(0, rng)
        simulator.start(one)
        painter.look(one)
        return 1

    work()
    return lambda seconds: _repeat(work, seconds)
