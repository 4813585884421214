"""The rows of the form that starts a run, and what a draft puts into those that are typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from racetui.drafts import CAREFUL, USUAL, Draft, first_amount
from racetui.environment import OWN
from racetui.tui.forms import options, rules
from racetui.tui.forms.choice import Choice
from racetui.tui.forms.entry import Entry, whole
from racetui.tui.forms.form import Field

MOST = 4096
"""Lanes, cars on a track, and workers that may be typed."""


def start_fields(draft: Draft, profile: str) -> Iterable[Field]:
    """What a run is made of: first what everyone asks for, then the rest."""
    usual, backend, agent = USUAL, draft.said.get("backend", USUAL.backend), draft.agent
    if not draft.like:
        yield Field("preset", Choice("preset", options.presets(), draft.preset))
    yield Field("agent", Choice("agent", options.agents(draft), agent), "what learns")
    yield Field("from set", Entry("demos", "", rules.directory, "a directory"), "as racetui demos records them")
    yield Field("collector", Choice("collector", options.collectors(draft, agent, backend), usual.collector))
    yield Field("cars", Entry("cars", "", rules.optional(whole(1, MOST)), "auto"), "on each track, as ghosts")
    yield Field("profile", Choice("profile", options.profiles(), profile))
    yield Field("backend", Choice("backend", options.backends(agent), usual.backend), "what simulates")
    seen = usual.task.observation
    yield Field("observation", Choice("observation", options.observations(draft, agent, backend), seen))
    yield Field("seed", Entry("seed", str(usual.seed), rules.seed), "of weights, tracks and noise")
    yield Field("tracks", Choice("seeds", options.strategies(usual.collector), usual.seeds.strategy))
    yield Field("first", Entry("first", "200", whole(1, 2**31)), "episodes on the first track")
    yield Field("learn from", Choice("select", options.SELECTIONS, usual.collector_config.select))
    yield Field("name", Entry("name", draft.name, rules.name, "agent-collector"), "numbered if taken")
    yield Field("budget", Choice("budget", options.budgets(draft, agent), "frames"))
    yield Field("amount", Entry("amount", first_amount(Draft(), "frames", agent, backend), rules.amount("frames")))
    yield Field("lanes", Entry("lanes", "", rules.optional(whole(1, MOST)), "auto"), "cars that are driven at once")
    yield Field("workers", Entry("workers", "", rules.optional(whole(1, MOST)), "auto"), "processes that drive")
    yield Field("environment", Entry("env", "", rules.environment, OWN), "any id that Gymnasium knows")
    yield Field("start from", Choice("start", [options.NO_SOURCE], ""))
    yield Field("at first", Choice("care", options.CARE, CAREFUL))
    yield Field("settings", Entry("settings", "", rules.settings, "key=value ..."), "agent.epochs=4 task.stack=2")
    yield Field("when", Choice("now", options.WHEN, "in turn"))


def typed_by(draft: Draft, collector: str) -> Mapping[str, str]:
    """Text of the fields that are typed: the draft's or what is usual, none where the collector has no such thing."""
    said, there = draft.said, {"cars": options.has_cars, "lanes": options.has_lanes, "workers": options.has_workers}
    counts = {key: str(said.get(key, "")) if has(collector) else "" for key, has in there.items()}
    return {"seed": str(said.get("seed", USUAL.seed)), "first": str(said.get("first", 200)), "env": "", **counts}
