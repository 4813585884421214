"""Policies on their way in and out: what they do stays the same, and what cannot be the same is refused by name."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import onnx
import pytest
import torch
from stable_baselines3 import DQN, PPO, SAC

from agents.api import State
from agents.checkpoint import Checkpoint, build_agent
from agents.errors import ExportError, ForeignFileError, UnsupportedFormatError, UnsupportedTaskError
from agents.exchange import FORMATS, export_policy, exporting, import_policy, read_foreign
from agents.exchange.exporting import random_observations
from agents.exchange.policy import actions_of
from agents.exchange.spaces import spaces_of
from carracing.task import Array, TaskConfig, task_spec
from tests.policies import make_policy

GREY, NATIVE = TaskConfig(), TaskConfig(action="native")
DISCRETE, VECTOR = TaskConfig(action="discrete"), TaskConfig(observation="vector")


def acts(checkpoint: Checkpoint, task: TaskConfig) -> Array:
    return actions_of(build_agent(checkpoint), random_observations(task_spec(task), 32))


def sb3_acts(model: Any, task: TaskConfig) -> Array:
    spec = task_spec(task)
    observations = random_observations(spec, 32)
    actions, _ = model.predict(observations.reshape(32, *spaces_of(spec)[0].shape), deterministic=True)
    return np.asarray(actions).reshape(32, -1)


class _Spaces(gymnasium.Env[Array, Any]):
    """All that stable-baselines3 asks of an environment before it trains."""

    def __init__(self, task: TaskConfig) -> None:
        self.observation_space, self.action_space = spaces_of(task_spec(task))


def sb3_model(task: TaskConfig, algorithm: Any = PPO, policy: str = "CnnPolicy", **arguments: Any) -> Any:
    """A model that anyone might have trained, its weights far from the small ones that it starts with."""
    size = {"n_steps": 8, "batch_size": 8} if algorithm is PPO else {"buffer_size": 10}
    torch.manual_seed(3)
    model = algorithm(policy, _Spaces(task), device="cpu", policy_kwargs=arguments or None, **size)
    with torch.no_grad():
        for parameter in model.policy.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    return model


CASES: dict[str, tuple[str, TaskConfig, dict[str, Any]]] = {
    "gaussian": ("ppo", GREY, {"distribution": "gaussian"}),
    "gaussian, nature": ("ppo", NATIVE, {"distribution": "gaussian", "network": "nature"}),
    "categorical": ("ppo", DISCRETE, {}),
    "vectors": ("ppo", VECTOR, {"distribution": "gaussian", "network": "wide"}),
    "colour": ("ppo", TaskConfig(observation="rgb", stack=2), {"distribution": "gaussian"}),
    "sac": ("sac", TaskConfig(observation="vector", action="native"), {}),
    "dqn": ("dqn", DISCRETE, {}),
    "dqn, vectors": ("dqn", TaskConfig(observation="vector", action="discrete"), {}),
}
LOADERS: dict[str, Any] = {"ppo": PPO, "sac": SAC, "dqn": DQN}


@pytest.mark.parametrize("name", CASES)
def test_stable_baselines3_loads_it_and_it_comes_back_the_same(name: str, tmp_path: Path) -> None:
    agent, task, settings = CASES[name]
    _, checkpoint = make_policy(task, agent, **settings)
    export_policy(checkpoint, tmp_path / "policy.zip")
    wanted = acts(checkpoint, task)
    assert np.ptp(wanted) > 0.1, "a policy that does something"
    loaded = LOADERS[agent].load(tmp_path / "policy.zip", device="cpu")
    assert np.allclose(sb3_acts(loaded, task), wanted, atol=1e-5)
    assert not any(type(module).__module__.startswith("agents") for module in loaded.policy.modules())
    again = import_policy(read_foreign(tmp_path / "policy.zip"), agent, task, {})
    assert (acts(again, task) == wanted).all()
    assert again.agent_config["network"] == settings.get("network", "small")
    ours, theirs = (state.agent_state.tensors for state in (checkpoint, again))
    learned = {key for key in ours if key.startswith(("policy/", "networks/"))} - {"networks/log_entropy"}
    assert learned and all((theirs[key] == ours[key]).all() for key in learned)


@pytest.mark.parametrize(
    ("agent", "settings"),
    [("ppo", {}), ("ppo", {"distribution": "squashed"}), ("ppo", {"network": "nature"}), ("sac", {})],
)
def test_safetensors_come_back_the_same(agent: str, settings: dict[str, Any], tmp_path: Path) -> None:
    _, checkpoint = make_policy(GREY, agent, **settings)
    export_policy(checkpoint, tmp_path / "policy.safetensors")
    foreign = read_foreign(tmp_path / "policy.safetensors")
    assert (foreign.origin["agent"], json.loads(foreign.origin["task"])["observation"]) == (agent, "grey")
    again = import_policy(foreign, agent, GREY, {})
    assert (acts(again, GREY) == acts(checkpoint, GREY)).all()
    for key in {"network", "distribution"} & again.agent_config.keys():
        assert again.agent_config[key] == checkpoint.agent_config[key]


@pytest.mark.parametrize(
    ("agent", "task", "settings"),
    [("ppo", GREY, {}), ("ppo", VECTOR, {"distribution": "squashed"}), ("sac", GREY, {}), ("dqn", DISCRETE, {})],
    ids=["beta", "squashed", "sac", "dqn"],
)
def test_onnx_takes_any_number_of_rows(
    agent: str, task: TaskConfig, settings: dict[str, Any], tmp_path: Path
) -> None:
    import onnxruntime

    _, checkpoint = make_policy(task, agent, **settings)
    export_policy(checkpoint, tmp_path / "policy.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "policy.onnx", providers=["CPUExecutionProvider"])
    spec = task_spec(task)
    seen = random_observations(spec, 32).reshape(32, *spaces_of(spec)[0].shape)
    for rows in (1, 32):
        found = session.run(["actions"], {"observations": seen[:rows]})[0]
        assert np.allclose(found, acts(checkpoint, task)[:rows], atol=1e-5)
    notes = {entry.key: entry.value for entry in onnx.load(tmp_path / "policy.onnx").metadata_props}
    assert notes["agent"] == agent and json.loads(notes["task"])["action"] == task.action


@pytest.mark.parametrize(
    ("agent", "task", "policy", "arguments", "network"),
    [
        ("ppo", NATIVE, "CnnPolicy", {}, "nature"),
        ("ppo", DISCRETE, "CnnPolicy", {}, "nature"),
        ("ppo", VECTOR, "MlpPolicy", {}, "small"),
        ("ppo", VECTOR, "MlpPolicy", {"net_arch": {"pi": [256, 256], "vf": [256, 256]}}, "wide"),
        ("sac", VECTOR, "MlpPolicy", {}, "small"),
        ("dqn", DISCRETE, "CnnPolicy", {"features_extractor_kwargs": {"features_dim": 512}}, "nature"),
    ],
)
def test_models_of_stable_baselines3(
    agent: str, task: TaskConfig, policy: str, arguments: Any, network: str, tmp_path: Path
) -> None:
    model = sb3_model(task, LOADERS[agent], policy, **arguments)
    model.save(tmp_path / "model.zip")
    checkpoint = import_policy(read_foreign(tmp_path / "model.zip"), agent, task, {})
    assert checkpoint.agent_config["network"] == network
    assert np.allclose(acts(checkpoint, task), sb3_acts(model, task), atol=1e-5)
    assert checkpoint.counters["frames"] == 0 and checkpoint.collector_state is None


def test_targets_that_a_file_lacks_begin_as_what_they_follow(tmp_path: Path) -> None:
    model = sb3_model(DISCRETE, DQN)
    torch.save(model.q_net.state_dict(prefix="q_net."), tmp_path / "q.pth")
    tensors = import_policy(read_foreign(tmp_path / "q.pth"), "dqn", DISCRETE, {}).agent_state.tensors
    weights = [name.removeprefix("networks/online.") for name in tensors if name.startswith("networks/online.")]
    assert weights
    assert all((tensors[f"networks/target.{name}"] == tensors[f"networks/online.{name}"]).all() for name in weights)


def test_a_state_dict_may_leave_the_value_out(tmp_path: Path) -> None:
    model = sb3_model(NATIVE)
    weights = {name: value for name, value in model.policy.state_dict().items() if "value" not in name}
    torch.save(weights, tmp_path / "actor.pth")
    first, second = (import_policy(read_foreign(tmp_path / "actor.pth"), "ppo", NATIVE, {}, seed) for seed in (1, 2))
    assert np.allclose(acts(first, NATIVE), sb3_acts(model, NATIVE), atol=1e-5)
    drawn = [checkpoint.agent_state.tensors["policy/value_net.weight"] for checkpoint in (first, second)]
    assert (drawn[0] != drawn[1]).any(), "the value is drawn from the seed"


def test_half_precision_is_taken_over(tmp_path: Path) -> None:
    model = sb3_model(DISCRETE)
    torch.save({name: value.half() for name, value in model.policy.state_dict().items()}, tmp_path / "half.pth")
    checkpoint = import_policy(read_foreign(tmp_path / "half.pth"), "ppo", DISCRETE, {})
    assert all(value.dtype != np.float16 for value in checkpoint.agent_state.tensors.values())


OTHERS: dict[str, tuple[Any, TaskConfig, dict[str, Any], str]] = {
    "another observation": (
        lambda: sb3_model(NATIVE),
        VECTOR,
        {},
        r"it sees uint8 \[4, 84, 84\], and this task gives",
    ),
    "another stack": (lambda: sb3_model(NATIVE), TaskConfig(stack=2), {}, r"this task gives uint8 \[2, 84, 84\]"),
    "other actions": (lambda: sb3_model(NATIVE), GREY, {}, "set task.action"),
    "fewer actions": (lambda: sb3_model(DISCRETE), GREY, {}, "chooses among 5"),
    "another network": (
        lambda: sb3_model(NATIVE),
        NATIVE,
        {"network": "small"},
        r"network small.*'features_extractor.cnn.0.weight' is \(32, 4, 8, 8\), and \(16, 4, 8, 8\) is needed",
    ),
    "another distribution": (
        lambda: sb3_model(NATIVE),
        NATIVE,
        {"distribution": "beta"},
        r"'action_net.weight' is \(3, 512\), and \(6, 512\) is needed",
    ),
    "another activation": (
        lambda: sb3_model(VECTOR, PPO, "MlpPolicy", activation_fn=torch.nn.ReLU),
        VECTOR,
        {},
        "activation_fn is .*ReLU",
    ),
    "pictures not divided": (
        lambda: sb3_model(VECTOR, PPO, "MlpPolicy", normalize_images=False),
        VECTOR,
        {},
        "normalize_images is False",
    ),
    "another algorithm": (
        lambda: sb3_model(VECTOR, SAC, "MlpPolicy"),
        VECTOR,
        {},
        r"no 'mlp_extractor.policy_net.0.weight' of shape \(64, 268\).*'actor.latent_pi",
    ),
    "a Q-network": (lambda: sb3_model(DISCRETE, DQN), DISCRETE, {}, "'q_net.features_extractor"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_does_not_fit_is_refused_with_what_was_expected(name: str, tmp_path: Path) -> None:
    make, task, settings, words = OTHERS[name]
    make().save(tmp_path / "model.zip")
    with pytest.raises(ForeignFileError, match=words):
        import_policy(read_foreign(tmp_path / "model.zip"), "ppo", task, settings)


def test_settings_that_no_task_like_this_has(tmp_path: Path) -> None:
    torch.save({"action_net.weight": torch.zeros(5, 512)}, tmp_path / "a.pth")
    with pytest.raises(UnsupportedTaskError, match="distribution beta"):
        import_policy(read_foreign(tmp_path / "a.pth"), "ppo", DISCRETE, {"distribution": "beta"})


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused_by_name(bad: float, tmp_path: Path) -> None:
    weights = sb3_model(NATIVE).policy.state_dict()
    weights["action_net.bias"][1] = bad
    torch.save(weights, tmp_path / "a.pth")
    with pytest.raises(ForeignFileError, match=r"'action_net.bias' has NaN"):
        import_policy(read_foreign(tmp_path / "a.pth"), "ppo", NATIVE, {})


def test_encoders_that_are_not_one(tmp_path: Path) -> None:
    weights = sb3_model(NATIVE).policy.state_dict()
    weights["vf_features_extractor.cnn.0.bias"] = weights["vf_features_extractor.cnn.0.bias"] + 1.0
    torch.save(weights, tmp_path / "a.pth")
    with pytest.raises(ForeignFileError, match=r"'vf_features_extractor.cnn.0.bias' has no place"):
        import_policy(read_foreign(tmp_path / "a.pth"), "ppo", NATIVE, {})


def test_only_channels_that_are_zero_are_left_out(tmp_path: Path) -> None:
    _, checkpoint = make_policy(GREY, distribution="gaussian")
    export_policy(checkpoint, tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        weights = torch.load(io.BytesIO(archive.read("policy.pth")), weights_only=True)
    weights = {name: value.clone() for name, value in weights.items() if not name.startswith(("pi_", "vf_"))}
    torch.save(weights, tmp_path / "a.pth")
    assert import_policy(read_foreign(tmp_path / "a.pth"), "ppo", GREY, {}).agent_config["network"] == "small"
    weights["features_extractor.cnn.0.bias"][-1] = 0.1
    torch.save(weights, tmp_path / "a.pth")
    with pytest.raises(ForeignFileError, match=r"'features_extractor.cnn.0.bias' is \(32,\), and \(16,\) is needed"):
        import_policy(read_foreign(tmp_path / "a.pth"), "ppo", GREY, {})


def test_an_encoder_that_stable_baselines3_has_not_is_refused_by_name(tmp_path: Path) -> None:
    _, checkpoint = make_policy(GREY, "sac")
    with pytest.raises(ExportError, match=r"no encoder like sac's.*\.onnx"):
        export_policy(checkpoint, tmp_path / "policy.zip")


@pytest.mark.parametrize("distribution", ["beta", "squashed"])
def test_policies_that_stable_baselines3_has_not_are_refused_by_name(distribution: str, tmp_path: Path) -> None:
    _, checkpoint = make_policy(GREY, distribution=distribution)
    with pytest.raises(ExportError, match=f"no {distribution} policy.*onnx"):
        export_policy(checkpoint, tmp_path / "policy.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("task", [GREY, DISCRETE], ids=["continuous", "discrete"])
def test_a_file_that_acts_otherwise_is_not_written(
    task: TaskConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "policy.safetensors").write_bytes(b"older")
    kind = FORMATS[".safetensors"]
    _, checkpoint = make_policy(task)
    tensors = dict(checkpoint.agent_state.tensors)
    tensors["policy/action_net.weight"] = -tensors["policy/action_net.weight"]
    other = replace(checkpoint, agent_state=State(tensors, checkpoint.agent_state.facts))

    def write_another(policy: Any, path: Path) -> None:
        kind.write(replace(policy, checkpoint=other), path)

    monkeypatch.setitem(exporting.FORMATS, ".safetensors", replace(kind, write=write_another))
    with pytest.raises(ExportError, match="not written: loaded back"):
        export_policy(checkpoint, tmp_path / "policy.safetensors")
    assert (tmp_path / "policy.safetensors").read_bytes() == b"older"
    assert len(list(tmp_path.iterdir())) == 1


def test_formats_that_cannot_be_written_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, checkpoint = make_policy(GREY)
    for name, words in (("a.pkl", r"\.onnx"), ("no/a.onnx", "directory")):
        with pytest.raises(UnsupportedFormatError, match=words):
            export_policy(checkpoint, tmp_path / name)
    monkeypatch.setattr(exporting, "find_spec", lambda name: None)
    with pytest.raises(UnsupportedFormatError, match=r"racetui\[export\]"):
        export_policy(checkpoint, tmp_path / "a.onnx")
