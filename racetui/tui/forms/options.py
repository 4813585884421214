"""What the start form offers: names of what goes together, with what to say about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from agents.registry import AGENTS
from carracing.task import OBSERVATIONS
from collectors.registry import COLLECTORS
from collectors.seeds import STRATEGIES
from profiles import Hardware, ProfileError, detect
from racetui import offers, words
from racetui.config import ConfigError
from racetui.drafts import CAREFUL, SAME, Draft, draft_of
from racetui.likeness import document_of
from racetui.presets import preset_names, with_preset
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.tui.forms.choice import Option
from racetui.usual import usual_task

if TYPE_CHECKING:
    from racetui.sources import Source

NO_SOURCE = Option("", "nothing", "learns from the beginning")
SELECTIONS = (
    Option("all", "all episodes", "winners are told all the same"),
    Option("best", "the best", "of the cars on the same track"),
)
CARE = (
    Option(CAREFUL, "carefully", "small steps, held to the clone"),
    Option("usual", "as usual", "may take the clone apart"),
)
WHEN = (
    Option("in turn", "in its turn", "waits where others take its place"),
    Option("now", "at once", "whatever others take"),
)
_SIMULATORS = {"fast": "compiled, many cars at once", "gymnasium": "the stock CarRacing-v3"}
_STRATEGIES: Mapping[str, str] = {str(name): purpose for name, purpose in STRATEGIES.items()}


def presets() -> list[Option]:
    """All there are, and none; what they say is read when they are chosen."""
    return [Option("", "none", "as usual"), *(Option(name, name, "settings by name") for name in preset_names())]


def draft(preset: str) -> Draft:
    """What a preset says; of one that cannot be read, only that it is asked for, which will say why."""
    try:
        return draft_of(with_preset(preset, {}), preset=preset) if preset else Draft()
    except ConfigError:
        return Draft(preset=preset)


def draft_like(paths: RunPaths) -> Draft:
    """What a run is, to start another like it. Raises StoreError."""
    with RunReader(paths) as reader:
        return draft_of(document_of(reader.spec()), like=paths.id)


@cache
def _hardware() -> Hardware:
    return detect()


def agents(draft: Draft) -> list[Option]:
    """All, or the one that the draft's settings are of."""
    names = (draft.agent,) if draft.fixed else offers.agents()
    return [_agent(name) for name in names]


def backends(agent: str) -> list[Option]:
    """Those that have what the agent learns from."""
    return [Option(name, name, _SIMULATORS.get(name, "")) for name in offers.backends_for(agent)]


def observations(draft: Draft, agent: str, backend: str) -> list[Option]:
    """Those that the backend gives and the agent's settings can see; of a set, whatever it has."""
    names = offers.observations_for(agent, backend)
    if draft.preset and agent != offers.PIPELINE:
        names = tuple(name for name in names if offers.can_see(agent, draft.settings, name, backend))
    if draft.like and agent == offers.PIPELINE:
        names = (draft.said["observation"],)  # the networks of all stages are for that one
    return [Option(name, name, OBSERVATIONS[name].purpose) for name in names] or [Option("", "of the set")]


def usual_observation(offered: Sequence[Option], backend: str) -> str:
    """The usual one of those offered."""
    usual = usual_task({}, backend)["observation"]
    return usual if usual in {option.value for option in offered} else offered[0].value


def collectors(draft: Draft, agent: str, backend: str) -> list[Option]:
    """Those that the backend can carry, the agent has a use for, and a preset's number of cars fits."""
    names = offers.collectors_for(agent, backend)
    if draft.preset and draft.said.get("lanes", 1) > 1:
        names = tuple(name for name in names if not offers.drives_alone(name))
    if draft.env:  # only CarRacing has cars that share a track
        names = tuple(name for name in names if not COLLECTORS[name].many_cars)
    return [Option(name, COLLECTORS[name].title, COLLECTORS[name].purpose) for name in names]


def strategies(collector: str) -> list[Option]:
    """Ways to deal tracks."""
    return [Option(name, name, _STRATEGIES[name]) for name in offers.strategies_for(collector)]


def budgets(draft: Draft, agent: str) -> list[Option]:
    """Kinds of budget; first that of the draft if it is of several limits."""
    known = [Option(kind, kind, offers.BUDGETS[kind]) for kind in offers.budgets_for(agent)]
    same = [Option(SAME, "the same", "several limits, as they were")] if draft.said.get("budget") == SAME else []
    return same + known


def profiles() -> list[Option]:
    """Those that this machine has the parts for."""
    from racetui.planning import known_profiles, named_profile

    found = []
    for name in known_profiles():
        try:
            profile = named_profile(name)
        except ProfileError:  # a file of the user's own; chosen all the same, it says what is wrong with it
            found.append(Option(name, name, "cannot be read"))
        else:
            if offers.can_use(profile, _hardware()):
                found.append(Option(name, name, profile.purpose))
    return found


def source(found: Source) -> Option:
    """A run to start from."""
    run = found.run
    note = f"{found.spec.agent}, {words.count(run.checkpoint_frames)} frames"
    if run.best_mean is not None:
        note = f"{found.spec.agent}, best {words.score(run.best_mean)}"
    return Option(run.id, f"{run.id} {run.name}", note)


def has_cars(collector: str) -> bool:
    """Whether it can have several cars on a track."""
    return COLLECTORS[collector].many_cars


def has_lanes(collector: str) -> bool:
    """Whether it drives several at once."""
    return not offers.drives_alone(collector)


def has_workers(collector: str) -> bool:
    """Whether it drives in processes of its own."""
    return COLLECTORS[collector].workers


def _agent(name: str) -> Option:
    if name == offers.PIPELINE:
        return Option(name, "pipeline", "demonstrations, cloning, PPO, score")
    return Option(name, AGENTS[name].title, AGENTS[name].purpose or _CLONES[name])


_CLONES = {"bc": "clones recorded demonstrations", "dagger": "clones the expert, on the road"}
