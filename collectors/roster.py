"""Which episode each lane drives, and what it has come to so far."""

from __future__ import annotations

import numpy as np

from agents.api import End, State, StateError
from carracing.task import Array, Step
from collectors.api import CollectorError, EpisodeRecord
from collectors.seeds import EpisodeSeeds
from collectors.states import check_seeds, read_fact, read_tensor


class Roster:
    """Hands out episode numbers in lane order and adds up returns; one row per lane."""

    def __init__(self, groups: Array, seeds: EpisodeSeeds, facts: tuple[str, ...]) -> None:
        _check_groups(groups, seeds)
        lanes = len(groups)
        self._groups = groups
        self._heats = _heats(groups, seeds)
        """(lanes,) lanes with equal numbers begin their episodes together."""
        self._seeds = seeds
        self._facts = facts
        self._next = 0
        self.episodes: Array = np.full(lanes, -1, dtype=np.int64)
        """-1 before the first."""
        self.tracks: Array = np.zeros(lanes, dtype=np.int64)
        self.keys: Array = np.zeros(lanes, dtype=np.uint64)
        self.steps: Array = np.zeros(lanes, dtype=np.int64)
        """Index of the next step in its episode."""
        self.frames: Array = np.zeros(lanes, dtype=np.int64)
        self.returns: Array = np.zeros(lanes, dtype=np.float64)
        self.live: Array = np.zeros(lanes, dtype=np.bool_)
        """False while a lane waits for the others that begin with it."""

    @property
    def begun(self) -> bool:
        """Whether episodes have been handed out."""
        return self._next > 0

    def rows(self) -> slice | Array:
        """The live lanes: a slice if all are."""
        return slice(None) if self.live.all() else np.flatnonzero(self.live)

    def due(self) -> Array:
        """(lanes,) bool: lanes of which all that begin together have ended."""
        driving = np.bincount(self._heats, weights=self.live) > 0
        due: Array = ~driving[self._heats]
        return due

    def go_to(self, episode: int) -> None:
        """Let this be the next episode handed out."""
        self._next = episode

    def begin(self, mask: Array) -> None:
        """Give the lanes in ``mask``, all of those that begin together, their next episodes."""
        for lane in np.flatnonzero(mask).tolist():
            self._assign(lane, self._next)
            self._next += 1
        self.steps[mask] = 0
        self.frames[mask] = 0
        self.returns[mask] = 0.0
        self.live[mask] = True
        group_tracks = self.tracks[np.searchsorted(self._groups, self._groups)]
        if (self.tracks != group_tracks).any():
            raise CollectorError("cars of one group got different tracks: episodes must be dealt by whole groups")

    def advance(self, rows: slice | Array, step: Step) -> None:
        """Add one step of the live lanes."""
        self.steps[rows] += 1
        self.frames += step.frames
        self.returns += step.rewards

    def record(self, lane: int, step: Step, version: int) -> EpisodeRecord:
        """What is kept of the episode that ``step`` ended."""
        return EpisodeRecord(
            episode=int(self.episodes[lane]),
            seed=int(self.tracks[lane]),
            lane=lane,
            group=int(self._groups[lane]),
            version=version,
            steps=int(self.steps[lane]),
            frames=int(self.frames[lane]),
            episode_return=float(self.returns[lane]),
            end=End.TERMINATED if step.terminated[lane] else End.TRUNCATED,
            facts=dict(zip(self._facts, step.facts[lane].tolist(), strict=True)),
        )

    def state(self) -> State:
        """Everything above, copied."""
        tensors = {name: getattr(self, name).copy() for name in _SAVED}
        facts = {"next_episode": self._next, **self._seeds.facts()}
        return State(tensors, facts)

    def restored(self, state: State) -> Roster:
        """A roster like this one, as it was when ``state`` was taken. Raises StateError."""
        check_seeds(state, self._seeds)
        roster = Roster(self._groups, self._seeds, self._facts)
        roster._next = read_fact(state, "next_episode", int)
        for name in _SAVED:
            now = getattr(roster, name)
            now[:] = read_tensor(state, name, now.shape, now.dtype)
        if roster.episodes.max() >= roster._next or (roster.episodes.min() < 0 and roster._next > 0):
            raise StateError("the collector's state contradicts itself about episode numbers")
        for lane, episode in enumerate(roster.episodes.tolist()):
            if episode >= 0:
                roster._assign(lane, episode)
        return roster

    def _assign(self, lane: int, episode: int) -> None:
        self.episodes[lane] = episode
        self.tracks[lane] = self._seeds.track(episode)
        self.keys[lane] = self._seeds.key(episode)


_SAVED = ("episodes", "steps", "frames", "returns", "live")


def _check_groups(groups: Array, seeds: EpisodeSeeds) -> None:
    """Cars of a group need a track in common: so many successive episodes must share one."""
    sizes = sorted(set(np.bincount(groups).tolist()))
    if any(seeds.sharing % size for size in sizes):
        raise CollectorError(
            f"{seeds.sharing} episodes share a track, but the worlds have {', '.join(map(str, sizes))} cars"
        )


def _heats(groups: Array, seeds: EpisodeSeeds) -> Array:
    """Which lanes begin together: the cars of a track, and all of a round where a round shares one."""
    lanes = len(groups)
    if seeds.config.strategy == "shared" and lanes % seeds.sharing == 0:
        rounds: Array = np.arange(lanes) // seeds.sharing
        return rounds
    return groups
