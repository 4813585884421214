"""Learning from a replay: take experience in, then take the gradient steps that are due."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, ClassVar

import numpy as np
import torch

from agents.api import ActorSpec, Demand, Metrics, Pulse, Segment, State, StateError, WeightsSnapshot
from agents.errors import StartError, TrainingDivergedError
from agents.offpolicy.config import OffPolicyConfig
from agents.offpolicy.learner import Learner
from agents.offpolicy.state import check_tensors, generator_from, pack_generator, pack_learner, unpack_learner
from agents.replay.replay import Replay
from agents.replay.state import pack_replay, unpack_replay
from agents.segments import SegmentError
from agents.start import check_parameters, load_networks
from carracing.task import TaskSpec

_ADVICE = "go back to the last checkpoint and try a lower learning_rate"


@dataclass(frozen=True, slots=True)
class Counts:
    """How far learning has come."""

    version: int = 0
    """Rounds learned from."""
    steps: int = 0
    """Ever taken in."""
    updates: int = 0
    """Gradient steps ever taken."""
    progress: float = 0.0
    """Share of the budget done before the last round."""


class OffPolicyAgent:
    """Implements ``agents.api.Agent`` over a ``Learner``; sampling and noise come from a generator of its own.

    The replay takes memory as it fills: see beforehand that ``agents.replay.sizes.replay_bytes`` of it fit.
    """

    NAME: ClassVar[str]
    """In the registry: whose checkpoints have all of its networks."""

    def __init__(
        self, task: TaskSpec, config: OffPolicyConfig, learner: Learner, rng: np.random.Generator, pulse: Pulse
    ) -> None:
        self._task, self._config, self._learner, self._pulse = task, config, learner, pulse
        self._sizes = config.sizes(task)
        self._replay = self._empty_replay()
        self._rng = rng
        self._counts = Counts()

    @property
    def demand(self) -> Demand:
        """One round."""
        return Demand(self._sizes.round)

    def actor_spec(self) -> ActorSpec:
        """How workers build the actor."""
        return self._learner.actor_spec()

    def snapshot(self) -> WeightsSnapshot:
        """The policy's parameters, copied, and how to explore."""
        counts = self._counts
        knobs = self._learner.knobs(counts.steps, counts.progress)
        return WeightsSnapshot(counts.version, self._learner.acting(), knobs)

    def begin(self) -> None:
        """Take over what ``init_from`` names; for a run that starts, not for one that goes on. Raises StartError."""
        path = self._config.init_from
        if not path:
            return
        found, begins = load_networks(path, self.NAME, self._task), self._learner.begins
        if not any(name.startswith(begins) for name in found):
            raise StartError(
                f"cannot start from {path}: {self.NAME} starts from a {self.NAME} checkpoint, and sac from a clone "
                "that was made with agent.network=sac"
            )
        parameters = {
            name: value for name, value in self._learner.networks.named_parameters() if not name.startswith("start.")
        }
        whole = parameters.keys() <= found.keys()
        if not whole:
            parameters = {name: value for name, value in parameters.items() if name.startswith(begins)}
        check_parameters(path, {name: tuple(value.shape) for name, value in parameters.items()}, found)
        with torch.no_grad():
            for name, value in parameters.items():
                value.copy_(torch.tensor(found[name]))
        self._learner.follow(whole)

    def learn(self, segments: Sequence[Segment], progress: float) -> Metrics:
        """Take a round in and learn. Raises SegmentError, ReplayFileError, ReplayError and TrainingDivergedError."""
        steps = self._take_in(segments)
        lags = np.array([self._counts.version - segment.version for segment in segments], np.float64)
        due = self._due(self._counts.steps + steps)
        started = time.perf_counter()
        for number in range(1, due + 1):
            batch = self._replay.sample(self._sizes.batch, self._rng, self._config.gamma, self._config.n_step)
            self._learner.update(batch, self._rng, self._counts.updates + number, progress)
            self._pulse()
        figures = self._learner.figures()
        seconds = time.perf_counter() - started
        self._check_finite(figures)
        counts = self._counts
        self._counts = Counts(
            counts.version + 1, counts.steps + steps, counts.updates + due, min(max(progress, 0.0), 1.0)
        )
        return {
            **figures,
            **({"updates_per_second": due / seconds} if due else {}),
            "updates": float(self._counts.updates),
            "replay/steps": float(len(self._replay)),
            "replay/megabytes": self._replay.bytes / 1e6,
            "lag_mean": float(np.average(lags, weights=[len(segment) for segment in segments])),
            "lag_max": float(lags.max()),
        }

    def state(self) -> State:
        """Networks, optimizers, generator, counts, and the replay in chunks."""
        counts = self._counts
        facts = {
            "version": counts.version,
            "steps": counts.steps,
            "updates": counts.updates,
            "progress": counts.progress,
            "generator": pack_generator(self._rng),
        }
        return State(pack_learner(self._learner), facts, pack_replay(self._replay))

    def restore(self, state: State) -> None:
        """Go on exactly where ``state`` was taken; without chunks, with an empty replay.

        Raises StateError and what reading the chunks raises, then unchanged.
        """
        check_tensors(state.tensors, self._learner)
        counts, rng = _counts(state.facts), generator_from(state.facts.get("generator"))
        filled = self._empty_replay()
        if state.chunks:
            unpack_replay(state.chunks, filled)
        unpack_learner(state.tensors, self._learner)
        self._replay, self._rng, self._counts = filled, rng, counts

    def _empty_replay(self) -> Replay:
        return Replay(self._task, self._sizes.replay, self._config.replay_directory)

    def _take_in(self, segments: Sequence[Segment]) -> int:
        if not segments:
            raise SegmentError("a round of learning needs at least one segment")
        if not all(np.isfinite(segment.rewards).all() for segment in segments):
            raise TrainingDivergedError("a reward is NaN or infinite: the environment is at fault")
        self._replay.add(segments)
        return sum(len(segment) for segment in segments)

    def _due(self, steps: int) -> int:
        """Updates to be taken now, after so many steps."""
        wanted = int(max(0, steps - self._config.warmup) * self._config.updates_per_step)
        return max(0, wanted - self._counts.updates)

    def _check_finite(self, figures: Mapping[str, float]) -> None:
        for name, value in figures.items():
            if not isfinite(value):
                raise TrainingDivergedError(f"{name} became {value}: {_ADVICE}")
        if figures and not all(bool(torch.isfinite(p).all()) for p in self._learner.networks.parameters()):
            raise TrainingDivergedError(f"a parameter became NaN or infinite: {_ADVICE}")


def _counts(facts: Mapping[str, Any]) -> Counts:
    names = {"version", "steps", "updates", "progress", "generator"}
    if set(facts) != names:
        raise StateError(f"facts are {sorted(facts)}, and this agent's are {sorted(names)}")
    for key in ("version", "steps", "updates"):
        if type(facts[key]) is not int or not 0 <= facts[key] < 2**62:
            raise StateError(f"fact {key!r} must be an integer of 0 or more, not {facts[key]!r}")
    progress = facts["progress"]
    if type(progress) not in (int, float) or not 0 <= progress <= 1:
        raise StateError(f"fact 'progress' must be 0 to 1, not {progress!r}")
    return replace(Counts(), **{key: facts[key] for key in sorted(names - {"generator"})})
