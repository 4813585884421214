"""When a run is kept from being killed for its memory, and by what."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agents.ppo.config import PPOConfig
from carracing.task import TaskConfig
from collectors.api import CollectorConfig
from racetui.pipeline.config import PipelineConfig, ScoreStage
from racetui.runs.model import RunState
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.spec import Budget, EvaluationConfig, MemoryConfig, RunSpec, TrackingConfig
from racetui.trainer.guard import Guard
from racetui.trainer.orders import Orders
from racetui.trainer.pipeline import run_stages
from racetui.trainer.pressure import Level, Reading, judge, read_pressure

GIB, MIB = 1 << 30, 1 << 20
USUAL = MemoryConfig()
CALM, SHORT, RUNNING_OUT = Level


def of(used: float, limit: float = GIB, shared: bool = False) -> Reading:
    return Reading("the container's limit", int(used), int(limit), shared)


@pytest.mark.parametrize(
    ("used", "limit", "before", "expected"),
    [
        (0.80 * GIB, GIB, CALM, CALM),
        (0.86 * GIB, GIB, CALM, SHORT),
        (0.82 * GIB, GIB, SHORT, SHORT),  # until some was given back
        (0.79 * GIB, GIB, SHORT, CALM),
        (0.96 * GIB, GIB, CALM, RUNNING_OUT),
        (0.96 * GIB, GIB, RUNNING_OUT, RUNNING_OUT),
        (0.97 * 128 * GIB, 128 * GIB, CALM, CALM),  # 3.8 GiB are left
        (127 * GIB, 128 * GIB, CALM, SHORT),
        (127.7 * GIB, 128 * GIB, CALM, RUNNING_OUT),
    ],
)
def test_a_limit_is_near_by_its_share_and_by_what_is_left(
    used: float, limit: float, before: Level, expected: Level
) -> None:
    assert judge([of(used, limit)], USUAL, before)[0] is expected


def test_the_closest_limit_is_named() -> None:
    far, near = Reading("the machine's memory", GIB, 8 * GIB), of(0.9 * GIB)
    assert judge([far, near, of(0.1 * GIB)], USUAL, CALM) == (SHORT, near)
    assert judge([far], USUAL, CALM) == (CALM, None)
    assert judge([], USUAL, SHORT) == (CALM, None)


def test_the_pace_of_the_run_counts_and_that_of_others_does_not() -> None:
    last = {"the container's limit": int(0.6 * GIB)}
    assert judge([of(0.75 * GIB)], USUAL, CALM, last)[0] is RUNNING_OUT
    assert judge([of(0.75 * GIB, shared=True)], USUAL, CALM, last)[0] is CALM
    assert judge([of(0.5 * GIB)], USUAL, CALM, last)[0] is CALM


def test_zero_is_never() -> None:
    assert judge([of(GIB)], MemoryConfig(warn=0.8, stop=0), CALM)[0] is SHORT
    assert judge([of(GIB)], MemoryConfig(warn=0, stop=0), CALM)[0] is CALM


@pytest.mark.parametrize(("key", "value"), [("warn", 1.0), ("stop", -0.1), ("limit", -1.0), ("warn", 0.99)])
def test_impossible_thresholds_are_refused_by_name(key: str, value: float) -> None:
    with pytest.raises(ValueError, match=key):
        MemoryConfig(**{key: value})


@dataclass
class Machine:
    """Readings as the test sets them, and what the guard did."""

    used: float = 0.0
    evaluating: bool = False
    evaluation: float = 0.0
    said: list[tuple[str, str]] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)

    def read(self) -> list[Reading]:
        return [of((self.used + self.evaluation * self.evaluating) * GIB, shared=True)]

    def give_up(self, reason: str) -> bool:
        going_on, self.evaluating = self.evaluating, False
        if going_on:
            self.said.append(("given up", reason))
        return going_on

    def guard(self) -> Guard:
        return Guard(USUAL, self.read, self, lambda level, text: self.said.append((level, text)), self.ended.append)

    def after(self, guard: Guard, used: float) -> list[str]:
        self.used = used
        guard.look()
        said, self.said = [level for level, _ in self.said], []
        return said


def test_it_warns_once_and_says_when_it_is_over() -> None:
    machine = Machine()
    guard = machine.guard()
    assert machine.after(guard, 0.5) == []
    assert (machine.after(guard, 0.9), guard.short) == (["warning"], True)
    assert machine.after(guard, 0.91) == []
    assert (machine.after(guard, 0.5), guard.short) == (["info"], False)
    assert machine.ended == []


def test_an_evaluation_is_given_up_before_the_run_is_ended() -> None:
    machine = Machine(evaluating=True, evaluation=0.25)
    guard = machine.guard()
    assert machine.after(guard, 0.75) == ["given up"]
    assert machine.ended == []
    assert machine.after(guard, 0.97) == []
    assert len(machine.ended) == 1
    assert "the container's limit" in machine.ended[0]
    assert machine.after(guard, 0.98) == []
    assert len(machine.ended) == 1


def test_the_run_s_own_limit_is_read_of_its_processes(tmp_path: Path) -> None:
    def tree(rough: float) -> int:
        asked.append(rough)
        return 3 * GIB

    asked: list[float] = []
    absent = tmp_path / "absent"
    assert read_pressure(0, tree, absent, absent)[0].of == "the machine's memory"
    own = read_pressure(4, tree, absent, absent)[0]
    assert own == Reading("the run's own limit (memory.limit)", 3 * GIB, 4_000_000_000)
    assert asked == [2e9]


def test_the_limit_of_a_container_is_read_without_what_is_cached(tmp_path: Path) -> None:
    group = tmp_path / "groups"
    group.mkdir()
    (tmp_path / "membership").write_text("0::/\n")
    (group / "memory.max").write_text(f"{GIB}\n")
    (group / "memory.current").write_text(f"{GIB}\n")
    (group / "memory.stat").write_text(f"anon 1\ninactive_file {100 * MIB}\nactive_file {200 * MIB}\n")
    found = read_pressure(0, lambda rough: 0, group, tmp_path / "membership")
    assert found[0] == Reading("the container's limit", GIB - 300 * MIB, GIB)


def test_a_score_is_not_given_up_but_stopped_and_made_later(
    store_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = RunSpec(
        "scored",
        agent_config=PPOConfig(rollout=64, minibatch=64, epochs=1),
        task=TaskConfig(observation="vector"),
        collector="sync",
        collector_config=CollectorConfig(lanes=2, workers=1),
        budget=Budget(frames=512),
        evaluation=EvaluationConfig(every=0),
        tracking=TrackingConfig(tensorboard=False, aim=False),
        pipeline=PipelineConfig(score=ScoreStage(episodes=2)),
    )
    paths = RunStore().create(spec)
    most = {"used": 0.5 * GIB}

    def pressure(*_: object) -> list[Reading]:
        with RunReader(paths) as reader:
            scoring = [row for row in reader.evaluations() if row.state == "running"]
        return [of(most["used"] if scoring else min(most["used"], 0.9 * GIB))]

    monkeypatch.setattr("racetui.trainer.assembly.read_pressure", pressure)

    def scored() -> tuple[RunState, str]:
        with RunWriter(paths) as writer:
            writer.identify()
            orders = Orders(writer)
            return run_stages(paths, writer, orders, spec), orders.reason

    most["used"] = 0.97 * GIB
    state, reason = scored()
    assert (state, reason.partition(":")[0]) == (RunState.STOPPED, "memory was running out")
    most["used"] = 0.9 * GIB
    assert scored() == (RunState.FINISHED, "")
    with RunReader(paths) as reader:
        assert [f"{row.purpose} {row.state}" for row in reader.evaluations()] == ["score failed", "score finished"]
        assert [stage.state for stage in reader.summary().stages] == [RunState.FINISHED] * 2
