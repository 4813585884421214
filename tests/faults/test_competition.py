"""A run in which only the best car of each track is learned from, through the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from tests.faults.test_run_life import final
from tests.program import racetui, show

pytestmark = pytest.mark.timeout(240)

OPTIONS = (
    *("--collector", "hybrid", "--cars", "3", "--lanes", "6", "--workers", "2", "--select", "best"),
    *("--observation", "vector", "--seed-base", "1000", "--eval-every", "0"),
    *("--set", "agent.rollout=64", "--set", "agent.minibatch=32", "--set", "agent.epochs=1"),
    *("--set", "agent.learning_rate_schedule=constant", "--set", "task.frame_skip=8", "--set", "task.early_stop=100"),
)


def test_winners_are_told_kept_and_learned_from_also_over_a_resume(store_home: Path) -> None:
    whole = racetui("train", *OPTIONS, "--frames", "24k", "--verbose")
    assert whole.code == 0, whole.err
    halved = racetui("train", *OPTIONS, "--frames", "12k")
    assert halved.code == 0, halved.err
    assert racetui("train", "--resume", "2", "--frames", "24k").code == 0
    assert final(store_home, "2") == final(store_home, "1")

    told = [line.split() for line in whole.err.splitlines() if line.startswith("episode")]
    with RunReader(RunPaths(store_home / "runs" / "1")) as reader:
        records, heats, summary = reader.episodes(last=1000), reader.heats(last=1000), reader.summary()
    assert [(int(line[1]), int(line[3]), int(line[5])) for line in told] == [
        (record.episode, record.seed, record.lane) for record in records
    ]
    assert all(record.seed == 1000 + record.episode // 3 for record in records)
    assert (summary.cars, summary.seeds) == (3, "independent")
    returns = {record.episode: record.episode_return for record in records}
    assert len(heats) > 5
    for heat in heats:
        field = [returns[3 * heat.number + car] for car in range(3)]
        assert (heat.best_return, heat.spread) == (max(field), max(field) - min(field))
        assert returns[heat.episode] == heat.best_return
    with RunReader(RunPaths(store_home / "runs" / "2")) as reader:
        again = reader.heats(last=1000)
    assert [(heat.number, heat.episode) for heat in again] == [(heat.number, heat.episode) for heat in heats]

    metrics = show("1")["recent_metrics"]
    told_of = {"heat_best", "heat_spread", "wait/lanes", "wait/learner", "wait/workers", "busy/0", "busy/1"}
    assert told_of | {"lag_mean", "lag_max", "ratio_mean", "ratio_max"} <= set(metrics)
    assert 0 < metrics["busy/0"] < 1 and 0 < metrics["wait/workers"] < 1
    assert show("1")["remarks"]
