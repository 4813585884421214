"""How far a run has come and how fast it goes."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from collectors.api import CollectorStats, EpisodeRecord, Heat
from racetui.counters import Counters

RATE_WINDOW = 30.0
"""Seconds of training over which speeds are averaged: some rounds on a slow machine, half a minute on a fast one."""
RETURN_WINDOW = 100
"""Episodes in the running mean of the return, as Gymnasium's leaderboard counts them."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of training, measured."""

    seconds: float
    seconds_learn: float
    stats: CollectorStats

    def time_shares(self) -> dict[str, float]:
        """Where the round's time went, as shares of 1: env, act, learn, other."""
        total = max(self.seconds, 1e-9)
        env, act, learn = self.stats.seconds_env, self.stats.seconds_act, self.seconds_learn
        other = max(0.0, total - env - act - learn)
        return {
            "time/env": env / total,
            "time/act": act / total,
            "time/learn": learn / total,
            "time/other": other / total,
        }

    def waits(self) -> dict[str, float]:
        """Who waited for whom, as shares of 1; by name. Nothing of workers where there are none."""
        stats, total = self.stats, max(self.seconds, 1e-9)
        waits = {"wait/lanes": stats.lanes_waiting} if stats.lanes_waiting or stats.heats else {}
        if stats.worker_busy:
            idle = 1.0 - _mean(stats.worker_busy)
            waits |= {"wait/learner": min(1.0, stats.seconds_waiting / total), "wait/workers": idle}
            waits |= {f"busy/{worker}": share for worker, share in enumerate(stats.worker_busy)}
        return waits


class Progress:
    """Counters, recent returns and speeds; fed once a round."""

    def __init__(self, counters: Counters, returns: Sequence[float] = ()) -> None:
        self.counters = counters
        self._returns: deque[float] = deque(returns, maxlen=RETURN_WINDOW)
        self._rounds: deque[Round] = deque()

    def add(self, done: Round) -> None:
        """Count one finished round."""
        stats = done.stats
        self.counters = replace(
            self.counters,
            frames=self.counters.frames + stats.frames,
            steps=self.counters.steps + stats.steps,
            episodes=self.counters.episodes + len(stats.episodes),
            rounds=self.counters.rounds + 1,
            seconds=self.counters.seconds + done.seconds,
        )
        self._returns.extend(record.episode_return for record in stats.episodes)
        self._rounds.append(done)
        while len(self._rounds) > 1 and self._window_seconds() - self._rounds[0].seconds >= RATE_WINDOW:
            self._rounds.popleft()

    @property
    def return_mean(self) -> float | None:
        """Mean return of the last 100 episodes; None before the first one ended."""
        return sum(self._returns) / len(self._returns) if self._returns else None

    @property
    def frames_per_second(self) -> float | None:
        """Simulator frames per second of training, learning included."""
        return self._rate(lambda stats: stats.frames)

    @property
    def steps_per_second(self) -> float | None:
        """Decisions per second of training, learning included."""
        return self._rate(lambda stats: stats.steps)

    @property
    def episodes_per_second(self) -> float | None:
        """Finished episodes per second of training."""
        return self._rate(lambda stats: len(stats.episodes))

    def metrics(self, done: Round, learned: Mapping[str, float]) -> dict[str, float]:
        """Everything worth a curve after ``done``, by name; what is not known yet is left out."""
        known = {
            "return_mean": self.return_mean,
            "frames_per_second": self.frames_per_second,
            "steps_per_second": self.steps_per_second,
            "episodes_per_second": self.episodes_per_second,
            **episode_metrics(done.stats.episodes),
            **heat_metrics(done.stats.heats),
            **done.time_shares(),
            **done.waits(),
            "lag_mean": done.stats.lag_mean,
            "lag_max": done.stats.lag_max,
            **self.counters.curves(),
            **learned,
        }
        return {name: float(value) for name, value in known.items() if value is not None}

    def _window_seconds(self) -> float:
        return sum(done.seconds for done in self._rounds)

    def _rate(self, count: Callable[[CollectorStats], int]) -> float | None:
        seconds = self._window_seconds()
        return sum(count(done.stats) for done in self._rounds) / seconds if seconds else None


def episode_metrics(episodes: Sequence[EpisodeRecord]) -> dict[str, float]:
    """Means over the episodes that ended in a round; ``lap_frames`` over the finished laps only."""
    if not episodes:
        return {}
    metrics = {
        "return": _mean([record.episode_return for record in episodes]),
        "episode_frames": _mean([float(record.frames) for record in episodes]),
    }
    for fact in episodes[0].facts:
        metrics[fact] = _mean([record.facts[fact] for record in episodes])
    metrics.pop("lap_frames", None)  # its mean over laps that were not finished says nothing
    laps = [float(record.frames) for record in episodes if record.facts.get("finished")]
    return metrics | ({"lap_frames": _mean(laps)} if laps else {})


def heat_metrics(heats: Sequence[Heat]) -> dict[str, float]:
    """Means over the heats that were judged in a round: of the winners' returns, and of the spread."""
    if not heats:
        return {}
    return {
        "heat_best": _mean([heat.best_return for heat in heats]),
        "heat_spread": _mean([heat.spread for heat in heats]),
    }


class Stopwatch:
    """Seconds since it was started, less the time spent paused."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._paused = 0.0

    def leave_out(self, seconds: float) -> None:
        """Do not count these seconds (a pause)."""
        self._paused += seconds

    @property
    def seconds(self) -> float:
        """Seconds so far."""
        return time.monotonic() - self._started - self._paused


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
