from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from agents.api import State
from agents.checkpoint import (
    Checkpoint,
    CheckpointNotFoundError,
    EditedCheckpointError,
    ForeignCheckpointError,
    PoisonedCheckpointError,
    UnwritableCheckpointError,
    build_agent,
    list_checkpoints,
    load_checkpoint,
    prune,
    read_pointer,
    resolve,
    save_checkpoint,
    set_pointer,
)
from agents.checkpoint.content import DTYPES, MANIFEST, TENSORS
from agents.ppo.config import PPOConfig
from agents.registry import make_agent
from carracing.task import Array, TaskConfig, task_spec
from tests.unit.checkpoints import fill_of, make_checkpoint
from tests.unit.ppo_rounds import Shape, make_round


def equal(one: State, other: State) -> bool:
    return one.facts == other.facts and {
        name: (value.dtype, value.shape, value.tobytes()) for name, value in one.tensors.items()
    } == {name: (value.dtype, value.shape, value.tobytes()) for name, value in other.tensors.items()}


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    saved = make_checkpoint()
    path = save_checkpoint(tmp_path / "checkpoints", saved, "periodic")
    assert path == tmp_path / "checkpoints" / "4000"
    assert {entry.name for entry in path.iterdir()} == {MANIFEST, TENSORS}
    loaded = load_checkpoint(path)
    assert equal(loaded.agent_state, saved.agent_state)
    assert loaded.collector_state is not None and saved.collector_state is not None
    assert equal(loaded.collector_state, saved.collector_state)
    loaded, saved = (replace(each, agent_state=State({}, {}), collector_state=None) for each in (loaded, saved))
    assert loaded == saved
    assert type(loaded.counters["seconds"]) is float and type(loaded.counters["frames"]) is int


def test_every_kind_of_array_comes_back_as_it_was(tmp_path: Path) -> None:
    tensors: dict[str, Array] = {name: np.arange(6).astype(name).reshape(2, 3) for name in DTYPES}
    tensors |= {"scalar": np.array(2.5), "empty": np.zeros((0, 3), np.float32)}
    tensors |= {"turned": np.arange(6.0).reshape(2, 3).T, "every other": np.arange(8)[::2]}
    tensors |= {"big endian": np.arange(3, dtype=">f4")}
    state = State(tensors, {})
    loaded = load_checkpoint(save_checkpoint(tmp_path, replace(make_checkpoint(), agent_state=state), "asked"))
    for name, value in tensors.items():
        found = loaded.agent_state.tensors[name]
        assert found.shape == value.shape and found.dtype == value.dtype.newbyteorder("="), name
        assert np.array_equal(found, value), name


def test_a_checkpoint_without_a_collector_stays_without(tmp_path: Path) -> None:
    path = save_checkpoint(tmp_path, replace(make_checkpoint(), collector_state=None), "asked")
    assert load_checkpoint(path).collector_state is None


def test_pointers_lead_to_checkpoints(tmp_path: Path) -> None:
    assert read_pointer(tmp_path, "LATEST") is None
    with pytest.raises(CheckpointNotFoundError, match="none"):
        resolve(tmp_path, "latest")
    for frames in (900, 1000, 20_000):
        save_checkpoint(tmp_path, make_checkpoint(frames), "periodic")
    assert resolve(tmp_path, "latest").name == "20000", "by number, where no pointer was set yet"
    set_pointer(tmp_path, "LATEST", "1000")
    set_pointer(tmp_path, "BEST", "900")
    assert resolve(tmp_path, "latest") == tmp_path / "1000"
    assert resolve(tmp_path, "best") == tmp_path / "900"
    assert resolve(tmp_path, "20000") == tmp_path / "20000"
    assert [path.name for path in list_checkpoints(tmp_path)] == ["900", "1000", "20000"]
    for wrong in ("5", "../900", "", "worst", "0900", ".saving-1"):
        with pytest.raises(CheckpointNotFoundError, match="there are 900, 1000, 20000"):
            resolve(tmp_path, wrong)
        with pytest.raises(CheckpointNotFoundError):
            set_pointer(tmp_path, "BEST", wrong)
    assert read_pointer(tmp_path, "BEST") == "900"


