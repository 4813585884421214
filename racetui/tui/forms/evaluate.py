"""The form that has a run's checkpoint drive test tracks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.tui import words
from racetui.tui.desk import desk
from racetui.tui.forms.choice import Choice, Option
from racetui.tui.forms.entry import Entry, whole
from racetui.tui.forms.form import Field, Form
from racetui.tui.services import EvaluationChoice

EPISODES = 10_000
SEEDS = 2**31 - EPISODES - 1
_ACTIONS = (
    Option("deterministic", "deterministic", "the most likely action"),
    Option("stochastic", "stochastic", "sampled, as in training"),
)


class EvaluateForm(Form):
    """Training goes on meanwhile."""

    VERB = "evaluate"

    def __init__(self, run: RunSummary) -> None:
        super().__init__()
        self._run = run
        self.HEADING = f"Evaluate {run.id} {run.name}"

    def fields(self) -> Iterable[Field]:
        """Which checkpoint, on which tracks."""
        usual = EvaluationChoice()
        yield Field("checkpoint", Choice("checkpoint", self._checkpoints(), "latest"))
        yield Field("episodes", Entry("episodes", str(usual.episodes), whole(1, EPISODES)), "one track each")
        yield Field("seed", Entry("seed", str(usual.seed), whole(0, SEEDS)), "of the first track; the others follow")
        yield Field("actions", Choice("actions", _ACTIONS, "deterministic"))

    def accept(self, values: dict[str, Any]) -> None:
        """Order it from a living run, or have it done for one that ended."""
        choice = EvaluationChoice(
            values["checkpoint"], values["episodes"], values["seed"], values["actions"] == "deterministic"
        )
        app, run = desk(self), self._run
        if run.state.ended:
            app.orders.do(run, "evaluation", lambda: _check(app.services.evaluate_ended(RunPaths(run.path), choice)))
            app.tell(f"{run.id} {run.name}: evaluating")
        else:
            order = {"checkpoint": choice.checkpoint, "episodes": choice.episodes, "seed": choice.seed}
            app.orders.give(run, "evaluate", order | {"deterministic": choice.deterministic})
        self.dismiss()

    def _checkpoints(self) -> list[Option]:
        run = self._run
        if run.checkpoint_frames is None:
            return [Option("latest", "a new one", "saved for this")]
        options = [Option("latest", "latest", f"of {words.count(run.checkpoint_frames)} frames")]
        if run.best_frames is not None:
            note = f"of {words.count(run.best_frames)} frames, {words.score(run.best_mean)}"
            options.append(Option("best", "best", note))
        return options


def _check(code: int) -> None:
    if code:
        raise RuntimeError(f"it ended with exit code {code}: the log says why")
