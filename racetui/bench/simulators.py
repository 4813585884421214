"""How many frames per second each simulator makes in this process, one core unless it says otherwise."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import numpy as np

from carracing.task import EPISODE_FRAMES, Array

Timed = Callable[[float], float]
"""Works for about that many seconds; frames (or resets) per second."""
BATCH = 64
"""Cars stepped together, as a training steps them."""
LARGE_BATCH = 1024
"""Enough for two threads at physics alone, which takes 40 microseconds for 64 cars."""
ZOOM_FRAMES = 60
"""An episode begins with a second of zooming in, which takes longer to draw; single cars are measured after it."""
STOCK, UNDRAWN, ENVPOOL, RESETS = "stock", "stock, not drawn", "envpool, pixels", "stock, resets"
View = Literal["pixels", "grey", "grey-fast", "vector"] | None
"""What is observed of each frame; nothing is where physics alone is measured."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One row."""

    name: str
    timed: Timed
    """Made ready: nothing is compiled or built within a measurement."""
    beside: tuple[str, ...] = (STOCK,)
    """Names of those it is compared with, where they are measured."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What came of a contender over all turns."""

    name: str
    per_second: float
    """Median."""
    lowest: float
    highest: float
    over: Mapping[str, float]
    """Other contender -> how many times as fast, the median over turns."""


def contenders() -> list[Contender]:
    """Everyone, in the order of the table."""
    names = {None: "physics", "vector": "physics and 67 numbers"}
    drawn: tuple[View, ...] = ("pixels", "grey", "grey-fast")
    return [
        Contender(STOCK, _stock(drawn=True), ()),
        Contender(UNDRAWN, _stock(drawn=False)),
        *([Contender(ENVPOOL, _envpool())] if importlib.util.find_spec("envpool") else []),
        *(Contender(f"fast, {names[view]}", _batch(view), (STOCK, UNDRAWN)) for view in (None, "vector")),
        *(Contender(f"fast, {view}", _batch(view), (STOCK, ENVPOOL)) for view in drawn),
        Contender("fast, single environment", _single()),
        _two_threads("fast, physics", None, BATCH),
        Contender(f"fast, physics, {LARGE_BATCH} cars", _batch(None, LARGE_BATCH)),
        _two_threads(f"fast, physics, {LARGE_BATCH} cars", None, LARGE_BATCH),
        _two_threads("fast, pixels", "pixels", BATCH),
        _two_threads("fast, grey-fast", "grey-fast", BATCH),
        Contender(RESETS, _stock_resets(), ()),
        *(Contender(f"fast, resets, {view}", _resets(view), (RESETS,)) for view in ("pixels", "grey-fast", "vector")),
    ]


def compare(ready: list[Contender], turns: list[dict[str, float]]) -> list[Speed]:
    """The speeds that came of ``turns``, each name -> per second of all that are ``ready``."""
    speeds = []
    for contender in ready:
        measured = [turn[contender.name] for turn in turns]
        over = {
            other: median(turn[contender.name] / turn[other] for turn in turns)
            for other in contender.beside
            if other in turns[0]
        }
        speeds.append(Speed(contender.name, median(measured), min(measured), max(measured), over))
    return speeds


def _two_threads(one: str, view: View, cars: int) -> Contender:
    return Contender(f"{one}, 2 threads", _batch(view, cars, threads=2), (STOCK, one))


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
    return _driven(env)


def _single() -> Timed:
    from carracing.simulator.env import FastCarRacing

    return _driven(FastCarRacing())


def _driven(env: Any) -> Timed:
    env.reset(seed=1)
    frame = [0]
    while frame[0] < ZOOM_FRAMES:
        _drive(env, frame)
    return lambda seconds: _repeat(lambda: _drive(env, frame), seconds)


def _envpool() -> Timed:
    import envpool

    env = envpool.make_gymnasium("CarRacing-v3", num_envs=BATCH, num_threads=1, seed=1)
    env.reset()
    frame = [0]

    def work() -> int:
        frame[0] += 1
        env.step(np.tile(np.array([np.sin(frame[0] / 15) / 5, 0.1, 0], np.float32), (BATCH, 1)))
        return BATCH

    while frame[0] < ZOOM_FRAMES:
        work()
    return lambda seconds: _repeat(work, seconds)


def _batch(view: View, cars: int = BATCH, threads: int = 1) -> Timed:
    from carracing.simulator.eyes import make_eyes
    from carracing.simulator.simulator import Rules, Simulator

    simulator = Simulator(np.arange(cars), Rules(), threads)
    for group in range(cars):
        simulator.lay_track(group, np.random.default_rng(group))
    everyone = np.ones(cars, bool)
    simulator.start(everyone)
    eyes = None if view is None else make_eyes(simulator, view)
    frame = [0]

    def drive(live: Array) -> None:
        frame[0] += 1
        orders = np.tile([np.sin(frame[0] / 15) / 5, 0.1, 0.0], (cars, 1))
        over = simulator.cars.terminated | simulator.cars.truncated
        if over.any():
            simulator.start(over)
        simulator.step(orders, live)

    def work() -> int:
        drive(everyone)
        if eyes is not None:
            eyes.look(everyone)
        return cars

    # Cars are measured in all stages of their episodes, as they are in training.
    heads = np.linspace(0, EPISODE_FRAMES, cars, endpoint=False)
    while frame[0] < EPISODE_FRAMES:
        drive(heads > frame[0])
    work()
    return lambda seconds: _repeat(work, seconds)


def _stock_resets() -> Timed:
    from gymnasium.envs.box2d.car_racing import CarRacing

    env: Any = CarRacing()

    def work() -> int:
        env.reset()
        return 1

    return lambda seconds: _repeat(work, seconds)


def _resets(view: str) -> Timed:
    from carracing.simulator.eyes import make_eyes
    from carracing.simulator.simulator import Rules, Simulator

    simulator, one = Simulator(np.zeros(1, int), Rules()), np.ones(1, bool)
    eyes, rng = make_eyes(simulator, view), np.random.default_rng(1)

    def work() -> int:
        simulator.lay_track(0, rng)
        simulator.start(one)
        eyes.look(one)
        return 1

    work()
    return lambda seconds: _repeat(work, seconds)