def test_pruning_keeps_what_is_named_and_what_is_pointed_at(tmp_path: Path) -> None:
    for frames in (1, 2, 3, 4, 5):
        save_checkpoint(tmp_path, make_checkpoint(frames), "periodic")
    set_pointer(tmp_path, "LATEST", "5")
    set_pointer(tmp_path, "BEST", "2")
    prune(tmp_path, {"3", "77"})
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["2", "3", "5", "BEST", "LATEST"]


def test_saving_the_same_frames_again_replaces(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, make_checkpoint(fill=1.0), "periodic")
    path = save_checkpoint(tmp_path, make_checkpoint(fill=2.0), "asked")
    assert fill_of(load_checkpoint(path)) == 2.0
    assert [entry.name for entry in tmp_path.iterdir()] == ["4000"]


def test_what_cannot_be_loaded_again_is_not_saved(tmp_path: Path) -> None:
    good = make_checkpoint()

    def but(value: Array) -> Checkpoint:
        return replace(good, agent_state=State({"weight": value}, {}))

    for bad in (np.nan, np.inf):
        with pytest.raises(PoisonedCheckpointError, match="agent/weight"):
            save_checkpoint(tmp_path, but(np.array([1.0, bad])), "periodic")
    with pytest.raises(TypeError, match="complex"):
        save_checkpoint(tmp_path, but(np.array([1j])), "periodic")
    with pytest.raises(TypeError):
        save_checkpoint(tmp_path, replace(good, extra={"path": tmp_path}), "periodic")
    with pytest.raises(ValueError, match="JSON compliant"):
        save_checkpoint(tmp_path, replace(good, extra={"score": float("nan")}), "periodic")
    with pytest.raises(ValueError, match="frames"):
        save_checkpoint(tmp_path, replace(good, counters={"frames": -1}), "periodic")
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UnwritableCheckpointError, match=r"checkpoint .*file/4000"):
        save_checkpoint(tmp_path / "file", make_checkpoint(), "periodic")


def trained() -> Checkpoint:
    config, task = PPOConfig(rollout=24, minibatch=8, epochs=1), TaskConfig()
    agent = make_agent("ppo", task_spec(task), config, seed=3)
    agent.learn(make_round(agent, task_spec(task), shape=Shape(steps=3)), 0.0)
    return Checkpoint("ppo", asdict(config), asdict(task), {"frames": 24}, agent.state())


def test_an_agent_is_built_as_it_was(tmp_path: Path) -> None:
    saved = trained()
    agent = build_agent(load_checkpoint(save_checkpoint(tmp_path, saved, "end")))
    assert equal(agent.state(), saved.agent_state)
    assert agent.demand.steps == 24


def test_agents_and_settings_that_do_not_exist_are_refused_by_name() -> None:
    saved = trained()
    with pytest.raises(ForeignCheckpointError, match=r"os\.system"):
        build_agent(replace(saved, agent="os.system"))
    for change, words in (
        ({"agent_config": {**saved.agent_config, "momentum": 1}}, "momentum"),
        ({"agent_config": {**saved.agent_config, "gamma": "high"}}, "gamma"),
        ({"agent_config": {**saved.agent_config, "gamma": 7.0}}, "gamma"),
        ({"agent_config": {**saved.agent_config, "network": "nature"}}, "disagree"),
        ({"task": {**saved.task, "stack": 3}}, "disagree"),
        ({"task": {**saved.task, "weather": "rain"}}, "weather"),
        ({"agent_state": State({}, {})}, "disagree"),
    ):
        with pytest.raises(EditedCheckpointError, match=words):
            build_agent(replace(saved, **change))
