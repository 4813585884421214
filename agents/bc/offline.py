"""Behaviour cloning from a recorded set: no cars are driven while it learns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

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
from agents.bc.config import NO_SET, BCConfig
from agents.bc.learner import Cloner
from agents.bc.loading import batches
from agents.demonstrations import DemonstrationSet, DemonstrationsNotFoundError
from carracing.task import Array, TaskSpec

_FACTS = {"version", "taken", "order"}


class BCAgent:
    """Learns the labels of a demonstration set, pass after pass, each in an order of its own.

    A round is ``config.round`` minibatches. Minibatches depend on the seed and the pass alone, not on the processes
    that load them.
    """

    def __init__(self, task: TaskSpec, config: BCConfig, seed: int, pulse: Pulse = no_pulse) -> None:
        config.check_task(task)
        self._task, self._config, self._pulse = task, config, pulse
        weights_seed, order_seed = np.random.SeedSequence(seed).spawn(2)
        self._order = int(order_seed.generate_state(1)[0])
        """Seed of the orders in which the passes take the samples."""
        self._cloner = Cloner(task, config, weights_seed)
        self._version, self._taken = 0, 0
        """Rounds learned, and minibatches."""
        self._set: DemonstrationSet | None = None
        self._batches: Iterator[tuple[Array, Array]] | None = None

    @property
    def demand(self) -> Demand:
        """No steps at all."""
        return Demand(0)

    def actor_spec(self) -> ActorSpec:
        """How workers build the actor."""
        return self._cloner.actor_spec()

    def snapshot(self) -> WeightsSnapshot:
        """The policy's parameters, copied."""
        return WeightsSnapshot(self._version, self._cloner.tensors())

    def begin(self) -> None:
        """Take over what ``init_from`` names. Raises StartError."""
        self._cloner.begin()

    def learn(self, segments: Sequence[Segment], progress: float) -> Metrics:
        """Learn ``round`` minibatches. Raises DemonstrationsError, TrainingDivergedError."""
        del segments  # there are none
        found: dict[str, list[torch.Tensor]] = {}
        samples, rate = 0, self._cloner.rate(progress)
        for _ in range(self._config.round):
            observations, labels = next(self._loaded())
            rows = len(labels)
            learned = self._cloner.step(rows, partial(_rows, observations, labels), rate)
            for name, value in learned.items():
                found.setdefault(name, []).append(value)
            samples += rows
            self._taken += 1
            self._pulse()
        self._cloner.check()
        self._version += 1
        means = {name: float(torch.stack(values).mean()) for name, values in found.items()}
        return {**means, "samples": float(samples), "learning_rate": rate, "epochs": self._epochs}

    def state(self) -> State:
        """Network, optimizer, and how far the passes have come."""
        facts = {"version": self._version, "taken": self._taken, "order": self._order}
        return State(self._cloner.state(), facts)

    def restore(self, state: State) -> None:
        """Go on exactly where ``state`` was taken. Raises StateError, then unchanged."""
        if set(state.facts) != _FACTS:
            raise StateError(f"facts are {sorted(state.facts)}, and this agent's are {sorted(_FACTS)}")
        for key, value in state.facts.items():
            if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
                raise StateError(f"fact {key!r} must be an integer from 0 to 2**53, not {value!r}")
        self._cloner.check_state(state, {})
        self._cloner.restore(state.tensors)
        self._version, self._taken, self._order = (state.facts[key] for key in ("version", "taken", "order"))
        self._batches = None

    @property
    def _demonstrations(self) -> DemonstrationSet:
        """Opened when it is first needed: a policy can be evaluated where the set is not, or never was."""
        if self._set is None:
            if not self._config.demos:
                raise DemonstrationsNotFoundError(NO_SET)
            opened = DemonstrationSet(Path(self._config.demos).expanduser(), self._task.stack)
            opened.check_task(self._task)
            self._set = opened
        return self._set

    @property
    def _epochs(self) -> float:
        """Passes done."""
        return self._taken / -(-len(self._demonstrations) // self._config.minibatch)

    def _loaded(self) -> Iterator[tuple[Array, Array]]:
        if self._batches is None:
            config = self._config
            self._batches = batches(self._demonstrations, config, self._order, self._taken)
        return self._batches


def _rows(observations: Array, labels: Array, first: int, last: int) -> tuple[Array, Array]:
    return observations[first:last], labels[first:last]
