"""Drives blocks of episodes: the inside of every worker that takes whole episodes, in a process or in a Ray actor."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import numpy as np

from agents.api import Decision, End, Segment, WeightsSnapshot
from agents.random import EpisodeRandom
from carracing.each_world import CarError
from carracing.task import Array, Step, labelled
from collectors.api import CollectorError
from collectors.blocks import BlockTask, Driven, DrivingPlan
from collectors.leading import expert_share, led
from collectors.recording import Recording
from collectors.roster import Roster


class BlockDriver:
    """Worlds and an actor of its own. Every car drives one episode of a block to its end and then waits.

    So what the actor sees together depends on the block alone, and a block driven twice is the same to the last bit.
    """

    def __init__(self, plan: DrivingPlan) -> None:
        """Make worlds and actor. Raises CollectorError if the worlds are not what was planned."""
        self._plan = plan
        self._worlds = plan.worlds(plan.episodes)
        groups: Array = np.arange(plan.episodes)
        if self._worlds.spec != plan.task or self._worlds.groups.tolist() != groups.tolist():
            raise CollectorError(
                f"the worlds pose another task than planned: {self._worlds.spec} in groups "
                f"{self._worlds.groups.tolist()}, not {plan.task} in groups {groups.tolist()}"
            )
        self._labelled = labelled(self._worlds)
        self._actor = plan.actor.build()
        self._version = -1
        self._expert_share = 0.0
        self._roster = Roster(groups, plan.seeds, plan.task.facts)
        self._recording = Recording(plan.task, plan.episodes)
        self._env_actions: Array = np.zeros((plan.episodes, plan.task.action.size), plan.task.action_dtype)
        self._start: Array = np.zeros(
            (plan.episodes, plan.task.stack, *plan.task.observation_shape), plan.task.observation_dtype
        )
        self._warm_up()

    def load(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from now on."""
        self._actor.load(weights)
        self._version = weights.version
        self._expert_share = expert_share(weights, self._plan.task)

    def drive(self, task: BlockTask, beat: Callable[[], None]) -> Driven:
        """Drive all episodes of a block to their ends; ``beat`` is called before every step.

        Raises CollectorError, which names the episode, where the worlds fail.
        """
        roster = self._roster
        ends, facts = {}, np.zeros((self._plan.episodes, len(self._plan.task.facts)), np.float32)
        self._begin(task)
        seconds_env = seconds_act = 0.0
        while roster.live.any():
            beat()
            rows = roster.rows()
            begun = perf_counter()
            observations = self._recording.windows(rows)
            decision = self._actor.act(observations, EpisodeRandom(roster.keys[rows], roster.steps[rows]))
            acted = perf_counter()
            if self._labelled is not None:
                decision = self._advised(decision, self._labelled.labels(), rows)
            self._env_actions[rows] = decision.env_actions
            step = self._step(task)
            seconds_env += perf_counter() - acted
            seconds_act += acted - begun
            self._recording.write(rows, decision, step)
            roster.advance(rows, step)
            ended = step.terminated | step.truncated
            if ended.any():
                roster.live[ended] = False
                facts[ended] = step.facts[ended]
                for car in np.flatnonzero(ended).tolist():
                    ends[car] = End.TERMINATED if step.terminated[car] else End.TRUNCATED
        segments = [self._episode(task.first, car, ends[car]) for car in range(self._plan.episodes)]
        return Driven(segments, roster.frames, roster.returns, facts, seconds_env, seconds_act)

    def close(self) -> None:
        """Close the worlds."""
        self._worlds.close()

    def _warm_up(self) -> None:
        """Take a step before anyone waits for one: on a machine that is new to the simulator, it is compiled now."""
        everyone = np.ones(self._plan.episodes, np.bool_)
        self._worlds.reset(everyone, np.zeros(self._plan.episodes, np.int64))
        self._worlds.step(self._env_actions, everyone)

    def _begin(self, task: BlockTask) -> None:
        everyone = np.ones(self._plan.episodes, np.bool_)
        self._roster.go_to(task.first)
        self._roster.begin(everyone)
        try:
            observations = self._worlds.reset(everyone, self._roster.tracks)
        except Exception as error:
            raise self._failure(task, "reset", error) from error
        self._recording.resume(self._start)
        self._recording.begin(np.arange(self._plan.episodes), observations)

    def _advised(self, decision: Decision, labels: Array, rows: slice | Array) -> Decision:
        """Record what the expert would do, and let it where it is its turn."""
        self._recording.label(rows, labels)
        if not self._expert_share:
            return decision
        turns = EpisodeRandom(self._roster.keys[rows], self._roster.steps[rows])
        return led(decision, labels[rows], self._expert_share, turns)

    def _step(self, task: BlockTask) -> Step:
        try:
            return self._worlds.step(self._env_actions, self._roster.live)
        except Exception as error:
            raise self._failure(task, "step", error) from error

    def _episode(self, first: int, car: int, end: End) -> Segment:
        return self._recording.segment(car, self._recording.stretch(car), end, self._version, first + car, 0)

    def _failure(self, task: BlockTask, what: str, error: Exception) -> CollectorError:
        if isinstance(error, CarError):
            who, cause = f"the environment of episode {task.first + error.car}", error.__cause__
        else:
            who, cause = f"the environments of {task.words(self._plan.episodes)}", error
        return CollectorError(f"{who} failed in {what}: {type(cause).__name__}: {cause}")
