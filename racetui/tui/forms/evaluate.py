"""The form that has checkpoints of runs drive test tracks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any

from textual.widget import Widget

from carracing.registry import BACKENDS, OBSERVED, scoring_task
from carracing.task import TaskConfig
from racetui import words
from racetui.checkpointing import Kept, kept
from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.tui.desk import desk
from racetui.tui.forms.choice import Choice, Option
from racetui.tui.forms.entry import Entry, whole
from racetui.tui.forms.form import Field, Form
from racetui.tui.forms.note import Note
from racetui.tui.services import EvaluationChoice
from racetui.tui.targets import Targets

EPISODES = 10_000
SEEDS = 2**31 - EPISODES - 1
_ACTIONS = (
    Option("deterministic", "deterministic", "the most likely action"),
    Option("stochastic", "stochastic", "sampled, as in training"),
)
_SIMULATORS = {"fast": "the same cars to the last bit, sooner", "gymnasium": "proof on the stock CarRacing-v3"}
_VIDEOS = (
    Option("", "none"),
    Option("first", "of the first track", "into the run's directory videos"),
    Option("best", "of the best track", "into the run's directory videos"),
    Option("worst", "of the worst track", "into the run's directory videos"),
    Option("median", "of the median track", "into the run's directory videos"),
)


class EvaluateForm(Form):
    """Training goes on meanwhile."""

    VERB = "evaluate"

    def __init__(self, targets: Targets) -> None:
        super().__init__()
        self._targets = targets
        self.HEADING = f"Evaluate {targets.title}"

    def fields(self) -> Iterable[Field]:
        """Which checkpoint, on which tracks, how, and whether to film it."""
        usual, backends = EvaluationChoice(), common_backends(self._targets.runs)
        yield Field("checkpoint", Choice("checkpoint", self._checkpoints(), "latest"))
        yield Field("episodes", Entry("episodes", str(usual.episodes), whole(1, EPISODES)), "one track each")
        yield Field("seed", Entry("seed", str(usual.seed), whole(0, SEEDS)), "of the first track; the others follow")
        yield Field("actions", Choice("actions", _ACTIONS, "deterministic"))
        options = [Option(name, name, _SIMULATORS.get(name, "")) for name in backends]
        yield Field("backend", Choice("backend", options, backends[0]), "what simulates")
        yield Field("video", Choice("video", _VIDEOS, ""))

    def below(self) -> Iterable[Widget]:
        """Whom it is for, where that are several."""
        if self._targets.listed:
            yield Note(self._targets.listed, id="command")

    def accept(self, values: dict[str, Any]) -> None:
        """Order it from living runs, and have it done for those that ended."""
        choice = EvaluationChoice(
            values["checkpoint"],
            values["episodes"],
            values["seed"],
            values["actions"] == "deterministic",
            values["backend"],
            values["video"],
        )
        app = desk(self)
        for run in self._targets.runs:
            if run.state.ended:
                work = partial(_evaluate_ended, app.services.evaluate_ended, RunPaths(run.path), choice)
                app.orders.do(run, "evaluation", work)
                app.tell(f"{run.id} {run.name}: evaluating")
            else:
                app.orders.give(run, "evaluate", asdict(choice))
        self.dismiss()

    def _checkpoints(self) -> list[Option]:
        """Those that every run has, and of a single run each by itself."""
        run, runs = self._targets.one, self._targets.runs
        if run is None:
            options = [Option("latest", "latest", "of each run")]
            return [*options, Option("best", "best", "of each run")] if all(map(_has_best, runs)) else options
        if run.checkpoint_frames is None:
            return [Option("latest", "a new one", "saved for this")]
        detail = desk(self).picture.detail
        if detail is None or detail.run_id != run.id:
            latest = Option("latest", "latest", f"of {words.count(run.checkpoint_frames)} frames")
            return [latest, Option("best", "best")] if _has_best(run) else [latest]
        found = kept(detail.checkpoints, detail.evaluations)
        named = [Option(tag, tag, _worth(one)) for tag in ("latest", "best") for one in found if tag in one.row.tags]
        others = [one for one in found if not {"latest", "best"} & set(one.row.tags)]
        return [*named, *(Option(str(one.row.frames), words.count(one.row.frames), _worth(one)) for one in others)]


def common_backends(runs: Sequence[RunSummary]) -> list[str]:
    """Backends that can score policies of all these runs, the usual one first."""
    return [name for name in BACKENDS if all(_scores(name, run.observation) for run in runs)]


def _scores(backend: str, observation: Any) -> bool:
    return scoring_task(TaskConfig(observation=observation), backend).observation in OBSERVED[backend]


def _has_best(run: RunSummary) -> bool:
    return run.best_checkpoint is not None


def _worth(one: Kept) -> str:
    score = "" if one.score is None else f", {words.score(one.score.results.get('mean'))}"
    return f"of {words.count(one.row.frames)} frames{score}"


def _evaluate_ended(evaluate: Any, paths: RunPaths, choice: EvaluationChoice) -> None:
    code = evaluate(paths, choice)
    if code:
        raise RuntimeError(f"it ended with exit code {code}: the log says why")
