"""What readers see of a run, as plain data. Knows nothing of Textual, torch or how a run trains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a run that waits its turn loads this module, and is to stay small
    import numpy as np
    import numpy.typing as npt

    from agents.api import End
    from racetui.counters import Counters
    from racetui.spec import Budget


class RunState(StrEnum):
    """Where a run is in its life. The last two are derived by the reader, never stored."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    EVALUATING = "evaluating"
    """Training is over; the last evaluation is still going on."""
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    STALLED = "stalled"
    """Process alive, heartbeat old."""
    CRASHED = "crashed"
    """Process gone (or another one has its number) without a last word."""

    @property
    def ended(self) -> bool:
        """No process works for it any more."""
        return self in _ENDED


_ENDED = frozenset({RunState.FINISHED, RunState.STOPPED, RunState.FAILED, RunState.CRASHED})


@dataclass(frozen=True, slots=True)
class StageRow:
    """One stage of a pipeline, and what it has done so far."""

    number: int
    """From 1."""
    name: str
    """demos, score, or the agent that learns."""
    kind: str
    """demos, training or score."""
    workers: int
    """Processes that drive or load; cores, of the score."""
    state: RunState
    """QUEUED until it begins, FINISHED when it is over; in between the run's own."""
    started: float | None
    ended: float | None
    start: Counters
    """Of the run, when it began."""
    done: Counters
    """Since then; frames and steps are what was driven or, when cloning from a set, learned from."""
    share: float
    """Of what it has to do, 0 to 1."""
    one_core_rate: float | None
    """Frames per second on one core, measured before the run began; None where it was not."""
    planned_seconds: float | None
    """Expected before the run began; None where nothing was measured."""

    @property
    def one_core_seconds(self) -> float | None:
        """What one core would have needed for what was done; None where that was not measured."""
        return self.done.frames / self.one_core_rate if self.one_core_rate and self.done.frames else None

    @property
    def speed_up(self) -> float | None:
        """Over one core; None where that was not measured, or nothing is done yet."""
        alone = self.one_core_seconds
        return alone / self.done.seconds if alone is not None and self.done.seconds > 0 else None


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in one row: what lists, the dashboard and ``runs --json`` show. None where not known yet."""

    id: str
    name: str
    path: Path
    state: RunState
    detail: str
    """Why it is in this state, in words: the error of a failed run, who stopped it; may be empty."""
    agent: str
    collector: str
    profile: str
    backend: str
    observation: str
    seed: int
    lanes: int
    workers: int
    budget: Budget
    progress: float
    """Share of the budget used, 0 to 1."""
    eta_seconds: float | None
    frames: int
    steps: int
    episodes: int
    return_mean: float | None
    """Mean return of the last 100 episodes."""
    frames_per_second: float | None
    """Over the last rounds; None unless training now."""
    episodes_per_second: float | None
    pid: int | None
    """Of the trainer; None once it has ended."""
    created: float
    """Unix seconds, as all times."""
    ended: float | None
    seconds: float
    """Training time, pauses not counted."""
    heartbeat: float | None
    checkpoint_time: float | None
    checkpoint_frames: int | None
    best_mean: float | None
    """Best periodic evaluation: mean, standard deviation and the frames it was taken at."""
    best_std: float | None
    best_frames: int | None
    cars: int = 1
    """On each track."""
    seeds: str = "independent"
    """How tracks are dealt; see ``collectors.seeds``."""
    stages: tuple[StageRow, ...] = ()
    """Of a pipeline, in order; none of other runs."""
    best_checkpoint: int | None = None
    """Frames of the checkpoint that is the best one now: that evaluated best, or that somebody chose."""
    note: str = ""
    """What people say of it, one line."""
    tags: tuple[str, ...] = ()
    """By which people sort it, in alphabetical order."""

    @property
    def begun(self) -> bool:
        """It has trained, however little, or has something to go on from."""
        return self.frames > 0 or self.checkpoint_frames is not None

    @property
    def stage(self) -> StageRow | None:
        """The one that it is in, or would go on with; None of a run without stages, and when all are over."""
        return next((stage for stage in self.stages if stage.state is not RunState.FINISHED), None)


@dataclass(frozen=True, slots=True)
class Series:
    """A metric over a run, in order of time."""

    frames: npt.NDArray[np.int64]
    times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    """May contain NaN where training did."""

    def joined(self, later: Series) -> Series:
        """Continue by what came ``later``; points that a rewound run records anew replace the old ones."""
        if not len(later.frames):
            return self
        import numpy as np

        kept = int(np.searchsorted(self.frames, later.frames[0]))
        return Series(
            np.concatenate([self.frames[:kept], later.frames]),
            np.concatenate([self.times[:kept], later.times]),
            np.concatenate([self.values[:kept], later.values]),
        )


@dataclass(frozen=True, slots=True)
class EpisodeRow:
    """A finished episode and when it was."""

    id: int
    """Counts the run's finished episodes from 1."""
    time: float
    frames_at: int
    """Frames the run had taken when the episode was recorded."""
    episode: int
    """Its global number, which decided track and noise; the others as in ``collectors.api.EpisodeRecord``."""
    seed: int
    lane: int
    group: int
    version: int
    steps: int
    frames: int
    episode_return: float
    end: End
    facts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class HeatRow:
    """Episodes that drove a track side by side, and the best of them; fields as in ``collectors.api.Heat``."""

    id: int
    time: float
    frames_at: int
    """Frames the run had taken when it was judged."""
    number: int
    seed: int
    cars: int
    lane: int
    episode: int
    best_return: float
    spread: float


