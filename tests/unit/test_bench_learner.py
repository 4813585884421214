"""The learners' benchmark: the same work for all, and ours proved equal to stable-baselines3's."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import replace
from typing import Any

import pytest
import torch

from agents.ppo.config import PPOConfig
from carracing.task import TaskSpec
from racetui.bench import learner
from racetui.bench.learner import DEFAULT, EXACT, STOCK, contenders
from racetui.cli import bench_learner
from tests.unit.ppo_rounds import GREY, VECTOR

SMALL = PPOConfig(rollout=48, minibatch=16, epochs=2)


@pytest.mark.parametrize("task", [GREY, VECTOR], ids=str)
def test_all_learn_from_the_same_and_in_plain_arithmetic_the_same_to_the_bit(task: TaskSpec) -> None:
    ready = contenders(task, replace(SMALL, learning_rate=1e-3))
    results = {name: measure() for name, measure in ready.items()}
    assert all(speed > 0.0 for speed, _ in results.values())
    stock, ours = results[STOCK][1], results[EXACT][1]
    assert stock.keys() == ours.keys() and all(torch.equal(stock[name], ours[name]) for name in stock)
    for name, (_, found) in results.items():
        if name not in (STOCK, EXACT, DEFAULT):
            assert any(not torch.equal(found[key], ours[key]) for key in found), "its arithmetic is the plain one"
            for key in found:
                torch.testing.assert_close(found[key], ours[key], rtol=0, atol=0.02)


def test_the_command_prints_medians_and_the_verdict(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    def fake(speeds: list[float], result: float) -> learner.Measurement:
        return lambda: (speeds.pop(0), {"weight": torch.tensor(result)})

    def made(task: TaskSpec, config: PPOConfig) -> dict[str, learner.Measurement]:
        return {STOCK: fake([100.0, 300.0, 200.0], 1.0), EXACT: fake([400.0, 500.0, 900.0], result)}

    monkeypatch.setattr(learner, "contenders", made)
    options = Namespace(agent="ppo", threads=1, repeats=3, observation="grey-fast", json=True)
    for result in (1.0, 2.0):
        assert bench_learner.learner(options) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["equal_to_the_bit"] is (result == 1.0)
        assert [row["samples_per_second"] for row in document["rows"]] == [200.0, 500.0]
        assert document["rows"][1]["over_stock"] == 2.5
    options.json = False
    bench_learner.learner(options)
    assert "other parameters than stable-baselines3" in capsys.readouterr().out
