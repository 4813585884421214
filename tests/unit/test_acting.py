"""Actors on several threads decide what one would."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from agents.api import ActorSpec, WeightsSnapshot
from agents.random import EpisodeRandom
from collectors.acting import ThreadedActor, build_actor
from tests.fakes import CountingRules
from tests.fakes.actor import ScriptedActor

TASK = CountingRules().spec


def _spec(log_probs: bool = True) -> ActorSpec:
    return ActorSpec("tests.fakes.actor:make_scripted_actor", TASK, {"log_probs": log_probs})


@pytest.mark.parametrize("rows", [1, 7, 16, 33, 64])
@pytest.mark.parametrize("log_probs", [True, False])
def test_threads_decide_the_same_in_the_same_order(rows: int, log_probs: bool) -> None:
    rng = np.random.default_rng(rows)
    observations = rng.integers(0, 256, (rows, TASK.stack, *TASK.observation_shape)).astype(TASK.observation_dtype)
    rngs = EpisodeRandom(rng.integers(2**63, size=rows).astype(np.uint64), rng.integers(250, size=rows))
    weights = WeightsSnapshot(1, {"bias": np.full(TASK.action.size, 0.25, np.float32)})
    alone = _spec(log_probs).build()
    alone.load(weights)
    expected = alone.act(observations, EpisodeRandom(rngs.keys, rngs.steps))
    with closing(ThreadedActor(_spec(log_probs), 3)) as actor:
        actor.load(weights)
        decision = actor.act(observations, rngs)
    assert np.array_equal(decision.actions, expected.actions)
    assert np.array_equal(decision.env_actions, expected.env_actions)
    if expected.log_probs is None:
        assert decision.log_probs is None
    else:
        assert decision.log_probs is not None and np.array_equal(decision.log_probs, expected.log_probs)


def test_an_error_in_a_thread_is_the_callers() -> None:
    with closing(ThreadedActor(_spec(), 2)) as actor:
        actor.load(WeightsSnapshot(1, {"bias": np.zeros(TASK.action.size, np.float32)}))
        with pytest.raises(AssertionError):
            actor.act(np.zeros((16, 1)), EpisodeRandom(np.zeros(16, np.uint64), np.zeros(16, np.int64)))


def test_one_thread_is_the_callers_own_and_vectors_take_no_other() -> None:
    pictures = replace(TASK, observation_shape=(84, 84))
    vectors = replace(TASK, observation_shape=(67,), observation_dtype="float32")
    for task, threads, kind in (
        (pictures, 1, ScriptedActor),
        (pictures, 2, ThreadedActor),
        (vectors, 2, ScriptedActor),
    ):
        assert isinstance(build_actor(replace(_spec(), task=task), threads), kind)
