"""What SAC and DQN share: a replay filled and used at a given pace, and states that lead on exactly."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.api import Actor, Chunk, End, Segment, State, StateError
from agents.dqn.agent import DQNAgent
from agents.dqn.config import DQNConfig
from agents.errors import EditedCheckpointError, TrainingDivergedError
from agents.offpolicy.agent import OffPolicyAgent
from agents.offpolicy.config import OffPolicyConfig
from agents.random import EpisodeRandom
from agents.sac.agent import SACAgent
from agents.sac.config import SACConfig
from agents.segments import SegmentError
from carracing.task import TaskSpec
from tests.unit.ppo_rounds import CHOICE, COLOUR, GREY, VECTOR, Shape, make_round

SAC = SACConfig(replay=64, warmup=8, batch=8, updates_per_step=0.25)
DQN = DQNConfig(replay=64, warmup=8, batch=8, updates_per_step=0.25, target_every=3)
COMMON = {"updates", "replay/steps", "replay/megabytes", "lag_mean", "lag_max", "q_mean"}


@dataclass(frozen=True, slots=True)
class Case:
    task: TaskSpec
    config: OffPolicyConfig
    metrics: frozenset[str]

    def make(self, seed: int = 1, pulse: Callable[[], None] = lambda: None, **changes: Any) -> OffPolicyAgent:
        config: Any = replace(self.config, **changes)
        kind: Any = SACAgent if isinstance(config, SACConfig) else DQNAgent
        agent: OffPolicyAgent = kind(self.task, config, seed, pulse)
        return agent


_SAC_METRICS = frozenset({"loss/critic", "loss/policy", "loss/entropy", "entropy", "entropy_coefficient"})
_DQN_METRICS = frozenset({"loss/value", "grad_norm"})
CASES = [
    pytest.param(Case(VECTOR, SAC, _SAC_METRICS), id="sac-vector"),
    pytest.param(Case(GREY, SAC, _SAC_METRICS), id="sac-grey"),
    pytest.param(Case(CHOICE, DQN, _DQN_METRICS), id="dqn-vector"),
    pytest.param(Case(COLOUR, DQN, _DQN_METRICS), id="dqn-colour"),
]
VECTORS = [CASES[0], CASES[2]]
EVERY = pytest.mark.parametrize("case", CASES)
EVERY_VECTOR = pytest.mark.parametrize("case", VECTORS)
FIGURES = {"updates_per_second"}


def contents(state: State) -> dict[str, Any]:
    chunks = {f"chunk {name}": chunk.read().tobytes() for name, chunk in state.chunks.items()}
    return {**state.facts, **{name: value.tobytes() for name, value in state.tensors.items()}, **chunks}


def learn(agent: OffPolicyAgent, case: Case, *seeds: int) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for seed in seeds:
        metrics = dict(agent.learn(make_round(agent, case.task, seed), seed / 10))
    return metrics


@EVERY
def test_going_on_from_a_state_in_a_new_object_is_going_on(case: Case) -> None:
    agent = case.make()
    learn(agent, case, 0, 1)
    state = agent.state()
    before = contents(state)
    learn(agent, case, 2, 3)
    other = case.make(seed=99)
    learn(other, case, 7)
    other.restore(state)
    assert contents(other.state()) == before == contents(state)
    learn(other, case, 2, 3)
    assert contents(other.state()) == contents(agent.state()) != before


@EVERY_VECTOR
def test_a_replay_in_a_file_changes_nothing(case: Case, tmp_path: Path) -> None:
    agent, other = case.make(), case.make(replay_directory=str(tmp_path))
    for each in (agent, other):
        learn(each, case, 0, 1)
    other.restore(agent.state())
    for each in (agent, other):
        learn(each, case, 2)
    assert contents(agent.state()) == contents(other.state())


@EVERY
def test_weights_come_from_the_seed_alone_and_global_generators_are_left_alone(case: Case) -> None:
    found: list[dict[str, Any]] = []
    for seed in (1, 1, 2):
        torch.manual_seed(len(found))
        np.random.seed(len(found))  # noqa: NPY002
        random.seed(len(found))
        before = torch.get_rng_state(), np.random.get_state()[1].tobytes(), random.getstate()  # type: ignore[index]  # noqa: NPY002
        agent = case.make(seed)
        learn(agent, case, 0, 1)
        after = torch.get_rng_state(), np.random.get_state()[1].tobytes(), random.getstate()  # type: ignore[index]  # noqa: NPY002
        assert torch.equal(before[0], after[0]) and before[1:] == after[1:]
        found.append(contents(agent.state()))
    assert found[0] == found[1] != found[2]


@EVERY
def test_updates_come_at_their_pace_after_warming_up(case: Case) -> None:
    beats: list[int] = []
    agent = case.make(pulse=lambda: beats.append(1), warmup=40, updates_per_step=0.1)
    fresh = agent.snapshot()
    metrics = learn(agent, case, 0)
    assert set(metrics) == COMMON - {"q_mean"} and not beats
    assert all(np.array_equal(value, agent.snapshot().tensors[name]) for name, value in fresh.tensors.items())
    assert agent.snapshot().version == 1
    metrics = learn(agent, case, 1, 2)  # 72 steps by now
    assert metrics["updates"] == len(beats) == 3
    assert set(metrics) == COMMON | FIGURES | case.metrics
    assert metrics["updates_per_second"] > 0
    assert 50.0 < metrics["replay/steps"] <= 66.0 and metrics["lag_max"] == 0.0
    assert metrics["replay/megabytes"] > 0
    assert not any(np.array_equal(value, agent.snapshot().tensors[name]) for name, value in fresh.tensors.items())


@EVERY_VECTOR
def test_a_round_is_what_was_asked_for(case: Case) -> None:
    assert case.make(round=77).demand.steps == 77
    assert case.make().demand.steps == 256
    pictures = GREY if isinstance(case.config, SACConfig) else COLOUR
    assert replace(case, task=pictures).make().demand.steps < 256


CHANGES: list[dict[str, Any]] = [
    {"replay": 16},
    {"warmup": 20},
    {"updates_per_step": 0.5},
    {"batch": 9},
    {"learning_rate": 1e-3},
    {"gamma": 0.5},
    {"n_step": 3},
    {"network": "nature"},
    {"precision": "bfloat16"},
]
OWN: dict[type[OffPolicyConfig], list[dict[str, Any]]] = {
    SACConfig: [{"target_rate": 0.5}, {"features": 32}, {"shift": 0}],
    DQNConfig: [{"target_every": 1}, {"double": False}, {"max_grad_norm": 0.001}],
}


@pytest.mark.parametrize("case", [CASES[1], CASES[3]])
def test_every_setting_changes_what_is_learned(case: Case) -> None:
    def learned(**change: Any) -> Any:
        agent = case.make(**{"precision": "float32", **change})
        for number, segments in enumerate(rounds):
            agent.learn([replace(segment, version=number) for segment in segments], 0.0)
        return agent.state().tensors

    rounds = [make_round(case.make(), case.task, seed) for seed in range(3)]
    plain = learned()
    for change in CHANGES + OWN[type(case.config)]:
        found = learned(**change)
        assert any(
            value.shape != found[name].shape or not np.array_equal(value, found[name])
            for name, value in plain.items()
            if name in found
        ), change


@EVERY_VECTOR
def test_it_learns_what_is_rewarded(case: Case) -> None:
    agent = case.make(learning_rate=3e-3, updates_per_step=0.5, batch=32, replay=2000, gamma=0.5)
    shape = Shape(ends=(End.TERMINATED,) * 4, steps=32)
    actor = agent.actor_spec().build()

    def reward() -> float:
        actor.load(replace(agent.snapshot(), knobs={"deterministic": 1.0}))
        rows = make_round(agent, case.task, 777, shape)
        return float(np.mean([_rewarded(segment, actor) for segment in rows]))

    before = reward()
    for number in range(12):
        agent.learn(_favoured(make_round(agent, case.task, number, shape)), 1.0)
    assert reward() > before + 0.25


def _favoured(segments: list[Segment]) -> list[Segment]:
    """Rewards that depend on the action alone: the first dimension, or the choice."""
    return [replace(segment, rewards=segment.actions[:, 0].astype(np.float32)) for segment in segments]


def _rewarded(segment: Segment, actor: Actor) -> float:
    keys = np.arange(len(segment), dtype=np.uint64)
    return float(
        actor.act(segment.observations[:-1], EpisodeRandom(keys, keys.astype(np.int64))).actions[:, 0].mean()
    )


@EVERY_VECTOR
def test_without_chunks_it_acts_and_its_replay_is_empty(case: Case) -> None:
    agent, other = case.make(), case.make(seed=5)
    learn(agent, case, 0, 1)
    learn(other, case, 0, 1)
    other.restore(replace(agent.state(), chunks={}))
    assert contents(replace(other.state(), chunks={})) == contents(replace(agent.state(), chunks={}))
    assert learn(other, case, 3)["replay/steps"] == 24.0


def spoiled(state: State) -> dict[str, State]:
    """States that must be refused, by what is wrong with them."""
    name = next(key for key in state.tensors if key.endswith("/exp_avg") and state.tensors[key].ndim == 2)
    value, generator = state.tensors[name], state.facts["generator"]

    def but(**changes: Any) -> State:
        return replace(state, tensors={**state.tensors, **changes})

    def fact(**changes: Any) -> State:
        return replace(state, facts={**state.facts, **changes})

    def read() -> Any:
        raise EditedCheckpointError("checksum of frames-00000.npy")

    rewards, broken = state.chunks["cells-rewards"], state.chunks["frames-00000"]
    return {
        "misses tensor": replace(state, tensors={key: kept for key, kept in state.tensors.items() if key != name}),
        "foreign tensor": but(extra=np.zeros(1)),
        "float64": but(**{name: value.astype(np.float64)}),
        "and this agent's is": but(**{name: value[:, 1:]}),
        "NaN": but(**{name: np.full_like(value, np.nan)}),
        "'version'": fact(version=-1),
        "'updates'": fact(updates=True),
        "'progress'": fact(progress=1.5),
        "fact 'generator': inc": fact(generator={**generator, "inc": -1}),
        "fact 'generator' must have": fact(generator={"state": 1}),
        "facts are": fact(more=1),
        "misses chunk": replace(state, chunks={"cells-rewards": rewards}),
        "foreign chunk": replace(state, chunks={**state.chunks, "more": rewards}),
        r"frames-00000\.npy": replace(
            state, chunks={**state.chunks, "frames-00000": Chunk(broken.shape, broken.dtype, read)}
        ),
    }


@EVERY
def test_states_that_do_not_fit_are_refused_and_nothing_changes(case: Case) -> None:
    agent, other = case.make(seed=1), case.make(seed=2)
    learn(agent, case, 0, 1)
    learn(other, case, 2, 3)
    before = contents(other.state())
    for words, state in spoiled(agent.state()).items():
        with pytest.raises((StateError, EditedCheckpointError), match=words):
            other.restore(state)
        assert contents(other.state()) == before, words
    larger = case.make(replay=100)
    learn(larger, case, 0, 1, 2, 3, 4)
    with pytest.raises(StateError, match="another size or task"):
        other.restore(larger.state())
    assert contents(other.state()) == before


def test_states_of_other_agents_are_refused() -> None:
    sac, dqn = (case.values[0].make() for case in VECTORS)  # type: ignore[union-attr]
    for one, other in ((sac, dqn), (dqn, sac)):
        with pytest.raises(StateError, match="another agent"):
            one.restore(other.state())


@EVERY_VECTOR
def test_segments_of_another_task_and_bad_rewards_are_refused(case: Case) -> None:
    agent = case.make()
    segments = make_round(agent, case.task)
    before = contents(agent.state())
    with pytest.raises(SegmentError, match="at least one"):
        agent.learn([], 0.0)
    with pytest.raises(SegmentError, match="float64"):
        agent.learn([segments[0], replace(segments[1], frames=segments[1].frames.astype(np.float64))], 0.0)
    for bad in (np.nan, np.inf):
        with pytest.raises(TrainingDivergedError, match="reward"):
            agent.learn([replace(segments[0], rewards=segments[0].rewards + np.float32(bad))], 0.0)
    assert contents(agent.state()) == before


@EVERY_VECTOR
def test_what_is_not_finite_is_an_error_that_says_what_to_try(case: Case) -> None:
    agent = case.make(warmup=0)
    segments = [replace(part, rewards=part.rewards * np.float32(1e38)) for part in make_round(agent, case.task)]
    with pytest.raises(TrainingDivergedError, match=r"became (inf|nan).*learning_rate|parameter became"):
        for _ in range(50):
            agent.learn(segments, 0.0)


IMPOSSIBLE: dict[str, list[Any]] = {
    "replay": [15, -1, 10**9],
    "round": [-1],
    "warmup": [-1],
    "batch": [-1],
    "n_step": [0, 101],
    "updates_per_step": [0.0, 65.0, float("nan")],
    "learning_rate": [0.0, 2.0, float("nan")],
    "gamma": [0.0, 1.1],
    "network": ["huge"],
    "precision": ["float16"],
    "device": ["tpu"],
}
IMPOSSIBLE_OWN: dict[type[OffPolicyConfig], dict[str, list[Any]]] = {
    SACConfig: {"target_rate": [0.0, 1.5], "features": [0], "shift": [-1, 33]},
    DQNConfig: {
        "target_every": [0],
        "max_grad_norm": [0.0, float("inf")],
        "epsilon_start": [-0.1, 1.1],
        "epsilon_end": [2.0],
        "exploration": [-0.5],
    },
}


@pytest.mark.parametrize("kind", [SACConfig, DQNConfig])
def test_impossible_values_are_refused_by_name(kind: type[OffPolicyConfig]) -> None:
    for key, values in {**IMPOSSIBLE, **IMPOSSIBLE_OWN[kind]}.items():
        for value in values:
            with pytest.raises(ValueError, match=key):
                kind(**{key: value})
