"""The interfaces between acting, learning and collecting. Numpy only: workers and the panel import this.

The whole of training is this loop::

    while budget left:
        collector.publish(agent.snapshot())
        segments = collector.collect(agent.demand.steps)
        metrics = agent.learn(segments)

An agent learns and lives in the run's process. An actor only acts and lives wherever steps are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from agents.random import EpisodeRandom
from carracing.task import Array, TaskSpec

Metrics: TypeAlias = Mapping[str, float]
"""What one round of learning reports: name -> value."""

Pulse: TypeAlias = Callable[[], None]
"""Called between steps and between minibatches: the sign of life of a run, and where it blocks while paused."""


def no_pulse() -> None:
    """Do nothing: the pulse of an agent or collector that nobody watches."""


class End(Enum):
    """How a segment ends."""

    TERMINATED = "terminated"
    """The task ended the episode: nothing follows, so nothing is bootstrapped."""
    TRUNCATED = "truncated"
    """A limit ended the episode although driving could go on: bootstrap from the last observation."""
    CUT = "cut"
    """The episode goes on in a later segment: bootstrap from the last observation."""


@dataclass(frozen=True, slots=True)
class Segment:
    """Consecutive steps of ONE episode, acted by ONE weights version; T is their number.

    Arrays may be views of a collector's memory: valid until that collector's next ``collect``.
    """

    frames: Array
    """(stack - 1 + T + 1, *observation_shape): single observations with look-back, each stored once.
    At an episode's start the look-back repeats its first observation."""
    actions: Array
    """(T, A) as the policy emitted them, before clipping to the environment's bounds."""
    rewards: Array
    """(T,) float32, the environment's own, with what the task adds for training only (``TaskConfig``)."""
    log_probs: Array | None
    """(T,) float32 log-densities of ``actions`` under the acting weights; None for policies without them."""
    end: End
    version: int
    """``WeightsSnapshot.version`` of the weights that acted."""
    episode: int
    """Global episode number: decides track seed and noise."""
    start: int
    """Index of the first step within its episode."""
    stack: int
    labels: Array | None = None
    """(T, A) what an expert would have done at each step; None unless the task has labels."""

    def __post_init__(self) -> None:
        """Reject arrays whose lengths contradict each other."""
        steps = len(self.actions)
        if steps < 1:
            raise ValueError("a segment has at least one step")
        if self.labels is not None and len(self.labels) != steps:
            raise ValueError(f"{steps} actions, but {len(self.labels)} labels")
        if len(self.rewards) != steps or (self.log_probs is not None and len(self.log_probs) != steps):
            raise ValueError(f"{steps} actions, but {len(self.rewards)} rewards or other log_probs")
        if len(self.frames) != self.stack + steps:
            raise ValueError(
                f"{steps} steps of stack {self.stack} need {self.stack + steps} frames, not {len(self.frames)}"
            )

    def __len__(self) -> int:
        return len(self.actions)

    @property
    def observations(self) -> Array:
        """(T + 1, stack, *observation_shape) sliding window, zero-copy; the last is the true successor."""
        window = np.lib.stride_tricks.sliding_window_view(self.frames, self.stack, axis=0)
        return np.moveaxis(window, -1, 1)


@dataclass(frozen=True, slots=True)
class WeightsSnapshot:
    """All an actor needs of its agent, as data."""

    version: int
    """Counts learn() calls; larger is newer."""
    tensors: Mapping[str, Array]
    knobs: Mapping[str, float] = field(default_factory=dict)
    """Exploration is data: epsilon, deterministic (1 acts without noise), ..."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an actor decided for each row of observations."""

    actions: Array
    """(rows, A) as the policy emitted them."""
    env_actions: Array
    """(rows, A) as the environment accepts them."""
    log_probs: Array | None
    """(rows,) float32."""


class Actor(Protocol):
    """Acts with the weights it was given; deterministic but for ``rngs``."""

    def load(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from now on; copies what it keeps."""

    def act(self, observations: Array, rngs: EpisodeRandom) -> Decision:
        """Decide for (rows, stack, *observation_shape); ``rngs`` has one stream per row."""


@dataclass(frozen=True, slots=True)
class ActorSpec:
    """How to build an actor anywhere: picklable, and no class travels, only the name of a factory of ours."""

    factory: str
    """"module:function", called with the spec and ``options``."""
    task: TaskSpec
    options: Mapping[str, Any] = field(default_factory=dict)

    def build(self) -> Actor:
        """Import the factory and make the actor; it has no weights until ``load``."""
        from importlib import import_module

        module, function = self.factory.split(":")
        actor: Actor = getattr(import_module(module), function)(self.task, **self.options)
        return actor


@dataclass(frozen=True, slots=True)
class Demand:
    """What an agent wants from each round of collection."""

    steps: int
    """Steps over all lanes together. 0 of an agent that learns from a recorded set: no cars are driven for it,
    ``learn`` gets no segments, and the figure ``samples`` it reports counts as the round's steps."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """An array too bulky to be copied when a state is taken: read one at a time, when it is needed.

    What it reads never changes, however its owner goes on.
    """

    shape: tuple[int, ...]
    dtype: str
    """As numpy names it."""
    read: Callable[[], Array]
    """The content, not to be written into; callable from any thread. One read from a file checks it and raises
    what ``agents.errors`` has for files that are not as they were written."""


@dataclass(frozen=True, slots=True)
class State:
    """All of an agent or collector that a checkpoint keeps: arrays, and JSON values for the rest."""

    tensors: Mapping[str, Array]
    facts: Mapping[str, Any]
    chunks: Mapping[str, Chunk] = field(default_factory=dict)
    """What is bulky (a replay), by names of small letters, digits and hyphens, in the order to be read in.
    Agents only; one that acts or is exported goes without, so a state without chunks can be restored too."""


class StateError(ValueError):
    """A state does not fit what it is restored into; says which part, and nothing was changed."""


class Agent(Protocol):
    """Learns from segments; every agent works with every collector."""

    @property
    def demand(self) -> Demand:
        """How much experience the next round needs."""

    def actor_spec(self) -> ActorSpec:
        """How workers build this agent's actor."""

    def snapshot(self) -> WeightsSnapshot:
        """The current weights, copied."""

    def learn(self, segments: Sequence[Segment], progress: float) -> Metrics:
        """Learn from one round; ``progress`` is the share of the budget done before it, 0 to 1 (schedules)."""

    def state(self) -> State:
        """Everything that decides how learning goes on: weights, optimizer, normalisers, RNG, counters."""

    def restore(self, state: State) -> None:
        """Go on exactly where ``state`` was taken. Raises StateError or what its chunks raise, then unchanged."""


@runtime_checkable
class Beginner(Protocol):
    """An agent that has something to do before its first round, such as taking over another's policy."""

    def begin(self) -> None:
        """Called once for a training that starts, never for one that goes on. Raises StartError."""
