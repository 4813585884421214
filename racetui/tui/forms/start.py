"""The form that starts a run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from agents.registry import AGENTS
from carracing.registry import BACKENDS, MANY_CARS, OBSERVED
from carracing.task import OBSERVATIONS, TaskConfig
from collectors.registry import COLLECTORS
from collectors.seeds import STRATEGIES
from racetui.runs.paths import RunPaths
from racetui.spec import MAX_SEED, RunSpec
from racetui.tui import words
from racetui.tui.desk import desk
from racetui.tui.forms.choice import Choice, Option
from racetui.tui.forms.entry import Entry, amount, whole
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
        yield Field(
            "agent",
            Choice(
                "agent", [Option(name, entry.title, entry.purpose) for name, entry in AGENTS.items()], USUAL.agent
            ),
            "what learns",
        )
        yield Field("collector", Choice("collector", _collectors(USUAL.backend), USUAL.collector))
        yield Field("cars", Entry("cars", "", _optional(whole(1, 4096)), "auto"), "on each track, as ghosts")
        yield Field("profile", Choice("profile", _profiles(), desk(self).loaded.preferences.start.profile))
        yield Field("backend", Choice("backend", _backends(), USUAL.backend), "what simulates")
        yield Field("observation", Choice("observation", _observations(USUAL.backend), USUAL.task.observation))
        yield Field("seed", Entry("seed", str(USUAL.seed), whole(0, MAX_SEED)), "of weights, tracks and noise")
        yield Field("tracks", Choice("seeds", _STRATEGIES, USUAL.seeds.strategy))
        yield Field("first", Entry("first", "200", whole(1, 2**31)), "episodes on the first track")
        yield Field("learn from", Choice("select", _SELECTIONS, USUAL.collector_config.select))
        yield Field("name", Entry("name", "", _name, "agent-collector"), "numbered if taken")
        yield Field("budget", Choice("budget", _BUDGETS, "frames"))
        yield Field("amount", Entry("amount", AMOUNTS["frames"], amount(frames=True)), "")

    def below(self) -> Iterable[Widget]:
        """The plan, and the command that does the same."""
        yield Note(id="plan")
        yield Note(id="advice")
        yield Note(id="command")

    def changed(self) -> None:
        """Plan again, and show the command."""
        values, errors = self.read()
        if errors:  # half a number is nothing to complain of while it is being typed
            for note in ("plan", "advice", "command"):
                self.query_one(f"#{note}", Note).say("")
        else:
            self._asked += 1
            show = partial(self._show_preview, self._asked)
            desk(self).in_background(partial(_preview, _request(values)), show)

    def accept(self, values: dict[str, Any]) -> None:
        """Start it; the form stays until that is done, to tell of an error."""
        self.query_one("#verdict", Note).say("starting")
        desk(self).in_background(partial(_attempt, desk(self).services.start, _request(values)), self._started)

    def match(self) -> None:
        """Offer what goes with the backend, and ask what has a meaning with the collector and the tracks."""
        self._match_amount()
        backend = self.query_one("#backend", Choice).value
        self.query_one("#collector", Choice).offer(_collectors(backend), USUAL.collector)
        self.query_one("#observation", Choice).offer(_observations(backend), usual_task({}, backend)["observation"])
        collector, strategy = self.query_one("#collector", Choice).value, self.query_one("#seeds", Choice).value
        self.ask("cars", COLLECTORS[collector].many_cars)
        self.ask("first", strategy == "curriculum")
        self.ask("select", COLLECTORS[collector].many_cars or strategy == "shared")

    def _match_amount(self) -> None:
        """Another kind of budget has another unit and another usual amount."""
        kind, entry = self.query_one("#budget", Choice).value, self.query_one("#amount", Entry)
        entry.parse = amount(kind == "frames")
        other = "time" if kind == "frames" else "frames"
        if entry.value == AMOUNTS[other]:
            entry.value = AMOUNTS[kind]

    def _show_preview(self, asked: int, preview: tuple[str, str, str, str]) -> None:
        if asked != self._asked or not self.is_attached or not self.is_running:
            return  # something else is asked by now, or the form was left
        plan, advice, command, error = preview
        self.query_one("#plan", Note).say(error or plan, "bad" if error else "text")
        self.query_one("#advice", Note).say(advice)
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


_STRATEGIES = [Option(name, name, purpose) for name, purpose in STRATEGIES.items()]
_SELECTIONS = (
    Option("all", "all episodes", "winners are told all the same"),
    Option("best", "the best", "of the cars on the same track"),
)
_SIMULATORS = {"fast": "compiled, many cars at once", "gymnasium": "the stock CarRacing-v3"}
_BUDGETS = (
    Option("frames", "frames", "simulator ticks, 50 a second"),
    Option("time", "time", "of training, pauses not counted"),
)


def _request(values: dict[str, Any]) -> StartRequest:
    """What is asked for; what is as usual is left out, so that the command stays short."""
    from racetui.launching import StartRequest

    usual = {"backend": USUAL.backend, "observation": USUAL.task.observation, "seed": USUAL.seed, "name": ""}
    usual |= {"cars": None, "seeds": USUAL.seeds.strategy, "select": USUAL.collector_config.select}
    named = {key: values.get(key, value) for key, value in usual.items()}
    if named["seeds"] == "curriculum":
        named["seeds"] = f"curriculum:{values['first']}"
    asked = {key: value for key, value in named.items() if value != usual[key]}
    limit = {"frames": values["amount"]} if values["budget"] == "frames" else {"seconds": values["amount"]}
    return StartRequest(**{key: values[key] for key in ("agent", "collector", "profile")}, **asked, **limit)


def _collectors(backend: str) -> list[Option]:
    """Those that the backend can carry."""
    return [
        Option(name, entry.title, entry.purpose)
        for name, entry in COLLECTORS.items()
        if backend in MANY_CARS or not entry.many_cars
    ]


def _observations(backend: str) -> list[Option]:
    """Those that the backend gives."""
    return [Option(name, name, OBSERVATIONS[name].purpose) for name in OBSERVED[backend]]


def _backends() -> list[Option]:
    return [Option(name, name, _SIMULATORS.get(name, "")) for name in BACKENDS]


def _profiles() -> list[Option]:
    from profiles import ProfileError
    from racetui.planning import known_profiles, named_profile

    def option(name: str) -> Option:
        try:
            return Option(name, name, named_profile(name).purpose)
        except ProfileError:  # a file of the user's own; chosen all the same, it says what is wrong with it
            return Option(name, name, "cannot be read")

    return [option(name) for name in known_profiles()]


def _name(text: str) -> str:
    name = text.strip()
    if name:
        try:
            RunSpec(name)
        except ValueError:
            raise ValueError("letters, digits, . _ and - only") from None
    return name


def _optional(rule: Callable[[str], int]) -> Callable[[str], int | None]:
    return lambda text: rule(text) if text.strip() else None


def _preview(request: StartRequest) -> tuple[str, str, str, str]:
    """(plan, advice, command, error)."""
    from profiles import detect, recommend
    from racetui.launching import build_spec, command_line

    command = f"{command_line(request)} --detach"
    try:
        spec = build_spec(request)
    except Exception as error:  # shown in the form: nothing was started
        return "", "", command, " ".join(str(error).split())
    suited = recommend(detect())
    advice = "" if spec.collector == suited.collector else f"{suited.collector} suits this machine: {suited.reason}"
    return _words(spec), advice, command, ""


def _words(spec: RunSpec) -> str:
    config = spec.collector_config
    cars = words.counted(config.lanes, "car") + (f", {config.cars} on each track" if config.cars > 1 else "")
    processes = "1 process"
    if COLLECTORS[spec.collector].workers:
        processes = words.counted(config.workers, "worker process", "worker processes")
    return f"{cars} in {processes}, {words.counted(spec.threads, 'learner thread')}"


def _attempt(start: Callable[[StartRequest], RunPaths], request: StartRequest) -> RunPaths | Exception:
    try:
        return start(request)
    except Exception as error:  # shown in the form
        return error
