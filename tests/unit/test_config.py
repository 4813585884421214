"""Run configurations: what is read, what is refused and in which words, and that YAML gives back the same spec."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml

from agents.registry import AGENTS, AgentEntry
from carracing.task import TaskConfig
from collectors.api import CollectorConfig
from racetui.config import ConfigError, apply_overrides, dump_spec, load_spec, read_config_file
from racetui.spec import Budget, RunSpec


@dataclass(frozen=True, slots=True)
class LearnerConfig:
    """An agent's config with a field of every kind that agents have."""

    learning_rate: float = 3e-4
    epochs: int = 4
    network: Literal["small", "large"] = "small"
    layers: tuple[int, ...] = (64, 64)
    clip: float | None = None
    normalise: bool = True

    def __post_init__(self) -> None:
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be positive, not {self.learning_rate}")


@dataclass(frozen=True, slots=True)
class OtherConfig:
    """The config of another agent."""

    tau: float = 0.005


@pytest.fixture(autouse=True)
def agents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(AGENTS, "ppo", AgentEntry("fake", f"{__name__}:LearnerConfig", "none:none"))
    monkeypatch.setitem(AGENTS, "other", AgentEntry("other", f"{__name__}:OtherConfig", "none:none"))


def test_a_name_is_all_that_is_needed() -> None:
    assert load_spec({"name": "first"}, "run.yaml") == RunSpec("first", agent_config=LearnerConfig())


def test_sections_are_converted_to_their_classes() -> None:
    document = {
        "name": "first",
        "budget": {"seconds": 60},
        "task": {"observation": "rgb", "frame_skip": 2},
        "agent_config": {"layers": [1, 2, 3], "clip": 1, "network": "large"},
        "collector_config": None,
    }
    spec = load_spec(document, "run.yaml")
    assert spec.budget == Budget(seconds=60.0)
    assert spec.task == TaskConfig(observation="rgb", frame_skip=2)
    assert spec.agent_config == LearnerConfig(layers=(1, 2, 3), clip=1.0, network="large")
    assert isinstance(spec.agent_config.clip, float)
    assert spec.collector_config == CollectorConfig()


def test_the_agent_decides_its_config() -> None:
    spec = load_spec({"name": "first", "agent": "other", "agent_config": {"tau": 1}}, "run.yaml")
    assert spec.agent_config == OtherConfig(1.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": None}, "name must be text, not None"),
        ({"agnt": "ppo"}, "unknown key agnt: did you mean agent?"),
        ({"xyz": 1}, "unknown key xyz: choose from name, agent, collector, profile,"),
        ({"task": {"frame_skp": 2}}, "unknown key frame_skp in task: did you mean frame_skip?"),
        (
            {"task": {"observation": "gray"}},
            "task.observation must be grey or rgb or grey-fast or vector, not 'gray'",
        ),
        ({"task": {"frame_skip": 2.0}}, "task.frame_skip must be a whole number, not 2.0"),
        ({"task": {"frame_skip": True}}, "task.frame_skip must be a whole number, not True"),
        ({"task": {"frame_skip": 99}}, "task: frame_skip must be 1 to 50 frames, not 99"),
        ({"task": {"crop_indicators": 1}}, "task.crop_indicators must be true or false, not 1"),
        ({"task": 3}, "task must be keys with values, not 3"),
        ({"agent": "sarsa"}, "unknown agent 'sarsa': choose from ppo"),
        ({"agent": {"epochs": 3}}, "agent must be a name, not {'epochs': 3}"),
        ({"agent": "other", "agent_config": {"epochs": 3}}, "unknown key epochs in agent_config: choose from tau"),
        ({"agent_config": {"learning_rate": "fast"}}, "agent_config.learning_rate must be a number, not 'fast'"),
        ({"agent_config": {"learning_rate": -1}}, "agent_config: learning_rate must be positive, not -1.0"),
        ({"agent_config": {"learning_rate": float("nan")}}, "agent_config.learning_rate must be a number, not nan"),
        ({"agent_config": {"learning_rate": 10**400}}, "agent_config.learning_rate must be a number, not 1000"),
        ({"agent_config": {"layers": [1, "x"]}}, "agent_config.layers must be a list, each a whole number, not [1"),
        ({"agent_config": {"clip": "no"}}, "agent_config.clip must be a number or null, not 'no'"),
        ({"budget": {"frames": 0}}, "budget: a run needs an end: at least one of"),
        ({"collector": "asink"}, "unknown collector 'asink': choose from sequential, multicar"),
        ({"backend": "fats"}, "unknown backend 'fats': choose from fast, gymnasium"),
        ({"seed": -1}, "seed must be 0 to 4294967295, not -1"),
        ({"threads": -1}, "threads must be 0 (the profile decides) or more, not -1"),
    ],
)
def test_errors_name_source_key_and_what_is_allowed(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_spec({"name": "first", **changes}, "run.yaml")
    assert str(error.value).startswith(f"run.yaml: {message}")
    assert "\n" not in str(error.value)


def test_a_missing_name_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"^run\.yaml: name is missing$"):
        load_spec({}, "run.yaml")


@pytest.mark.parametrize("name", ["a", "PPO-1.2_x", "1e5", "0x", "_", "9" * 63 + "a"])
def test_run_names(name: str) -> None:
    assert RunSpec(name).name == name


@pytest.mark.parametrize("name", ["", "12", ".a", "-a", "a b", "a/b", "é", "a" * 65, "a\n", "٣a"])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(ValueError, match="is not a run's name"):
        RunSpec(name)


