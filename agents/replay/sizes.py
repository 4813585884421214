"""How much memory a replay needs, before there is one. Loads nothing heavy: the command line asks."""

from __future__ import annotations

from carracing.task import TaskSpec

SPARE = 32
"""One cell in so many is spare: each episode needs one more cell than it has steps."""
CHUNK_BYTES = 8 * 2**20
"""Of a file in a checkpoint, and of what is copied at once."""
SHORTEST, LONGEST = 16, 100_000_000
"""Transitions that a replay may be made for."""


def cells_for(capacity: int) -> int:
    """Observations to be kept for ``capacity`` transitions of episodes of 32 steps or more."""
    return capacity + -(-capacity // SPARE)


def cell_bytes(task: TaskSpec) -> int:
    """Memory of one cell: observation, action, reward, how the episode went on, and two links."""
    return task.observation_bytes + task.action.size * task.action_dtype.itemsize + 4 + 1 + 16


def replay_bytes(task: TaskSpec, capacity: int) -> int:
    """Memory of a full replay for ``capacity`` transitions."""
    return cells_for(capacity) * cell_bytes(task)
