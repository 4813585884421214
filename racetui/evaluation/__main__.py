"""Evaluate in a process of its own, as the trainer does beside training. ``python -m racetui.evaluation --help``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from collectors.api import EpisodeRecord
from racetui.evaluation import (
    EvaluationSettings,
    document_of,
    evaluate,
    loaded,
    posed_task,
    usual_backend,
    write_document,
)
from racetui.video import Camera, VideoPlan


def main(arguments: Sequence[str] | None = None) -> int:
    """Drive, and write the scores to a file."""
    parser = argparse.ArgumentParser(prog="python -m racetui.evaluation", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="checkpoint directory")
    parser.add_argument("out", type=Path, help="JSON file to write")
    parser.add_argument("--episodes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1_000_000)
    parser.add_argument("--stochastic", action="store_true", help="sample actions instead of taking the best")
    parser.add_argument("--backend", help="what simulates (default fast)")
    parser.add_argument("--cores", type=int, default=1, help="how many to use; scores do not depend on it")
    parser.add_argument("--progress", type=Path, help="file to keep the number of driven tracks in")
    parser.add_argument("--video", type=Path, help="video to make of an episode, .mp4 or .gif")
    parser.add_argument("--video-episode", default="first", help="which one, as for racetui eval")
    parser.add_argument("--nice", type=int, default=0, help="how much to give way to other processes, 0 to 19")
    options = parser.parse_args(arguments)
    os.nice(options.nice)
    checkpoint = loaded(options.checkpoint)
    backend = options.backend or usual_backend(checkpoint)
    settings = EvaluationSettings(options.episodes, options.seed, not options.stochastic, backend, options.cores)
    camera = Camera(VideoPlan(options.video, options.video_episode), settings) if options.video else None
    count = counter(options.progress) if options.progress else ignored
    result = evaluate(checkpoint, settings, count, camera.watching if camera else None)
    write_document(options.out, document_of(checkpoint, settings, result))
    if camera:
        camera.film(result, posed_task(checkpoint, settings.backend))
    return 0


def counter(path: Path) -> Callable[[EpisodeRecord], None]:
    """Keeps the number of driven tracks in a file, for whoever waits for them."""
    driven = 0

    def count(_record: EpisodeRecord) -> None:
        nonlocal driven
        driven += 1
        path.write_text(f"{driven}\n", encoding="ascii")

    return count


def ignored(_record: EpisodeRecord) -> None:
    """Count nothing."""


if __name__ == "__main__":
    sys.exit(main())
