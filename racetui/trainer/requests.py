"""Checkpoints and evaluations that somebody asked a running trainer for."""

from __future__ import annotations

from collections.abc import Callable

from agents.checkpoint import Checkpoint
from carracing.registry import BACKENDS, check_backend, scoring_backend, scoring_task
from racetui.evaluation import EvaluationSettings
from racetui.runs.model import CommandRow
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from racetui.trainer.evaluations import EvaluationOrder
from racetui.trainer.keeper import Keeper
from racetui.trainer.loop import Attendants
from racetui.trainer.orders import Orders
from racetui.video import CHOICES


class Requests:
    """Handlers of the orders ``checkpoint`` and ``evaluate``.

    Orders arrive between rounds or while collecting, when the agent is as the last round left it; one that
    arrives amid an update waits for its end.
    """

    def __init__(
        self,
        run: Attendants,
        spec: RunSpec,
        frames: Callable[[], int],
        checkpoint: Callable[[], Checkpoint],
    ) -> None:
        self._writer, self._keeper, self._evaluations, self._spec = run.writer, run.keeper, run.evaluations, spec
        self._frames, self._checkpoint = frames, checkpoint

    def checkpoint(self, command: CommandRow) -> None:
        """Save now; acknowledged once the checkpoint is safely written."""
        self._save(lambda outcome: self._writer.done(command.id, outcome))

    def evaluate(self, command: CommandRow) -> None:
        """Evaluate the latest, the best or a certain checkpoint; acknowledged once the evaluation is queued."""
        args, usual = command.args, self._spec.evaluation
        backend = str(args.get("backend") or scoring_backend(self._spec.task))
        try:
            if backend not in BACKENDS:
                raise ValueError(f"unknown backend {backend}: choose from {', '.join(BACKENDS)}")
            check_backend(backend, scoring_task(self._spec.task, backend))
            settings = EvaluationSettings(
                episodes=int(args.get("episodes", usual.episodes)),
                seed=int(args.get("seed", usual.seed)),
                deterministic=bool(args.get("deterministic", True)),
                backend=backend,
            )
            if args.get("video") and args["video"] not in CHOICES:
                raise ValueError(f"unknown video {args['video']}: choose from {', '.join(CHOICES)}")
            frames = self._chosen(str(args.get("checkpoint") or "latest"))
        except (TypeError, ValueError) as error:
            self._writer.done(command.id, f"cannot evaluate: {error}")
            return
        if frames is not None:
            self._order(command, frames, settings)
            return
        newest = self._frames()
        self._save(
            lambda outcome: (
                self._order(command, newest, settings) if outcome == "ok" else self._writer.done(command.id, outcome)
            )
        )

    def _save(self, then: Callable[[str], None]) -> None:
        self._keeper.save(self._frames(), self._checkpoint, "asked", then)

    def _chosen(self, which: str) -> int | None:
        """Frames of the checkpoint meant; None where the latest is, and there is none yet. Raises ValueError."""
        if which == "latest":
            return self._keeper.latest
        if which == "best":
            return self._keeper.best if self._keeper.best is not None else self._keeper.latest
        known = self._keeper.there
        if not which.isdecimal() or int(which) not in known:
            raise ValueError(f"there is no checkpoint {which}: there are {', '.join(map(str, known)) or 'none'}")
        return int(which)

    def _order(self, command: CommandRow, frames: int, settings: EvaluationSettings) -> None:
        video = str(command.args.get("video") or "")
        self._evaluations.order(EvaluationOrder(frames, settings, "asked", video))
        self._writer.done(command.id, "ok")


def handle_checkpoints(orders: Orders, writer: RunWriter, keeper: Keeper) -> None:
    """Obey orders about checkpoints that there are, which need no agent: promote and delete."""

    def promote(command: CommandRow) -> None:
        keeper.promote(_frames(command), lambda outcome: writer.done(command.id, outcome))

    def delete(command: CommandRow) -> None:
        even_best = command.args.get("best") is True
        keeper.delete(_frames(command), lambda outcome: writer.done(command.id, outcome), even_best)

    orders.handle("promote", promote)
    orders.handle("delete", delete)


def _frames(command: CommandRow) -> int:
    """Which checkpoint is meant; -1, which there never is, where it does not say."""
    frames = command.args.get("frames")
    return frames if isinstance(frames, int) else -1


def refuse_requests(run: Attendants, why: str) -> None:
    """Answer these orders with ``why`` there is nothing to save or to evaluate now."""

    def refuse(command: CommandRow) -> None:
        run.writer.done(command.id, f"this cannot be done now: {why}")

    run.orders.handle("checkpoint", refuse)
    run.orders.handle("evaluate", refuse)
