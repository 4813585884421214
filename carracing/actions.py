"""From an agent's actions to a car's controls, and what is wrong with actions that are none."""

from __future__ import annotations

import numpy as np

from carracing.task import Array, Box, TaskSpec


class ActionError(ValueError):
    """An action that the task does not have; says which and what is allowed."""


def check_actions(spec: TaskSpec, actions: Array, live: Array) -> None:
    """Reject ``actions`` (cars, A) of the wrong shape or kind, and live rows out of bounds. Raises ActionError."""
    expected = (len(live), spec.action.size)
    if np.shape(actions) != expected:
        raise ActionError(f"actions of shape {expected} expected (cars, numbers per action), not {np.shape(actions)}")
    chosen = actions if live.all() else actions[live]
    if isinstance(spec.action, Box):
        _check_box(spec.action, chosen)
    else:
        _check_discrete(spec.action.n, chosen)


def to_controls(actions: Array) -> Array:
    """Turn steer-accel actions (cars, 2) into native ones (cars, 3): steer, gas = max(a, 0), brake = max(-a, 0)."""
    accel = actions[:, 1]
    return np.stack([actions[:, 0], np.maximum(accel, 0), np.maximum(-accel, 0)], axis=1)


def _check_box(box: Box, actions: Array) -> None:
    if actions.dtype.kind != "f":
        raise ActionError(f"continuous actions are floating-point numbers, not {actions.dtype}")
    # NaN compares false, so this one test finds it too.
    if ((actions >= box.low) & (actions <= box.high)).all():
        return
    for row in actions.tolist():
        for column, (value, low, high) in enumerate(zip(row, box.low, box.high, strict=True)):
            if not low <= value <= high:
                raise ActionError(f"number {column} of action {row} is {value}, allowed is {low:g} to {high:g}")


def _check_discrete(n: int, actions: Array) -> None:
    if actions.dtype.kind not in "iu":
        raise ActionError(f"discrete actions are integers, not {actions.dtype}")
    for value in actions[:, 0].tolist():
        if not 0 <= value < n:
            raise ActionError(f"action {value} does not exist, allowed is 0 to {n - 1}")
