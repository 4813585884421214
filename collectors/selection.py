"""Which of the episodes that drove a track side by side was best, and keeping only that one. Works for every loop."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from agents.api import End, Segment, State, StateError
from carracing.task import Array, TaskSpec
from collectors.api import EpisodeRecord, Heat
from collectors.states import read_fact, read_tensor


class _Entry(NamedTuple):
    """An ended episode of a heat that is going on."""

    episode: int
    seed: int
    lane: int
    episode_return: float


class Judge:
    """Waits for the last episode of each heat, which is ``sharing`` successive ones, and names the winner."""

    def __init__(self, sharing: int) -> None:
        self._sharing = sharing
        self._waiting: dict[int, list[_Entry]] = {}

    def add(self, records: Iterable[EpisodeRecord]) -> list[Heat]:
        """Take episodes that ended; the heats that are complete with them, in that order."""
        heats = []
        for record in records:
            number = record.episode // self._sharing
            entries = self._waiting.setdefault(number, [])
            entries.append(_Entry(record.episode, record.seed, record.lane, record.episode_return))
            if len(entries) == self._sharing:
                heats.append(_judged(number, self._waiting.pop(number)))
        return heats

    @property
    def waiting(self) -> set[int]:
        """Numbers of the ended episodes whose heats are going on."""
        return {entry.episode for entries in self._waiting.values() for entry in entries}

    def state(self) -> State:
        """What it waits with."""
        entries = [entry for entries in self._waiting.values() for entry in entries]
        numbers = np.array([entry[:3] for entry in entries], np.int64).reshape(len(entries), 3)
        return State({"entries": numbers, "returns": np.array([entry[3] for entry in entries], np.float64)}, {})

    def restored(self, state: State) -> Judge:
        """A judge that waits with what ``state`` has. Raises StateError."""
        numbers = read_tensor(state, "entries", (None, 3), np.int64)
        returns = read_tensor(state, "returns", (len(numbers),), np.float64)
        judge = Judge(self._sharing)
        for row, value in zip(numbers.tolist(), returns.tolist(), strict=True):
            episode, seed, lane = row
            judge._waiting.setdefault(episode // self._sharing, []).append(_Entry(episode, seed, lane, value))
        if any(len(entries) >= self._sharing for entries in judge._waiting.values()):
            raise StateError("the collector's state waits with episodes of a heat that is complete")
        return judge


def _judged(number: int, entries: Sequence[_Entry]) -> Heat:
    best = max(entries, key=lambda entry: (entry.episode_return, -entry.episode))
    spread = best.episode_return - min(entry.episode_return for entry in entries)
    return Heat(number, best.seed, len(entries), best.lane, best.episode, best.episode_return, spread)


class Withheld:
    """Copies of the segments of heats that are going on; the winners' are given out, the others' forgotten.

    Takes the memory of those heats: for ``lanes`` cars at most ``lanes`` episodes, and a round's more while it lasts.
    """

    def __init__(self, task: TaskSpec) -> None:
        self._task = task
        self._segments: dict[int, list[Segment]] = {}
        """By episode, in order of time."""

    @property
    def episodes(self) -> set[int]:
        """Of which there are segments."""
        return set(self._segments)

    def add(self, segments: Iterable[Segment]) -> None:
        """Keep them until their heat is judged."""
        for segment in segments:
            self._segments.setdefault(segment.episode, []).append(_copied(segment))

    def winners(self, heats: Iterable[Heat]) -> list[Segment]:
        """All segments of the best episode of each heat; those of the others are forgotten."""
        found = []
        for heat in heats:
            first = heat.number * heat.cars
            driven = {episode: self._segments.pop(episode) for episode in range(first, first + heat.cars)}
            found += driven[heat.episode]
        return found

    def state(self) -> State:
        """All that is kept."""
        tensors: dict[str, Array] = {}
        described = []
        for index, segment in enumerate(segment for kept in self._segments.values() for segment in kept):
            arrays = {name: getattr(segment, name) for name in _ARRAYS}
            tensors |= {f"{index}.{name}": array for name, array in arrays.items() if array is not None}
            described.append([segment.end.value, segment.version, segment.episode, segment.start])
        return State(tensors, {"segments": described})

    def restored(self, state: State) -> Withheld:
        """The same that kept what ``state`` has. Raises StateError."""
        withheld = Withheld(self._task)
        for index, described in enumerate(read_fact(state, "segments", list)):
            segment = self._read(state, index, described)
            withheld._segments.setdefault(segment.episode, []).append(segment)
        return withheld

    def _read(self, state: State, index: int, described: Any) -> Segment:
        task = self._task
        try:
            end, version, episode, start = described
            return Segment(
                read_tensor(state, f"{index}.frames", (None, *task.observation_shape), task.observation_dtype),
                read_tensor(state, f"{index}.actions", (None, task.action.size), task.action_dtype),
                read_tensor(state, f"{index}.rewards", (None,), np.float32),
                read_tensor(state, f"{index}.log_probs", (None,), np.float32)
                if f"{index}.log_probs" in state.tensors
                else None,
                End(end),
                int(version),
                int(episode),
                int(start),
                task.stack,
                read_tensor(state, f"{index}.labels", (None, task.label_size), task.action_dtype)
                if task.labels
                else None,
            )
        except StateError:
            raise
        except (ValueError, TypeError) as error:
            raise StateError(f"segment {index} of the collector's state: {error}") from error


def _copied(segment: Segment) -> Segment:
    arrays = {name: getattr(segment, name) for name in _ARRAYS}
    return replace(segment, **{name: array.copy() for name, array in arrays.items() if array is not None})


_ARRAYS = ("frames", "actions", "rewards", "log_probs", "labels")
"""All of a segment that lies in a collector's memory; the last two not always."""
