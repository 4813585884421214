"""A run like another: everything it was, but what is asked for, and what no longer fits is planned anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from racetui import launching
from racetui.config import ConfigError
from racetui.launching import StartRequest, build_spec
from racetui.runs.errors import RunNotFound
from racetui.runs.store import RunStore
from racetui.spec import Budget, RunSpec
from tests.unit.test_launching import MACHINE


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "detect", lambda: MACHINE)


def made(*overrides: str, **options: object) -> RunSpec:
    """A run in the store, and what it was asked to be."""
    spec = build_spec(StartRequest(**options, overrides=overrides))  # type: ignore[arg-type]
    RunStore().create(spec)
    return spec


def like(**options: object) -> RunSpec:
    return build_spec(StartRequest(like="1", **options))  # type: ignore[arg-type]


@pytest.mark.parametrize("agent", ["ppo", "sac", "dqn", "dagger"])
def test_it_is_the_same_in_everything(agent: str) -> None:
    first = made("task.stack=3", "evaluation.episodes=7", agent=agent, seed=5, seeds="curriculum:9", frames=777)
    assert like() == first
    assert like(seed=6, name="other", seconds=60.0) == replace(
        first, seed=6, name="other", budget=Budget(seconds=60.0)
    )


def test_a_pipeline_is_the_same_in_all_its_stages() -> None:
    first = made("pipeline.bc.epochs=3", preset="pipeline", frames=5000)
    assert like() == first


def test_settings_without_an_option_are_taken_over_and_can_be_set() -> None:
    first = made("agent.learning_rate=1e-3", "agent.epochs=3", lanes=12, workers=3)
    changed = build_spec(StartRequest(like="1", overrides=("agent.epochs=4",)))
    assert changed == replace(first, agent_config=replace(first.agent_config, epochs=4))


def test_what_was_planned_for_something_else_is_planned_anew() -> None:
    first = made("agent.epochs=3", "task.stack=2", lanes=12, workers=3)
    for collector in ("sequential", "multicar", "sync", "hybrid", "executor"):
        other = like(collector=collector)
        assert (other.collector, other.agent_config, other.task) == (collector, first.agent_config, first.task)
    stock = like(backend="gymnasium")
    assert (stock.task.observation, stock.task.missed_penalty, stock.collector_config.threads) == ("grey", 0.0, 1)
    assert stock.agent_config == first.agent_config
    numbers = like(observation="vector")
    assert (numbers.task.stack, numbers.collector_config) == (1, first.collector_config)
    assert like(workers=2).collector_config.workers == 2
    assert like(profile="lowmem-6gb").collector == "async"


def test_what_cannot_be_like_it_is_refused() -> None:
    made(agent="sac")
    with pytest.raises(ConfigError, match="the run to be like is of agent sac, whose settings are not ppo's"):
        like(agent="ppo")
    with pytest.raises(ConfigError, match="--like and --preset"):
        like(preset="sac")
    with pytest.raises(RunNotFound):
        build_spec(StartRequest(like="nobody"))
