"""From a request to a spec, and back to the command line that asks for the same."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from agents.checkpoint import save_checkpoint, set_pointer
from agents.replay.sizes import replay_bytes
from carracing.task import TaskConfig, task_spec
from collectors.api import CollectorConfigError
from collectors.seeds import EpisodeSeeds, SeedsConfig
from profiles import Hardware, PlanError, ProfileError
from racetui import launching, planning
from racetui.cli.parser import make_parser
from racetui.cli.train import request_of
from racetui.config import ConfigError
from racetui.launching import StartRequest, build_spec, command_line
from racetui.pipeline.config import PREVIOUS
from racetui.presets import preset_names, user_presets
from racetui.runs.store import RunStore
from racetui.spec import MemoryConfig
from tests.unit.checkpoints import make_checkpoint

MACHINE = Hardware(
    logical_cores=4, physical_cores=4, usable_cores=4, memory_total=8 << 30, memory_limit=None, memory_free=4 << 30
)


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "detect", lambda: MACHINE)


def test_nothing_asked_for_is_a_sensible_run() -> None:
    spec = build_spec(StartRequest())
    assert (spec.name, spec.agent, spec.collector) == ("ppo-async", "ppo", "async")
    assert spec.backend == "fast"
    assert (spec.collector_config.lanes, spec.collector_config.workers, spec.threads) == (66, 3, 4)
    assert spec.budget.frames == 10_000_000


def test_training_has_help_that_the_backend_can_give_and_that_nobody_declined() -> None:
    task = build_spec(StartRequest()).task
    assert (task.observation, task.stack, task.early_stop, task.missed_penalty) == ("grey-fast", 4, 100, 10.0)
    stock = build_spec(StartRequest(backend="gymnasium")).task
    assert (stock.observation, stock.stack, stock.early_stop, stock.missed_penalty) == ("grey", 4, 100, 0.0)
    vector = build_spec(StartRequest(observation="vector")).task
    assert (vector.observation, vector.stack, vector.missed_penalty) == ("vector", 1, 10.0)
    assert (build_spec(StartRequest()).evaluation.every, build_spec(StartRequest()).budget.frames) == (10**6, 10**7)
    assert (build_spec(StartRequest(backend="gymnasium")).evaluation.every) == 200_000
    assert build_spec(StartRequest(backend="gymnasium")).budget.frames == 10**6
    mine = build_spec(StartRequest(overrides=("task.early_stop=0", "task.missed_penalty=0", "task.stack=2"))).task
    assert (mine.observation, mine.stack, mine.early_stop, mine.missed_penalty) == ("grey-fast", 2, 0, 0.0)


def test_init_from_is_a_checkpoint_or_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def started(named: object) -> str:
        return str(build_spec(StartRequest(overrides=(f"agent.init_from={named}",))).agent_config.init_from)

    path = save_checkpoint(tmp_path / "elsewhere", make_checkpoint(4000), "test")
    assert started(path) == str(path)
    monkeypatch.chdir(tmp_path)
    assert started("elsewhere/4000") == str(path), "where the trainer runs has nothing to do with it"
    run = RunStore().create(build_spec(StartRequest(name="teacher")))
    for frames in (4000, 8000):
        save_checkpoint(run.checkpoints, make_checkpoint(frames), "test")
    assert started("teacher") == str(run.checkpoints / "8000")
    set_pointer(run.checkpoints, "BEST", "4000")
    assert started("teacher") == str(run.checkpoints / "4000")
    with pytest.raises(ConfigError, match=r"init_from: 'nobody' is no checkpoint's directory, and no run 'nobody'"):
        started("nobody")


@pytest.mark.parametrize(
    ("overrides", "lanes", "workers"),
    [
        (("collector.lanes=1",), 1, 1),
        (("collector.workers=12",), 72, 12),
        (("collector.lanes=6", "collector.workers=3"), 6, 3),
    ],
)
def test_what_is_given_wins_over_the_plan(overrides: tuple[str, ...], lanes: int, workers: int) -> None:
    spec = build_spec(StartRequest(overrides=overrides))
    assert (spec.collector_config.lanes, spec.collector_config.workers) == (lanes, workers)


def test_sequential_is_one_car() -> None:
    spec = build_spec(StartRequest(collector="sequential"))
    assert (spec.name, spec.collector_config.lanes, spec.collector_config.workers) == ("ppo-sequential", 1, 1)


@pytest.mark.parametrize(
    ("request_", "numbers"),
    [
        (StartRequest(collector="multicar", cars=6), (6, 6, 1, 4)),
        (StartRequest(collector="multicar"), (8, 8, 1, 4)),
        (StartRequest(collector="hybrid", lanes=24, cars=3), (24, 3, 3, 1)),
        (StartRequest(collector="hybrid", backend="gymnasium", workers=2), (8, 4, 2, 1)),
        (StartRequest(collector="async", lanes=6, workers=3), (6, 1, 3, 1)),
    ],
)
def test_cars_on_a_track_are_planned(request_: StartRequest, numbers: tuple[int, int, int, int]) -> None:
    config = build_spec(request_).collector_config
    assert (config.lanes, config.cars, config.workers, config.threads) == numbers


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (StartRequest(), SeedsConfig()),
        (StartRequest(seeds="shared"), SeedsConfig("shared")),
        (StartRequest(seeds="curriculum:40", seed_base=1000), SeedsConfig("curriculum", 40, 1000)),
        (StartRequest(overrides=("seeds.strategy=fixed", "seeds.seed_base=7")), SeedsConfig("fixed", seed_base=7)),
        (StartRequest(seed_base=1000, overrides=("seeds.seed_base=null",)), SeedsConfig()),
    ],
)
def test_seeds_can_be_asked_for(request_: StartRequest, expected: SeedsConfig) -> None:
    spec = build_spec(request_)
    assert spec.seeds == expected
    assert spec.episode_seeds == EpisodeSeeds(1, 1, expected, lanes=66)


def test_winners_can_be_asked_for() -> None:
    for request in (
        StartRequest(collector="hybrid"),
        StartRequest(seeds="shared"),
        StartRequest(collector="multicar"),
    ):
        assert build_spec(request).collector_config.select == "all"
        assert build_spec(replace(request, select="best")).collector_config.select == "best"


def test_a_strategy_asked_for_replaces_the_one_of_the_file(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("seeds: {strategy: curriculum, curriculum: 50, seed_base: 9}\n")
    assert build_spec(StartRequest(config=config)).seeds == SeedsConfig("curriculum", 50, 9)
    assert build_spec(StartRequest(config=config, seeds="shared")).seeds == SeedsConfig("shared", seed_base=9)


def test_options_win_over_the_file_and_overrides_over_both(tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text("seed: 5\ntask:\ncollector_config:\nbudget:\n  frames: 10\nevaluation:\n  every: 7\n")
    request = StartRequest(config=config, seed=6, observation="rgb", seconds=60.0, overrides=("task.frame_skip=2",))
    spec = build_spec(request)
    assert (spec.seed, spec.task.observation, spec.task.frame_skip) == (6, "rgb", 2)
    assert (spec.budget.frames, spec.budget.seconds, spec.evaluation.every) == (0, 60.0, 7)
    assert build_spec(StartRequest(config=config, overrides=("seed=8",))).seed == 8


@pytest.mark.parametrize(
    ("preset", "agent", "settings", "lanes"),
    [
        ("sac", "sac", {"replay": 30_000, "updates_per_step": 2, "features": 64, "shift": 4}, 66),
        ("sac-lowmem", "sac", {"replay": 10_000, "batch": 64}, 4),
        ("ppo-baseline", "ppo", {"entropy": 0.01, "normalise_rewards": False}, 8),
        ("ppo-norm", "ppo", {"entropy": 0.01, "normalise_rewards": True}, 8),
        ("ppo-fast", "ppo", {}, 66),
        ("dqn", "dqn", {"double": True, "replay": 100_000}, 66),
        ("pipeline", "ppo", {"init_from": PREVIOUS}, 66),
    ],
)
def test_presets_are_settings_that_others_win_over(
    preset: str, agent: str, settings: dict[str, object], lanes: int, tmp_path: Path
) -> None:
    spec = build_spec(StartRequest(preset=preset))
    assert (spec.name, spec.agent, spec.collector_config.lanes) == (preset, agent, lanes)
    assert {key: getattr(spec.agent_config, key) for key in settings} == settings
    (tmp_path / "mine.yaml").write_text("agent_config: {learning_rate: 1.0e-3}\ncollector_config: {lanes: 12}\n")
    mine = build_spec(StartRequest(preset=preset, config=tmp_path / "mine.yaml", name="mine"))
    assert (mine.name, mine.agent_config.learning_rate, mine.collector_config.lanes) == ("mine", 1e-3, 12)
    assert {key: getattr(mine.agent_config, key) for key in settings} == settings


def test_every_preset_is_tried_above() -> None:
    elsewhere = {"ppo-coinrun"}  # in tests/unit/test_environments.py
    here = ("dqn", "pipeline", "ppo-baseline", "ppo-fast", "ppo-norm", "sac", "sac-lowmem")
    assert tuple(name for name in preset_names() if name not in elsewhere) == here
    with pytest.raises(ConfigError, match="unknown preset 'tac': choose from dqn, pipeline, ppo-baseline"):
        build_spec(StartRequest(preset="tac"))


def test_presets_of_the_user_are_found_and_checked_by_key() -> None:
    user_presets().mkdir(parents=True)
    path = user_presets() / "mine.yaml"
    path.write_text("agent: dqn\ncollector_config: {lanes: 1}\n")
    spec = build_spec(StartRequest(preset="mine"))
    assert (spec.agent, spec.collector_config.lanes) == ("dqn", 1)
    for text, words in (
        ("agent_config: {epoch: 2}", "unknown key epoch in agent_config: did you mean epochs"),
        ("collector_config: {lanes: many}", "collector_config.lanes must be a whole number, not 'many'"),
        ("task: grey", "task is a section: set one of observation"),
        ("agent: sarsa", "unknown agent 'sarsa': choose from ppo"),
    ):
        path.write_text(text)
        with pytest.raises(ConfigError, match=f"{path}: .*{words}"):
            build_spec(StartRequest(preset="mine"))


@pytest.mark.parametrize(
    ("profile", "collector", "lanes", "workers", "threads"),
    [("laptop-2core", "async", 64, 2, 2), ("lowmem-6gb", "sync", 64, 1, 4), ("many-core", "executor", 12, 3, 4)],
)
def test_a_profile_decides_where_nobody_asks(
    profile: str, collector: str, lanes: int, workers: int, threads: int
) -> None:
    spec = build_spec(StartRequest(profile=profile))
    config = spec.collector_config
    assert (spec.collector, config.lanes, config.workers, spec.threads) == (collector, lanes, workers, threads)
    assert build_spec(StartRequest(profile=profile, collector="sequential")).collector == "sequential"


def test_a_run_is_held_to_the_memory_of_its_profile_unless_it_says_otherwise() -> None:
    assert build_spec(StartRequest()).memory.limit == 0
    assert build_spec(StartRequest(profile="lowmem-6gb")).memory.limit == 6
    more = StartRequest(profile="lowmem-6gb", overrides=("memory.limit=8", "memory.warn=0.5"))
    assert build_spec(more).memory == MemoryConfig(limit=8, warn=0.5)


@pytest.mark.parametrize(("agent", "free"), [("dqn", 1), ("dagger", 2)])
def test_a_replay_is_planned_to_fit(agent: str, free: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "detect", lambda: replace(MACHINE, memory_free=free << 30))
    config = build_spec(StartRequest(agent=agent)).agent_config
    assert 10_000 < config.replay < {"dqn": 100_000, "dagger": 200_000}[agent]
    assert replay_bytes(task_spec(TaskConfig(observation="grey-fast")), config.replay) < free << 30


def test_profiles_of_the_user_are_found() -> None:
    mine = planning.user_profiles()
    mine.mkdir(parents=True)
    (mine / "mine.yaml").write_text("title: Mine\npurpose: Testing.\nworkers: 2\nlanes: 4\nthreads: 1\n")
    spec = build_spec(StartRequest(profile="mine"))
    assert (spec.collector_config.lanes, spec.collector_config.workers, spec.threads) == (4, 2, 1)


@pytest.mark.parametrize(
    ("request_", "error", "named"),
    [
        (StartRequest(profile="supercomputer"), ProfileError, "auto"),
        (StartRequest(collector="sequential", overrides=("collector.lanes=2",)), PlanError, "lanes"),
        (StartRequest(overrides=("collector.lanes=two",)), ConfigError, "lanes"),
        (StartRequest(overrides=("collector_config=3",)), ConfigError, "collector_config"),
        (StartRequest(backend="gymnasium", overrides=("collector.threads=2",)), ConfigError, "threads"),
        (StartRequest(collector="sequential", overrides=("collector.threads=2",)), ConfigError, "threads"),
        (StartRequest(lanes=0), PlanError, "lanes must be 1 or more, not 0"),
        (StartRequest(collector="hybrid", lanes=8, cars=3), PlanError, "must divide lanes"),
        (StartRequest(collector="executor", workers=0), PlanError, "workers must be 1 or more, not 0"),
        (StartRequest(collector="executor", workers=100), PlanError, "use at most 17"),
        (StartRequest(collector="executor", lanes=7, workers=2), PlanError, "multiple of workers"),
        (StartRequest(collector="executor", cars=2), PlanError, "multicar and hybrid take more"),
        (
            StartRequest(collector="executor", workers=4, overrides=("collector.depth=3",)),
            ConfigError,
            "depth must be 0",
        ),
        (StartRequest(overrides=("collector.depth=4",)), CollectorConfigError, "it is for executor or ray"),
        (StartRequest(overrides=("collector.max_segment=4",)), CollectorConfigError, "it is for executor or ray"),
        (
            StartRequest(overrides=("collector.ray_address=auto",)),
            CollectorConfigError,
            "ray_address is for collector",
        ),
        (
            StartRequest(collector="ray", overrides=("collector.ray_address=nowhere",)),
            CollectorConfigError,
            "ray_address must be HOST:PORT",
        ),
        (StartRequest(collector="async", cars=2), PlanError, "multicar and hybrid take more"),
        (StartRequest(collector="multicar", lanes=5000), ConfigError, "lanes must be 1 to 4096"),
        (StartRequest(lanes=1, overrides=("collector.threads=2",)), CollectorConfigError, "threads must be 1 for 1"),
        (StartRequest(collector="sequential", seeds="shared"), ConfigError, "seeds.strategy shared needs more"),
        (StartRequest(select="best"), ConfigError, "select best needs cars that drive the same track"),
        (StartRequest(seeds="curriculum"), ConfigError, "seeds: curriculum is how many episodes"),
        (StartRequest(seeds="curriculum:many"), ConfigError, "seeds.curriculum must be a whole number, not 'many'"),
        (StartRequest(seeds="shard"), ConfigError, "independent or shared or fixed or curriculum, not 'shard'"),
        (StartRequest(seed_base=1_000_000), ConfigError, "seed_base"),
        (StartRequest(overrides=("seeds.base=3",)), ConfigError, "unknown key base in seeds"),
        (StartRequest(overrides=("evaluation.seed=5",)), ConfigError, "which training never drives"),
        (StartRequest(agent="sarsa"), ConfigError, "ppo"),
        (StartRequest(collector="telepathy"), ConfigError, "async"),
    ],
)
def test_what_is_wrong_is_named(request_: StartRequest, error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        build_spec(request_)


@pytest.mark.parametrize(
    "request_",
    [
        StartRequest(),
        StartRequest(agent="ppo", collector="sync", profile="auto", backend="gymnasium", observation="rgb", seed=3),
        StartRequest(name="it's mine", frames=500_000, eval_every=0, checkpoint_every=1000),
        StartRequest(collector="hybrid", lanes=16, cars=4, workers=2, seeds="curriculum:200", seed_base=1000),
        StartRequest(preset="sac-lowmem", collector="multicar", cars=4, select="best"),
        StartRequest(like="3", seed=2, now=True),
        StartRequest(seconds=90.0, config=Path("a b.yaml"), overrides=("agent.epochs=2", "name=x y")),
    ],
)
def test_command_line_asks_for_the_same(request_: StartRequest) -> None:
    words = shlex.split(command_line(request_))
    assert words[0] == "racetui"
    assert request_of(make_parser().parse_args(words[1:])) == request_


def test_an_agent_gets_the_actions_it_is_for_unless_somebody_says_otherwise(tmp_path: Path) -> None:
    assert build_spec(StartRequest(agent="dqn")).task.action == "discrete"
    assert build_spec(StartRequest(agent="sac")).task.action == "steer-accel"
    config = tmp_path / "run.yaml"
    config.write_text("agent: sac\ntask: {action: native, stack: 2}\n")
    spec = build_spec(StartRequest(config=config))
    assert (spec.task.action, spec.task.stack) == ("native", 2)
    assert build_spec(StartRequest(overrides=("agent=dqn", "task.stack=1"))).task.action == "discrete"
    assert build_spec(StartRequest(overrides=("task.action=discrete",))).task.action == "discrete"


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (StartRequest(agent="dqn", overrides=("task.action=steer-accel",)), r"set task\.action to discrete"),
        (StartRequest(agent="sac", overrides=("task.action=discrete",)), r"set task\.action to steer-accel"),
        (StartRequest(overrides=("agent.network=nature", "task.observation=vector")), "nature"),
        (
            StartRequest(agent="sac", overrides=("agent.replay=1000000",)),
            r"8\.5 GB of memory at its peak, and 4\.3 GB are free: --set agent.replay=42",
        ),
    ],
)
def test_what_the_agent_cannot_learn_is_refused_before_there_is_a_run(request_: StartRequest, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build_spec(request_)


@pytest.mark.parametrize("text", ["agent: {epochs: 3}", "agent: [sac]", "task: 3", "task: {action: 3}"])
def test_files_with_other_things_in_their_place_are_refused_by_key(text: str, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(text)
    with pytest.raises(ConfigError, match=r"agent must be a name|task must be keys|task\.action must be"):
        build_spec(StartRequest(config=config))


def test_a_replay_in_a_file_may_be_larger_than_memory() -> None:
    overrides = ("agent.replay=1000000", "agent.replay_directory=/var/tmp")
    assert build_spec(StartRequest(agent="sac", overrides=overrides)).agent_config.replay == 1_000_000
