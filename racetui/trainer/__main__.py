"""Entry of the run's own process: wait for its turn, train, and leave a last word whatever happens."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import traceback
from pathlib import Path

from racetui.runs.claim import claim
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter
from racetui.trainer.orders import Orders
from racetui.trainer.turn import Turn


def main() -> int:
    """Train the run of a directory; exit code 0 if it finished or was stopped, 1 if it failed."""
    parser = argparse.ArgumentParser(prog="python -m racetui.trainer", description=__doc__)
    parser.add_argument("run", type=Path, help="run directory")
    parser.add_argument("--resume", action="store_true", help="go on from the latest checkpoint")
    options = parser.parse_args()
    # Workers and evaluations inherit this; the learner sets its own number of threads.
    os.environ["OMP_NUM_THREADS"] = "1"
    # Learner threads that wait sleep instead of spinning: with an evaluation or a second run on the same cores,
    # spinning made one update up to six times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    paths = RunPaths(options.run)
    with claim(paths), RunWriter(paths) as writer:
        writer.identify()
        turn = Turn(paths, writer)
        try:
            return _train(paths, writer, turn, options.resume)
        finally:
            turn.leave()


def _train(paths: RunPaths, writer: RunWriter, turn: Turn, resume: bool) -> int:
    begun = False
    try:
        if begun := turn.wait():
            _train_now(paths, writer, turn, resume)
    except Exception as error:  # the last word of a run, whatever went wrong
        traceback.print_exc()
        writer.set_state(RunState.FAILED, _one_line(error))
        return 1
    finally:
        if begun:
            _leave_figures(paths)
    return 0


def _train_now(paths: RunPaths, writer: RunWriter, turn: Turn, resume: bool) -> None:
    writer.set_state(RunState.STARTING, "resuming" if resume else "")
    orders = Orders(writer)
    orders.listen_to_signals()
    if turn.signalled:  # when it had come already
        orders.interrupt()
    from racetui.trainer.training import train  # heavy: not while it waits

    state = train(paths, writer, orders, resume)
    writer.set_state(state, orders.reason if state is RunState.STOPPED else "")
    _remember(paths)


def _leave_figures(paths: RunPaths) -> None:
    from racetui.reports import write_benchmark_metrics

    try:
        write_benchmark_metrics(paths)
    except Exception as error:  # whatever it is: `racetui report` makes them anew
        logging.warning("no benchmark metrics were written: %s", error)


def _remember(paths: RunPaths) -> None:
    """Keep what the run took for those to come; that this fails is no failure of the run."""
    from profiles import detect
    from racetui.measured import fingerprint, remember

    try:
        remember(paths, fingerprint(detect()))
    except Exception as error:  # whatever it is, the run has ended well
        logging.warning("what the run took is not kept: %s", error)


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 500 else text[:500] + "…"


if __name__ == "__main__":
    sys.exit(main())
