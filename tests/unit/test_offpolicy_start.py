"""Starting SAC and DQN from what was learned before: what is taken over, how it is held on to, what is refused."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.api import Agent, Beginner
from agents.bc.config import BCConfig
from agents.bc.offline import BCAgent
from agents.checkpoint import Checkpoint, save_checkpoint
from agents.errors import StartError, UnsupportedTaskError
from agents.exchange import export_policy, import_policy, read_foreign
from agents.exchange.policy import actions_of
from agents.ppo.agent import PPOAgent
from agents.ppo.config import PPOConfig
from agents.registry import config_class, make_agent
from agents.sac.agent import SACAgent
from agents.sac.config import SACConfig
from carracing.task import Array, TaskConfig, task_spec
from tests.fakes.demonstrations import made_up_set
from tests.unit.ppo_rounds import make_round

VECTOR, GREY = TaskConfig(observation="vector", stack=2), TaskConfig(stack=2)
POLICY, CRITIC = "acting.policy.mean.weight", "critics.heads.0.0.weight"
SMALL: dict[str, Any] = {"replay": 64, "warmup": 8, "batch": 8, "updates_per_step": 0.25}
STUDENT = {"network": "sac", "distribution": "squashed", "workers": 0, "minibatch": 8, "round": 3}


def saved(folder: Path, name: str, agent: Agent, config: Any, task: TaskConfig = VECTOR) -> Path:
    return save_checkpoint(
        folder, Checkpoint(name, asdict(config), asdict(task), {"frames": 40}, agent.state()), "test"
    )


def clone(folder: Path, task: TaskConfig) -> tuple[BCAgent, Path]:
    config = BCConfig(demos=str(made_up_set(task)), **STUDENT)  # type: ignore[arg-type]
    agent = BCAgent(task_spec(task), config, seed=1)
    agent.learn([], 0.0)
    return agent, saved(folder, "bc", agent, config, task)


def sac(path: Path, task: TaskConfig = VECTOR, **settings: Any) -> SACAgent:
    agent = SACAgent(task_spec(task), SACConfig(init_from=str(path), **SMALL | settings), seed=9)
    assert isinstance(agent, Beginner)
    agent.begin()
    return agent


def networks(agent: Agent, begins: str = "") -> dict[str, Array]:
    prefix = f"networks/{begins}"
    return {name.removeprefix(prefix): x for name, x in agent.state().tensors.items() if name.startswith(prefix)}


def same(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all((value == other[name]).all() for name, value in one.items())


def learn(agent: SACAgent, *rounds: int, progress: float = 0.0, task: TaskConfig = VECTOR) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for number in rounds:
        metrics = dict(agent.learn(make_round(agent, task_spec(task), number), progress))
    return metrics


@pytest.mark.parametrize("task", [VECTOR, GREY], ids=["vector", "grey"])
def test_sac_starts_as_the_clone_acts(task: TaskConfig, tmp_path: Path) -> None:
    student, path = clone(tmp_path, task)
    agent = sac(path, task, pull=1.0)
    observations = np.random.default_rng(0).integers(0, 99, (5, 2, *task_spec(task).observation_shape))
    seen = observations.astype(task_spec(task).observation_dtype)
    np.testing.assert_allclose(actions_of(agent, seen), actions_of(student, seen), atol=1e-6)
    assert agent.snapshot().knobs == {"uniform": 0.0}, "the clone drives the warm-up"
    assert same(networks(agent, "target_encoder."), networks(agent, "acting.encoder."))
    assert same(networks(agent, "start."), networks(agent, "acting."))


def test_it_explores_as_much_wider_than_the_clone_as_asked_for(tmp_path: Path) -> None:
    student, path = clone(tmp_path, VECTOR)
    agent, plain = sac(path, spread=3.0, pull=1.0), sac(path)
    seen = np.random.default_rng(0).normal(size=(5, 2, 67)).astype(np.float32)
    np.testing.assert_allclose(actions_of(agent, seen), actions_of(student, seen), atol=1e-6)
    wider = networks(agent)["acting.policy.log_std.bias"] - networks(plain)["acting.policy.log_std.bias"]
    np.testing.assert_allclose(np.exp(wider), 3.0, rtol=1e-5)
    assert same(networks(agent, "start."), networks(agent, "acting.")), "and the pull is to that"


def test_the_policy_may_take_smaller_steps_than_the_critics(tmp_path: Path) -> None:
    path, moved = clone(tmp_path, VECTOR)[1], []
    for rate in (0.0, 1e-5):
        agent = sac(path, learning_rate=1e-3, policy_learning_rate=rate)
        before = networks(agent)
        learn(agent, 0, 1)
        after = networks(agent)
        moved.append([np.abs(after[name] - before[name]).max() for name in (POLICY, CRITIC)])
    (fast, critic), (slow, other) = moved
    assert slow < 0.05 * fast and other > 0.5 * critic


def test_at_first_only_the_critics_learn(tmp_path: Path) -> None:
    agent = sac(clone(tmp_path, VECTOR)[1], value_warmup=10)
    before = networks(agent)
    learn(agent, 0)
    assert 0 < agent.state().facts["updates"] < 10
    after = networks(agent)
    changed = {name.partition(".")[0] for name, value in after.items() if (value != before[name]).any()}
    assert changed == {"critics", "target_critics"}
    learn(agent, 1, 2, 3)
    assert not same(networks(agent, "acting."), {name.removeprefix("acting."): x for name, x in before.items()})


@pytest.mark.parametrize("kept", [True, False])
def test_what_the_clone_sees_stays_as_it_was_if_its_encoder_is_kept(kept: bool, tmp_path: Path) -> None:
    agent = sac(clone(tmp_path, GREY)[1], GREY, freeze_encoder=kept, pull=0.1)
    before = networks(agent)
    metrics = learn(agent, 0, 1, task=GREY)
    assert metrics["updates"] > 0 and metrics["divergence"] > 0
    after = networks(agent)
    changed = {name for name, value in after.items() if (value != before[name]).any()}
    assert any(name.startswith(("acting.encoder", "target_encoder")) for name in changed) is not kept
    assert {POLICY, CRITIC, f"target_{CRITIC}"} < changed
    other = SACAgent(task_spec(GREY), SACConfig(init_from="gone", freeze_encoder=kept, pull=0.1, **SMALL), seed=5)
    other.restore(agent.state())
    for each in (agent, other):
        learn(each, 2, task=GREY)
    assert same(dict(agent.state().tensors), dict(other.state().tensors))


def test_exploring_is_held_at_the_entropy_asked_for(tmp_path: Path) -> None:
    path, worth = clone(tmp_path, VECTOR)[1], {}
    for entropy in (-9.0, 2.0):
        agent = sac(path, entropy=entropy, entropy_coefficient=0.1, learning_rate=1e-3)
        first = learn(agent, 0)["entropy_coefficient"]
        assert first == pytest.approx(0.1, rel=0.01)
        worth[entropy] = learn(agent, *range(1, 6))["entropy_coefficient"] / first
    assert worth[-9.0] < 1.0 < worth[2.0], "more than asked for is worth less and less"


def test_the_pull_holds_on_and_lets_go(tmp_path: Path) -> None:
    student, path = clone(tmp_path, VECTOR)
    seen = np.random.default_rng(0).normal(size=(64, 2, 67)).astype(np.float32)
    apart = {}
    for pull in (0.0, 1000.0):
        agent = sac(path, pull=pull, learning_rate=1e-3)
        metrics = learn(agent, *range(6))
        assert ("divergence" in metrics) is bool(pull)
        apart[pull] = np.abs(actions_of(agent, seen) - actions_of(student, seen)).mean()
    assert apart[1000.0] < 0.5 * apart[0.0]
    assert "divergence" not in learn(agent, 6, progress=0.5)
    assert SACConfig(init_from="x", pull=2.0).pull_at(0.25) == 1.0
    assert SACConfig(init_from="x", pull=2.0, pull_until=2.0).pull_at(1.0) == 1.0, "some of it stays"


def test_it_goes_on_exactly_and_acts_without_where_it_came_from(tmp_path: Path) -> None:
    agent = sac(clone(tmp_path / "clone", VECTOR)[1], pull=1.0, value_warmup=3)
    learn(agent, 0, 1)
    other = SACAgent(task_spec(VECTOR), SACConfig(init_from="gone", pull=1.0, value_warmup=3, **SMALL), seed=5)
    other.restore(agent.state())
    for each in (agent, other):
        learn(each, 2, 3)
    assert same(dict(agent.state().tensors), dict(other.state().tensors))


@pytest.mark.parametrize(("name", "task"), [("sac", VECTOR), ("dqn", replace(VECTOR, action="discrete"))])
def test_a_run_starts_with_all_networks_of_its_own_kind(name: str, task: TaskConfig, tmp_path: Path) -> None:
    config = config_class(name)(**SMALL)
    teacher = make_agent(name, task_spec(task), config, seed=1)
    teacher.learn(make_round(teacher, task_spec(task), 0), 0.0)
    path = saved(tmp_path, name, teacher, config, task)
    agent: Any = make_agent(name, task_spec(task), replace(config, init_from=str(path)), seed=9)
    agent.begin()
    assert same(networks(agent), networks(teacher))
    assert (agent.snapshot().version, agent.state().facts["updates"]) == (0, 0)


def test_what_is_no_start_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    def refused(path: Path, words: str, **settings: Any) -> None:
        agent = SACAgent(task_spec(VECTOR), SACConfig(init_from=str(path), **SMALL | settings), seed=9)
        before = networks(agent)
        with pytest.raises(StartError, match=words):
            agent.begin()
        assert same(networks(agent), before)

    refused(tmp_path / "nowhere", "no checkpoint at")
    ppo = PPOAgent(task_spec(VECTOR), PPOConfig(), 1)
    refused(saved(tmp_path / "ppo", "ppo", ppo, PPOConfig()), r"a clone that was made with agent\.network=sac")
    refused(clone(tmp_path / "grey", GREY)[1], r"Set task\.observation")


@pytest.mark.parametrize("key", ["pull", "value_warmup", "freeze_encoder", "spread"])
def test_settings_of_a_start_need_one(key: str) -> None:
    with pytest.raises(ValueError, match=f"{key} goes with init_from only"):
        SACConfig(**{key: 2})  # type: ignore[arg-type]


def test_a_clone_into_sacs_network_is_exported_and_comes_back(tmp_path: Path) -> None:
    student, _ = clone(tmp_path / "clone", VECTOR)
    config = BCConfig(demos="gone", **STUDENT)  # type: ignore[arg-type]
    checkpoint = Checkpoint("bc", asdict(config), asdict(VECTOR), {"frames": 1}, student.state(), None)
    for suffix in ("onnx", "safetensors"):
        export_policy(checkpoint, tmp_path / f"policy.{suffix}")
    again = import_policy(read_foreign(tmp_path / "policy.safetensors"), "bc", VECTOR, {})
    assert again.agent_config["network"] == "sac"
    assert same(dict(again.agent_state.tensors), {f"policy/{k}": v for k, v in student.snapshot().tensors.items()})
    with pytest.raises(UnsupportedTaskError, match=r"agent\.distribution=squashed"):
        BCAgent(task_spec(VECTOR), BCConfig(network="sac"), seed=1)
