"""Evaluate in a process of its own, as the trainer does beside training. ``python -m racetui.evaluation --help``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from racetui.evaluation import EvaluationSettings, document_of, evaluate, loaded, usual_backend, write_document


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
    parser.add_argument("--nice", type=int, default=0, help="how much to give way to other processes, 0 to 19")
    options = parser.parse_args(arguments)
    os.nice(options.nice)
    checkpoint = loaded(options.checkpoint)
    backend = options.backend or usual_backend(checkpoint)
    settings = EvaluationSettings(options.episodes, options.seed, not options.stochastic, backend, options.cores)
    write_document(options.out, document_of(checkpoint, settings, evaluate(checkpoint, settings)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
