"""Other environments than CarRacing: found by id, described, refused by name, and shown."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.checkpoint import load_checkpoint, task_of
from carracing.environments.drawing import DrawnEnv, thumbnail
from carracing.environments.finding import found
from carracing.environments.spaces import describe, eyes, hands
from carracing.environments.task import EnvTask, Spaces, UnsupportedSpacesError
from carracing.registry import make_worlds
from carracing.task import TaskConfig
from racetui.cli import main
from racetui.config import ConfigError, dump_spec, load_spec, load_stored_spec, read_config_file
from racetui.demos.plan import Request, make_plan
from racetui.evaluation.driving import actor_of
from racetui.launching import StartRequest, build_spec
from racetui.presets import with_preset
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.watch.environment import Environment
from tests.fakes.environments import SPACES
from tests.policies import make_policy, save_policy
from tests.program import racetui, show

PROBE = "tests.fakes.environments:Probe-v0"


@pytest.mark.parametrize(
    ("seen", "shape", "dtype"),
    [
        ("vector", (4,), "float32"),
        ("image", (3, 40, 44), "uint8"),
        ("number", (5,), "float32"),
        ("bits", (4,), "float32"),
        ("bytes", (8,), "float32"),
    ],
)
def test_observations_become_vectors_or_images(seen: str, shape: tuple[int, ...], dtype: str) -> None:
    space = SPACES[seen]
    spaces = describe("X", space, SPACES["choice"])
    assert (spaces.shape, spaces.dtype, spaces.choices) == (shape, dtype, 3)
    sample = space.sample()
    looked = eyes("X", space)(sample)
    assert looked.shape == shape and looked.dtype == np.dtype(dtype)
    if seen == "image":
        assert np.array_equal(looked, np.moveaxis(sample, 2, 0))
    elif seen == "number":
        assert looked.tolist() == [float(sample == 3 + place) for place in range(5)]
    elif seen == "bytes":
        assert looked == pytest.approx(sample / 255)


def test_actions_are_the_environments_own() -> None:
    spaces = describe("X", SPACES["vector"], SPACES["box"])
    assert (spaces.low, spaces.high, spaces.choices) == ((-2.0, 0.0), (2.0, 10.0), 0)
    given = hands(SPACES["box"])(np.array([2.0000002, 3.0], np.float32))
    assert given.tolist() == [2.0, 3.0] and given.dtype == np.float64
    assert hands(SPACES["choice"])(np.array([0])) == 1


@pytest.mark.parametrize(
    ("seen", "told", "words"),
    [
        ("dict", "box", r"shows Dict.*FlattenObservation"),
        ("vector", "choices", r"wants actions of MultiDiscrete.*one choice among n"),
        ("vector", "unbounded", r"wants actions of Box\(-inf.*RescaleAction"),
    ],
)
def test_other_spaces_are_refused_by_name(seen: str, told: str, words: str) -> None:
    with pytest.raises(UnsupportedSpacesError, match=words):
        describe("X", SPACES[seen], SPACES[told])


def asked(**given: Any) -> StartRequest:
    return StartRequest(**{"collector": "sync", "lanes": 2, **given})


def test_a_run_knows_its_environment() -> None:
    spec = build_spec(asked(env="CartPole-v1"))
    assert spec.task == EnvTask("CartPole-v1", spaces=Spaces((4,), "float32", choices=2))
    assert (spec.name, spec.backend, spec.agent) == ("ppo-CartPole-v1", "gymnasium", "ppo")
    told = dump_spec(spec)
    stored = read_document(told)
    assert load_spec(stored, "x") == load_stored_spec(stored, "x") == spec
    pendulum = build_spec(asked(env="Pendulum-v1", agent="sac", overrides=("task.options={g: 5.0}", "task.stack=2")))
    assert (pendulum.task.options, pendulum.task.stack, pendulum.task.spaces.low) == ({"g": 5.0}, 2, (-2.0,))
    assert load_spec(read_document(dump_spec(pendulum)), "x") == pendulum


def read_document(text: str) -> dict[str, Any]:
    path = Path("document.yaml")
    path.write_text(text)
    return read_config_file(path)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_id_may_be_short_in_a_file_or_in_an_option(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"env: {PROBE}\ntask: {{stack: 3}}\nagent: sac\n")
    spec = build_spec(asked(config=tmp_path / "a.yaml"))
    assert (spec.task.env, spec.task.stack, spec.name) == (PROBE, 3, "sac-Probe-v0")
    assert build_spec(asked(overrides=("env=CartPole-v1",))).task.env == "CartPole-v1"
    assert isinstance(build_spec(asked(env="CarRacing-v3", backend="gymnasium")).task, TaskConfig)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"env": "CartPol-v1"}, "no environment CartPol-v1: did you mean CartPole-v1"),
        ({"env": "CartPole-v77"}, "did you mean CartPole-v1"),
        ({"env": "no.such_module:X-v0"}, "what is before ':' must be a module"),
        ({"env": "Blackjack-v1"}, "shows Tuple"),
        ({"env": "CartPole-v1", "overrides": ("task.options={a: 1}",)}, "cannot be made with these options"),
        ({"env": "CartPole-v1", "overrides": ("task.options={render_mode: human}",)}, "racetui decides on it"),
        ({"env": "CartPole-v1", "observation": "grey"}, "task.observation is for CarRacing"),
        ({"env": "CartPole-v1", "overrides": ("task.early_stop=5",)}, "unknown key early_stop in task"),
        ({"env": "CartPole-v1", "backend": "fast"}, "backend fast simulates CarRacing alone"),
        ({"env": "CartPole-v1", "agent": "sac"}, "2 discrete actions: use ppo, which takes any actions, or dqn"),
        ({"env": "Pendulum-v1", "agent": "dqn"}, r"1 continuous actions .*: use ppo, .*, or sac"),
        ({"env": "CartPole-v1", "agent": "dagger"}, "CarRacing's scripted driver, and CartPole-v1 has none"),
        ({"env": "CartPole-v1", "agent": "bc"}, "CarRacing's scripted driver"),
        ({"env": "CartPole-v1", "collector": "hybrid", "lanes": 4}, "several cars on a track, and CartPole-v1"),
        ({"env": "CartPole-v1", "collector": "multicar"}, "several cars on a track"),
        ({"backend": "envpool"}, "backend envpool is for other environments"),
        ({"overrides": ("task.options={g: 1}",)}, "unknown key options in task"),
    ],
)
def test_what_does_not_go_is_refused_by_name(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build_spec(asked(**given))


def test_the_preset_for_coinrun_has_the_old_tools_numbers() -> None:
    document = with_preset("ppo-coinrun", {})
    assert document["task"] == {"env": "CoinrunHard-v0"} and document["backend"] == "envpool"
    spec = build_spec(StartRequest(preset="ppo-coinrun", env="CartPole-v1", backend="gymnasium"))
    config, lanes = spec.agent_config, spec.collector_config.lanes
    assert (lanes, config.rollout // lanes, config.minibatch, config.epochs) == (32, 128, 1024, 4)
    assert config.learning_rate == 3e-4


def test_profiles_plan_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["profiles", "auto", "--env", "CartPole-v1", "--agent", "dqn", "--json"]) == 0
    planned = json.loads(capsys.readouterr().out)
    assert (planned["observation"], planned["backend"]) == ("CartPole-v1", "gymnasium")
    assert planned["profiles"][0]["plan"]["replay"] > 1000
    assert main(["profiles", "--env", "CartPole-v1", "--observation", "grey"]) == 2


def test_demonstrations_are_of_carracing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"demonstrations are of CarRacing, and .* drives tests.fakes"):
        make_plan(tmp_path / "demos", Request(1), None, save_policy(tmp_path, found(EnvTask(PROBE))))


def test_pictures_follow_the_policys_own_episode() -> None:
    task = found(EnvTask(PROBE))
    with closing(DrawnEnv(task)) as env:
        env.reset(3)
        assert env.render().shape == (204, 304, 3) and not env.render().any()
        assert env.step(np.array([1.0, 1.0], np.float32)) == (2.0, False)
        assert (env.render() == 10).all()
    wide = np.full((100, 200, 3), 200, np.uint8)
    small = thumbnail(wide, 96)
    assert small.shape == (96, 96, 3) and not small[:20].any() and (small[30:60] == 200).all()
    watched = Environment(task)
    with closing(watched):
        shots = list(watched.drive(actor_of(make_policy(task)[0], deterministic=True), 1, 0, 3, np.uint64(1)))
    assert [shot.frame for shot in shots] == list(range(6)) and shots[-1].over and not len(shots[0].track)


def test_a_whole_run_is_trained_scored_filmed_and_gone_on_with(tmp_path: Path) -> None:
    options = ("--set", "agent.rollout=64", "--set", "agent.minibatch=32", "--collector", "sync", "--lanes", "2")
    done = racetui("train", "--env", "CartPole-v1", *options, "--frames", "128", "--name", "pole", "--json")
    assert done.code == 0, done.err
    assert (done.json["observation"], done.json["backend"], done.json["frames"]) == ("CartPole-v1", "gymnasium", 128)
    paths = RunStore().find("pole")
    assert task_of(load_checkpoint(paths.checkpoints / "128")) == RunReader(paths).spec().task
    video = tmp_path / "pole.gif"
    scored = racetui("eval", "pole", "--episodes", "2", "--json", "--video", str(video))
    assert scored.code == 0, scored.err
    results = scored.json["results"]
    assert results["missed_tiles"] is None and results["finish_rate"] is None and len(results["returns"]) == 2
    assert video.stat().st_size > 1000
    more = racetui("train", "--resume", "pole", "--frames", "256")
    assert more.code == 0, more.err
    assert show("pole")["frames"] == 256


def test_worlds_refuse_other_numbers_than_one_of_threads_and_cars() -> None:
    task = found(EnvTask(PROBE))
    for numbers in ({"threads": 2}, {"cars": 2}):
        with pytest.raises(ValueError):
            make_worlds("gymnasium", task, 2, **numbers)
    with pytest.raises(ValueError, match="it is envpool's, use backend envpool"):
        make_worlds("gymnasium", replace(task, library="envpool"), 1)
