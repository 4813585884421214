"""Acting on several threads: small networks gain little from threads within layers, much from sharing rows out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from agents.api import Actor, ActorSpec, Decision, WeightsSnapshot
from agents.random import EpisodeRandom
from agents.threads import use_one_thread
from carracing.task import Array

LEAST_ROWS = 8
"""Fewer rows than this for each thread are not worth waking it."""


class ThreadedActor:
    """Implements ``Actor``: every thread has an actor of its own, and acts for a run of rows.

    Which rows go together depends on their number and that of the threads only, so results repeat bit for bit.
    """

    def __init__(self, spec: ActorSpec, threads: int) -> None:
        self._actors = [spec.build() for _ in range(threads)]
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="acting", initializer=use_one_thread)

    def load(self, weights: WeightsSnapshot) -> None:
        """Act with these weights from now on."""
        for actor in self._actors:
            actor.load(weights)

    def act(self, observations: Array, rngs: EpisodeRandom) -> Decision:
        """Decide for (rows, stack, *observation_shape); ``rngs`` has one stream per row."""
        count = max(1, min(len(self._actors), len(observations) // LEAST_ROWS))
        borders = [len(observations) * part // count for part in range(count + 1)]
        parts = [slice(first, last) for first, last in pairwise(borders)]
        futures = [
            self._pool.submit(actor.act, observations[part], EpisodeRandom(rngs.keys[part], rngs.steps[part]))
            for actor, part in zip(self._actors, parts, strict=False)
        ]
        return _joined([future.result() for future in futures])

    def close(self) -> None:
        """End the threads; may be called twice."""
        self._pool.shutdown()


def _joined(decisions: Sequence[Decision]) -> Decision:
    log_probs = [decision.log_probs for decision in decisions if decision.log_probs is not None]
    return Decision(
        np.concatenate([decision.actions for decision in decisions]),
        np.concatenate([decision.env_actions for decision in decisions]),
        np.concatenate(log_probs) if log_probs else None,
    )


def build_actor(spec: ActorSpec, threads: int) -> Actor:
    """The actor of ``spec``, on as many threads; one thread is the caller's own.

    Vectors are acted on in less time than threads take to be woken, most of it with Python's lock held.
    """
    pictures = len(spec.task.observation_shape) > 1
    return ThreadedActor(spec, threads) if threads > 1 and pictures else spec.build()
