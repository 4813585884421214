"""What stable-baselines3's models say of themselves in plain JSON, held against the task and our policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from agents.network_plans import policy_input_shape
from carracing.task import Discrete, TaskSpec

CONTINUED_REPLAY = 10_000
"""Steps in the replay of an exported model: it is made when the model is loaded, if only to act."""
_TRAINING_ONLY = {"log_std_init", "ortho_init", "optimizer_class", "optimizer_kwargs", "use_expln", "n_critics"}
"""``policy_kwargs`` that do not matter to a policy that has learned, or that the tensors show."""


def spaces_of(task: TaskSpec) -> tuple[spaces.Box, spaces.Space[Any]]:
    """What Gymnasium calls the policy's observations and actions."""
    shape = policy_input_shape(task)
    seen: spaces.Box = spaces.Box(-np.inf, np.inf, shape, np.float32)
    if len(shape) == 3:
        seen = spaces.Box(0, 255, shape, np.uint8)
    if isinstance(task.action, Discrete):
        return seen, spaces.Discrete(task.action.n)
    low, high = (np.asarray(bound, np.float32) for bound in (task.action.low, task.action.high))
    return seen, spaces.Box(low, high, dtype=np.float32)


def unusual(arguments: Mapping[str, Any], usual: Mapping[str, tuple[str, ...]]) -> str:
    """Which of ``policy_kwargs`` has a value that none of the ``usual`` is part of, or an unknown name; "" if none.

    Where ``usual`` lists no values, any will do.
    """
    for key, value in arguments.items():
        if key.startswith(":") or key in _TRAINING_ONLY:
            continue
        allowed = usual.get(key)
        if allowed is None or (allowed and not any(each in str(value) for each in allowed)):
            return f"its {key} is {str(value)[:100]}, and ours is {' or '.join(allowed or ()) or 'without'}"
    return ""


def other_task(model: Mapping[str, Any], task: TaskSpec) -> str:
    """How the model's spaces differ from the task's, in words; "" where they agree or say nothing."""
    seen, given = spaces_of(task)
    observation, action = (_readable(model, name) for name in ("observation_space", "action_space"))
    if "_shape" in observation and (list(observation["_shape"]), observation.get("dtype")) != (
        list(seen.shape),
        str(seen.dtype),
    ):
        return (
            f"it sees {observation.get('dtype')} {observation['_shape']}, and this task gives {seen.dtype} "
            f"{list(seen.shape)}: set task.observation and task.stack as it was trained"
        )
    if isinstance(given, spaces.Discrete):
        same = str(action.get("n", given.n)) == str(given.n) and str(action.get("start", 0)) == "0"
        theirs = f"chooses among {action.get('n', 'numbers')}" + (
            f" from {action['start']}" if "start" in action else ""
        )
    else:
        bounds = [_numbers(action.get(side)) for side in ("low", "high")]
        ours = [list(map(float, side)) for side in (given.low, given.high)]  # type: ignore[attr-defined]
        same = "n" not in action and all(
            found is None or found == expected for found, expected in zip(bounds, ours, strict=True)
        )
        theirs = (
            f"gives numbers from {bounds[0]} to {bounds[1]}" if "n" not in action else f"chooses among {action['n']}"
        )
    return "" if same else f"it {theirs}, and this task takes {given}: set task.action as it was trained"


def _readable(model: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = model.get(name)
    return found if isinstance(found, dict) else {}


def _numbers(text: object) -> list[float] | None:
    """What numpy prints for a short vector; None for anything else."""
    if not isinstance(text, str) or len(text) > 200:
        return None
    try:
        return [float(part) for part in text.strip("[]").split()]
    except ValueError:
        return None
