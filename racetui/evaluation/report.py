"""What an evaluation found, as one document: with what was evaluated, how, and with which versions of what."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from racetui import __version__
from racetui.evaluation.scores import EvaluationResult
from racetui.evaluation.settings import EvaluationSettings

if TYPE_CHECKING:
    from agents.checkpoint import Checkpoint

PACKAGES = ("gymnasium", "Box2D", "pygame-ce", "numpy", "torch")
"""Those whose version may change a score."""


def document_of(checkpoint: Checkpoint, settings: EvaluationSettings, result: EvaluationResult) -> dict[str, Any]:
    """Settings, scores, versions, and what the checkpoint is of."""
    return {
        "agent": checkpoint.agent,
        "frames": checkpoint.counters["frames"],
        "task": checkpoint.task,
        "settings": asdict(settings),
        "results": asdict(result),
        "versions": versions(),
    }


def write_document(path: Path, document: Mapping[str, Any]) -> None:
    """Write it as JSON, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(document, indent=1))
    temporary.replace(path)


def versions() -> dict[str, str]:
    """Of this program and what it drives with."""
    found = {"racetui": __version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # another package provides it
    return found
