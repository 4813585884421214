"""Which simulator can pose which task, and where scores count."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest

from carracing import OBSERVATIONS, TaskConfig, make_worlds, task_spec
from carracing.registry import UnsupportedTaskOptionError, check_backend, scoring_backend, scoring_task
from carracing.simulator.vector_observation import FIELDS
from racetui.cli import main
from racetui.config import ConfigError, load_spec
from racetui.evaluation import EvaluationSettings
from racetui.exits import Exit


def test_every_observation_has_a_kind_and_can_be_asked_for() -> None:
    assert get_args(get_type_hints(TaskConfig)["observation"]) == tuple(OBSERVATIONS)
    spec = task_spec(TaskConfig(observation="vector", stack=3))
    assert (spec.observation_shape, spec.observation_dtype, spec.stack) == ((len(FIELDS),), "float32", 3)
    assert spec.observation_bytes == 67 * 4


@pytest.mark.parametrize("observation", ["grey-fast"])
def test_stock_says_that_it_cannot_give_it(observation: str, capsys: pytest.CaptureFixture[str]) -> None:
    message = f"backend gymnasium cannot give task.observation {observation}: use backend fast, or"
    with pytest.raises(UnsupportedTaskOptionError, match=message):
        make_worlds("gymnasium", TaskConfig(observation=observation), 1)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=message):
        load_spec({"name": "a", "backend": "gymnasium", "task": {"observation": observation}}, "test")
    assert main(["train", "--backend", "gymnasium", "--observation", observation]) == Exit.USAGE
    assert message in capsys.readouterr().err


def test_stock_says_that_it_starts_on_the_line() -> None:
    with pytest.raises(UnsupportedTaskOptionError, match="use backend fast, or task"):
        make_worlds("gymnasium", TaskConfig(random_start=True), 1)


@pytest.mark.parametrize("observation", OBSERVATIONS)
def test_policies_are_scored_on_fast_and_can_be_on_stock(observation: Any) -> None:
    config = TaskConfig(observation=observation, early_stop=50, random_start=True, lap_rule="completed")
    assert scoring_backend(config) == EvaluationSettings().backend == "fast"
    seen: Any = "grey" if observation == "grey-fast" else observation
    stock = scoring_task(config, "gymnasium")
    assert stock == TaskConfig(observation=seen)
    check_backend("gymnasium", stock)
    assert scoring_task(config, "fast") == TaskConfig(observation=observation)
    with pytest.raises(UnsupportedTaskOptionError, match="envpool is for other environments"):
        check_backend("envpool", scoring_task(config, "envpool"))
