from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from agents.api import End, State, StateError, no_pulse
from agents.arithmetic import Arithmetic
from agents.errors import TrainingDivergedError
from agents.ppo.agent import PPOAgent
from agents.ppo.config import PPOConfig
from agents.ppo.state import parameters_of
from agents.segments import SegmentError
from carracing.task import TaskSpec
from tests.unit.ppo_rounds import COLOUR, GREY, TASKS, VECTOR, Shape, make_round

SMALL = PPOConfig(rollout=24, minibatch=8, epochs=2, entropy=0.01)
METRICS = {"loss/policy", "loss/value", "loss/entropy", "approx_kl", "clip_fraction", "explained_variance"}
METRICS |= {"learning_rate", "lag_mean", "lag_max", "ratio_mean", "ratio_max"}


def same(one: State, other: State) -> bool:
    """Bit for bit."""
    return one.facts == other.facts and {name: value.tobytes() for name, value in one.tensors.items()} == {
        name: value.tobytes() for name, value in other.tensors.items()
    }


@pytest.mark.parametrize("task", TASKS, ids=str)
def test_going_on_from_a_state_in_a_new_object_is_going_on(task: TaskSpec) -> None:
    agent = PPOAgent(task, SMALL, seed=1)
    rounds = [make_round(agent, task, seed) for seed in range(3)]
    agent.learn(rounds[0], 0.0)
    state = agent.state()
    for number in (1, 2):
        agent.learn(rounds[number], number / 3)
    other = PPOAgent(task, SMALL, seed=99)
    other.restore(state)
    assert same(other.state(), state)
    for number in (1, 2):
        other.learn(rounds[number], number / 3)
    assert same(other.state(), agent.state())
    assert not same(agent.state(), state)


def test_a_fresh_state_can_be_restored_over_a_trained_agent() -> None:
    agent = PPOAgent(VECTOR, SMALL, seed=1)
    fresh, segments = agent.state(), make_round(agent, VECTOR)
    agent.learn(segments, 0.0)
    once = agent.state()
    agent.restore(fresh)
    agent.learn(segments, 0.0)
    assert same(agent.state(), once)


def test_weights_come_from_the_seed_alone_and_global_generators_are_left_alone() -> None:
    states: list[State] = []
    for seed in (1, 1, 2):
        torch.manual_seed(len(states))
        np.random.seed(len(states))  # noqa: NPY002
        random.seed(len(states))
        before = torch.get_rng_state(), np.random.get_state()[1].tobytes(), random.getstate()  # type: ignore[index]  # noqa: NPY002
        agent = PPOAgent(GREY, SMALL, seed)
        agent.learn(make_round(agent, GREY), 0.0)
        after = torch.get_rng_state(), np.random.get_state()[1].tobytes(), random.getstate()  # type: ignore[index]  # noqa: NPY002
        assert torch.equal(before[0], after[0]) and before[1:] == after[1:]
        states.append(agent.state())
    assert same(states[0], states[1])
    assert not same(states[0], states[2])


@pytest.mark.parametrize("task", [VECTOR, COLOUR], ids=str)
def test_metrics_have_plain_names_and_versions_count_rounds(task: TaskSpec, capfd: Any) -> None:
    agent = PPOAgent(task, replace(SMALL, distribution="gaussian" if task is VECTOR else "auto"), seed=1)
    assert agent.demand.steps == 24
    assert agent.snapshot().version == 0
    metrics = agent.learn(make_round(agent, task), 0.25)
    assert agent.snapshot().version == 1
    assert set(metrics) == METRICS | ({"std"} if task is VECTOR else set())
    assert metrics["learning_rate"] == pytest.approx(SMALL.learning_rate * 0.75)
    assert metrics["loss/entropy"] < 0.0, "the negative entropy"
    assert metrics["lag_mean"] == metrics["lag_max"] == 0.0
    assert metrics["ratio_mean"] == pytest.approx(1.0, abs=0.01)
    assert 1.0 <= metrics["ratio_max"] < 1.1
    assert capfd.readouterr() == ("", "")


def test_a_constant_learning_rate_stays() -> None:
    agent = PPOAgent(VECTOR, replace(SMALL, learning_rate_schedule="constant"), seed=1)
    assert agent.learn(make_round(agent, VECTOR), 0.9)["learning_rate"] == SMALL.learning_rate


CHANGES: list[dict[str, Any]] = [
    {"minibatch": 12},
    {"epochs": 3},
    {"learning_rate": 1e-3},
    {"gamma": 0.9},
    {"gae_lambda": 0.5},
    {"clip_range": 0.001},
    {"entropy": 0.1},
    {"value_coefficient": 0.1},
    {"max_grad_norm": 0.01},
    {"normalise_rewards": False},
    {"entropy_schedule": "linear"},
    {"network": "nature"},
    {"distribution": "gaussian"},
    {"distribution": "gaussian", "initial_log_std": -1.0},
    {"distribution": "squashed"},
    {"precision": "float32"},
]


