"""A set as samples: stacked observations and the labels that go with them, gathered from frames stored once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np

from agents.demonstrations.content import Block, EpisodeEntry, SetHeader
from agents.demonstrations.errors import UnfitDemonstrationsError
from agents.demonstrations.reading import read_blocks, read_header, task_of
from carracing.task import Array, TaskConfig, TaskSpec, task_spec


class DemonstrationSet:
    """A whole, checked set; sample i is the i-th step of all episodes, in order. Picklable by its directory."""

    def __init__(self, directory: Path, stack: int) -> None:
        """Open it. Raises DemonstrationsError."""
        self.directory, self.stack = directory, stack
        self.header: SetHeader = read_header(directory)
        self.task: TaskConfig = task_of(self.header)
        self.blocks: Sequence[Block] = read_blocks(directory, self.header)
        self._index()

    def __reduce__(self) -> tuple[type[DemonstrationSet], tuple[Path, int]]:
        return DemonstrationSet, (self.directory, self.stack)

    def __len__(self) -> int:
        return int(self._last[-1])

    @property
    def episodes(self) -> list[EpisodeEntry]:
        """All of them, in order."""
        return [episode for block in self.blocks for episode in block.episodes]

    @property
    def bytes(self) -> int:
        """Of all observations."""
        return sum(block.frames.nbytes for block in self.blocks)

    def check_task(self, wanted: TaskSpec) -> None:
        """Raise UnfitDemonstrationsError, which names the difference, unless the set is of this task."""
        own = task_spec(self.task)
        for field in fields(TaskSpec):
            if field.name in _INDIFFERENT:
                continue
            there, here = getattr(own, field.name), getattr(wanted, field.name)
            if there != here:
                raise UnfitDemonstrationsError(
                    f"the demonstrations in {self.directory} have {field.name} {there}, and the task has {here}"
                )

    def gather(self, samples: Sequence[int] | Array) -> tuple[Array, Array]:
        """Observations (rows, stack, *observation_shape) and labels (rows, A) of these samples."""
        chosen = np.asarray(samples)
        spec = task_spec(self.task)
        observations = np.empty((len(chosen), self.stack, *spec.observation_shape), spec.observation_dtype)
        labels = np.empty((len(chosen), spec.action.size), spec.action_dtype)
        numbers = np.searchsorted(self._last, chosen, side="right")
        for row, (number, sample) in enumerate(zip(numbers.tolist(), chosen.tolist(), strict=True)):
            step = sample - (int(self._last[number - 1]) if number else 0)
            block = self.blocks[number]
            labels[row] = block.labels[step]
            frame, start = self._frames[number][step]
            first = frame - self.stack + 1
            if first >= start:
                observations[row] = block.frames[first : frame + 1]
            else:  # an episode's first observation stands for those before it
                observations[row] = block.frames[np.maximum(np.arange(first, frame + 1), start)]
        return observations, labels

    def _index(self) -> None:
        """Where each step's observation lies in its block, and where its episode begins there."""
        self._last: Array = np.cumsum([len(block.labels) for block in self.blocks])
        """One past the last sample of each block."""
        self._frames: list[Array] = []
        for block in self.blocks:
            rows, start = [], 0
            for episode in block.episodes:
                steps = np.arange(start, start + episode.steps)
                rows.append(np.stack([steps, np.full_like(steps, start)], axis=1))
                start += episode.steps + 1
            self._frames.append(np.concatenate(rows))


_INDIFFERENT = ("stack", "facts", "labels")
"""What of a task does not matter to what is learned: frames are stored one by one, so any stack can be seen."""
