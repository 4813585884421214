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


def test_the_command_prints_medians_and_how_far_apart_parameters_are(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def fake(speeds: list[float], *result: float) -> learner.Measurement:
        return lambda: (speeds.pop(0), {"weight": torch.tensor(result)})

    def made(task: TaskSpec, config: PPOConfig) -> dict[str, learner.Measurement]:
        exact, default = fake([400.0, 500.0, 900.0], 1.0), fake([900.0, 900.0, 900.0], 1.0, 1.0)
        others = {"ours, float32": fake([600.0, 600.0, 600.0], 1.25), DEFAULT: default}
        return {STOCK: fake([100.0, 300.0, 200.0], 1.0), EXACT: exact, **others}

    monkeypatch.setattr(learner, "contenders", made)
    options = Namespace(agent="ppo", threads=1, repeats=3, observation="grey-fast", json=True)
    assert bench_learner.learner(options) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["samples_per_second"] for row in rows] == [200.0, 500.0, 600.0, 900.0]
    assert [row["over_stock"] for row in rows] == [1.0, 2.5, 3.0, 4.5]
    assert [row["parameters_apart"] for row in rows] == [0.0, 0.0, 0.25, None]
    options.json = False
    assert bench_learner.learner(options) == 0
    printed = capsys.readouterr().out
    assert "0.25" in printed and "the same to the" in printed