def test_every_setting_changes_what_is_learned() -> None:
    def learned(config: PPOConfig) -> bytes:
        agent = PPOAgent(GREY, config, seed=1)
        for number in range(2):
            agent.learn(rounds[number], 0.5)
        return b"".join(value.tobytes() for value in agent.snapshot().tensors.values())

    rounds = [make_round(PPOAgent(GREY, SMALL, seed=1), GREY, seed) for seed in range(2)]
    rounds[1] = [replace(segment, version=1) for segment in rounds[1]]
    plain = learned(SMALL)
    for change in CHANGES:
        assert learned(replace(SMALL, **change)) != plain, change
    assert PPOAgent(GREY, replace(SMALL, rollout=48), seed=1).demand.steps == 48


def test_threads_share_the_work_and_change_the_last_bits_only() -> None:
    def learned(threads: int) -> State:
        agent = PPOAgent(VECTOR, SMALL, seed=1, arithmetic=Arithmetic(threads=threads), evaluation_rows=5)
        metrics = [agent.learn(rounds[number], 0.5) for number in range(2)]
        assert metrics[0].keys() == metrics[1].keys()
        return agent.state()

    rounds = [make_round(PPOAgent(VECTOR, SMALL, seed=1), VECTOR, seed) for seed in range(2)]
    rounds[1] = [replace(segment, version=1) for segment in rounds[1]]
    alone, shared = learned(1), learned(3)
    assert same(shared, learned(3)), "which thread is faster decides nothing"
    assert not same(shared, alone)
    for name, tensor in alone.tensors.items():
        np.testing.assert_allclose(shared.tensors[name], tensor, rtol=1e-3, atol=1e-5, err_msg=name)


def test_a_failure_in_a_thread_is_told() -> None:
    agent = PPOAgent(VECTOR, SMALL, seed=1, arithmetic=Arithmetic(threads=2))
    segments = make_round(agent, VECTOR)
    with torch.no_grad():
        parameters_of(agent._learner.network)["action_net.weight"].fill_(torch.nan)
    with pytest.raises(TrainingDivergedError, match=r"parameter became NaN"):
        agent.learn(segments, 0.0)


def test_it_learns_what_is_rewarded() -> None:
    agent = PPOAgent(VECTOR, replace(SMALL, learning_rate=1e-3, epochs=4), seed=1)
    shape = Shape(ends=(End.TERMINATED,) * 4, steps=32)

    def reward() -> float:
        return float(np.mean([segment.rewards.mean() for segment in make_round(agent, VECTOR, 777, shape)]))

    before = reward()
    for number in range(30):
        agent.learn(make_round(agent, VECTOR, number, shape), 0.0)
    assert reward() > before + 0.3


def test_steps_of_older_weights_count_less_and_their_lag_is_told() -> None:
    agent = PPOAgent(VECTOR, SMALL, seed=1)
    old = make_round(agent, VECTOR, 0)
    agent.learn(make_round(agent, VECTOR, 1), 0.0)
    agent.learn(make_round(agent, VECTOR, 2), 0.0)
    fresh = make_round(agent, VECTOR, 3)
    state = agent.state()
    metrics = agent.learn([old[0], *fresh[1:]], 0.0)
    assert metrics["lag_max"] == 2.0 and metrics["lag_mean"] == pytest.approx(2 / 3)
    assert metrics["ratio_max"] > 1.0001, "the old steps are no longer as likely as they were"
    weighted = agent.state()
    agent.restore(state)
    agent.learn([replace(old[0], version=2), *fresh[1:]], 0.0)
    assert not same(agent.state(), weighted), "weights of stale steps must matter"
    with pytest.raises(SegmentError, match="log_probs"):
        agent.learn([replace(old[0], log_probs=None)], 0.0)


def test_ratios_are_told_of_steps_whose_log_probs_are_known() -> None:
    agent = PPOAgent(VECTOR, SMALL, seed=1)
    known, *unknown = make_round(agent, VECTOR)
    assert known.log_probs is not None
    state = agent.state()
    less = replace(known, log_probs=known.log_probs - np.log(np.float32(2.0)))
    metrics = agent.learn([less, *(replace(segment, log_probs=None) for segment in unknown)], 0.0)
    assert metrics["ratio_mean"] == pytest.approx(2.0, abs=0.02)
    assert metrics["ratio_max"] == pytest.approx(2.0, abs=0.2)
    agent.restore(state)
    metrics = agent.learn([replace(segment, log_probs=None) for segment in unknown], 0.0)
    assert "ratio_mean" not in metrics and "ratio_max" not in metrics


