"""The form that starts a run."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from agents.registry import AGENTS
from carracing.registry import BACKENDS
from carracing.task import OBSERVATIONS, TaskConfig
from collectors.registry import COLLECTORS
from racetui.cli.values import count, duration
from racetui.runs.paths import RunPaths
from racetui.spec import MAX_SEED, RunSpec
from racetui.tui import words
from racetui.tui.desk import desk
from racetui.tui.forms.choice import Choice, Option
from racetui.tui.forms.entry import Entry, whole
from racetui.tui.forms.form import Field, Form
from racetui.tui.forms.note import Note
from racetui.usual import usual_task

if TYPE_CHECKING:
    from racetui.launching import StartRequest

USUAL = RunSpec("usual", task=TaskConfig(**usual_task({}, RunSpec("usual").backend)))
"""What a run is where nobody asks for anything else."""
AMOUNTS = {"frames": "10M", "time": "15m"}
"""Budgets to begin with."""


class StartForm(Form):
    """As it opens, enter starts a sensible run."""

    HEADING = "Start a run"
    VERB = "start"

    def __init__(self) -> None:
        super().__init__()
        self._asked = 0

    def fields(self) -> Iterable[Field]:
        """What a run is made of."""
        collectors = [Option(name, entry.title, entry.purpose) for name, entry in COLLECTORS.items()]
        yield Field(
            "agent",
            Choice("agent", [Option(name, entry.title) for name, entry in AGENTS.items()], USUAL.agent),
            "what learns",
        )
        yield Field("collector", Choice("collector", collectors, USUAL.collector))
        yield Field("profile", Choice("profile", _profiles(), USUAL.profile))
        yield Field("backend", Choice("backend", _backends(), USUAL.backend), "what simulates")
        yield Field("observation", Choice("observation", _OBSERVATIONS, USUAL.task.observation))
        yield Field("seed", Entry("seed", str(USUAL.seed), whole(0, MAX_SEED)), "of weights, tracks and noise")
        yield Field("name", Entry("name", "", _name, "agent-collector"), "numbered if taken")
        yield Field("budget", Choice("budget", _BUDGETS, "frames"))
        yield Field("amount", Entry("amount", AMOUNTS["frames"], _amount("frames")), "")

    def below(self) -> Iterable[Widget]:
        """The plan, and the command that does the same."""
        yield Note(id="plan")
        yield Note(id="command")

    def changed(self) -> None:
        """Plan again, and show the command."""
        self._match_amount()
        values, errors = self.read()
        if errors:  # half a number is nothing to complain of while it is being typed
            self.query_one("#plan", Note).say("")
            self.query_one("#command", Note).say("")
        else:
            self._asked += 1
            show = partial(self._show_preview, self._asked)
            desk(self).in_background(partial(_preview, _request(values)), show)

    def accept(self, values: dict[str, Any]) -> None:
        """Start it; the form stays until that is done, to tell of an error."""
        self.query_one("#verdict", Note).say("starting")
        desk(self).in_background(partial(_attempt, desk(self).services.start, _request(values)), self._started)

    def _match_amount(self) -> None:
        """Another kind of budget has another unit and another usual amount."""
        kind, amount = self.query_one("#budget", Choice).value, self.query_one("#amount", Entry)
        amount.parse = _amount(kind)
        other = "time" if kind == "frames" else "frames"
        if amount.value == AMOUNTS[other]:
            amount.value = AMOUNTS[kind]

    def _show_preview(self, asked: int, preview: tuple[str, str, str]) -> None:
        if asked != self._asked or not self.is_attached or not self.is_running:
            return  # something else is asked by now, or the form was left
        plan, command, error = preview
        self.query_one("#plan", Note).say(error or plan, "bad" if error else "text")
        self.query_one("#command", Note).say(command, "faint")

    def _started(self, result: RunPaths | Exception) -> None:
        if isinstance(result, Exception):
            if self.is_attached and self.is_running:
                self.refuse(" ".join(str(result).split()) or type(result).__name__)
            return
        app = desk(self)
        app.tell(f"Run {result.id} is starting")
        app.select(result.id)
        if self.is_current:
            self.dismiss()


_OBSERVATIONS = [Option(name, name, kind.purpose) for name, kind in OBSERVATIONS.items()]
_SIMULATORS = {"fast": "compiled, many cars at once", "gymnasium": "the stock CarRacing-v3"}
_BUDGETS = (
    Option("frames", "frames", "simulator ticks, 50 a second"),
    Option("time", "time", "of training, pauses not counted"),
)


def _request(values: dict[str, Any]) -> StartRequest:
    """What is asked for; what is as usual is left out, so that the command stays short."""
    from racetui.launching import StartRequest

    usual = {"backend": USUAL.backend, "observation": USUAL.task.observation, "seed": USUAL.seed, "name": ""}
    named = {"agent", "collector", "profile"} | {key for key, value in usual.items() if values[key] != value}
    limit = {"frames": values["amount"]} if values["budget"] == "frames" else {"seconds": values["amount"]}
    return StartRequest(**{key: values[key] for key in named}, **limit)


def _backends() -> list[Option]:
    return [Option(name, name, _SIMULATORS.get(name, "")) for name in BACKENDS]


def _profiles() -> list[Option]:
    from profiles import ProfileError, load_profile, profile_names
    from racetui.launching import user_profiles

    def option(name: str) -> Option:
        try:
            return Option(name, name, load_profile(name, extra=user_profiles()).purpose)
        except ProfileError:  # a file of the user's own; chosen all the same, it says what is wrong with it
            return Option(name, name, "cannot be read")

    return [option(name) for name in profile_names(extra=user_profiles())]


def _name(text: str) -> str:
    name = text.strip()
    if name:
        try:
            RunSpec(name)
        except ValueError:
            raise ValueError("letters, digits, . _ and - only") from None
    return name


def _amount(kind: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = count(text.strip()) if kind == "frames" else duration(text.strip())
        except ArgumentTypeError:
            raise ValueError("such as 500k or 2M" if kind == "frames" else "such as 90s, 10m or 1h30m") from None
        if value <= 0:
            raise ValueError("more than 0")
        return value

    return parse


def _preview(request: StartRequest) -> tuple[str, str, str]:
    """(plan, command, error)."""
    from racetui.launching import build_spec, command_line

    command = f"{command_line(request)} --detach"
    try:
        spec = build_spec(request)
    except Exception as error:  # shown in the form: nothing was started
        return "", command, " ".join(str(error).split())
    lanes, workers = spec.collector_config.lanes, spec.collector_config.workers
    cars, threads = words.counted(lanes, "car"), words.counted(spec.threads, "learner thread")
    processes = (
        words.counted(workers, "worker process", "worker processes") if spec.collector == "async" else "1 process"
    )
    return f"{cars} in {processes}, {threads}", command, ""


def _attempt(start: Callable[[StartRequest], RunPaths], request: StartRequest) -> RunPaths | Exception:
    try:
        return start(request)
    except Exception as error:  # shown in the form
        return error
