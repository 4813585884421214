"""The first stage of a pipeline: its demonstrations, recorded while orders are obeyed and the run shows life."""

from __future__ import annotations

from dataclasses import replace

from agents.demonstrations import DemonstrationSet, blocks_of, written_blocks
from racetui.counters import Counters
from racetui.demos import Recorded, RecordingPlan, record
from racetui.runs.model import RunState
from racetui.trainer.loop import Attendants
from racetui.trainer.orders import Interrupted, Stop
from racetui.trainer.progress import Stopwatch


class Recording:
    """Records what is missing of a set, and tells the store of it."""

    def __init__(self, run: Attendants, plan: RecordingPlan, workers: int, stage: int, before: Counters) -> None:
        """Go on with stage ``stage``, in which ``before`` was done until now."""
        self._run, self._plan, self._workers, self._stage = run, plan, workers, stage
        self._before, self._watch, self._paused = before, Stopwatch(), run.orders.paused_seconds
        self._recorded = Recorded()

    def record(self) -> Counters | None:
        """What the whole set took; None if somebody said stop before it was complete. Raises DemonstrationsError."""
        run, orders = self._run, self._run.orders
        orders.on_beat(self._beat)
        run.writer.set_state(RunState.RUNNING, "recording demonstrations")
        try:
            record(self._plan, self._workers, self._hear, self._pulse)
        except Interrupted:
            self._beat()
            return None
        finally:
            for incident in self._recorded.incidents:
                run.writer.event("warning", "worker", incident)
        whole = DemonstrationSet(self._plan.directory, stack=1)
        frames = sum(episode.frames for episode in whole.episodes)
        return replace(self._done(), frames=frames, steps=len(whole))

    def _hear(self, recorded: Recorded, left: int) -> None:
        del left
        self._recorded = recorded

    def _pulse(self) -> None:
        """Obey; recording may be paused and given up at any time, since what is complete is safe."""
        orders = self._run.orders
        with orders.while_collecting():
            orders.pulse()
        if orders.stop is not Stop.NOT:
            raise Interrupted

    def _done(self) -> Counters:
        frames = self._before.frames + self._recorded.frames
        seconds = self._watch.seconds - (self._run.orders.paused_seconds - self._paused)
        return Counters(frames, frames // self._plan.task.frame_skip, seconds=self._before.seconds + seconds)

    def _beat(self) -> None:
        done, writer = self._done(), self._run.writer
        share = len(written_blocks(self._plan.directory)) / len(blocks_of(self._plan.header))
        elapsed = done.seconds - self._before.seconds
        writer.beat(
            frames=done.frames,
            steps=done.steps,
            episodes=0,  # those of the driver are no episodes of the run
            seconds=done.seconds,
            return_mean=None,
            frames_per_second=self._recorded.frames / elapsed if elapsed > 0 else None,
            episodes_per_second=self._recorded.episodes / elapsed if elapsed > 0 else None,
        )
        writer.stages.progress(self._stage, done, min(1.0, share))
        writer.hardware(self._run.usage.sample())
        self._run.guard.look()
