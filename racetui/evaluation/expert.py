"""The scripted expert as something to evaluate: it needs no checkpoint, but the true state of the cars it drives."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from agents.api import ActorSpec, Decision, State, WeightsSnapshot, no_pulse
from agents.random import EpisodeRandom
from carracing.registry import make_worlds
from carracing.task import Array, LabelledWorlds, Step, TaskConfig, labelled, task_spec
from collectors.api import EpisodeRecord, Lanes
from collectors.wrapper import LanesWrapper
from racetui.evaluation.driving import lanes_for
from racetui.evaluation.scores import EvaluationResult, summarise
from racetui.evaluation.settings import EvaluationSettings


class TwinError(RuntimeError):
    """The fast simulator and the one that counts went apart: on this machine they are not the same to the bit."""


def expert_task(frame_skip: int) -> TaskConfig:
    """What the expert is scored on; it looks at nothing, so nothing is drawn."""
    return TaskConfig(observation="vector", frame_skip=frame_skip, stack=1)


def evaluate_expert(
    frame_skip: int,
    settings: EvaluationSettings,
    on_episode: Callable[[EpisodeRecord], None] = lambda record: None,
    wrap: Callable[[Lanes], Lanes] | None = None,
) -> EvaluationResult:
    """Drive ``settings.episodes`` tracks, acting every ``frame_skip`` frames; ``wrap`` as for ``evaluate``.

    The expert reads the state of cars of the fast simulator, which are told what the cars that count are told. That
    both get the same rewards is checked at every step: where the cars that count are stock's, the score is stock's.
    Raises TwinError.
    """
    from collectors.episodes import EpisodePlan, run_episodes

    task = expert_task(frame_skip)
    started = time.monotonic()
    lanes = lanes_for(task, settings, ActorSpec("", task_spec(task)))
    try:
        twin = Twin(lanes, task)
        plans = [EpisodePlan(n, seed, np.uint64(0)) for n, seed in enumerate(settings.seeds)]
        driven: Lanes = twin
        if wrap:
            driven = wrap(twin)
        records = run_episodes(twin, driven, plans, no_pulse, on_episode)
    finally:
        lanes.close()
    return summarise(records, time.monotonic() - started)


class Twin(LanesWrapper):
    """Lanes whose cars the fast simulator drives too, and the actor that reads there what the expert would do."""

    def __init__(self, lanes: Lanes, task: TaskConfig) -> None:
        super().__init__(lanes)
        worlds = make_worlds("fast", replace(task, labels=True), lanes.num)
        expert = labelled(worlds)
        if expert is None:
            raise TwinError("the fast simulator has no scripted driver")
        self._worlds: LabelledWorlds = expert
        self._live: Array = np.zeros(lanes.num, np.bool_)

    @property
    def labels(self) -> Array:
        """(num, A): what the expert would do now."""
        return self._worlds.labels()

    def load(self, weights: WeightsSnapshot) -> None:
        """The expert has no weights."""

    def act(self, observations: Array, rngs: EpisodeRandom) -> Decision:
        """What the expert does in the lanes that drive, in their order."""
        del observations, rngs
        actions = self.labels[self._live]
        return Decision(actions, actions, None)

    def reset(self, mask: Array, seeds: Array) -> Array:
        """Start new episodes on both."""
        self._worlds.reset(mask, seeds)
        self._live |= mask
        return super().reset(mask, seeds)

    def step(self, actions: Array, live: Array) -> Step:
        """Step both. Raises TwinError where they differ."""
        shadow, step = self._worlds.step(actions, live), super().step(actions, live)
        ended = step.terminated | step.truncated
        apart = (shadow.rewards != step.rewards) | ((shadow.terminated | shadow.truncated) != ended)
        if apart.any():
            lane = int(np.flatnonzero(apart)[0])
            raise TwinError(
                f"the fast simulator went another way than the one that counts (rewards {shadow.rewards[lane]} and "
                f"{step.rewards[lane]}): python -m carracing.exactness says how far they differ on this machine"
            )
        self._live &= ~ended
        return step

    def restore(self, state: State) -> None:
        """The twin could not follow ``state``. Raises RuntimeError."""
        del state
        raise RuntimeError("lanes with a twin cannot be put back")

    def close(self) -> None:
        """Close both."""
        self._worlds.close()
        super().close()
