"""How far the simulator is from stock CarRacing-v3 on this machine: ``python -m carracing.exactness``.

Where arithmetic is the same, and it is on x86-64 Linux with glibc, every difference is 0. Elsewhere a last bit may
differ, and driving makes more of it with every frame; so the frame of the first difference is told beside its size.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from gymnasium.envs.box2d.car_racing import CarRacing

from carracing.simulator.eyes import make_eyes
from carracing.simulator.layout import ANGLE, PX, PY, VX, VY
from carracing.simulator.simulator import Rules, Simulator
from carracing.task import Array

_ONE = np.ones(1, np.bool_)


@dataclass(frozen=True, slots=True)
class Differences:
    """Largest differences over some seeds."""

    seeds: int
    frames: int = 0
    """Frames compared, each with its picture."""
    first: int | None = None
    """Earliest frame of an episode with any difference, 0 for its start; None if all is equal."""
    track: float = 0.0
    """Units."""
    car: float = 0.0
    """Of the hull's place in units, its angle in radians and its velocity in units per second."""
    reward: float = 0.0
    ends: int = 0
    """Episodes that ended in one of the two only."""
    pixel: int = 0
    """Levels of 255."""

    @property
    def exact(self) -> bool:
        """Whether nothing differed."""
        return self.first is None

    def describe(self) -> str:
        """One sentence."""
        over = f"{self.frames} frames of {self.seeds} tracks, pictures included"
        if self.exact:
            return f"equal to stock to the last bit over {over} ({_platform()})"
        return (
            f"not equal to stock from frame {self.first} on: over {over}, tracks are off by up to {self.track:.1e} "
            f"units, cars by {self.car:.1e} units, rewards by {self.reward:.1e}, pixels by {self.pixel} levels, and "
            f"{self.ends} episodes end differently ({_platform()})"
        )


def measure(seeds: int = 3, frames: int = 150) -> Differences:
    """Drive so many tracks in both for up to so many frames, from side to side and on and off the road."""
    found = Differences(seeds)
    for seed in range(seeds):
        found = _compare(found, seed, frames)
    return found


def _compare(found: Differences, seed: int, frames: int) -> Differences:
    stock: Any = CarRacing()
    picture, _ = stock.reset(seed=seed)
    simulator = Simulator(np.zeros(1, np.int64), Rules())
    simulator.lay_track(0, np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed))))
    simulator.start(_ONE)
    eyes = make_eyes(simulator, "pixels")
    ours, theirs = simulator.tracks.points[0, : simulator.tracks.tiles[0]], np.array(stock.track)
    track = _largest(ours, theirs) if ours.shape == theirs.shape else np.inf
    found = _grown(found, 0, track=track, car=_car_off(simulator, stock), pixel=_pixels_off(eyes.look(_ONE), picture))
    for frame in range(1, frames + 1):
        orders = np.array([np.sin(frame / 15), 0.4, 0.2 * (frame % 50 > 45)], np.float32)
        simulator.step(orders[None].astype(np.float64), _ONE)
        picture, reward, terminated, _, _ = stock.step(orders)
        over = bool(simulator.cars.terminated[0])
        found = _grown(
            replace(found, frames=found.frames + 1, ends=found.ends + (over != terminated)),
            frame,
            car=_car_off(simulator, stock),
            reward=abs(float(reward) - float(simulator.cars.step_reward[0])),
            pixel=_pixels_off(eyes.look(_ONE), picture),
        )
        if over or terminated:
            break
    stock.close()
    return found


def _grown(found: Differences, frame: int, **sizes: float) -> Differences:
    """The same with larger differences where ``sizes`` are larger."""
    if any(sizes.values()):
        found = replace(found, first=frame if found.first is None else min(found.first, frame))
    changes: dict[str, Any] = {name: max(getattr(found, name), size) for name, size in sizes.items()}
    return replace(found, **changes)


def _car_off(simulator: Simulator, stock: Any) -> float:
    hull = stock.car.hull
    theirs = np.array([*hull.position, hull.angle, *hull.linearVelocity])
    return _largest(simulator.cars.bodies[0, [PX, PY, ANGLE, VX, VY], 0].astype(np.float64), theirs)


def _pixels_off(ours: Array, theirs: Array) -> int:
    return int(_largest(ours[0].astype(np.int16), theirs.astype(np.int16)))


def _largest(one: Array, other: Array) -> float:
    return float(np.abs(one - other).max())


def _platform() -> str:
    def known(package: str) -> str:
        try:
            return f"{package} {version(package)}"
        except PackageNotFoundError:
            return f"{package} not installed"

    packages = ", ".join(known(package) for package in ("gymnasium", "Box2D", "pygame-ce", "numba"))
    return f"{platform.machine()}, {' '.join(platform.libc_ver()).strip() or platform.system()}, {packages}"


if __name__ == "__main__":
    print(measure(seeds=10).describe())  # noqa: T201 - what the command is for
