"""Checkpoints and evaluations that somebody asked a running trainer for."""

from __future__ import annotations

from collections.abc import Callable

from agents.checkpoint import Checkpoint
from carracing.registry import scoring_backend
from racetui.evaluation import EvaluationSettings
from racetui.runs.model import CommandRow
from racetui.runs.writer import RunWriter
from racetui.spec import RunSpec
from racetui.trainer.evaluations import EvaluationOrder
from racetui.trainer.keeper import Keeper
from racetui.trainer.loop import Attendants
from racetui.trainer.orders import Orders


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
        """Evaluate the latest or the best checkpoint; acknowledged once the evaluation is queued."""
        args, usual = command.args, self._spec.evaluation
        try:
            settings = EvaluationSettings(
                episodes=int(args.get("episodes", usual.episodes)),
                seed=int(args.get("seed", usual.seed)),
                deterministic=bool(args.get("deterministic", True)),
                backend=scoring_backend(self._spec.task),
            )
        except (TypeError, ValueError) as error:
            self._writer.done(command.id, f"cannot evaluate: {error}")
            return
        frames = self._keeper.best if args.get("checkpoint") == "best" else self._keeper.latest
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

    def _order(self, command: CommandRow, frames: int, settings: EvaluationSettings) -> None:
        self._evaluations.order(EvaluationOrder(frames, settings, "asked"))
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