def test_overrides_win_over_the_document_and_the_last_over_the_first() -> None:
    document = {"name": "first", "task": {"frame_skip": 3, "stack": 2}}
    changed = apply_overrides(
        document,
        [
            "agent.learning_rate=1e-4",
            "agent_config.layers=[8]",
            "collector.lanes=4",
            "collector=sync",
            "task.frame_skip=5",
            "task.frame_skip=2",
            "name = on",
        ],
    )
    spec = load_spec(changed, "run.yaml")
    assert spec.agent_config == LearnerConfig(learning_rate=1e-4, layers=(8,))
    assert (spec.collector, spec.collector_config.lanes, spec.name) == ("sync", 4, "on")
    assert spec.task == TaskConfig(frame_skip=2, stack=2)
    assert document == {"name": "first", "task": {"frame_skip": 3, "stack": 2}}


def test_an_agents_keys_may_stand_before_the_agent() -> None:
    changed = apply_overrides({"name": "first"}, ["agent.tau=1", "agent=other"])
    assert load_spec(changed, "run.yaml").agent_config == OtherConfig(1.0)


@pytest.mark.parametrize("text", ["12", "1e3", "true", "007", "plain"])
def test_text_that_looks_like_a_number_is_text_where_text_is_asked(text: str) -> None:
    assert apply_overrides({}, [f"name={text}"]) == {"name": text}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("seed", "must be key=value, such as task.frame_skip=2"),
        ("=1", "must be key=value"),
        ("seed=", "must be key=value"),
        ("task..stack=1", "must be key=value"),
        ("sed=1", "unknown key sed: did you mean seed?"),
        ("agent.learning_rat=1", "unknown key learning_rat in agent_config: did you mean learning_rate?"),
        ("collector.lane=1", "unknown key lane in collector_config: did you mean lanes?"),
        ("seed=1.5", "seed must be a whole number, not 1.5"),
        ("seed=yes", "seed must be a whole number, not 'yes'"),
        ("task.observation=gray", "observation must be grey or rgb or grey-fast or vector, not 'gray'"),
        ("task=3", "task is a section: set one of observation, action, frame_skip"),
        ("task.stack.x=3", "task.stack has a value, not keys of its own"),
        ("agent=sarsa", "unknown agent 'sarsa': choose from ppo"),
        ("seed=[1", "line 1: expected ',' or ']'"),
        ("seed=*x", "aliases (*name) are not supported"),
        ("budget.frames=5", "budget has the value 7 in the file, where keys are expected"),
    ],
)
def test_wrong_overrides_name_the_option(option: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        apply_overrides({"name": "first", "budget": 7}, ["seed=1", option])
    assert str(error.value).startswith(f"--set {option}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["first", "1e5", "1.0e-5", "yes", "null", "true", "0x1f", "0o17", "1_0", "010x"])
def test_yaml_gives_back_the_same_spec(name: str, tmp_path: Path) -> None:
    spec = RunSpec(
        name,
        seed=2**32 - 1,
        budget=Budget(steps=5, seconds=1e16),
        task=TaskConfig(observation="rgb", action="discrete", early_stop=7),
        agent_config=LearnerConfig(learning_rate=1e-5, layers=(1,), clip=None, normalise=False),
        collector_config=CollectorConfig(lanes=3, workers=3, worker_timeout=0.1 + 0.2),
    )
    path = tmp_path / "spec.yaml"
    path.write_text(dump_spec(spec))
    assert load_spec(read_config_file(path), str(path)) == spec


def test_a_spec_is_written_so_that_other_readers_understand_it() -> None:
    spec = RunSpec("yes", agent_config=LearnerConfig(learning_rate=1e-5))
    document = yaml.safe_load(dump_spec(spec))
    assert document["name"] == "yes"
    assert document["agent_config"]["learning_rate"] == 1e-5


def test_without_an_agent_config_its_defaults_are_read() -> None:
    spec = RunSpec("first")
    assert load_spec(yaml.safe_load(dump_spec(spec)), "x") == replace(spec, agent_config=LearnerConfig())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5e+3", -1500.0),
        ("1_000_000", 1_000_000),
        ("010", 10),
        ("0x10", 16),
        ("0o17", 15),
        ("-3", -3),
        ("yes", "yes"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("2020-01-01", "2020-01-01"),
        ("true", True),
        ("~", None),
        ("'1e-4'", "1e-4"),
    ],
)
def test_yaml_reads_values_as_people_expect(text: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(f"key: {text}\n")
    read = read_config_file(path)["key"]
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"seed: 1\nseed: 2\n", "line 2: key seed is given twice"),
        (b"task:\n  stack: 1\n  stack: 1\n", "line 3: key stack is given twice"),
        (b"1: 2\n", "line 1: key 1 is not text"),
        (b"[1, 2]\n", "must be keys with values, such as 'agent: ppo'"),
        (b"a: [1\n", "line 2: expected ',' or ']'"),
        (b"a: &x [1]\nb: *x\n", "line 2: aliases (*name) are not supported"),
        (b"a: !!python/object/apply:os.getcwd []\n", "line 1: could not determine a constructor"),
        (b"a: " + b"[" * 5000, "is nested too deeply"),
        (b"a: " + b"1" * 5000, "Exceeds the limit"),
        (b"a: " + b"x" * 70_000, "is larger than 64 kB"),
        (b"a: \xff", "is not UTF-8 text"),
        (b"a: \x00", "special characters are not allowed"),
    ],
)
def test_files_that_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        read_config_file(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent.yaml: No such file or directory$"):
        read_config_file(tmp_path / "absent.yaml")
    with pytest.raises(ConfigError, match=r"Is a directory$"):
        read_config_file(tmp_path)


def test_an_empty_file_has_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("# nothing yet\n")
    assert read_config_file(path) == {}
