"""Given episodes, driven to their ends and nothing more: how evaluation drives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agents.api import Actor, End, Pulse, no_pulse
from agents.random import EpisodeRandom
from carracing.task import Array, Step
from collectors.api import CollectorError, EpisodeRecord, Lanes

BATCH = 16
"""Rows the actor is given at once, always as many: matrix kernels are chosen by the number of rows and differ in the
last bit. So an episode's course depends on its plan and the weights alone, not on what is driven beside it."""


@dataclass(frozen=True, slots=True)
class EpisodePlan:
    """An episode to drive."""

    episode: int
    track_seed: int
    key: np.uint64
    """Where its random stream starts; see ``agents.random``."""


def run_episodes(
    actor: Actor,
    lanes: Lanes,
    plans: Sequence[EpisodePlan],
    pulse: Pulse = no_pulse,
    on_episode: Callable[[EpisodeRecord], None] = lambda record: None,
) -> list[EpisodeRecord]:
    """Drive exactly the planned episodes with the weights ``actor`` has; records in the order of ``plans``.

    A lane takes the next plan when its episode ends, so every planned episode counts, however long, and none
    besides. ``on_episode`` gets each record as it ends. The version in the records is 0: the caller knows what it
    loaded. Raises CollectorError, also for lanes that share tracks.
    """
    if len(set(lanes.groups.tolist())) != lanes.num:
        raise CollectorError("episodes with tracks of their own need lanes of their own: one car per track")
    drive = _Drive(lanes, plans)
    while drive.live.any():
        pulse()
        rows = np.flatnonzero(drive.live)
        for record in drive.step(rows, _decide(actor, drive, rows)):
            on_episode(record)
    return [drive.records[index] for index in range(len(plans))]


def _decide(actor: Actor, drive: _Drive, rows: Array) -> Array:
    """(rows, A) what each of these lanes does next; the last batch is filled up with rows that are there already."""
    filled = np.resize(rows, (-(-len(rows) // BATCH), BATCH))
    batches = [
        actor.act(drive.windows[batch], EpisodeRandom(drive.keys[batch], drive.steps[batch])).env_actions
        for batch in filled
    ]
    actions: Array = np.concatenate(batches)[: len(rows)]
    return actions


class _Drive:
    """The planned episodes on their lanes."""

    def __init__(self, lanes: Lanes, plans: Sequence[EpisodePlan]) -> None:
        spec = lanes.spec
        self._lanes = lanes
        self._plans = plans
        self._next = 0
        self._env_actions = np.zeros((lanes.num, spec.action.size), spec.action_dtype)
        self._planned: Array = np.full(lanes.num, -1)
        """Index of the plan each lane drives."""
        self._tracks: Array = np.zeros(lanes.num, np.int64)
        self._frames: Array = np.zeros(lanes.num, np.int64)
        self._returns: Array = np.zeros(lanes.num, np.float64)
        self.windows: Array = np.zeros((lanes.num, spec.stack, *spec.observation_shape), spec.observation_dtype)
        self.keys: Array = np.zeros(lanes.num, np.uint64)
        self.steps: Array = np.zeros(lanes.num, np.int64)
        self.live: Array = np.zeros(lanes.num, np.bool_)
        self.records: dict[int, EpisodeRecord] = {}
        self._refill(np.ones(lanes.num, np.bool_))

    def step(self, rows: Array, env_actions: Array) -> list[EpisodeRecord]:
        """Step the live lanes and give those that ended their next plan; what ended."""
        self._env_actions[rows] = env_actions
        step = self._lanes.step(self._env_actions, self.live)
        self.steps[rows] += 1
        self._frames += step.frames
        self._returns += step.rewards
        self.windows[rows, :-1] = self.windows[rows, 1:]
        self.windows[rows, -1] = step.observations[rows]
        ended = step.terminated | step.truncated
        if not ended.any():
            return []
        records = [self._record(lane, step) for lane in np.flatnonzero(ended).tolist()]
        self._refill(ended)
        return records

    def _record(self, lane: int, step: Step) -> EpisodeRecord:
        index = int(self._planned[lane])
        self.records[index] = EpisodeRecord(
            episode=self._plans[index].episode,
            seed=self._plans[index].track_seed,
            lane=lane,
            group=int(self._lanes.groups[lane]),
            version=0,
            steps=int(self.steps[lane]),
            frames=int(self._frames[lane]),
            episode_return=float(self._returns[lane]),
            end=End.TERMINATED if step.terminated[lane] else End.TRUNCATED,
            facts=dict(zip(self._lanes.spec.facts, step.facts[lane].tolist(), strict=True)),
        )
        return self.records[index]

    def _refill(self, free: Array) -> None:
        self.live[free] = False
        lanes = np.flatnonzero(free)[: len(self._plans) - self._next]
        if not len(lanes):
            return
        for lane in lanes.tolist():
            plan = self._plans[self._next]
            self._planned[lane], self._tracks[lane], self.keys[lane] = self._next, plan.track_seed, plan.key
            self._next += 1
        mask = np.zeros_like(free)
        mask[lanes] = True
        self.live |= mask
        for sums in (self.steps, self._frames, self._returns):
            sums[lanes] = 0
        self.windows[lanes] = self._lanes.reset(mask, self._tracks)[lanes, None]
