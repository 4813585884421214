"""Evaluation: how well a checkpoint drives tracks it never trained on. ``python -m racetui.evaluation --help``."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.api import WeightsSnapshot, no_pulse
from collectors.api import EpisodeRecord

MAX_LANES = 16
"""Cars driven together by one evaluation."""


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """What to evaluate and how."""

    episodes: int = 10
    seed: int = 1_000_000
    """Track seed of the first episode; the others follow."""
    deterministic: bool = True
    backend: str = "gymnasium"
    """What simulates; ``usual_backend`` says where a checkpoint's scores count."""

    def __post_init__(self) -> None:
        """Reject impossible values, naming the option."""
        if not 1 <= self.episodes <= 10_000:
            raise ValueError(f"episodes must be 1 to 10000, not {self.episodes}")
        if not 0 <= self.seed < 2**31 - self.episodes:
            raise ValueError(f"seed must be 0 to {2**31 - self.episodes - 1}, not {self.seed}")


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """Scores of one evaluation; returns are raw rewards under the released rules."""

    mean: float
    std: float
    min: float
    p10: float
    finish_rate: float | None
    """Share of episodes in which every tile was visited; None for tasks without tiles."""
    missed_tiles: float | None
    """Mean per episode."""
    lap_frames: float | None
    """Mean over finished laps; None if there was none."""
    returns: tuple[float, ...]
    frames: tuple[int, ...]
    seconds: float


def evaluate(
    checkpoint_path: Path,
    settings: EvaluationSettings,
    on_episode: Callable[[EpisodeRecord], None] = lambda record: None,
) -> EvaluationResult:
    """Drive ``settings.episodes`` tracks with the checkpoint's policy.

    What only training needs (early stop, random starts) is off, and where the backend cannot draw grey-fast the
    policy sees grey. Raises CheckpointError for a file that is not what it should be, UnsupportedTaskOptionError.
    """
    from agents.checkpoint import build_agent, load_checkpoint
    from carracing.registry import check_backend, make_worlds, scoring_task
    from carracing.task import TaskConfig
    from collectors.episodes import EpisodePlan, run_episodes
    from collectors.lanes import WorldLanes
    from collectors.seeds import EpisodeSeeds

    checkpoint = load_checkpoint(checkpoint_path)
    task = scoring_task(TaskConfig(**checkpoint.task), settings.backend)
    check_backend(settings.backend, task)
    agent = build_agent(checkpoint)
    snapshot = agent.snapshot()
    actor = agent.actor_spec().build()
    actor.load(WeightsSnapshot(snapshot.version, snapshot.tensors, {"deterministic": float(settings.deterministic)}))
    lanes = min(settings.episodes, MAX_LANES)
    worlds = WorldLanes(make_worlds(settings.backend, task, lanes))
    keys = EpisodeSeeds(settings.seed)
    plans = [EpisodePlan(n, settings.seed + n, keys.key(n)) for n in range(settings.episodes)]
    started = time.monotonic()
    try:
        records = run_episodes(actor, worlds, plans, no_pulse, on_episode)
    finally:
        worlds.close()
    return summarise(records, time.monotonic() - started)


def usual_backend(checkpoint_path: Path) -> str:
    """Where the scores of a checkpoint's policy count: stock, unless it cannot show what the policy sees.

    Raises CheckpointError.
    """
    from agents.checkpoint import load_checkpoint
    from carracing.registry import scoring_backend
    from carracing.task import TaskConfig

    return scoring_backend(TaskConfig(**load_checkpoint(checkpoint_path).task))


def summarise(records: Sequence[EpisodeRecord], seconds: float) -> EvaluationResult:
    """Condense episodes into scores; std is the population's."""
    returns = np.array([record.episode_return for record in records], dtype=np.float64)
    has_tiles = "missed_tiles" in records[0].facts
    laps = [record.frames for record in records if record.facts.get("finished")]
    return EvaluationResult(
        mean=float(returns.mean()),
        std=float(returns.std()),
        min=float(returns.min()),
        p10=float(np.percentile(returns, 10)),
        finish_rate=len(laps) / len(records) if has_tiles else None,
        missed_tiles=float(np.mean([record.facts["missed_tiles"] for record in records])) if has_tiles else None,
        lap_frames=float(np.mean(laps)) if laps else None,
        returns=tuple(float(value) for value in returns),
        frames=tuple(record.frames for record in records),
        seconds=seconds,
    )


def write_result(path: Path, settings: EvaluationSettings, result: EvaluationResult) -> dict[str, Any]:
    """Write settings and scores to ``path`` as JSON, whole or not at all; returns the document."""
    document = {"settings": asdict(settings), "results": asdict(result)}
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps(document, indent=1))
    temporary.replace(path)
    return document


def main(arguments: Sequence[str] | None = None) -> int:
    """Evaluate in a process of its own, as the trainer does beside training."""
    parser = argparse.ArgumentParser(prog="python -m racetui.evaluation", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="checkpoint directory")
    parser.add_argument("out", type=Path, help="JSON file to write")
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1_000_000)
    parser.add_argument("--stochastic", action="store_true", help="sample actions instead of taking the best")
    parser.add_argument("--backend", help="what simulates (default: gymnasium where it can show what is seen)")
    parser.add_argument("--nice", type=int, default=0, help="how much to give way to other processes, 0 to 19")
    options = parser.parse_args(arguments)
    os.nice(options.nice)
    backend = options.backend or usual_backend(options.checkpoint)
    settings = EvaluationSettings(options.episodes, options.seed, not options.stochastic, backend)
    write_result(options.out, settings, evaluate(options.checkpoint, settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
