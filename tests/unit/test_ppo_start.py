"""Starting PPO from another's policy: what is taken over, what is refused, and how it is held on to."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.api import Beginner, State
from agents.checkpoint import Checkpoint, build_agent, load_checkpoint, save_checkpoint
from agents.errors import StartError
from agents.ppo.agent import PPOAgent
from agents.ppo.config import PPOConfig
from carracing.task import Array, TaskConfig, task_spec
from tests.unit.ppo_rounds import make_round

TASK = TaskConfig(observation="vector", stack=2)
SPEC = task_spec(TASK)
SMALL = PPOConfig(rollout=24, minibatch=8, epochs=2)
VALUE = ("value_net.", "mlp_extractor.value_net.")


def policy(agent: PPOAgent) -> dict[str, Array]:
    return dict(agent.snapshot().tensors)


def value(agent: PPOAgent) -> dict[str, Array]:
    tensors = agent.state().tensors
    return {name: tensor for name, tensor in tensors.items() if name.removeprefix("policy/").startswith(VALUE)}


def same(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(tensor, other[name]) for name, tensor in one.items())


def saved(
    folder: Path, agent: PPOAgent, config: PPOConfig = SMALL, task: TaskConfig = TASK, name: str = "ppo"
) -> Path:
    state = agent.state()
    content = Checkpoint(name, asdict(config), asdict(task), {"frames": 40}, state)
    return save_checkpoint(folder, content, "test")


def taught(seed: int = 1, config: PPOConfig = SMALL, task: TaskConfig = TASK) -> PPOAgent:
    agent = PPOAgent(task_spec(task), config, seed)
    for number in range(3):
        agent.learn(make_round(agent, task_spec(task), number), 0.0)
    return agent


def started(path: Path, **changes: Any) -> PPOAgent:
    agent = PPOAgent(SPEC, replace(SMALL, init_from=str(path), **changes), seed=9)
    assert isinstance(agent, Beginner)
    agent.begin()
    return agent


def policy_only(agent: PPOAgent) -> State:
    """What an agent without a value would have saved."""
    return State({f"policy/{name}": tensor for name, tensor in policy(agent).items()}, {"epochs": 3})


def test_a_run_starts_with_policy_value_and_reward_scale_of_ppo_and_version_0(tmp_path: Path) -> None:
    teacher = taught()
    agent = started(saved(tmp_path, teacher))
    assert same(policy(agent), policy(teacher)) and same(value(agent), value(teacher))
    assert np.array_equal(agent.state().tensors["returns/moments"], teacher.state().tensors["returns/moments"])
    assert agent.snapshot().version == 0
    assert not any(name.startswith("optimizer/") for name in agent.state().tensors)


def test_a_run_starts_with_the_policy_of_an_agent_that_has_nothing_else(tmp_path: Path) -> None:
    teacher = taught()
    content = Checkpoint("ppo", {"distribution": "beta"}, asdict(TASK), {"frames": 7}, policy_only(teacher))
    agent = started(save_checkpoint(tmp_path, content, "test"))
    fresh = PPOAgent(SPEC, SMALL, seed=9)
    assert same(policy(agent), policy(teacher)) and same(value(agent), value(fresh))


def test_without_init_from_nothing_changes(tmp_path: Path) -> None:
    agent = PPOAgent(SPEC, SMALL, seed=9)
    before = agent.state()
    agent.begin()
    assert all(np.array_equal(tensor, before.tensors[name]) for name, tensor in agent.state().tensors.items())


@pytest.mark.parametrize(
    ("config", "task", "words"),
    [
        (SMALL, replace(TASK, stack=1), r"Set task\.observation, task\.stack"),
        (SMALL, replace(TASK, action="native"), r"Set task\.observation, task\.stack and task\.action"),
        (replace(SMALL, distribution="squashed"), TASK, "Set agent.distribution=squashed"),
        (replace(SMALL, network="wide"), TASK, r"\(256, 134\).*needs float32 \(64, 134\)"),
    ],
)
def test_other_policies_are_refused_by_what_differs(
    tmp_path: Path, config: PPOConfig, task: TaskConfig, words: str
) -> None:
    path = saved(tmp_path, PPOAgent(task_spec(task), config, 1), config, task)
    agent = PPOAgent(SPEC, replace(SMALL, init_from=str(path)), seed=9)
    before = agent.state()
    with pytest.raises(StartError, match=words):
        agent.begin()
    assert all(np.array_equal(tensor, before.tensors[name]) for name, tensor in agent.state().tensors.items())


def test_what_is_no_policy_is_refused(tmp_path: Path) -> None:
    def refused(path: Path, words: str) -> None:
        with pytest.raises(StartError, match=words):
            PPOAgent(SPEC, replace(SMALL, init_from=str(path)), seed=9).begin()

    refused(tmp_path / "nowhere", "no checkpoint at")
    state = policy_only(taught())
    del state.tensors["policy/action_net.bias"]  # type: ignore[attr-defined]
    content = Checkpoint("ppo", asdict(SMALL), asdict(TASK), {"frames": 7}, state)
    refused(save_checkpoint(tmp_path, content, "test"), r"has no action_net\.bias")
    refused(save_checkpoint(tmp_path, replace(content, agent="fox"), "test"), "unknown agent 'fox'")
    refused(save_checkpoint(tmp_path, replace(content, task={"colour": 1}), "test"), "not ones of this version")
    torn = saved(tmp_path / "torn", taught())
    (torn / "tensors.safetensors").write_bytes(b"")
    refused(torn, "use another checkpoint")


def test_in_the_warm_up_only_the_value_learns(tmp_path: Path) -> None:
    for task in (TASK, TaskConfig(observation="grey", stack=1)):
        spec = task_spec(task)
        teacher = PPOAgent(spec, SMALL, 1)
        path = saved(tmp_path / task.observation, teacher, task=task)
        agent = PPOAgent(spec, replace(SMALL, init_from=str(path), value_warmup=2), seed=9)
        agent.begin()
        for number in range(2):
            before = value(agent)
            metrics = agent.learn(make_round(agent, spec, number), 0.0)
            assert same(policy(agent), policy(teacher)), f"round {number}"
            assert not same(value(agent), before)
            assert "loss/policy" not in metrics and metrics["loss/value"] > 0.0
        halfway = PPOAgent(spec, replace(SMALL, init_from=str(path), value_warmup=2), seed=5)
        halfway.restore(agent.state())
        rounds = make_round(agent, spec, 3)
        for each in (agent, halfway):
            assert "loss/policy" in each.learn(rounds, 0.0)
        assert not same(policy(agent), policy(teacher)) and same(policy(agent), policy(halfway))


def distance(agent: PPOAgent, start: dict[str, Array]) -> float:
    return sum(float(((tensor - start[name]) ** 2).sum()) for name, tensor in policy(agent).items())


def test_a_pull_holds_the_policy_near_its_start_and_is_let_go(tmp_path: Path) -> None:
    path = saved(tmp_path, taught(config=replace(SMALL, learning_rate=3e-3)))
    free, held = (started(path, learning_rate=3e-3, pull=pull) for pull in (0.0, 100.0))
    start = policy(free)
    for number in range(4):
        rounds = make_round(free, SPEC, number)
        free_metrics, metrics = free.learn(rounds, 0.1), held.learn(make_round(held, SPEC, number), 0.1)
        assert "divergence" in metrics and "divergence" not in free_metrics
        assert metrics["divergence"] >= 0.0
    assert distance(held, start) < 0.5 * distance(free, start)
    assert any(name.startswith("start/") for name in held.state().tensors)
    assert "divergence" not in held.learn(make_round(held, SPEC, 5), 0.5), "pull_until is 0.5"
    assert not any(name.startswith("start/") for name in held.state().tensors)


def test_resuming_amid_the_pull_needs_no_file_and_is_exact(tmp_path: Path) -> None:
    path = saved(tmp_path / "start", taught())
    config = replace(SMALL, init_from=str(path), pull=0.5)
    agent = PPOAgent(SPEC, config, seed=9)
    agent.begin()
    agent.learn(make_round(agent, SPEC, 0), 0.0)
    middle = saved(tmp_path / "run", agent, config)
    shutil.rmtree(path)
    other = build_agent(load_checkpoint(middle), seed=3)
    rounds = [replace(segment, version=1) for segment in make_round(agent, SPEC, 1)]
    assert agent.learn(rounds, 0.2) == other.learn(rounds, 0.2)
    assert all(np.array_equal(tensor, other.state().tensors[name]) for name, tensor in agent.state().tensors.items())
    assert torch.is_grad_enabled()
