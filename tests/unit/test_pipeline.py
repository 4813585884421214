"""Pipelines as plans: which stages there are, each as a run of its own, over how many workers, for how long."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from profiles.strict_yaml import parse_yaml
from racetui.cli import main
from racetui.cli.parser import make_parser
from racetui.cli.pipeline import request_of
from racetui.cli.pipeline_parser import CLONES
from racetui.cli.stages import estimate_text
from racetui.config import ConfigError, dump_spec, load_spec
from racetui.launching import StartRequest, build_spec
from racetui.pipeline import config
from racetui.pipeline.estimate import Speeds, estimates, measured
from racetui.pipeline.probe import on_one_core, probe
from racetui.pipeline.stages import Given, rows_of, stages_of, training_spec
from racetui.pipeline.workers import plan_workers
from racetui.spec import Budget, RunSpec


def asked(*options: str, clone: str = "both") -> RunSpec:
    """The spec of ``racetui pipeline`` with these options."""
    parsed = make_parser().parse_args(["pipeline", "--clone", clone, *options])
    stages = (*CLONES[clone], "score")
    return build_spec(request_of(parsed, stages), {stage: {} for stage in stages})


@pytest.mark.parametrize(
    ("cores", "demos", "loaders"), [(1, 1, 1), (2, 1, 1), (3, 2, 1), (4, 3, 2), (8, 7, 4), (16, 15, 8)]
)
def test_workers_for_so_many_cores(cores: int, demos: int, loaders: int) -> None:
    workers = plan_workers(cores)
    assert (workers.demos, workers.loaders, workers.cores) == (demos, loaders, cores)
    assert len(workers.reasons) == 3


@pytest.mark.parametrize(
    ("clone", "names"),
    [
        ("both", ["demos", "bc", "dagger", "ppo", "score"]),
        ("bc", ["demos", "bc", "ppo", "score"]),
        ("dagger", ["dagger", "ppo", "score"]),
    ],
)
def test_stages_come_in_order(clone: str, names: list[str]) -> None:
    spec = asked(clone=clone)
    assert [stage.name for stage in stages_of(spec)] == names
    assert [row.number for row in rows_of(spec)] == list(range(1, len(names) + 1))
    assert stages_of(build_spec(StartRequest())) == ()


def test_each_training_is_a_run_of_its_own() -> None:
    spec = asked("--seed", "7", "--epochs", "3", "--dagger-frames", "5000", "--frames", "9000")
    given = Given("/demos", 1000, "/checkpoint")
    bc, dagger, ppo = (training_spec(spec, name, given) for name in ("bc", "dagger", "ppo"))
    assert (bc.agent, bc.budget, bc.collector, bc.agent_config.demos) == (
        "bc",
        Budget(steps=3000),
        "sequential",
        "/demos",
    )
    assert bc.agent_config.init_from == "", "it is the first"
    assert (dagger.agent, dagger.budget, dagger.agent_config.init_from) == ("dagger", Budget(5000), "/checkpoint")
    assert (dagger.task.labels, dagger.task.missed_penalty, spec.task.labels) == (True, 0.0, False)
    assert dagger.seed != ppo.seed == 7, "the same tracks are not driven twice"
    assert (ppo.agent, ppo.budget, ppo.agent_config.init_from) == ("ppo", Budget(9000), "/checkpoint")
    assert ppo.agent_config.pull == config.SETTINGS["ppo"]["pull"]
    assert {training.pipeline for training in (bc, dagger, ppo)} == {None}


def test_a_stage_before_which_nothing_is_trained_starts_from_nothing() -> None:
    spec = asked(clone="dagger")
    assert training_spec(spec, "dagger", Given(start="/checkpoint")).agent_config.init_from == ""


def test_a_clone_for_sac_has_sacs_network() -> None:
    spec = asked("--agent", "sac", "--observation", "vector")
    stages = spec.pipeline
    assert stages is not None and stages.bc and stages.dagger
    for settings in (stages.bc.agent_config, stages.dagger.agent_config):
        assert (settings.network, settings.distribution) == ("sac", "squashed")
    assert {key: getattr(spec.agent_config, key) for key in config.SETTINGS["sac"]} == config.SETTINGS["sac"]
    assert spec.budget == Budget(frames=config.FRAMES["sac"]), "its steps cost more"
    task = config.task_after_clone("sac", "fast")
    assert task and {key: getattr(spec.task, key) for key in task} == task
    assert config.task_after_clone("sac", "gymnasium") == {}, "which can neither truncate laps nor add to rewards"
    assert training_spec(spec, "dagger").task.missed_penalty == 0.0
    mine = asked("--agent", "sac", "--set", "task.missed_penalty=5", "--frames", "7000")
    assert (mine.task.missed_penalty, mine.task.bootstrap_laps, mine.budget) == (5.0, True, Budget(frames=7000))


def test_the_spec_is_kept_with_its_stages_and_a_plain_run_is_as_it_was() -> None:
    for spec in (asked(), asked(clone="bc"), asked(clone="dagger")):
        assert load_spec(parse_yaml(dump_spec(spec), "kept"), "kept") == spec
    assert "pipeline" not in dump_spec(build_spec(StartRequest()))


def test_options_reach_their_stage_and_all_agents_have_the_same_network() -> None:
    spec = asked(
        *("--observation", "vector", "--set", "agent.network=wide", "--set", "pipeline.demos.noise=[0, 0.3]"),
        *("--clone-set", "learning_rate=1e-3"),
    )
    stages = spec.pipeline
    assert stages is not None and stages.demos and stages.bc and stages.dagger and stages.score
    assert stages.demos.noise == (0.0, 0.3)
    for settings in (stages.bc.agent_config, stages.dagger.agent_config):
        assert (settings.learning_rate, settings.network) == (1e-3, "wide")
    assert spec.agent_config.learning_rate == config.SETTINGS["ppo"]["learning_rate"]
    assert spec.budget == Budget(frames=config.FRAMES["ppo"])


def test_a_file_may_have_the_stages(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text("pipeline: {demos: {episodes: 8}, bc: }\nbudget: {frames: 50}\n")
    spec = build_spec(StartRequest(config=file))
    assert [stage.name for stage in stages_of(spec)] == ["demos", "bc", "ppo"]
    assert (spec.budget.frames, spec.agent_config.init_from) == (50, config.PREVIOUS)


@pytest.mark.parametrize(
    ("clone", "options", "words"),
    [
        ("dagger", ("--epochs", "3"), "--epochs is about bc, which --clone dagger leaves out"),
        ("both", ("--clone-set", "learning_rat=1"), "did you mean learning_rate"),
        ("both", ("--set", "agent.init_from=somewhere"), "leave it out|no checkpoint's directory"),
        ("both", ("--set", "pipeline.bc.agent_config.demos=here"), "filled in when the stage begins"),
        ("both", ("--set", "pipeline.bc.epoch=3"), "unknown key epoch in pipeline.bc: did you mean epochs"),
        ("both", ("--set", "pipeline.demos.noise=[2]"), "noise levels must be 0 to 1"),
        ("both", ("--set", "backend=gymnasium"), "scripted driver"),
        ("both", ("--set", "pipeline.score.backend=envpool"), "score.backend must be one of"),
        ("both", ("--score-episodes", "20000"), "pipeline.score: episodes must be"),
        ("both", ("--set", "agent=dqn"), "dqn cannot go on from a clone: choose ppo or sac"),
        ("bc", ("--set", "agent=bc"), "a stage before the run's own agent"),
    ],
)
def test_what_cannot_be_done_is_said_before_there_is_a_run(clone: str, options: tuple[str, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        asked(*options, clone=clone)


def test_cloning_needs_what_it_clones(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text("pipeline: {bc: {epochs: 2}}\n")
    with pytest.raises(ConfigError, match="needs a section demos"):
        build_spec(StartRequest(config=file))


def test_estimates_follow_from_measured_speeds() -> None:
    spec = asked("--episodes", "100", "--epochs", "4", "--dagger-frames", "1000", "--frames", "6000")
    names = ("demos", "bc", "dagger", "ppo", "score")
    one_core = Speeds(dict.fromkeys(names, 100.0), {"demos": 700.0, "score": 900.0})
    planned = Speeds(dict.fromkeys(names, 200.0), {"demos": 700.0, "score": 900.0})
    found = estimates(spec, one_core, planned)
    assert [one.frames for one in found] == [70_000, 280_000, 1000, 6000, 70_000]
    assert [one.one_core_seconds for one in found] == [700, 2800, 10, 60, 700]
    assert [one.planned_seconds for one in found] == [350, 1400, 5, 30, 350]
    assert measured(found, one_core)["ppo"].planned_seconds == 30
    text = estimate_text(found)
    assert "2.00 x one core" in text
    assert text.splitlines()[6].split() == ["all", "1h11m", "35m35s"]


def test_what_was_not_measured_is_not_made_up() -> None:
    found = estimates(asked("--duration", "60s"), Speeds({}, {}), Speeds({"ppo": 10.0}, {}))
    assert [one.planned_seconds for one in found] == [None, None, None, 60.0, None]
    assert {one.one_core_seconds for one in found} == {None}
    assert "not known" in estimate_text(found)


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_an_estimate_that_is_asked_for_is_data(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    speeds = Speeds(dict.fromkeys(("demos", "bc", "dagger", "ppo", "score"), 100.0), {})
    monkeypatch.setattr("racetui.cli.pipeline._probed", lambda spec: (speeds, speeds))
    assert main(["pipeline", "--estimate", *options]) == 0
    printed = capsys.readouterr()
    if options:
        assert len(json.loads(printed.out)["estimate"]) == 5
    else:
        assert "dagger, ppo" in printed.out, "the plan"
        assert "as planned" in printed.out, "the estimate"
        assert printed.err == ""


def test_one_core_has_one_thread_and_no_helpers() -> None:
    spec = on_one_core(asked("--set", "collector.workers=2"))
    assert (spec.threads, spec.collector, spec.collector_config.workers) == (1, "sync", 1)
    assert [stage.workers for stage in stages_of(spec)] == [1, 0, 1, 1, 1]
    assert spec.collector_config.lanes == asked().collector_config.lanes


def test_the_speed_of_an_agent_with_a_replay_is_measured_too(tmp_path: Path) -> None:
    small = ("--set", "collector.lanes=4", "--clone-set", "minibatch=16", "--score-episodes", "1")
    spec = asked("--agent", "sac", "--observation", "vector", *small, clone="dagger")
    found = probe(on_one_core(spec), tmp_path, seconds=0.05)
    assert set(found.rates) == {"dagger", "sac", "score"} and min(found.rates.values()) > 0
