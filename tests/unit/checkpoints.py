"""A small checkpoint for tests, and a forger of manifests whose checksums are right."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from agents.api import State
from agents.checkpoint import Checkpoint
from agents.checkpoint.content import MANIFEST, TENSORS, seal
from carracing.task import Array


def make_checkpoint(frames: int = 4000, fill: float = 1.5, size: int = 2000) -> Checkpoint:
    """Its weights are all ``fill``, so that a test sees which one it got."""
    tensors: dict[str, Array] = {
        "policy/weight": np.full((4, size), fill, np.float32),
        "step": np.array(3.0, np.float32),
        "rng": np.array([2**63 + 1, 7], np.uint64),
    }
    return Checkpoint(
        agent="ppo",
        agent_config={"rollout": 64},
        task={"stack": 4},
        counters={"frames": frames, "steps": frames // 4, "episodes": 3, "seconds": 12.5, "version": 9},
        agent_state=State(tensors, {"version": 9, "big": 2**100}),
        collector_state=State({"lanes": np.arange(5)}, {"next_episode": 4}),
        extra={"note": "größer"},
    )


def fill_of(checkpoint: Checkpoint) -> float:
    """The number ``make_checkpoint`` was given."""
    return float(checkpoint.agent_state.tensors["policy/weight"][0, 0])


def forge(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change a manifest and seal it again; the tensors' checksum is brought up to date first."""
    content = json.loads((path / MANIFEST).read_text())
    del content["sha256"]
    data = (path / TENSORS).read_bytes()
    content["files"] = {TENSORS: {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}}
    edit(content)
    (path / MANIFEST).write_text(json.dumps({**content, "sha256": seal(content)}))
