"""Policies of SAC and DQN on their way in and out: what they do stays the same."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3 import DQN, SAC

from agents.api import State
from agents.checkpoint import Checkpoint, build_agent, load_checkpoint, save_checkpoint
from agents.errors import ExportError, ForeignFileError
from agents.exchange import export_policy, import_policy, read_foreign
from agents.exchange.exporting import random_observations
from agents.exchange.policy import actions_of
from agents.exchange.portable import make_portable
from agents.network_plans import policy_input_shape
from agents.registry import config_class, make_agent
from carracing.task import Array, TaskConfig, task_spec
from tests.unit.test_exchange import sb3_acts, sb3_model

VECTOR, NATIVE = TaskConfig(observation="vector", stack=2), TaskConfig(observation="vector", action="native", stack=1)
CHOICE, GREY = TaskConfig(observation="vector", action="discrete"), TaskConfig()
PICTURES = TaskConfig(action="discrete")
COLOUR = TaskConfig(observation="rgb", action="discrete", stack=2)


def make_policy(agent: str, task: TaskConfig, **settings: Any) -> Checkpoint:
    """Untrained, with weights so large that its actions differ; its target lies elsewhere."""
    config = config_class(agent)(replay=50, **settings)
    made = make_agent(agent, task_spec(task), config, seed=1)
    state, rng = made.state(), np.random.default_rng(5)
    lively = {
        name: value + rng.normal(0.0, 0.05, value.shape).astype(np.float32) for name, value in state.tensors.items()
    }
    made.restore(State(lively, state.facts))
    if agent == "dqn":  # or one action would be the best whatever is seen
        shape = policy_input_shape(task_spec(task))
        seen = torch.from_numpy(random_observations(task_spec(task), 32).reshape(32, *shape))
        network: Any = make_portable(agent, task_spec(task), config).acting(made.snapshot().tensors).network
        with torch.no_grad():
            middle = network(seen / 255.0 if seen.dtype == torch.uint8 else seen).mean(dim=0).numpy()
        lively["networks/online.values.bias"] = lively["networks/online.values.bias"] - middle
        made.restore(State(lively, state.facts))
    return Checkpoint(agent, asdict(config), asdict(task), {"frames": 1}, made.state(), None)


def acts(checkpoint: Checkpoint, task: TaskConfig) -> Array:
    return actions_of(build_agent(checkpoint), random_observations(task_spec(task), 32))


def networks(checkpoint: Checkpoint) -> dict[str, Array]:
    tensors = checkpoint.agent_state.tensors
    return {name: value for name, value in tensors.items() if name.startswith("networks/")}


CASES = {
    "sac": ("sac", VECTOR, {}, SAC),
    "sac, native actions": ("sac", NATIVE, {}, SAC),
    "dqn": ("dqn", CHOICE, {}, DQN),
    "dqn, pictures": ("dqn", PICTURES, {}, DQN),
    "dqn, colour, nature": ("dqn", COLOUR, {"network": "nature"}, DQN),
}


@pytest.mark.parametrize("name", CASES)
def test_stable_baselines3_loads_it_and_it_comes_back_the_same(name: str, tmp_path: Path) -> None:
    agent, task, settings, algorithm = CASES[name]
    checkpoint = make_policy(agent, task, **settings)
    export_policy(checkpoint, tmp_path / "policy.zip")
    wanted = acts(checkpoint, task)
    assert np.ptp(wanted) > 0.1, "a policy that does something"
    loaded = algorithm.load(tmp_path / "policy.zip", device="cpu")  # type: ignore[attr-defined]
    assert np.allclose(sb3_acts(loaded, task), wanted, atol=1e-5)
    again = import_policy(read_foreign(tmp_path / "policy.zip"), agent, task, {})
    assert (acts(again, task) == wanted).all()
    theirs = networks(again)
    for key, value in networks(checkpoint).items():
        assert (theirs[key] == value).all() or key.endswith("log_entropy"), f"{key}: targets and critics too"


@pytest.mark.parametrize(
    ("agent", "task", "settings"),
    [("sac", GREY, {"features": 32}), ("sac", VECTOR, {}), ("dqn", PICTURES, {}), ("dqn", CHOICE, {})],
    ids=["sac-grey", "sac-vector", "dqn-grey", "dqn-vector"],
)
def test_tensors_and_onnx_act_alike_and_an_import_is_an_ordinary_checkpoint(
    agent: str, task: TaskConfig, settings: dict[str, Any], tmp_path: Path
) -> None:
    checkpoint = make_policy(agent, task, **settings)
    export_policy(checkpoint, tmp_path / "policy.onnx")  # which is loaded back and compared
    export_policy(checkpoint, tmp_path / "policy.safetensors")
    again = import_policy(read_foreign(tmp_path / "policy.safetensors"), agent, task, {})
    saved = load_checkpoint(save_checkpoint(tmp_path / "checkpoints", again, "import"))
    assert (acts(saved, task) == acts(checkpoint, task)).all()
    assert all((networks(saved)[key] == value).all() for key, value in networks(checkpoint).items())


@pytest.mark.parametrize("algorithm", [SAC, DQN])
def test_models_of_stable_baselines3(algorithm: Any, tmp_path: Path) -> None:
    agent, task = ("sac", NATIVE) if algorithm is SAC else ("dqn", CHOICE)
    model = sb3_model(task, algorithm, "MlpPolicy", net_arch=[256, 256])
    model.save(tmp_path / "model.zip")
    checkpoint = import_policy(read_foreign(tmp_path / "model.zip"), agent, task, {})
    assert np.allclose(acts(checkpoint, task), sb3_acts(model, task), atol=1e-5)


def test_without_targets_they_begin_as_what_they_follow(tmp_path: Path) -> None:
    for agent, task, whose in (("sac", VECTOR, "critic_target"), ("dqn", CHOICE, "q_net_target")):
        export_policy(make_policy(agent, task), tmp_path / "policy.zip")
        tensors = read_foreign(tmp_path / "policy.zip").tensors
        torch.save({key: value for key, value in tensors.items() if whose not in key}, tmp_path / "online.pth")
        found = networks(import_policy(read_foreign(tmp_path / "online.pth"), agent, task, {}))
        pairs = [(key, key.replace("target_", "").replace("target.", "online.")) for key in found if "target" in key]
        assert pairs and all((found[target] == found[followed]).all() for target, followed in pairs)


def test_what_cannot_be_the_same_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no encoder like sac's"):
        export_policy(make_policy("sac", GREY), tmp_path / "policy.zip")
    sb3_model(NATIVE, SAC, "MlpPolicy", net_arch=[64, 64]).save(tmp_path / "narrow.zip")
    with pytest.raises(ForeignFileError, match=r"\(64, 67\), and \(256, 67\) is needed"):
        import_policy(read_foreign(tmp_path / "narrow.zip"), "sac", NATIVE, {})
    sb3_model(CHOICE, DQN, "MlpPolicy", net_arch=[256, 256], activation_fn=torch.nn.Tanh).save(tmp_path / "tanh.zip")
    with pytest.raises(ForeignFileError, match=r"activation_fn is .*Tanh"):
        import_policy(read_foreign(tmp_path / "tanh.zip"), "dqn", CHOICE, {})
    assert not (tmp_path / "policy.zip").exists()
