from __future__ import annotations

import numpy as np
import pytest

from agents.ppo.advantages import Discounting, Evaluated, Floats, SegmentLayout, advantages

GAMMA, LAMBDA = 0.9, 0.8


def find(
    rewards: list[list[float]],
    values: list[list[float]],
    finals: list[float],
    weights: list[list[float]] | None = None,
) -> list[Floats]:
    """Advantages, segment by segment."""
    layout = SegmentLayout.of(np.array([len(part) for part in rewards]))
    rho = [[1.0] * len(part) for part in rewards] if weights is None else weights
    evaluated = Evaluated(_flat(rewards), _flat(values), np.array(finals, np.float32), _flat(rho))
    found = advantages(layout, evaluated, Discounting(GAMMA, LAMBDA))
    assert found.dtype == np.float32
    return np.split(found, np.cumsum(layout.lengths)[:-1])


def _flat(parts: list[list[float]]) -> Floats:
    return np.concatenate([np.array(part, np.float32) for part in parts])


def test_constant_values_and_rewards_have_the_closed_form_of_a_geometric_sum() -> None:
    reward, value, steps = 0.7, 2.0, 9
    (found,) = find([[reward] * steps], [[value] * steps], [value])
    delta = reward + GAMMA * value - value
    left = np.arange(steps, 0, -1)
    np.testing.assert_allclose(found, delta * (1 - (GAMMA * LAMBDA) ** left) / (1 - GAMMA * LAMBDA), rtol=1e-5)


def test_nothing_is_bootstrapped_after_a_termination() -> None:
    (found,) = find([[1.0, 1.0]], [[3.0, 3.0]], [0.0])
    last = 1.0 - 3.0
    np.testing.assert_allclose(found, [1.0 + GAMMA * 3.0 - 3.0 + GAMMA * LAMBDA * last, last], rtol=1e-5)


@pytest.mark.parametrize(("truncated", "limit"), [(True, 1 / (1 - GAMMA)), (False, None)])
def test_a_time_limit_does_not_shorten_the_horizon_but_an_end_does(truncated: bool, limit: float | None) -> None:
    """A reward of 1 forever is worth 1 / (1 - gamma), also when driving is cut off every 5 steps."""
    value = 0.0
    for _ in range(300):
        (found,) = find([[1.0] * 5], [[value] * 5], [value if truncated else 0.0])
        value += float(found.mean())
    if limit is not None:
        assert value == pytest.approx(limit, rel=1e-4)
    else:
        assert value < 5.0


def test_v_trace_matches_a_calculation_by_hand() -> None:
    (found,) = find([[1.0, 2.0]], [[0.5, 1.5]], [4.0], weights=[[0.5, 0.25]])
    second = 0.25 * (2.0 + 0.9 * 4.0 - 1.5)  # 1.025
    first = 0.5 * (1.0 + 0.9 * 1.5 - 0.5) + 0.9 * 0.8 * 0.5 * second  # 0.925 + 0.369
    np.testing.assert_allclose(found, [first, second], rtol=1e-6)
    assert (first, second) == pytest.approx((1.294, 1.025))


def test_segments_of_any_length_are_what_each_is_alone_and_what_a_plain_loop_finds() -> None:
    random = np.random.default_rng(3)
    lengths = [1, 7, 3, 1, 12]
    rewards, values, weights = (
        [random.uniform(0, 1, length).astype(np.float32).tolist() for length in lengths] for _ in range(3)
    )
    finals = random.uniform(0, 1, len(lengths)).astype(np.float32).tolist()
    together = find(rewards, values, finals, weights)
    for number in range(len(lengths)):
        one = slice(number, number + 1)
        (alone,) = find(rewards[one], values[one], finals[one], weights[one])
        assert np.array_equal(together[number], alone)
        following = [*values[number][1:], finals[number]]
        expected, later = [], 0.0
        for r, v, n, w in reversed(
            list(zip(rewards[number], values[number], following, weights[number], strict=True))
        ):
            later = w * (r + GAMMA * n - v) + GAMMA * LAMBDA * w * later
            expected.append(later)
        np.testing.assert_allclose(alone, expected[::-1], rtol=1e-5, atol=1e-6)
