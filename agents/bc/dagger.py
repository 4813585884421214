"""DAgger: the student drives, an expert says what it would have done, and the student learns that.

Ross, Gordon and Bagnell, "A reduction of imitation learning and structured prediction to no-regret online learning",
AISTATS 2011: the set of labelled states is never thrown away but for its oldest part, and early on the expert drives
some of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from agents.api import (
    ActorSpec,
    Demand,
    Metrics,
    Pulse,
    Segment,
    State,
    StateError,
    WeightsSnapshot,
    no_pulse,
)
from agents.bc.config import DAggerConfig
from agents.bc.learner import Cloner
from agents.offpolicy.state import generator_from, pack_generator
from agents.replay.replay import Replay, Serials
from agents.replay.state import pack_replay, unpack_replay
from agents.segments import SegmentError
from carracing.task import Array, TaskSpec


@dataclass(frozen=True, slots=True)
class _Counts:
    version: int = 0
    """Rounds learned."""
    steps: int = 0
    """Ever taken in."""
    updates: int = 0
    """Gradient steps ever taken."""
    progress: float = 0.0
    """Share of the run done before the last round."""


class DAggerAgent:
    """Keeps labelled steps in a replay, where labels stand in for actions, and learns from all of them."""

    def __init__(self, task: TaskSpec, config: DAggerConfig, seed: int, pulse: Pulse = no_pulse) -> None:
        config.check_task(task)
        self._task, self._config, self._pulse = task, config, pulse
        weights_seed, order_seed = np.random.SeedSequence(seed).spawn(2)
        self._rng = np.random.default_rng(order_seed)
        self._cloner = Cloner(task, config, weights_seed)
        self._replay = Replay(task, config.replay)
        self._counts = _Counts()
        self._buffers: dict[int, Array] = {}
        """By the first row of a minibatch that each is for."""

    @property
    def demand(self) -> Demand:
        """One rollout."""
        return Demand(self._config.rollout)

    def actor_spec(self) -> ActorSpec:
        """How workers build the actor."""
        return self._cloner.actor_spec()

    def snapshot(self) -> WeightsSnapshot:
        """The policy's parameters, copied, and how much of the driving is the expert's and noise."""
        counts, config = self._counts, self._config
        led = 1.0 - counts.progress / config.led if config.led else 0.0
        share = 1.0 if counts.version == 0 and config.led else max(led, 0.0)
        knobs = {"mode": 1.0, "noise": config.noise, "expert_share": share}
        return WeightsSnapshot(counts.version, self._cloner.tensors(), knobs)

    def begin(self) -> None:
        """Take over what ``init_from`` names. Raises StartError."""
        self._cloner.begin()

    def learn(self, segments: Sequence[Segment], progress: float) -> Metrics:
        """Take a round in and learn. Raises SegmentError, TrainingDivergedError."""
        counts = self._counts
        steps = counts.steps + self._take_in(segments)
        due = int(steps * self._config.visits / self._config.minibatch) - counts.updates
        rate = self._cloner.rate(progress)
        found: dict[str, list[torch.Tensor]] = {}
        for _ in range(due):
            steps_seen = self._replay.draw(self._config.minibatch, self._rng)
            gather = partial(self._gather, steps_seen)
            for name, value in self._cloner.step(len(steps_seen), gather, rate).items():
                found.setdefault(name, []).append(value)
            self._pulse()
        self._cloner.check()
        self._counts = _Counts(counts.version + 1, steps, counts.updates + due, min(max(progress, 0.0), 1.0))
        means = {name: float(torch.stack(values).mean()) for name, values in found.items()}
        kept = {"replay/steps": float(len(self._replay)), "replay/megabytes": self._replay.bytes / 1e6}
        return {**means, **kept, "learning_rate": rate, "updates": float(self._counts.updates)}

    def state(self) -> State:
        """Network, optimizer, generator, counts, and the labelled steps in chunks."""
        counts = self._counts
        facts = {
            "version": counts.version,
            "steps": counts.steps,
            "updates": counts.updates,
            "progress": counts.progress,
            "generator": pack_generator(self._rng),
        }
        return State(self._cloner.state(), facts, pack_replay(self._replay))

    def restore(self, state: State) -> None:
        """Go on exactly where ``state`` was taken; without chunks, with nothing kept.

        Raises StateError and what reading the chunks raises, then unchanged.
        """
        counts, rng = _counts(state.facts), generator_from(state.facts.get("generator"))
        self._cloner.check_state(state, {})
        filled = Replay(self._task, self._config.replay)
        if state.chunks:
            unpack_replay(state.chunks, filled)
        self._cloner.restore(state.tensors)
        self._replay, self._rng, self._counts = filled, rng, counts

    def _gather(self, drawn: Serials, first: int, last: int) -> tuple[Array, Array]:
        """Observations and labels of some of the steps drawn, into memory used again for the same rows."""
        kept = self._buffers.get(first)
        stacks = drawn[first:last]
        self._buffers[first] = observations = self._replay.observations(stacks, kept)
        return observations, self._replay.actions_of(stacks)

    def _take_in(self, segments: Sequence[Segment]) -> int:
        if not segments:
            raise SegmentError("a round of learning needs at least one segment")
        labelled = []
        for segment in segments:
            if segment.labels is None:
                raise SegmentError("a segment has no labels: the worlds must be made with task.labels")
            labelled.append(replace(segment, actions=segment.labels, log_probs=None))
        self._replay.add(labelled)
        return sum(len(segment) for segment in segments)


def _counts(facts: Any) -> _Counts:
    names = {"version", "steps", "updates", "progress", "generator"}
    if set(facts) != names:
        raise StateError(f"facts are {sorted(facts)}, and this agent's are {sorted(names)}")
    for key in ("version", "steps", "updates"):
        if type(facts[key]) is not int or not 0 <= facts[key] < 2**62:
            raise StateError(f"fact {key!r} must be an integer of 0 or more, not {facts[key]!r}")
    if type(facts["progress"]) not in (int, float) or not 0 <= facts["progress"] <= 1:
        raise StateError(f"fact 'progress' must be 0 to 1, not {facts['progress']!r}")
    return _Counts(facts["version"], facts["steps"], facts["updates"], float(facts["progress"]))
