"""What any collector collects is what a replay gives back: each step with its own past and its own successor."""

from __future__ import annotations

import numpy as np
import pytest

from agents.api import End
from agents.replay.replay import Batch, Replay
from carracing.task import Box
from tests.contract.collecting import FLOATS, ROWS, Setting, stage
from tests.fakes import CountingRules

LOCAL = [name for name in ROWS if name != "ray"]
"""ray shares its loop with executor."""
GAMMA = 0.5


@pytest.mark.parametrize("name", LOCAL)
@pytest.mark.parametrize("rules", [CountingRules(), FLOATS], ids=["pixels", "floats"])
def test_every_sampled_step_is_one_that_was_driven(name: str, rules: CountingRules) -> None:
    replay, rng = Replay(rules.spec, 150), np.random.default_rng(1)
    with stage(name, Setting(rules=rules)) as made:
        for _ in range(5):
            made.collector.publish(made.agent.snapshot())
            segments = made.collector.collect(60)
            made.agent.learn(segments, 0.0)  # which checks them
            replay.add(segments)
            _check(replay.sample(100, rng, GAMMA), rules)
        assert replay.written > replay.size, "the oldest were overwritten"
        driven = {segment.episode for segment in made.agent.segments}
        assert len(driven) > 10


def _check(batch: Batch, rules: CountingRules) -> None:
    stack, spec = rules.spec.stack, rules.spec
    for row in range(len(batch.rewards)):
        past, following = (
            CountingRules.read(frames[row]) for frames in (batch.observations, batch.next_observations)
        )
        seed, car, step, trace = past[-1].tolist()
        assert (past[:, :2] == (seed, car)).all() and (following[:, :2] == (seed, car)).all(), "mixed episodes"
        assert past[:, 2].tolist() == [max(0, step - back) for back in range(stack - 1, -1, -1)]
        assert following[:, 2].tolist() == [max(0, step + 1 - back) for back in range(stack - 1, -1, -1)]
        action = batch.actions[row]
        if isinstance(spec.action, Box):
            action = np.clip(action, *np.array([spec.action.low, spec.action.high], np.float32))
        trace = rules.next_trace(trace, action)
        assert np.array_equal(batch.next_observations[row, -1], rules.observation(seed, car, step + 1, trace))
        assert batch.rewards[row] == rules.reward(trace)
        over = step + 1 == rules.length(seed, car) and rules.end(seed, car) is End.TERMINATED
        assert batch.discounts[row] == (0.0 if over else GAMMA)
