"""The form that starts a run, or one like another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from racetui.drafts import SAME, USUAL, Draft, first_amount, request_fields
from racetui.keys import Place
from racetui.offers import BEGINNERS, can_drive_others, can_select, learns_from_set
from racetui.runs.paths import RunPaths
from racetui.tui.desk import desk
from racetui.tui.forms import options, rules, starting
from racetui.tui.forms.choice import Choice
from racetui.tui.forms.entry import Entry, whole
from racetui.tui.forms.form import Field
from racetui.tui.forms.note import Note
from racetui.tui.forms.planned import PlannedForm
from racetui.tui.forms.start_fields import start_fields, typed_by
from racetui.tui.presses import bindings

if TYPE_CHECKING:
    from pathlib import Path

    from racetui.launching import StartRequest
    from racetui.sources import Source


class StartForm(PlannedForm):
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
        self._env = self._draft.env
        """The environment that the other fields are about."""
        self._usual_amounts: set[str] = set()
        """Amounts that nobody typed: another kind of budget has another."""

    def fields(self) -> Iterable[Field]:
        """What a run is made of."""
        return start_fields(self._draft, desk(self).loaded.preferences.start.profile)

    def request(self, values: dict[str, Any]) -> StartRequest:
        """What the fields come to."""
        from racetui.launching import StartRequest

        more = {"written": self.query_one("#amount", Entry).value.strip(), "now": values["now"] == "now"}
        return StartRequest(**request_fields(self._draft, values | more))

    def on_mount(self) -> None:
        """Begin with what the draft says, and look what there is to start from."""
        self._fill()
        super().on_mount()
        runs = desk(self).picture.runs
        desk(self).in_background(partial(starting.look_around, runs), self._offer_sources)

    def changed(self) -> None:
        """Ask for what goes with another environment, and plan again."""
        env = self._draft.env or self._typed_env()
        if env != self._env:
            self._env = env
            self.match()
        super().changed()

    def _typed_env(self) -> str:
        """The environment that somebody chose; of half an id, none."""
        with contextlib.suppress(ValueError):
            return rules.environment(self.query_one("#env", Entry).value) if self.asked("env") else ""
        return ""

    def accept(self, values: dict[str, Any]) -> None:
        """Start it; the form stays until that is done, to tell of an error."""
        self.query_one("#verdict", Note).say("starting")
        request = self.request(values)
        desk(self).in_background(partial(starting.attempt, desk(self).services.start, request), self._started)

    def match(self) -> None:
        """Offer what goes with what is chosen, and ask what has a meaning with it."""
        if not self._draft.like and self._choice("preset").value != self._preset:
            self._preset = self._choice("preset").value
            self._draft = options.draft(self._preset)
            self._env = self._draft.env
            self._fill()
        agent, draft = self._choice("agent").value, replace(self._draft, env=self._env)
        self._choice("backend").offer(options.backends(agent), USUAL.backend)
        backend = self._choice("backend").value
        self._choice("collector").offer(options.collectors(draft, agent, backend), USUAL.collector)
        collector = self._choice("collector").value
        seen = options.observations(draft, agent, backend)
        self._choice("observation").offer(seen, options.usual_observation(seen, backend))
        self._choice("seeds").offer(options.strategies(collector), USUAL.seeds.strategy)
        strategy, apart = self._choice("seeds").value, learns_from_set(agent)
        self.ask("demos", apart and not draft.like)
        for field in ("backend", "observation"):
            self.ask(field, not apart and not draft.env)
        self.ask("cars", options.has_cars(collector))
        self.ask("lanes", options.has_lanes(collector) and not apart)
        self.ask("workers", options.has_workers(collector))
        self.ask("env", can_drive_others(agent) and not draft.fixed)
        self.ask("seeds", not apart)
        self.ask("first", strategy == "curriculum" and not apart)
        self.ask("select", can_select(collector, strategy) and not apart)
        self._match_cars()
        self._match_budget(agent, backend)
        self._match_start(agent, backend)

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
        self.ask("start", bool(fitting) and not (self._draft.like or self._env))
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
        typed = typed_by(draft, self._choice("collector").value)
        for key, text in {"amount": amount, **typed}.items():
            self.query_one(f"#{key}", Entry).value = text

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
