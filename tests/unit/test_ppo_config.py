from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from agents.errors import UnsupportedTaskError
from agents.ppo.config import PPOConfig
from carracing.task import Box, Discrete, TaskSpec

IMPOSSIBLE: dict[str, list[Any]] = {
    "rollout": [1, 0],
    "minibatch": [1, 8192],
    "epochs": [0, 101],
    "learning_rate": [0.0, 2.0, float("nan")],
    "learning_rate_schedule": ["cosine"],
    "gamma": [0.0, 1.01, float("nan")],
    "gae_lambda": [-0.1, 1.1],
    "clip_range": [0.0, float("inf")],
    "entropy": [-0.1, float("nan")],
    "value_coefficient": [-1.0],
    "max_grad_norm": [0.0, float("nan")],
    "network": ["huge"],
    "initial_log_std": [-11.0, 3.0],
    "entropy_schedule": ["cosine"],
    "distribution": ["normal"],
    "precision": ["float16"],
    "device": ["tpu"],
    "value_warmup": [-1, 5],
    "pull": [-0.1, float("nan"), 1.0],
    "pull_until": [0.0, float("inf")],
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in IMPOSSIBLE.items() for value in values])
def test_impossible_values_are_refused_by_name(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match=key):
        PPOConfig(**{key: value})


def task(shape: tuple[int, ...], dtype: Any = "uint8", action: Box | Discrete = Discrete(2)) -> TaskSpec:  # noqa: B008
    return TaskSpec(shape, dtype, 1, action, 4)


def test_tasks_it_cannot_work_on_are_refused_with_the_reason() -> None:
    PPOConfig(initial_log_std=-1.0, distribution="gaussian").check_task(task((84, 84), action=Box((0.0,), (1.0,))))
    PPOConfig().check_task(task((7,), "float32"))
    with pytest.raises(UnsupportedTaskError, match="too small"):
        PPOConfig().check_task(task((20, 20)))
    with pytest.raises(UnsupportedTaskError, match="use small or wide"):
        PPOConfig(network="nature").check_task(task((7,), "float32"))
    with pytest.raises(UnsupportedTaskError, match="float32 observations of shape"):
        PPOConfig().check_task(task((84, 84), "float32"))
    with pytest.raises(UnsupportedTaskError, match=r"initial_log_std.*this is categorical"):
        PPOConfig(initial_log_std=-1.0).check_task(task((84, 84)))
    with pytest.raises(UnsupportedTaskError, match=r"initial_log_std.*this is beta"):
        PPOConfig(initial_log_std=-1.0).check_task(task((84, 84), action=Box((0.0,), (1.0,))))
    with pytest.raises(UnsupportedTaskError, match="squashed does not go with discrete actions"):
        PPOConfig(distribution="squashed").check_task(task((84, 84)))
    with pytest.raises(UnsupportedTaskError, match="categorical does not go with continuous actions"):
        PPOConfig(distribution="categorical").check_task(task((84, 84), action=Box((0.0,), (1.0,))))
    with pytest.raises(UnsupportedTaskError, match="bfloat16 is for images"):
        PPOConfig(precision="bfloat16").check_task(task((7,), "float32"))


def test_settings_and_checkpoints_are_read_without_loading_what_learning_needs() -> None:
    code = (
        "import sys, agents.ppo.config, agents.checkpoint, agents.errors;"
        "print([name for name in ('torch', 'gymnasium', 'stable_baselines3', 'numba') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
