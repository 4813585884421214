"""A pool of worker processes that records a set, a block a task; one that dies costs its block, driven again."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import connection, get_context, parent_process

from agents.api import Pulse, no_pulse
from agents.demonstrations import DemonstrationsError, recording_into, write_block
from carracing import backend_module, warm_up
from collectors.child_process import ensure_fork_server, name_process, uninterrupted
from racetui.demos.driving import drive_block
from racetui.demos.plan import RecordingPlan

PULSE_SECONDS = 0.1
"""The longest between two calls of the pulse."""
_LIVES = 3
"""Times that workers may die in a row without a block done in between."""


@dataclass(slots=True)
class Recorded:
    """What a recording did."""

    blocks: int = 0
    """Driven now; those that were there already are not counted."""
    frames: int = 0
    """Simulator frames driven now."""
    episodes: int = 0
    seconds: float = 0.0
    incidents: list[str] = field(default_factory=list)


def record(
    plan: RecordingPlan,
    workers: int,
    on_block: Callable[[Recorded, int], None] = lambda recorded, left: None,
    pulse: Pulse = no_pulse,
) -> Recorded:
    """Drive and write all blocks that are missing; ``on_block`` hears after each how many are left.

    ``pulse`` is called several times a second; while it blocks, workers finish what they drive and get nothing new.
    An interrupted recording, also by an exception of the pulse, leaves whole blocks, and the same plan goes on with
    them. Raises DemonstrationsError.
    """
    recorded, started = Recorded(), time.monotonic()
    with recording_into(plan.directory, plan.header) as missing:
        if missing:
            warm_up(plan.header.backend, plan.task)
        left, lives = set(missing), _LIVES
        while left:
            before = len(left)
            try:
                _record_with(plan, workers, left, lambda: on_block(recorded, len(left)), recorded, pulse)
            except BrokenProcessPool:
                lives = _LIVES if len(left) < before else lives - 1
                recorded.incidents.append("a worker died; the block it drove is driven again")
                if not lives:
                    raise DemonstrationsError(
                        f"worker processes died {_LIVES} times without a block done: is there memory enough? "
                        f"{plan.directory} keeps what was complete"
                    ) from None
            recorded.seconds = time.monotonic() - started
    return recorded


def _record_with(
    plan: RecordingPlan,
    workers: int,
    left: set[int],
    on_block: Callable[[], None],
    recorded: Recorded,
    pulse: Pulse,
) -> None:
    context = get_context("forkserver")
    context.set_forkserver_preload([backend_module(plan.header.backend, plan.task), "racetui.demos.driving"])
    ensure_fork_server()
    pool = ProcessPoolExecutor(min(workers, len(left)), context, _settle)
    waiting = deque(sorted(left))
    driven: dict[Future[tuple[int, int]], int] = {}
    try:
        while waiting or driven:
            while waiting and len(driven) <= workers:  # one more than they drive: nobody waits for a new one
                number = waiting.popleft()
                with uninterrupted():  # else a worker may begin for a pool that does not know of it
                    driven[pool.submit(_do_block, plan, number)] = number
            done, _ = wait(driven, PULSE_SECONDS, FIRST_COMPLETED)
            for task in done:
                episodes, frames = task.result()
                left.discard(driven.pop(task))
                recorded.blocks += 1
                recorded.episodes += episodes
                recorded.frames += frames
                on_block()
            pulse()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _do_block(plan: RecordingPlan, number: int) -> tuple[int, int]:
    """In a worker: drive a block and write it; how many episodes and frames it has."""
    block = drive_block(plan, number)
    write_block(plan.directory, plan.header, block)
    return len(block.episodes), sum(episode.frames for episode in block.episodes)


def _settle() -> None:
    """In a worker, before anything else: leave Ctrl-C to the parent, and go when the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    name_process("racetui-demos")
    os.environ["OMP_NUM_THREADS"] = "1"
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_leave_with, args=(parent.sentinel,), daemon=True).start()


def _leave_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)
