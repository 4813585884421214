"""Who is compared, and what is measured of them. Loads nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass

CONTENDERS = {
    "sequential": "one car in the learner's process, on backend gymnasium",
    "sync": "all cars in the learner's process, on backend gymnasium",
    "async": "cars in worker processes, on backend gymnasium",
    "fast": "all cars in the learner's process, on backend fast",
    "sb3": "stable-baselines3's PPO and SubprocVecEnv, one process per car, on backend gymnasium",
    "sb3-stock": "the same on stock CarRacing-v3, which draws every frame",
}
"""name -> what it is."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured, and for how long."""

    lanes: int
    workers: int
    threads: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Speed:
    """Simulator frames of whole rounds of training (collecting and learning), and the time they took."""

    frames: int
    seconds: float
