"""The inside of a Ray actor of collector ``ray``: drives the blocks it is asked for."""

from __future__ import annotations

import os
import pickle
import socket
from time import perf_counter
from typing import Any

import numpy as np
import ray

from carracing.task import Array
from collectors.block_driver import BlockDriver
from collectors.blocks import BlockOutline, BlockTask, DrivingPlan, pieces
from collectors.episode_pool import Vitals
from collectors.packed_weights import unpack_weights


class BlockActor:
    """Two threads: one drives, one tells how it is."""

    def __init__(self) -> None:
        self._steps = 0
        self._worked = 0.0
        self._started: float | None = None
        """When the block that is driven now began."""
        self._loaded = -1

    def prepare(self, plan: bytes) -> str:
        """Make the worlds of a pickled DrivingPlan; where this is, in words."""
        self._plan: DrivingPlan = pickle.loads(plan)  # noqa: S301  (the learner's, over Ray's own channels)
        self._driver = BlockDriver(self._plan)
        return f"pid {os.getpid()} on {socket.gethostname()}"

    def drive(self, task: BlockTask, weights: list[Any]) -> tuple[BlockOutline, Vitals, Array]:
        """Drive a block; ``weights`` is a reference to what is fetched only if it is not what acted last."""
        self._started = perf_counter()
        if task.weights != self._loaded:
            self._driver.load(unpack_weights(ray.get(weights[0])))
            self._loaded = task.weights
        driven = self._driver.drive(task, self._beat)
        packed: Array = np.zeros(driven.outline.bytes(self._plan), np.uint8)
        for offset, array in pieces(driven, self._plan):
            packed[offset : offset + array.nbytes] = array.reshape(-1).view(np.uint8)
        worked, self._started = perf_counter() - self._started, None
        self._worked += worked
        return driven.outline, self._vitals(), packed

    @ray.method(concurrency_group="vitals")
    def vitals(self) -> Vitals:
        """Signs of life, while it drives."""
        return self._vitals()

    def _vitals(self) -> Vitals:
        started = self._started
        return Vitals(self._steps, self._worked + (0.0 if started is None else perf_counter() - started))

    def _beat(self) -> None:
        self._steps += 1
