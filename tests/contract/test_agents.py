"""What every agent owes the rest: acting, learning from a real collector, and going on where it was."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch

from agents.api import Agent, Segment, State, StateError, WeightsSnapshot
from agents.errors import UnsupportedTaskError
from agents.random import EpisodeRandom
from agents.registry import AGENTS, UnknownAgentError, agent_entry, config_class, make_agent
from carracing.each_world import each
from carracing.task import Array, Discrete, TaskConfig, TaskSpec, task_spec
from collectors.api import Collector, CollectorConfig
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds
from tests.fakes import CountingRules, CountingWorld
from tests.fakes.demonstrations import made_up_set
from tests.fakes.labelled import labelled_each

_REPLAYING = {"replay": 200, "round": 48, "warmup": 30, "batch": 8, "updates_per_step": 0.1}
SMALL: dict[str, dict[str, Any]] = {
    "ppo": {"rollout": 48, "minibatch": 16, "epochs": 2},
    "sac": _REPLAYING,
    "dqn": {**_REPLAYING, "target_every": 3},
    "bc": {"minibatch": 8, "round": 3, "workers": 0},
    "dagger": {"minibatch": 16, "rollout": 48, "visits": 1.0, "replay": 200, "noise": 0.1},
}
"""Settings with which a round takes a moment; an agent without an entry is tested with its defaults."""

KINDS = {
    "grey": TaskConfig(),
    "discrete": TaskConfig(action="discrete"),
    "rgb": TaskConfig(observation="rgb"),
    "rgb discrete": TaskConfig(observation="rgb", action="discrete"),
    "vector": TaskConfig(observation="vector"),
    "vector discrete": TaskConfig(observation="vector", action="discrete"),
    "labelled": TaskConfig(labels=True),
    "labelled vector": TaskConfig(observation="vector", labels=True),
}
TASKS = {kind: task_spec(config) for kind, config in KINDS.items()}
EVERY = pytest.mark.parametrize("name", AGENTS)


def _config(name: str, demos: str = "somewhere", device: str = "cpu") -> Any:
    recorded = {"demos": demos} if agent_entry(name).offline else {}
    return config_class(name)(**SMALL.get(name, {}), **recorded, device=device)


def _fits(name: str, kind: str) -> bool:
    try:
        _config(name).check_task(TASKS[kind])
    except UnsupportedTaskError:
        return False
    return True


FITTING = [pytest.param(name, kind, id=f"{name}-{kind}") for name in AGENTS for kind in TASKS if _fits(name, kind)]
MISFITS = [
    pytest.param(name, kind, id=f"{name}-{kind}") for name in AGENTS for kind in TASKS if not _fits(name, kind)
]


def _usual(name: str) -> TaskSpec:
    """What the agent learns where nobody asks for anything else."""
    entry = agent_entry(name)
    return task_spec(TaskConfig(action=entry.action, labels=bool(entry.usual.get("task.labels"))))


def _agent(name: str, task: TaskSpec | None = None, seed: int = 1, device: str = "cpu") -> Agent:
    task = task or _usual(name)
    kind = next(kind for kind, spec in TASKS.items() if spec == task)
    demos = str(made_up_set(KINDS[kind])) if agent_entry(name).offline else ""
    return make_agent(name, task, _config(name, demos, device), seed)


def _collector(agent: Agent, task: TaskSpec) -> Collector:
    world = partial(CountingWorld, CountingRules(spec=task, shortest=5, longest=20))
    worlds = labelled_each(world) if task.labels else each(world)
    config = CollectorConfig(lanes=4, workers=1)
    return make_collector("sync", CollectorPlan(config, worlds, task, agent.actor_spec(), EpisodeSeeds(7)))


def _train(agent: Agent, collector: Collector, rounds: int) -> list[dict[str, float]]:
    metrics = []
    for round_ in range(rounds):
        collector.publish(agent.snapshot())
        learned = agent.learn(collector.collect(agent.demand.steps), round_ / 10)
        metrics.append({key: value for key, value in learned.items() if not key.endswith("_per_second")})
    return metrics


def _observations(task: TaskSpec, rows: int) -> Array:
    generator = np.random.default_rng(0)
    if task.observation_dtype == "float32":
        return generator.normal(size=(rows, task.stack, *task.observation_shape)).astype(np.float32)
    return generator.integers(0, 256, (rows, task.stack, *task.observation_shape), dtype=np.uint8)


def _rngs(rows: slice = slice(None)) -> EpisodeRandom:
    return EpisodeRandom(np.arange(1, 10, dtype=np.uint64)[rows], np.arange(9)[rows])


def _equal(left: State | WeightsSnapshot, right: State | WeightsSnapshot) -> bool:
    one, other = _arrays(left), _arrays(right)
    return one.keys() == other.keys() and all(
        np.array_equal(array, other[key]) and array.dtype == other[key].dtype for key, array in one.items()
    )


def _arrays(source: State | WeightsSnapshot) -> dict[str, Array]:
    """Tensors, and chunks under names no tensor has."""
    chunks = {f"chunk {name}": chunk.read() for name, chunk in getattr(source, "chunks", {}).items()}
    return {**source.tensors, **chunks}


def test_unknown_agent_is_refused_by_name() -> None:
    with pytest.raises(UnknownAgentError, match="unknown agent 'fox': choose from ppo"):
        agent_entry("fox")


@pytest.mark.parametrize(("name", "kind"), MISFITS)
def test_tasks_that_do_not_fit_are_refused_in_words(name: str, kind: str) -> None:
    with pytest.raises(UnsupportedTaskError, match=r"action|observation|labels"):
        _agent(name, TASKS[kind])


@pytest.mark.parametrize(("name", "kind"), FITTING)
def test_decisions_fit_the_task(name: str, kind: str) -> None:
    task = TASKS[kind]
    agent = _agent(name, task)
    actor = agent.actor_spec().build()
    actor.load(agent.snapshot())
    decision = actor.act(_observations(task, 9), _rngs())
    assert decision.actions.shape == decision.env_actions.shape == (9, task.action.size)
    assert decision.env_actions.dtype == task.action_dtype
    if isinstance(task.action, Discrete):
        assert decision.env_actions.min() >= 0 and decision.env_actions.max() < task.action.n
    else:
        assert (decision.env_actions >= task.action.low).all() and (decision.env_actions <= task.action.high).all()
    if decision.log_probs is not None:
        assert decision.log_probs.shape == (9,) and decision.log_probs.dtype == np.float32


@EVERY
def test_decisions_belong_to_their_row(name: str) -> None:
    """The same whatever else is in the batch, up to the order in which a network adds its floats."""
    agent = _agent(name)
    actor = agent.actor_spec().build()
    actor.load(agent.snapshot())
    observations = _observations(_usual(name), 9)
    together = actor.act(observations, _rngs())
    again = actor.act(observations, _rngs())
    assert np.array_equal(again.actions, together.actions), "not decided by observation and rngs alone"
    backwards = actor.act(observations[::-1].copy(), _rngs(slice(None, None, -1)))
    alone = np.concatenate([actor.act(observations[[row]], _rngs(slice(row, row + 1))).actions for row in range(9)])
    np.testing.assert_allclose(backwards.actions[::-1], together.actions, atol=1e-4)
    np.testing.assert_allclose(alone, together.actions, atol=1e-4)
    others = actor.act(observations, EpisodeRandom(_rngs().keys + np.uint64(9), _rngs().steps))
    assert not np.array_equal(others.actions, together.actions), "exploration ignores the episode's noise"


@EVERY
def test_deterministic_actors_ignore_noise(name: str) -> None:
    agent = _agent(name)
    snapshot = agent.snapshot()
    actor = agent.actor_spec().build()
    actor.load(WeightsSnapshot(snapshot.version, snapshot.tensors, {**snapshot.knobs, "deterministic": 1.0}))
    observations = _observations(_usual(name), 9)
    once, twice = (actor.act(observations, EpisodeRandom(_rngs().keys + np.uint64(n), _rngs().steps)) for n in (0, 5))
    assert np.array_equal(once.actions, twice.actions)


@EVERY
def test_snapshots_carry_the_policy_and_are_copies(name: str) -> None:
    agent, other = _agent(name, seed=1), _agent(name, seed=2)
    assert not _equal(agent.snapshot(), other.snapshot()), "the seed draws the weights"
    assert _equal(agent.snapshot(), _agent(name, seed=1).snapshot())
    first = agent.snapshot()
    kept = {key: tensor.copy() for key, tensor in first.tensors.items()}
    collector = _collector(agent, _usual(name))
    _train(agent, collector, 1)
    assert _equal(first, WeightsSnapshot(0, kept)), "learning changed a snapshot taken before"
    actor = agent.actor_spec().build()
    actor.load(first)
    before = actor.act(_observations(_usual(name), 9), _rngs()).actions
    for tensor in first.tensors.values():
        tensor.fill(0)
    assert np.array_equal(actor.act(_observations(_usual(name), 9), _rngs()).actions, before), (
        "actors copy what they keep"
    )


@pytest.mark.parametrize(("name", "kind"), FITTING)
def test_learning_counts_versions_and_changes_weights(name: str, kind: str) -> None:
    agent = _agent(name, TASKS[kind])
    collector = _collector(agent, TASKS[kind])
    before = agent.snapshot()
    for count in range(1, 4):
        metrics = _train(agent, collector, 1)[0]
        assert agent.snapshot().version == before.version + count
        assert metrics
        assert all(type(value) is float and np.isfinite(value) for value in metrics.values())
    assert not _equal(agent.snapshot(), before)


@EVERY
def test_another_agent_goes_on_bit_for_bit(name: str) -> None:
    agent, other = _agent(name, seed=1), _agent(name, seed=99)
    collector, others = _collector(agent, _usual(name)), _collector(other, _usual(name))
    _train(agent, collector, 2)
    other.restore(agent.state())
    others.restore(collector.state())
    assert other.snapshot().version == agent.snapshot().version
    assert _train(agent, collector, 3) == _train(other, others, 3)
    assert _equal(agent.state(), other.state()) and agent.state().facts == other.state().facts


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@EVERY
def test_what_a_gpu_learned_goes_on_there_and_acts_on_the_cpu(name: str) -> None:
    agent, other, here = (
        _agent(name, seed=seed, device=device) for seed, device in ((1, "cuda"), (2, "cuda"), (3, "cpu"))
    )
    collector = _collector(agent, _usual(name))
    before = agent.snapshot()
    for figures in _train(agent, collector, 3):
        assert all(np.isfinite(value) for value in figures.values())
    assert not _equal(agent.snapshot(), before)
    for restored in (other, here):
        restored.restore(agent.state())
        assert _equal(restored.snapshot(), agent.snapshot())
    assert _train(other, collector, 1)


@EVERY
def test_states_are_copies(name: str) -> None:
    agent = _agent(name)
    collector = _collector(agent, _usual(name))
    _train(agent, collector, 1)
    state = agent.state()
    kept = {key: array.copy() for key, array in _arrays(state).items()}
    _train(agent, collector, 1)
    assert _equal(state, State(kept, {}))
    agent.restore(state)
    assert _equal(agent.state(), state)
    _train(agent, collector, 1)
    assert _equal(state, State(kept, {})), "learning changed the state that was restored"


@EVERY
@pytest.mark.parametrize("fault", ["empty", "one missing", "other shape", "other facts", "other agent's"])
def test_a_wrong_state_changes_nothing(name: str, fault: str) -> None:
    agent = _agent(name)
    _train(agent, _collector(agent, _usual(name)), 1)
    before = agent.state()
    with pytest.raises(StateError):
        agent.restore(_spoilt(before, fault))
    after = agent.state()
    assert _equal(before, after) and before.facts == after.facts


def _spoilt(state: State, fault: str) -> State:
    largest = max(state.tensors, key=lambda key: state.tensors[key].size)
    if fault == "one missing":
        return State({key: tensor for key, tensor in state.tensors.items() if key != largest}, state.facts)
    if fault == "other shape":
        return State({**state.tensors, largest: state.tensors[largest].reshape(-1)[:-1]}, state.facts)
    if fault == "other facts":
        return State(state.tensors, {})
    if fault == "other agent's":
        return State({"digests": np.array([1, 1])}, {"version": 1})
    return State({}, {})


@EVERY
def test_learning_does_not_write_into_segments(name: str) -> None:
    agent = _agent(name)
    collector = _collector(agent, _usual(name))
    collector.publish(agent.snapshot())
    segments = collector.collect(agent.demand.steps)
    before = [_contents(segment) for segment in segments]
    agent.learn(segments, 0.0)
    assert [_contents(segment) for segment in segments] == before


def _contents(segment: Segment) -> bytes:
    return segment.frames.tobytes() + segment.actions.tobytes() + segment.rewards.tobytes()
