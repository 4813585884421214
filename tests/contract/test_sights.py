"""PPO trains on what the compiled simulator shows, in this process as in workers, and is scored."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from agents.checkpoint import Checkpoint, save_checkpoint
from agents.ppo.agent import PPOAgent
from agents.ppo.config import PPOConfig
from carracing import TaskConfig, make_worlds, task_spec
from collectors.api import CollectorConfig
from collectors.registry import CollectorPlan, make_collector
from collectors.seeds import EpisodeSeeds
from racetui.evaluation import EvaluationSettings, evaluate, usual_backend
from tests.contract.collecting import same_segments
from tests.fakes.agent import copied

SETTINGS = PPOConfig(rollout=48, minibatch=16, epochs=1)
Observation = Literal["grey-fast", "vector"]


def _task(observation: Observation) -> TaskConfig:
    return TaskConfig(observation=observation, frame_skip=8, stack=2, early_stop=60)


def _plan(agent: PPOAgent, task: TaskConfig, workers: int) -> CollectorPlan:
    worlds = partial(make_worlds, "fast", task)
    config = CollectorConfig(lanes=4, workers=workers)
    return CollectorPlan(config, worlds, task_spec(task), agent.actor_spec(), EpisodeSeeds(3))


@pytest.mark.parametrize("observation", ["grey-fast", "vector"])
def test_ppo_trains_in_this_process_as_in_workers(observation: Observation) -> None:
    task = _task(observation)
    agent = PPOAgent(task_spec(task), SETTINGS, seed=1)
    before = agent.snapshot()
    here, elsewhere = make_collector("sync", _plan(agent, task, 1)), make_collector("async", _plan(agent, task, 2))
    with closing(here) as collector, closing(elsewhere) as workers:
        for _ in range(3):
            weights = agent.snapshot()
            for each in (collector, workers):
                each.publish(weights)
            segments = [copied(segment) for segment in collector.collect(agent.demand.steps)]
            assert same_segments([copied(segment) for segment in workers.collect(agent.demand.steps)], segments)
            assert all(np.isfinite(value) for value in agent.learn(segments, 0.0).values())
    assert all(segment.frames.dtype == task_spec(task).observation_dtype for segment in segments)
    assert all(np.ptp(segment.frames) > 0.5 for segment in segments)
    assert any((agent.snapshot().tensors[name] != tensor).any() for name, tensor in before.tensors.items())


def _saved(path: Path, observation: Observation) -> Path:
    task = TaskConfig(observation=observation, frame_skip=50)
    agent = PPOAgent(task_spec(task), SETTINGS, seed=1)
    checkpoint = Checkpoint("ppo", asdict(SETTINGS), asdict(task), {"frames": 1}, agent.state(), None)
    return save_checkpoint(path, checkpoint, "end")


def test_a_policy_of_grey_fast_is_scored_on_stock(tmp_path: Path) -> None:
    saved = _saved(tmp_path, "grey-fast")
    assert usual_backend(saved) == "fast"
    for backend in ("fast", "gymnasium"):
        assert evaluate(saved, EvaluationSettings(episodes=1, seed=7, backend=backend)).frames[0] > 0


def test_a_policy_of_vectors_is_scored_on_stock_too(tmp_path: Path) -> None:
    saved = _saved(tmp_path, "vector")
    assert usual_backend(saved) == "fast"
    scores = [evaluate(saved, EvaluationSettings(episodes=2, seed=7, backend=name)) for name in ("gymnasium", "fast")]
    assert all(score.returns == scores[0].returns and score.frames[0] > 0 for score in scores)
