from __future__ import annotations

import numpy as np
import pytest

from agents.api import End, Segment
from agents.ppo.advantages import SegmentLayout
from agents.ppo.rewards import LIMIT, ReturnStatistics

GAMMA = 0.9


def segment(rewards: list[float], episode: int, start: int = 0, end: End = End.CUT) -> Segment:
    steps = len(rewards)
    frames = np.zeros((steps + 1, 1), np.float32)
    actions = np.zeros((steps, 1), np.float32)
    return Segment(frames, actions, np.array(rewards, np.float32), None, end, 0, episode, start, 1)


def take_in(statistics: ReturnStatistics, *segments: Segment) -> ReturnStatistics:
    layout = SegmentLayout.of(np.array([len(part) for part in segments]))
    return statistics.updated(segments, layout, GAMMA)


def discounted(rewards: list[float]) -> list[float]:
    found, running = [], 0.0
    for reward in rewards:
        running = GAMMA * running + reward
        found.append(running)
    return found


def test_moments_are_those_of_all_discounted_returns_over_any_rounds() -> None:
    one, other = [1.0, -2.0, 3.0, 0.5, 4.0], [2.0, 2.0, -1.0]
    statistics = take_in(ReturnStatistics(), segment(one[:2], 0), segment(other[:1], 1))
    statistics = take_in(statistics, segment(one[2:], 0, 2), segment(other[1:], 1, 1, End.TERMINATED))
    returns = discounted(one) + discounted(other)
    assert statistics.mean == pytest.approx(np.mean(returns), rel=1e-3)
    assert statistics.variance == pytest.approx(np.var(returns), rel=1e-3)
    assert dict(zip(statistics.episodes, statistics.returns, strict=True)) == {0: pytest.approx(returns[4])}


def test_an_episode_cut_within_a_round_goes_on_with_its_return_in_any_order() -> None:
    whole = take_in(ReturnStatistics(), segment([1.0, 2.0, 3.0, 4.0], 5))
    parts = [segment([1.0], 5), segment([2.0, 3.0], 5, 1), segment([4.0], 5, 3)]
    for order in (parts, parts[::-1]):
        found = take_in(ReturnStatistics(), *order)
        assert (found.mean, found.variance) == pytest.approx((whole.mean, whole.variance))
        assert found.returns == pytest.approx(whole.returns)


def test_running_returns_are_kept_of_episodes_that_go_on_only() -> None:
    statistics = take_in(
        ReturnStatistics(), segment([1.0], 0), segment([1.0], 1), segment([1.0], 2, 0, End.TRUNCATED)
    )
    assert statistics.episodes == (0, 1)
    statistics = take_in(statistics, segment([1.0], 1, 1), segment([1.0], 3))
    assert set(statistics.episodes) == {1, 3}, "episode 0 was abandoned"


def test_rewards_are_divided_by_the_standard_deviation_and_limited() -> None:
    statistics = ReturnStatistics(mean=7.0, variance=4.0, count=100.0)
    found = statistics.normalised(np.array([1.0, -3.0, 1e6], np.float32))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [0.5, -1.5, LIMIT])
