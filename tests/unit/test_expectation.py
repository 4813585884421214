"""What a run is expected to take, before it starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents.replay.sizes import replay_bytes
from carracing.task import task_spec
from collectors.api import CollectorConfig
from profiles import Hardware
from racetui.config import ConfigError, load_spec
from racetui.expectation import Expectation, expect
from racetui.fitness import check_memory
from racetui.pipeline.config import DAggerStage, PipelineConfig
from racetui.spec import EvaluationConfig, MemoryConfig, RunSpec

MACHINE = Hardware(4, 4, 4, 8 << 30, None, 6 << 30)


def spec_of(agent: str = "ppo", **settings: object) -> RunSpec:
    task = {"action": "discrete"} if agent == "dqn" else {"labels": True} if agent == "dagger" else {}
    return load_spec({"name": "a", "agent": agent, "task": task, "agent_config": settings}, "test")


def part(found: Expectation, name: str) -> int:
    return next((each.bytes for each in found.parts if each.name == name), 0)


@pytest.mark.parametrize("agent", ["sac", "dqn", "dagger"])
def test_a_replay_counts_whole(agent: str) -> None:
    spec = spec_of(agent, replay=50_000)
    assert part(expect(spec, MACHINE), "replay") == replay_bytes(task_spec(spec.task), 50_000)


def test_a_replay_in_a_file_takes_no_memory() -> None:
    assert part(expect(spec_of("sac", replay=50_000, replay_directory="/var/tmp"), MACHINE), "replay") == 0


def test_processes_are_counted_with_the_evaluation_beside() -> None:
    four = replace(spec_of(), collector="async", collector_config=CollectorConfig(lanes=8, workers=4))
    alone = replace(four, collector="sync", collector_config=CollectorConfig(lanes=8, workers=1))
    assert expect(four, MACHINE).processes == 1 + 4 + 2 + 1
    assert expect(alone, MACHINE).processes == 2
    assert expect(replace(alone, evaluation=EvaluationConfig(every=0)), MACHINE).processes == 1


def test_more_of_anything_takes_more() -> None:
    few = replace(spec_of(), collector="async", collector_config=CollectorConfig(lanes=8, workers=2))
    least = expect(few, MACHINE).memory_bytes
    for more in (
        replace(few, collector_config=CollectorConfig(lanes=64, workers=2)),
        replace(few, collector_config=CollectorConfig(lanes=8, workers=4)),
        replace(few, agent_config=replace(few.agent_config, rollout=65_536)),
        replace(few, agent_config=replace(few.agent_config, minibatch=2048)),
        replace(few, collector="executor"),
    ):
        assert expect(more, MACHINE).memory_bytes > least


def test_of_a_pipeline_the_stage_that_takes_most_counts() -> None:
    alone = spec_of()
    cloning = DAggerStage(agent_config=replace(spec_of("dagger").agent_config, replay=400_000))
    found = expect(replace(alone, pipeline=PipelineConfig(dagger=cloning)), MACHINE)
    assert part(found, "replay") > 0
    assert found.memory_bytes > expect(alone, MACHINE).memory_bytes


def test_it_says_whether_it_fits_and_what_takes_the_memory() -> None:
    spec = spec_of("dqn", replay=500_000)
    found = expect(spec, MACHINE)
    assert found.fits
    assert "replay 3.65 GB" in found.why[0]
    assert sum(each.bytes for each in found.parts) == found.memory_bytes
    assert not expect(spec, replace(MACHINE, memory_free=2 << 30)).fits


def test_speed_is_told_only_where_it_was_measured() -> None:
    class Calibrated:
        def frames_per_second(self, spec: RunSpec) -> tuple[float, str] | None:
            return (1234.5, "as measured") if spec.agent == "ppo" else None

        def peak_memory(self, spec: RunSpec) -> int | None:
            return 5 << 30 if spec.agent == "ppo" else None

    assert expect(spec_of(), MACHINE).frames_per_second is None
    assert "racetui calibrate" in expect(spec_of("sac"), MACHINE, Calibrated()).why[1]
    found = expect(spec_of(), MACHINE, Calibrated())
    assert (found.frames_per_second, found.memory_bytes) == (1234.5, 5 << 30)
    assert "as measured" in found.why[1]


GIB = 1 << 30


def refused(spec: RunSpec, free: float) -> str:
    with pytest.raises(ConfigError) as told:
        check_memory(spec, round(free))
    return str(told.value)


def test_a_run_that_cannot_fit_is_refused_with_what_would() -> None:
    spec = spec_of("dqn", replay=1_000_000)
    check_memory(spec, 9 * GIB)
    words = refused(spec, 5 * GIB)
    assert "needs about 8.3 GB of memory at its peak, and 5.4 GB are free: --set agent.replay=" in words
    fits = int(words.split("agent.replay=")[1].split(" ")[0].rstrip(","))
    less, more = (replace(spec, agent_config=replace(spec.agent_config, replay=n)) for n in (fits, fits + 1000))
    assert expect(less, MACHINE).memory_bytes <= 5 * GIB < expect(more, MACHINE).memory_bytes


def test_workers_rounds_and_evaluations_are_offered_where_they_are_what_is_too_much() -> None:
    many = replace(spec_of(), collector="executor", collector_config=CollectorConfig(lanes=64, workers=32))
    assert "--workers " in refused(many, 3 * GIB)
    long = spec_of(rollout=400_000)
    assert "--set agent.rollout=" in refused(long, 3 * GIB)
    assert "--eval-every 0 would fit" in refused(spec_of(), 0.8 * GIB)
    assert "another machine" in refused(spec_of(), 0.3 * GIB)


def test_the_run_s_own_limit_counts() -> None:
    spec = replace(spec_of("sac", replay=500_000), memory=MemoryConfig(limit=2))
    assert "its limit (memory.limit) is 2.0 GB" in refused(spec, 64 * GIB)
