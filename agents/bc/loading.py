"""Minibatches of a demonstration set, gathered by the processes of PyTorch's DataLoader."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from agents.bc.config import BCConfig
from agents.demonstrations import DemonstrationSet
from carracing.task import Array

PREFETCHED = 4
"""Minibatches that each process gathers ahead."""


class _Gathered(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Items are whole minibatches: many samples gathered at once, from files that processes share by mapping."""

    def __init__(self, demonstrations: DemonstrationSet) -> None:
        self._demonstrations = demonstrations

    def __getitem__(self, samples: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
        observations, labels = self._demonstrations.gather(samples)
        return torch.from_numpy(observations), torch.from_numpy(labels)


class _Orders(Sampler[list[int]]):
    """Samples of each minibatch, pass after pass; the order of a pass depends on the seed and its number alone."""

    def __init__(self, samples: int, config: BCConfig, seed: np.random.SeedSequence, taken: int) -> None:
        self._samples, self._config, self._seed, self._taken = samples, config, seed, taken

    def __iter__(self) -> Iterator[list[int]]:
        size = self._config.minibatch
        per_epoch = -(-self._samples // size)
        for epoch in count(self._taken // per_epoch):
            key = (*self._seed.spawn_key, epoch)
            rng = np.random.default_rng(np.random.SeedSequence(self._seed.entropy, spawn_key=key))
            order = rng.permutation(self._samples)
            first = self._taken - epoch * per_epoch if epoch == self._taken // per_epoch else 0
            for number in range(first, per_epoch):
                yield order[number * size : (number + 1) * size].tolist()


def batches(
    demonstrations: DemonstrationSet, config: BCConfig, seed: np.random.SeedSequence, taken: int
) -> Iterator[tuple[Array, Array]]:
    """Minibatches without end, pass after pass, but for the first ``taken``: observations and labels."""
    loader = DataLoader(
        _Gathered(demonstrations),
        batch_size=None,
        sampler=_Orders(len(demonstrations), config, seed, taken),
        num_workers=config.workers,
        prefetch_factor=PREFETCHED if config.workers else None,
        multiprocessing_context="forkserver" if config.workers else None,
        pin_memory=config.device != "cpu" and torch.cuda.is_available(),
    )
    for observations, labels in loader:
        yield observations.numpy(), labels.numpy()
