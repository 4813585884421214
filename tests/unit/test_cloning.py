"""Cloning: what is learned from, in which order, what drives meanwhile, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.api import End, Segment, WeightsSnapshot
from agents.bc.config import BCConfig, DAggerConfig
from agents.bc.dagger import DAggerAgent
from agents.bc.loading import batches
from agents.bc.loss import BRAKING, EDGE, STEERING, ImitationLoss
from agents.bc.offline import BCAgent
from agents.checkpoint import Checkpoint, save_checkpoint
from agents.demonstrations import DemonstrationsError, DemonstrationSet, UnfitDemonstrationsError
from agents.distributions import make_distribution
from agents.errors import UnsupportedTaskError
from agents.ppo.agent import PPOAgent
from agents.ppo.config import PPOConfig
from agents.random import EpisodeRandom
from agents.segments import SegmentError
from carracing.task import Array, TaskConfig, TaskSpec, task_spec
from racetui.config import ConfigError
from racetui.launching import StartRequest, build_spec
from tests.fakes.demonstrations import EPISODES, STEPS, made_up_set

VECTOR = TaskConfig(observation="vector", stack=2)
LABELLED = replace(VECTOR, labels=True)
SAMPLES = EPISODES * STEPS


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def bc(**settings: Any) -> BCAgent:
    config = BCConfig(**{"demos": str(made_up_set(VECTOR)), "workers": 0, "minibatch": 8, "round": 5, **settings})
    return BCAgent(task_spec(VECTOR), config, seed=1)


def taken(workers: int, count: int, skip: int = 0) -> list[tuple[Array, Array]]:
    config = BCConfig(demos="here", minibatch=8, workers=workers)
    found = batches(DemonstrationSet(made_up_set(VECTOR), 2), config, seed=5, taken=skip)
    return [(observations.copy(), labels.copy()) for observations, labels in islice(found, count)]


def test_each_pass_takes_every_sample_once_in_an_order_of_its_own() -> None:
    per_pass = -(-SAMPLES // 8)
    everything = DemonstrationSet(made_up_set(VECTOR), 2).gather(range(SAMPLES))
    orders = []
    for number in range(2):
        part = taken(0, 2 * per_pass)[number * per_pass : (number + 1) * per_pass]
        labels = np.concatenate([labels for _, labels in part])
        assert len(labels) == SAMPLES
        orders.append([everything[1].tolist().index(label) for label in labels.tolist()])
        observations = np.concatenate([observations for observations, _ in part])
        assert (observations == everything[0][orders[-1]]).all()
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(SAMPLES))
    assert orders[0] != orders[1]


def test_processes_load_the_same_minibatches_and_go_on_in_the_midst_of_a_pass() -> None:
    here, there, later = taken(0, 9), taken(2, 9), taken(0, 6, skip=3)
    for one, other in ((here, there), (here[3:], later)):
        for (seen, label), (seen_too, label_too) in zip(one, other, strict=True):
            assert (seen == seen_too).all()
            assert (label == label_too).all()


def test_it_learns_what_the_set_says() -> None:
    agent = bc(minibatch=SAMPLES, round=150, learning_rate=3e-3)
    first = bc(round=1, minibatch=SAMPLES).learn([], 0.0)
    agent.learn([], 0.0)
    last = agent.learn([], 0.5)
    assert agent.demand.steps == 0
    assert last["error/steering"] < 0.2 * first["error/steering"]
    assert last["samples"] == 150 * SAMPLES
    assert last["epochs"] == 300


def test_a_policy_acts_where_its_set_is_not(tmp_path: Path) -> None:
    agent = bc(demos=str(tmp_path / "gone"))
    actor = agent.actor_spec().build()
    actor.load(agent.snapshot())
    actor.act(np.zeros((3, 2, 67), np.float32), EpisodeRandom(np.arange(3, dtype=np.uint64), np.arange(3)))
    with pytest.raises(DemonstrationsError, match="gone"):
        agent.learn([], 0.0)


def test_sets_of_other_tasks_are_refused() -> None:
    with pytest.raises(UnfitDemonstrationsError, match="frame_skip"):
        bc(demos=str(made_up_set(replace(VECTOR, frame_skip=2)))).learn([], 0.0)
    with pytest.raises(DemonstrationsError, match=r"agent\.demos"):
        bc(demos="").learn([], 0.0)


@pytest.mark.parametrize("distribution", ["beta", "squashed", "gaussian"])
def test_the_loss_weighs_steering_and_braking(distribution: str) -> None:
    spec = task_spec(VECTOR)
    loss = ImitationLoss(make_distribution(distribution, spec.action), spec.action)
    parameters = {"beta": [2.0, 2.0, 2.0, 2.0], "squashed": [0.0, 0.0, 0.1, 0.1], "gaussian": [0.0, 0.0, 0.1, 0.1]}

    def mode_loss(steering: float, pedals: float) -> float:
        label = torch.tensor([[steering, pedals]])
        return float(loss(torch.tensor([parameters[distribution]]), label)["loss/mode"])

    small = EDGE / 10
    gas = mode_loss(0.0, small)
    assert mode_loss(small, 0.0) == pytest.approx(STEERING**2 * gas, rel=1e-3)
    assert mode_loss(0.0, -small) == pytest.approx(BRAKING**2 * gas, rel=1e-3)
    assert mode_loss(0.0, 0.0) == pytest.approx(0.0, abs=1e-9)
    assert gas == pytest.approx(small**2 / 2 / EDGE / 2, rel=1e-3)


def test_ppo_starts_from_a_clone(tmp_path: Path) -> None:
    agent = bc()
    agent.learn([], 0.0)
    path = saved(tmp_path, "bc", agent._config, agent.state())
    ppo = PPOAgent(task_spec(VECTOR), PPOConfig(init_from=str(path)), seed=3)
    ppo.begin()
    cloned, started = agent.snapshot().tensors, ppo.snapshot().tensors
    assert cloned.keys() == started.keys()
    assert all((cloned[name] == started[name]).all() for name in cloned)


def test_a_clone_starts_from_a_clone(tmp_path: Path) -> None:
    agent = bc()
    agent.learn([], 0.0)
    path = saved(tmp_path, "bc", agent._config, agent.state())
    other = dagger(init_from=str(path))
    other.begin()
    assert all((agent.snapshot().tensors[name] == value).all() for name, value in other.snapshot().tensors.items())


def saved(root: Path, agent: str, config: Any, state: Any) -> Path:
    from dataclasses import asdict

    return save_checkpoint(root, Checkpoint(agent, asdict(config), asdict(VECTOR), {"frames": 1}, state), "test")


def dagger(**settings: Any) -> DAggerAgent:
    small = {"minibatch": 16, "rollout": 48, "visits": 2.0, "replay": 200}
    return DAggerAgent(task_spec(LABELLED), DAggerConfig(**{**small, **settings}), seed=1)


def labelled_segment(spec: TaskSpec, steps: int = 48, labels: bool = True) -> Segment:
    rng = np.random.default_rng(3)
    return Segment(
        frames=rng.normal(size=(steps + spec.stack, *spec.observation_shape)).astype(np.float32),
        actions=np.full((steps, 2), 0.5, np.float32),
        rewards=np.zeros(steps, np.float32),
        log_probs=None,
        end=End.TRUNCATED,
        version=0,
        episode=0,
        start=0,
        stack=spec.stack,
        labels=np.full((steps, 2), -0.4, np.float32) if labels else None,
    )


def test_dagger_learns_labels_and_not_what_was_driven() -> None:
    agent = dagger(learning_rate=3e-3, visits=100.0)
    spec = task_spec(LABELLED)
    segment = labelled_segment(spec)
    first = agent.learn([segment], 0.0)
    assert first["updates"] == 48 * 100 // 16
    agent.learn([segment], 0.5)
    actor = agent.actor_spec().build()
    weights = agent.snapshot()
    actor.load(WeightsSnapshot(0, weights.tensors, {"deterministic": 1.0}))
    acted = actor.act(segment.observations[:-1], EpisodeRandom(np.zeros(48, np.uint64), np.arange(48)))
    assert np.abs(acted.actions + 0.4).max() < 0.1


def test_dagger_needs_labels() -> None:
    with pytest.raises(SegmentError, match="labels"):
        dagger().learn([labelled_segment(task_spec(LABELLED), labels=False)], 0.0)
    with pytest.raises(SegmentError):
        dagger().learn([], 0.0)
    with pytest.raises(UnsupportedTaskError, match=r"task\.labels"):
        DAggerAgent(task_spec(VECTOR), DAggerConfig(), seed=1)


def test_the_expert_leads_at_first_and_the_student_drives_by_its_mode() -> None:
    agent, segment = dagger(led=0.5), labelled_segment(task_spec(LABELLED))
    assert agent.snapshot().knobs == {"mode": 1.0, "noise": 0.0, "expert_share": 1.0}
    shares = []
    for progress in (0.0, 0.1, 0.25, 0.5, 0.9):
        agent.learn([segment], progress)
        shares.append(agent.snapshot().knobs["expert_share"])
    assert shares == pytest.approx([1.0, 0.8, 0.5, 0.0, 0.0])
    assert dagger(led=0.0).snapshot().knobs["expert_share"] == 0.0


@pytest.mark.parametrize(
    ("kind", "settings", "key"),
    [
        (BCConfig, {"learning_rate": 0.0}, "learning_rate"),
        (BCConfig, {"minibatch": 0}, "minibatch"),
        (BCConfig, {"max_grad_norm": 0.0}, "max_grad_norm"),
        (BCConfig, {"network": "huge"}, "network"),
        (BCConfig, {"workers": 65}, "workers"),
        (BCConfig, {"round": 0}, "round"),
        (DAggerConfig, {"rollout": 1}, "rollout"),
        (DAggerConfig, {"visits": 0.0}, "visits"),
        (DAggerConfig, {"replay": 10}, "replay"),
        (DAggerConfig, {"led": 1.5}, "led"),
        (DAggerConfig, {"noise": -0.1}, "noise"),
    ],
)
def test_impossible_settings_name_their_key(kind: Any, settings: dict[str, Any], key: str) -> None:
    with pytest.raises(ValueError, match=key):
        kind(**settings)


def request(**fields: Any) -> StartRequest:
    return StartRequest(agent="bc", overrides=(f"agent.demos={made_up_set(VECTOR)}",), **fields)


def test_a_run_takes_task_and_budget_from_its_set() -> None:
    spec = build_spec(request())
    assert (spec.task, spec.collector, spec.budget.steps) == (VECTOR, "sequential", 10 * SAMPLES)
    assert build_spec(request(epochs=3)).budget.steps == 3 * SAMPLES
    assert build_spec(request(frames=1000)).budget.steps == 0
    with pytest.raises(ConfigError, match="--epochs and --steps"):
        build_spec(request(epochs=3, steps=10))
    with pytest.raises(ConfigError, match="--epochs"):
        build_spec(StartRequest(agent="ppo", epochs=3))


def test_a_run_that_does_not_fit_its_set_is_not_started(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"demos.*frame_skip"):
        build_spec(replace(request(), overrides=(*request().overrides, "task.frame_skip=2")))
    with pytest.raises(ConfigError, match=r"demos.*no demonstrations"):
        build_spec(StartRequest(agent="bc", overrides=(f"agent.demos={tmp_path / 'nowhere'}",)))
    with pytest.raises(ConfigError, match=r"agent\.demos"):
        build_spec(StartRequest(agent="bc"))


def test_a_dagger_run_has_labels() -> None:
    spec = build_spec(StartRequest(agent="dagger"))
    assert spec.task.labels
    assert (spec.task.early_stop, spec.task.missed_penalty) == (200, 0.0)
    with pytest.raises(ConfigError, match="scripted driver"):
        build_spec(StartRequest(agent="dagger", backend="gymnasium"))