def test_log_probs_of_fresh_steps_are_not_needed() -> None:
    agent = PPOAgent(VECTOR, SMALL, seed=1)
    segments = make_round(agent, VECTOR)
    agent.learn(segments, 0.0)
    other = PPOAgent(VECTOR, SMALL, seed=1)
    other.learn([replace(segment, log_probs=None) for segment in segments], 0.0)
    assert same(agent.state(), other.state())


def test_the_pulse_beats_between_minibatches() -> None:
    beats = []
    agent = PPOAgent(VECTOR, SMALL, seed=1, pulse=lambda: beats.append(1))
    agent.learn(make_round(agent, VECTOR), 0.0)
    assert len(beats) >= SMALL.epochs * 24 // SMALL.minibatch


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frames": np.zeros((10, 6), np.float32)}, "observations of"),
        ({"frames": np.zeros((10, 5), np.float64)}, "float64"),
        ({"actions": np.zeros((8, 3), np.float32)}, "actions of"),
        ({"stack": 3, "frames": np.zeros((11, 5), np.float32)}, "stack 3"),
    ],
)
def test_segments_of_another_task_are_refused(change: dict[str, Any], words: str) -> None:
    agent = PPOAgent(VECTOR, SMALL, seed=1)
    segments = make_round(agent, VECTOR)
    state = agent.state()
    with pytest.raises(SegmentError, match=words):
        agent.learn([segments[0], replace(segments[1], **change)], 0.0)
    with pytest.raises(SegmentError, match="at least one"):
        agent.learn([], 0.0)
    assert same(agent.state(), state)


def test_an_infinite_loss_is_an_error_that_says_what_to_try() -> None:
    agent = PPOAgent(VECTOR, replace(SMALL, normalise_rewards=False), seed=1)
    segments = [replace(segment, rewards=segment.rewards * 1e25) for segment in make_round(agent, VECTOR)]
    with pytest.raises(TrainingDivergedError, match=r"loss/value became inf.*learning_rate"):
        agent.learn(segments, 0.0)


@pytest.mark.parametrize("when", ["before", "during"])
def test_parameters_that_are_not_numbers_are_an_error_that_says_what_to_try(when: str) -> None:
    def spoil() -> None:
        with torch.no_grad():
            parameters_of(agent._learner.network)["action_net.weight"].fill_(torch.nan)

    beats: list[int] = []

    def pulse() -> None:
        beats.append(1)
        if len(beats) == 3:
            spoil()

    agent = PPOAgent(VECTOR, SMALL, seed=1, pulse=pulse if when == "during" else no_pulse)
    segments = make_round(agent, VECTOR)
    if when == "before":
        spoil()
    with pytest.raises(TrainingDivergedError, match=r"parameter became NaN.*learning_rate"):
        agent.learn(segments, 0.0)


def test_bad_rewards_are_refused_before_anything_is_learned() -> None:
    agent = PPOAgent(VECTOR, SMALL, seed=1)
    segments = make_round(agent, VECTOR)
    state = agent.state()
    for bad in (np.nan, np.inf):
        rewards = segments[0].rewards.copy()
        rewards[2] = bad
        with pytest.raises(TrainingDivergedError, match="reward"):
            agent.learn([replace(segments[0], rewards=rewards)], 0.0)
    assert same(agent.state(), state)


def spoiled(state: State) -> dict[str, State]:
    """States that must be refused, by what is wrong with them."""
    name = "optimizer/value_net.weight/exp_avg"
    value = state.tensors[name]

    def but(**changes: Any) -> State:
        return State({**state.tensors, **changes}, state.facts)

    missing = {key: kept for key, kept in state.tensors.items() if key != name}
    return {
        "misses tensor": State(missing, state.facts),
        "foreign tensor": but(extra=np.zeros(1)),
        "float64": but(**{name: value.astype(np.float64)}),
        r"\(1, 63\)": but(**{name: value[:, 1:]}),
        "NaN": but(**{name: np.full_like(value, np.nan)}),
        "variance -1": but(**{"returns/moments": np.array([0.0, -1.0, 1.0])}),
        "running episodes": but(**{"returns/episodes": np.arange(9)}),
        "'version'": State(state.tensors, {**state.facts, "version": -1}),
        "'rng_position'": State(state.tensors, {**state.facts, "rng_position": 10_000}),
        "facts are": State(state.tensors, {**state.facts, "more": 1}),
    }


def test_states_that_do_not_fit_are_refused_and_nothing_changes() -> None:
    agent = PPOAgent(VECTOR, SMALL, seed=1)
    agent.learn(make_round(agent, VECTOR), 0.0)
    other = PPOAgent(VECTOR, SMALL, seed=2)
    other.learn(make_round(other, VECTOR), 0.0)
    before = other.state()
    for words, state in spoiled(agent.state()).items():
        with pytest.raises(StateError, match=words):
            other.restore(state)
        assert same(other.state(), before), words
    with pytest.raises(StateError):
        other.restore(PPOAgent(GREY, SMALL, seed=1).state())
    assert same(other.state(), before)
