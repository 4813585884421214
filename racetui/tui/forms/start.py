"""The form that starts a run, or one like another."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from racetui.drafts import CAREFUL, SAME, USUAL, Draft, first_amount, request_fields
from racetui.keys import Place
from racetui.offers import BEGINNERS, can_select, learns_from_set
from racetui.runs.paths import RunPaths
from racetui.tui.desk import desk
from racetui.tui.forms import options, rules, starting
from racetui.tui.forms.choice import Choice
from racetui.tui.forms.entry import Entry, whole
from racetui.tui.forms.form import Field, Form
from racetui.tui.forms.note import Note
from racetui.tui.presses import bindings

if TYPE_CHECKING:
    from pathlib import Path

    from racetui.launching import StartRequest
    from racetui.previews import Preview
    from racetui.sources import Source

_BELOW = ("plan", "expected", "warning", "command")
"""What stands under the fields, always in sight."""
_ROWS = {0: (0, 1, 1, 1), 22: (1, 1, 2, 2), 30: (1, 1, 2, 3)}
"""Rows of each, by the least height of the screen."""


class StartForm(Form):
    """As it opens, enter starts a sensible run."""

    PLACES = (Place.FORM, Place.START)
    BINDINGS = bindings(Place.FORM, Place.START)
    HEADING = "Start a run"
    VERB = "start"
    FIRST = "agent"

    def __init__(self, draft: Draft | None = None) -> None:
        super().__init__()
        self._draft = draft or Draft()
        if self._draft.like:
            what = f" ({self._draft.env})" if self._draft.env else ""
            self.HEADING = f"Start a run like {self._draft.like} {self._draft.name}{what}"
        self._preset = self._draft.preset
        self._sources: list[Source] = []
        self._asked: StartRequest | None = None
        """What the plan in sight is, or will be, of."""
        self._planning = False
        self._command = ""
        self._usual_amounts: set[str] = set()
        """Amounts that nobody typed: another kind of budget has another."""

    def fields(self) -> Iterable[Field]:
        """What a run is made of: first what everyone asks for, then the rest."""
        said, usual = self._draft.said, USUAL
        backend, agent = said.get("backend", usual.backend), self._draft.agent
        if not self._draft.like:
            yield Field("preset", Choice("preset", options.presets(), self._preset))
        yield Field("agent", Choice("agent", options.agents(self._draft), agent), "what learns")
        yield Field("from set", Entry("demos", "", rules.directory, "a directory"), "as racetui demos records them")
        yield Field(
            "collector", Choice("collector", options.collectors(self._draft, agent, backend), usual.collector)
        )
        yield Field("cars", Entry("cars", "", rules.optional(whole(1, 4096)), "auto"), "on each track, as ghosts")
        yield Field("profile", Choice("profile", options.profiles(), desk(self).loaded.preferences.start.profile))
        yield Field("backend", Choice("backend", options.backends(agent), usual.backend), "what simulates")
        seen = usual.task.observation
        yield Field("observation", Choice("observation", options.observations(self._draft, agent, backend), seen))
        yield Field("seed", Entry("seed", str(usual.seed), rules.seed), "of weights, tracks and noise")
        yield Field("tracks", Choice("seeds", options.strategies(usual.collector), usual.seeds.strategy))
        yield Field("first", Entry("first", "200", whole(1, 2**31)), "episodes on the first track")
        yield Field("learn from", Choice("select", options.SELECTIONS, usual.collector_config.select))
        yield Field("name", Entry("name", self._draft.name, rules.name, "agent-collector"), "numbered if taken")
        yield Field("budget", Choice("budget", options.budgets(self._draft, agent), "frames"))
        yield Field(
            "amount", Entry("amount", first_amount(Draft(), "frames", agent, backend), rules.amount("frames"))
        )
        yield Field("workers", Entry("workers", "", rules.optional(whole(1, 4096)), "auto"), "processes that drive")
        yield Field("start from", Choice("start", [options.NO_SOURCE], ""))
        yield Field("at first", Choice("care", options.CARE, CAREFUL))
        yield Field("settings", Entry("settings", "", rules.settings, "key=value ..."), "agent.epochs=4 task.stack=2")
        yield Field("when", Choice("now", options.WHEN, "in turn"))

    def below(self) -> Iterable[Widget]:
        """The plan, what is expected, and the command that does the same."""
        return [Note(id=name) for name in _BELOW]

    def rows_below(self, height: int) -> int:
        """As many as are left of a screen of ``height``."""
        rows = _ROWS[max(least for least in _ROWS if least <= height)]
        for name, count in zip(_BELOW, rows, strict=True):
            note = self.query_one(f"#{name}")
            note.display, note.styles.height = count > 0, max(1, count)
        return sum(rows)

    def on_mount(self) -> None:
        """Begin with what the draft says, and look what there is to start from."""
        self._fill()
        super().on_mount()
        runs = desk(self).picture.runs
        desk(self).in_background(partial(starting.look_around, runs), self._offer_sources)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A letter that is typed into a field is text."""
        if action == "press" and isinstance(self.focused, Entry) and len(str(parameters[0])) == 1:
            return False
        return super().check_action(action, parameters)

    def changed(self) -> None:
        """Plan again, and show the command."""
        values, errors = self.read()
        if errors:  # half a number is nothing to complain of while it is being typed
            self._asked = None
            for name in _BELOW:
                self.query_one(f"#{name}", Note).say("")
            return
        self._asked = self._request(values)
        if not self._planning:
            self._plan()

    def accept(self, values: dict[str, Any]) -> None:
        """Start it; the form stays until that is done, to tell of an error."""
        self.query_one("#verdict", Note).say("starting")
        request = self._request(values)
        desk(self).in_background(partial(starting.attempt, desk(self).services.start, request), self._started)

    def match(self) -> None:
        """Offer what goes with what is chosen, and ask what has a meaning with it."""
        if not self._draft.like and self._choice("preset").value != self._preset:
            self._preset = self._choice("preset").value
            self._draft = options.draft(self._preset)
            self._fill()
        agent, draft = self._choice("agent").value, self._draft
        self._choice("backend").offer(options.backends(agent), USUAL.backend)
        backend = self._choice("backend").value
        self._choice("collector").offer(options.collectors(self._draft, agent, backend), USUAL.collector)
        collector = self._choice("collector").value
        seen = options.observations(draft, agent, backend)
        self._choice("observation").offer(seen, options.usual_observation(seen, backend))
        self._choice("seeds").offer(options.strategies(collector), USUAL.seeds.strategy)
        strategy, apart = self._choice("seeds").value, learns_from_set(agent)
        self.ask("demos", apart and not draft.like)
        for field in ("backend", "observation"):
            self.ask(field, not apart and not draft.env)
        self.ask("cars", options.has_cars(collector))
        self.ask("workers", options.has_workers(collector))
        self.ask("seeds", not apart)
        self.ask("first", strategy == "curriculum" and not apart)
        self.ask("select", can_select(collector, strategy) and not apart)
        self._match_cars()
        self._match_budget(agent, backend)
        self._match_start(agent, backend)

    def do_copy(self) -> None:
        """Copy the command to the terminal's clipboard."""
        if self._command:
            self.app.copy_to_clipboard(self._command)
            desk(self).tell("The command is copied, if your terminal lets programs do that")
        else:
            desk(self).tell("There is no command yet: something is wrong with a field", "warning")

    def _match_cars(self) -> None:
        """The best of one car is no choice."""
        best = self.asked("select") and self._choice("select").value == "best"
        alone = best and self._choice("seeds").value != "shared"
        self.query_one("#cars", Entry).parse = rules.optional(whole(2 if alone else 1, 4096))

    def _match_budget(self, agent: str, backend: str) -> None:
        """Another kind of budget has another unit, and with another agent another usual amount."""
        budget, entry = self._choice("budget"), self.query_one("#amount", Entry)
        kinds = options.budgets(self._draft, agent)
        budget.offer(kinds, kinds[0].value)
        self.ask("amount", budget.value != SAME)
        entry.parse = rules.amount(budget.value)
        if budget.value != SAME and entry.value in self._usual_amounts:
            entry.value = first_amount(self._draft, budget.value, agent, backend)
            self._usual_amounts.add(entry.value)

    def _match_start(self, agent: str, backend: str) -> None:
        """Policies that fit the agent's network, if it can go on from any."""
        start, seen = self._choice("start"), self._choice("observation").value
        fitting = [
            source
            for source in self._sources
            if agent in BEGINNERS and source.fits(agent, self._draft.settings, seen, backend)
        ]
        start.offer([options.NO_SOURCE, *map(options.source, fitting)], "")
        self.ask("start", bool(fitting) and not (self._draft.like or self._draft.env))
        clones = {source.run.id for source in fitting if source.clone}
        self.ask("care", self.asked("start") and start.value in clones)

    def _fill(self) -> None:
        """Put what the draft says into the fields, and what is usual into the others."""
        draft, said = self._draft, self._draft.said
        self._choice("agent").offer(options.agents(draft), draft.agent, draft.agent)
        backend = said.get("backend", USUAL.backend)
        self._choice("backend").offer(options.backends(draft.agent), USUAL.backend, backend)
        self._choice("collector").offer(
            options.collectors(draft, draft.agent, backend), USUAL.collector, said.get("collector", USUAL.collector)
        )
        seen = options.observations(draft, draft.agent, backend)
        usual = options.usual_observation(seen, backend)
        self._choice("observation").offer(seen, usual, said.get("observation", usual))
        profile, own = self._choice("profile"), desk(self).loaded.preferences.start.profile
        profile.offer(profile.options, own, said.get("profile", own))
        strategy = said.get("seeds", USUAL.seeds.strategy)
        self._choice("seeds").offer(options.strategies(self._choice("collector").value), strategy, strategy)
        self._choice("select").offer(options.SELECTIONS, "all", said.get("select", "all"))
        kinds = options.budgets(draft, draft.agent)
        kind = said.get("budget", kinds[0].value)
        self._choice("budget").offer(kinds, kinds[0].value, kind)
        amount = "" if kind == SAME else first_amount(draft, kind, draft.agent, backend)
        self._usual_amounts.add(amount)
        for key, text in (
            ("amount", amount),
            ("seed", said.get("seed", USUAL.seed)),
            ("first", said.get("first", 200)),
            ("cars", said.get("cars", "") if options.has_cars(self._choice("collector").value) else ""),
            ("workers", said.get("workers", "") if options.has_workers(self._choice("collector").value) else ""),
        ):
            self.query_one(f"#{key}", Entry).value = str(text)

    def _request(self, values: dict[str, Any]) -> StartRequest:
        from racetui.launching import StartRequest

        more = {"written": self.query_one("#amount", Entry).value.strip(), "now": values["now"] == "now"}
        return StartRequest(**request_fields(self._draft, values | more))

    def _plan(self) -> None:
        """Plan what is asked for now; one at a time, however fast somebody types."""
        if self._asked is not None:
            self._planning = True
            desk(self).in_background(partial(starting.planned, self._asked), partial(self._show_preview, self._asked))

    def _show_preview(self, request: StartRequest, found: Preview) -> None:
        self._planning = False
        if not self.is_attached or not self.is_running:
            return  # the form was left
        if request is not self._asked:
            self._plan()  # something else is asked by now
            return
        self._command = found.command
        grave = found.error or "; ".join(found.warnings)
        self.query_one("#plan", Note).say(found.plan, "text")
        self.query_one("#expected", Note).say(found.expected, "text")
        style = "bad" if found.error else "warn" if grave else "muted"
        self.query_one("#warning", Note).say(grave or found.advice, style)
        self.query_one("#command", Note).say(found.command, "faint")

    def _offer_sources(self, found: tuple[list[Source], Path | None]) -> None:
        if not self.is_attached or not self.is_running:
            return
        self._sources, newest = found
        entry = self.query_one("#demos", Entry)
        if newest is not None and not entry.value:
            entry.value = str(newest)
        self.match()

    def _started(self, result: tuple[RunPaths, str] | Exception) -> None:
        if isinstance(result, Exception):
            if self.is_attached and self.is_running:
                self.refuse(" ".join(str(result).split()) or type(result).__name__)
            return
        app, (paths, told) = desk(self), result
        app.tell(f"Run {paths.id} is {told}")
        app.select(paths.id)
        if self.is_current:
            self.dismiss()

    def _choice(self, id: str) -> Choice:
        return self.query_one(f"#{id}", Choice)