@dataclass(frozen=True, slots=True)
class EvaluationRow:
    """One evaluation, finished or going on."""

    id: int
    frames: int
    """Of the checkpoint evaluated."""
    purpose: str
    """periodic, final, score (of a pipeline, at its end) or asked."""
    state: str
    """running, finished or failed."""
    detail: str
    """How far it is, or why it failed."""
    episodes: int
    seed: int
    deterministic: bool
    backend: str
    started: float
    ended: float | None
    results: Mapping[str, Any]
    """mean, std, min, p10, finish_rate, missed_tiles, lap_frames, returns; empty until finished."""


OWN_PURPOSES = ("periodic", "final")
"""Of evaluations on the run's own tracks, by which its checkpoints are compared."""


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """One saved state of a run."""

    frames: int
    time: float
    bytes: int
    reason: str
    """periodic, asked, stop or end."""
    tags: tuple[str, ...]
    """Of latest, best; hand: chosen as the best by a person; top: scored best where a person chose another."""


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something worth telling: a worker replaced, a checkpoint, a new best."""

    id: int
    time: float
    level: str
    """info, warning or error."""
    kind: str
    """checkpoint, evaluation, best, worker, state, fault, ..."""
    text: str


@dataclass(frozen=True, slots=True)
class HardwareRow:
    """What the run's process tree used at one moment."""

    time: float
    cpu_percent: float
    """100 is one core."""
    rss_bytes: int
    pss_bytes: int | None
    """Proportional share: shared pages counted once over the tree; None where the system does not tell."""
    processes: int

    @property
    def memory(self) -> int:
        """Bytes, by the better of the two measures that is known."""
        return self.pss_bytes if self.pss_bytes is not None else self.rss_bytes


@dataclass(frozen=True, slots=True)
class CommandRow:
    """An order to a run, and what became of it."""

    id: int
    name: str
    """pause, resume, stop, checkpoint, evaluate, promote, delete or kill."""
    args: Mapping[str, Any]
    created: float
    source: str
    """cli, panel, signal."""
    taken: float | None
    done: float | None
    outcome: str
    """Empty until done; then "ok" or what went wrong."""
