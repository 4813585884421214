"""What a run is told to change, by what was measured of it."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from agents.ppo.config import PPOConfig
from agents.sac.config import SACConfig
from collectors.api import CollectorConfig
from racetui.bottleneck import Facts, diagnose, facts_of, remarks_on
from racetui.runs.model import HardwareRow
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from tests.runs import new_run

BALANCED = Facts(
    collector="async",
    backend="fast",
    observation="grey-fast",
    lanes=16,
    cars=1,
    workers=2,
    simulator_threads=1,
    settings=frozenset(field.name for field in fields(PPOConfig)),
    early_stop=True,
    shares={"env": 0.3, "act": 0.3, "learn": 0.35, "other": 0.05},
    busy=(0.5, 0.5),
    cores=2,
    cores_used=1.8,
)


SAC = frozenset(field.name for field in fields(SACConfig))


def shares(**most: float) -> dict[str, float]:
    ((name, share),) = most.items()
    rest = (1 - share) / 3
    return dict.fromkeys(("env", "act", "learn", "other"), rest) | {name: share}


SIMULATING, ACTING, LEARNING = (
    {"shares": shares(env=0.7)},
    {"shares": shares(act=0.6)},
    {"shares": shares(learn=0.69)},
)


@pytest.mark.parametrize(
    ("changes", "text", "advice"),
    [
        ({}, "learning takes longest: 35% of the time", "collector executor drives while the learner learns"),
        (LEARNING, "learning holds the run back: 69% of the time", "More workers would not help"),
        (LEARNING | {"collector": "sync", "workers": 1}, "learning holds", "More cars or workers would not help"),
        (SIMULATING | {"backend": "gymnasium"}, "simulating holds the run back: 70%", "backend fast simulates"),
        (SIMULATING | {"observation": "grey"}, "simulating holds", "observation grey-fast is drawn"),
        (SIMULATING | {"cores": 8}, "simulating holds", "--workers 8 uses every core"),
        (SIMULATING | {"cores": 8, "lanes": 12, "cars": 3}, "simulating", "--workers 4 uses every core"),
        (
            SIMULATING | {"collector": "sync", "workers": 1, "cores": 4},
            "simulating",
            "--set collector.threads=4 simulates on every core",
        ),
        (SIMULATING, "simulating", "only more cores would help"),
        (LEARNING, "learning", "fewer agent.epochs, a larger agent.minibatch or a smaller agent.network; collector"),
        (
            LEARNING | {"settings": SAC},
            "learning",
            "fewer agent.updates_per_step, a smaller agent.batch or a smaller",
        ),
        (ACTING | {"lanes": 8}, "acting holds the run back: 60%", "--lanes 16"),
        (ACTING | {"lanes": 8, "cars": 8, "workers": 1, "collector": "multicar"}, "acting holds", "--cars 16"),
        (ACTING, "acting", "a smaller network acts faster"),
        ({"shares": shares(other=0.5)}, "managing holds the run back: 50%", "a larger agent.rollout"),
        ({"shares": shares(other=0.5), "settings": SAC}, "managing holds", "a larger agent.round"),
    ],
)
def test_the_largest_part_of_a_round_is_the_bottleneck(changes: dict[str, Any], text: str, advice: str) -> None:
    first, *others = diagnose(replace(BALANCED, **changes, busy=(), cores_used=None))
    assert first.text.startswith(text) and advice in first.advice
    assert others == []


@pytest.mark.parametrize(
    ("changes", "text", "advice"),
    [
        ({"workers": 4, "busy": ()}, "4 workers take turns on 2 cores", "--workers 2 spares"),
        ({"workers": 2, "cores": 1, "cores_used": 1.0}, "2 workers take turns on 1 core", "--workers 1"),
        ({"busy": (0.9, 0.4)}, "worker 1 works 40% of the time, worker 0 90%", "something else takes the time"),
        ({"busy": (0.9, 0.4), "lanes": 15}, "worker 1 works 40%", "a multiple of 2 share the work evenly"),
        (SIMULATING | {"lanes": 2}, "each worker steps one track", "--lanes 8 gives each more to do"),
        ({"lag_mean": 3.26}, "experience is 3.3 versions old on average", "a larger agent.rollout keeps it fresher"),
        ({"lag_mean": 3.26, "collector": "executor"}, "experience is 3.3", "a smaller collector.depth or a larger"),
        ({"lanes_waiting": 0.31}, "31% of the cars wait for others that began with them", "seeds independent or"),
        (
            {"lanes_waiting": 0.31, "early_stop": False},
            "31% of the cars",
            "task.early_stop ends hopeless episodes; seeds",
        ),
        ({"cores": 8, "cores_used": 1.6}, "1.6 of 8 cores are used", "more --workers, or more simulator"),
        (
            {"cores": 8, "cores_used": 1.6, "collector": "sync", "workers": 1, "busy": ()},
            "1.6 of 8 cores are used",
            "collector executor or async",
        ),
        (
            {"cores_used": 0.4, "load": 12.4},
            "other programs want the 2 cores too: load 12.4, 0.4 cores for the run",
            "means little meanwhile",
        ),
    ],
)
def test_what_else_is_worth_a_word(changes: dict[str, Any], text: str, advice: str) -> None:
    (_, remark) = diagnose(replace(BALANCED, **changes))
    assert remark.text.startswith(text) and advice in remark.advice


def test_a_balanced_run_hears_of_nothing_else() -> None:
    assert len(diagnose(BALANCED)) == 1
    assert len(diagnose(replace(BALANCED, lag_mean=9.0, settings=SAC))) == 1, "replay does not mind"
    assert len(diagnose(replace(BALANCED, lag_mean=2.0, lanes_waiting=0.2, busy=(0.75, 0.5)))) == 1


def test_facts_are_taken_from_metrics_by_name() -> None:
    spec = RunSpec("a", collector="hybrid", backend="gymnasium", collector_config=CollectorConfig(8, 2, 2))
    assert facts_of(spec, {"return": 5.0}, 4) is None
    metrics = {"time/env": 0.5, "time/act": 0.1, "time/learn": 0.3, "time/other": 0.1}
    metrics |= {"busy/0": 0.4, "busy/1": 0.6, "lag_mean": 1.5, "wait/lanes": 0.25, "busy/9": 1.0}
    assert facts_of(spec, metrics, 4) == Facts(
        collector="hybrid",
        backend="gymnasium",
        observation="grey",
        lanes=8,
        cars=2,
        workers=2,
        simulator_threads=1,
        settings=BALANCED.settings,
        early_stop=False,
        shares={"env": 0.5, "act": 0.1, "learn": 0.3, "other": 0.1},
        busy=(0.4, 0.6),
        lag_mean=1.5,
        lanes_waiting=0.25,
        cores=4,
    )


def test_a_run_is_judged_by_its_store(store_home: Path) -> None:
    paths = new_run()
    reader, spec = RunReader(paths), RunSpec("a")
    assert remarks_on(reader, spec, 400) == ()
    with RunWriter(paths) as writer:
        writer.metrics(100, {"time/env": 0.1, "time/act": 0.1, "time/learn": 0.75, "time/other": 0.05})
        assert [remark.text[:8] for remark in remarks_on(reader, spec, 400)] == ["learning"]
        for age in range(10, 0, -1):
            writer.hardware(HardwareRow(time.time() - age, 150.0, 1 << 20, None, 1))
        assert "1.5 of 400 cores are used" in [remark.text for remark in remarks_on(reader, spec, 400)]
        for _ in range(10):  # it ended long ago: what it used then is not what it uses
            writer.hardware(HardwareRow(time.time() - 3600, 150.0, 1 << 20, None, 1))
        assert len(remarks_on(reader, spec, 400)) == 1
