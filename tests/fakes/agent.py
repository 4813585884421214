"""An agent that learns nothing and checks everything: each segment against the rules that must have made it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

from agents.api import (
    ActorSpec,
    Demand,
    End,
    Metrics,
    Pulse,
    Segment,
    State,
    StateError,
    WeightsSnapshot,
    no_pulse,
)
from agents.random import EpisodeRandom
from carracing.task import Array, Box, TaskSpec
from collectors.seeds import EpisodeSeeds
from tests.fakes.actor import ScriptedActor
from tests.fakes.world import CountingRules


@dataclass(frozen=True, slots=True)
class RecordingConfig:
    """What a RecordingAgent demands and expects."""

    steps: int = 32
    """Demand per round."""
    constant: bool = False
    """Keep the first weights, so that experience does not depend on how it is cut into rounds."""
    log_probs: bool = True
    rules: CountingRules | None = None
    """Rules of the CountingWorld behind the collector; None takes the defaults for the task."""
    seeds: EpisodeSeeds | None = None
    """Seeds the collector was given; None leaves seeds and noise unchecked."""
    lag: int = 0
    """How many versions old the acting weights may be."""


@dataclass(slots=True)
class _Course:
    """How far an episode has come, as its segments told."""

    steps: int
    window: Array
    over: bool = False


@dataclass(slots=True)
class RecordingAgent:
    """Implements ``agents.api.Agent``; ``learn`` raises AssertionError on any segment that cannot be right."""

    task: TaskSpec
    config: RecordingConfig
    seed: int = 0
    pulse: Pulse = no_pulse
    segments: list[Segment] = field(default_factory=list)
    """Copies of everything ever learned from."""
    lags: list[list[tuple[int, int]]] = field(default_factory=list)
    """(versions behind, steps) of each segment, by round."""
    version: int = 0
    _digests: list[int] = field(default_factory=lambda: [0])
    """Checksum of all that was learned from, by version."""
    _courses: dict[int, _Course] = field(default_factory=dict)

    @property
    def demand(self) -> Demand:
        return Demand(self.config.steps)

    def actor_spec(self) -> ActorSpec:
        return ActorSpec("tests.fakes:make_scripted_actor", self.task, {"log_probs": self.config.log_probs})

    def snapshot(self) -> WeightsSnapshot:
        return self._snapshot(self.version)

    def _snapshot(self, version: int) -> WeightsSnapshot:
        basis = 0 if self.config.constant else self._digests[version]
        bias = (np.arange(self.task.action.size) + self.seed + basis) % 97 / 97 - 0.5
        return WeightsSnapshot(version, {"bias": bias.astype(np.float32)})

    def learn(self, segments: Sequence[Segment], progress: float) -> Metrics:
        assert 0.0 <= progress <= 1.0, progress
        assert segments, "nothing to learn from"
        self.pulse()
        self.lags.append([(self.version - segment.version, len(segment)) for segment in segments])
        for segment in segments:
            self._check(segment)
            self.segments.append(copied(segment))
        digest = self._digests[-1]
        for segment in segments:
            digest = crc32(segment.rewards.tobytes() + segment.actions.tobytes(), digest)
        self._digests.append(digest)
        self.version += 1
        return {"rewards": float(sum(segment.rewards.sum() for segment in segments)), "progress": progress}

    def state(self) -> State:
        return State({"digests": np.array(self._digests, dtype=np.int64)}, {"version": self.version})

    def restore(self, state: State) -> None:
        digests, version = state.tensors.get("digests"), state.facts.get("version")
        if digests is None or not isinstance(version, int) or digests.shape != (version + 1,):
            raise StateError("this is no state of a recording agent")
        self._digests, self.version = digests.tolist(), version
        self._courses.clear()

    def episodes(self) -> dict[int, dict[str, Any]]:
        """Everything learned from, by episode number: arrays joined over its segments, and its last end."""
        joined: dict[int, dict[str, Any]] = {}
        for number in sorted({segment.episode for segment in self.segments}):
            parts = [segment for segment in self.segments if segment.episode == number]
            stack = self.task.stack
            joined[number] = {
                "start": parts[0].start,
                "frames": np.concatenate([parts[0].frames, *(part.frames[stack:] for part in parts[1:])]),
                "actions": np.concatenate([part.actions for part in parts]),
                "rewards": np.concatenate([part.rewards for part in parts]),
                "end": parts[-1].end,
            }
        return joined

    def _check(self, segment: Segment) -> None:
        lag = self.version - segment.version
        assert 0 <= lag <= self.config.lag, f"version {segment.version}, published {self.version}"
        assert segment.stack == self.task.stack
        assert (segment.log_probs is not None) == self.config.log_probs
        self._check_continuity(segment)
        headers = CountingRules.read(segment.frames[self.task.stack - 1 :])
        self._check_course(segment, headers)
        if self.config.seeds is not None:
            assert headers[0, 0] == self.config.seeds.track(segment.episode), "track seed"
            car = segment.episode % self.config.seeds.cars_per_track
            assert headers[0, 1] == (self.config.rules or CountingRules()).place(car), "car"
            self._check_decisions(segment, self.config.seeds)

    def _check_continuity(self, segment: Segment) -> None:
        stack = self.task.stack
        before = self._courses.get(segment.episode)
        if segment.start == 0:
            assert before is None, f"episode {segment.episode} begins twice"
            assert (segment.frames[:stack] == segment.frames[0]).all(), "look-back at the start of an episode"
        elif before is not None:
            assert not before.over, f"episode {segment.episode} goes on after its end"
            assert segment.start == before.steps, f"starts at {segment.start}, was at {before.steps}"
            assert np.array_equal(segment.frames[:stack], before.window), "look-back after a cut"
        self._courses[segment.episode] = _Course(
            segment.start + len(segment), segment.frames[-stack:].copy(), segment.end is not End.CUT
        )

    def _check_course(self, segment: Segment, headers: Array) -> None:
        rules = self.config.rules or CountingRules(spec=self.task)
        seed, car, _, trace = headers[0].tolist()
        assert (headers[:, 0] == seed).all() and (headers[:, 1] == car).all(), "mixed episodes"
        assert np.array_equal(headers[:, 2], segment.start + np.arange(len(segment) + 1)), "step counters"
        number, over = segment.start, False
        for step, action in enumerate(segment.actions):
            assert not over, f"episode {segment.episode} goes on after its end"
            trace = rules.next_trace(trace, self._env_action(action))
            number = segment.start + step + 1
            expected = rules.observation(seed, car, number, trace)
            assert np.array_equal(segment.frames[self.task.stack + step], expected), f"observation {number}"
            assert segment.rewards[step] == rules.reward(trace), f"reward {number}"
            over = rules.over(seed, car, number, trace)
        expected_end = rules.end(seed, car) if over else End.CUT
        assert segment.end is expected_end, f"{segment.end} after {number} steps"

    def _check_decisions(self, segment: Segment, seeds: EpisodeSeeds) -> None:
        """Act again on what the segment says was seen: the same, or the actor saw something else."""
        actor = ScriptedActor(self.task, self.config.log_probs)
        actor.load(self._snapshot(segment.version))
        keys = np.full(len(segment), seeds.key(segment.episode))
        steps = segment.start + np.arange(len(segment))
        again = actor.act(segment.observations[:-1], EpisodeRandom(keys, steps))
        assert np.array_equal(again.actions, segment.actions), "actions"
        if segment.log_probs is not None and again.log_probs is not None:
            assert np.array_equal(again.log_probs, segment.log_probs), "log_probs"

    def _env_action(self, action: Array) -> Array:
        if isinstance(self.task.action, Box):
            clipped: Array = np.clip(
                action, *np.array([self.task.action.low, self.task.action.high], dtype=np.float32)
            )
            return clipped
        return action


def copied(segment: Segment) -> Segment:
    """The segment in memory of its own: it stays when its collector goes on."""
    return Segment(
        segment.frames.copy(),
        segment.actions.copy(),
        segment.rewards.copy(),
        None if segment.log_probs is None else segment.log_probs.copy(),
        segment.end,
        segment.version,
        segment.episode,
        segment.start,
        segment.stack,
        None if segment.labels is None else segment.labels.copy(),
    )
