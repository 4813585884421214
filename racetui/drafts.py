"""Runs in the making: what a form begins with, and the request that its values come to. Knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from carracing.task import TaskConfig
from racetui.config import AUTO, ConfigError, check_keys
from racetui.offers import PIPELINE, usual_amount
from racetui.pipeline.config import SETTINGS, task_after_clone
from racetui.spec import RunSpec
from racetui.usual import usual_task

USUAL = RunSpec("usual", task=TaskConfig(**usual_task({}, RunSpec("usual").backend)))
"""What a run is where nobody asks for anything else."""
SAME = "same"
"""The kind of a budget of several limits that is taken over as it is."""
CAREFUL = "careful"
"""How to go on from a clone: by small steps, and at first held to it."""
_LIMITS = {"frames": "frames", "steps": "steps", "episodes": "episodes", "time": "seconds", "passes": "epochs"}
"""Kind of budget -> the request's word for it."""
_PLANNED: Mapping[str, None] = {"cars": None, "lanes": None, "workers": None}
"""Numbers that are planned where nobody says them."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What a run is unless something else is chosen, and what that is called."""

    agent: str = USUAL.agent
    """May be ``offers.PIPELINE``."""
    preset: str = ""
    like: str = ""
    """The id of a run that it has all other settings of."""
    name: str = ""
    env: str = ""
    """The other environment than CarRacing that it is about; what simulates and what is seen go with it."""
    said: Mapping[str, Any] = field(default_factory=dict)
    """Values that preset or run have of themselves, by the form's names: the request need not repeat them."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """The agent's own, likewise."""

    @property
    def fixed(self) -> bool:
        """Its settings are those of its agent, which therefore cannot be another."""
        return bool(self.preset or self.like)


def draft_of(document: Mapping[str, Any], preset: str = "", like: str = "") -> Draft:
    """What a configuration says, under its preset's or its run's name. Raises ConfigError for impossible keys."""
    check_keys(document, preset or like)
    task, numbers, seeds = (_section(document, key) for key in ("task", "collector_config", "seeds"))
    env = str(task.get("env") or document.get("env") or "")
    said = {key: document.get(key) for key in ("collector", "profile", "seed")} | {"seeds": seeds.get("strategy")}
    said |= {} if env else {"backend": document.get("backend"), "observation": task.get("observation")}
    said |= {key: numbers.get(key) for key in ("lanes", "cars", "workers", "select")}
    said |= {"first": seeds.get("curriculum") or None, **_budget(_section(document, "budget"))}
    return Draft(
        agent=str(document.get("agent") or USUAL.agent) if document.get("pipeline") is None else PIPELINE,
        preset=preset,
        like=like,
        name=str(document.get("name", "")) if like else "",
        env=env,
        said={key: value for key, value in said.items() if value is not None},
        settings=_section(document, "agent_config"),
    )


def request_fields(draft: Draft, values: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the StartRequest that a draft and a form's values come to.

    ``values`` has no fields that were not asked for. What the draft says of itself, or what is usual, is not
    repeated, so that the command stays short.
    """
    preset = draft.preset or (PIPELINE if values["agent"] == PIPELINE and not draft.like else "")
    fields: dict[str, Any] = {"preset": preset or None, "like": draft.like or None, "now": values.get("now", False)}
    if not draft.fixed and values["agent"] != PIPELINE:
        fields["agent"] = values["agent"]
    fields |= {key: values[key] for key in _changed(draft, values)}
    if "seeds" in values and _strategy(values) != _strategy(draft.said):
        fields["seeds"] = _strategy(values)
    limit = values["budget"]
    if limit != SAME and (draft.said.get("budget"), draft.said.get("amount")) != (limit, values["written"]):
        fields[_LIMITS[limit]] = values["amount"]
    return fields | {"overrides": _overrides(draft, values)}


def first_amount(draft: Draft, kind: str, agent: str, backend: str) -> str:
    """The amount of a kind of budget to begin with."""
    return str(draft.said["amount"]) if draft.said.get("budget") == kind else usual_amount(kind, agent, backend)


def _changed(draft: Draft, values: Mapping[str, Any]) -> list[str]:
    """Which values are neither the draft's nor usual."""
    usual: dict[str, Any] = {"backend": USUAL.backend, "seed": USUAL.seed, "name": "", "env": "", **_PLANNED}
    usual |= {"observation": usual_task({}, values.get("backend", USUAL.backend))["observation"]}
    usual |= {"select": USUAL.collector_config.select, **draft.said, "name": draft.name}
    if _another(draft, values, "collector"):
        usual |= {**_PLANNED, "select": USUAL.collector_config.select}
    elif draft.like and any(_another(draft, values, key) for key in _PLANNED):
        usual |= _PLANNED  # the others would be planned anew with the one that is changed: say them too
    asked = (
        "collector",
        "profile",
        "backend",
        "observation",
        "seed",
        "name",
        "cars",
        "lanes",
        "workers",
        "env",
        "select",
    )
    return [key for key in asked if key in values and values[key] != usual.get(key)]


def _another(draft: Draft, values: Mapping[str, Any], key: str) -> bool:
    """Whether a value that is asked for is not the draft's."""
    return key in values and values[key] != draft.said.get(key, _PLANNED.get(key, getattr(USUAL, key, None)))


def _overrides(draft: Draft, values: Mapping[str, Any]) -> tuple[str, ...]:
    found = []
    if not _another(draft, values, "collector"):  # with another one, they are planned anew already
        emptied = [key for key in _PLANNED if _another(draft, values, key) and values[key] is None]
        found += [f"collector.{key}={AUTO}" for key in emptied]
    if values.get("demos"):
        found.append(f"agent.demos={values['demos']}")
    if values.get("start"):
        found.append(f"agent.init_from={values['start']}")
        if values.get("care") == CAREFUL:
            found += [f"agent.{key}={value}" for key, value in SETTINGS[values["agent"]].items()]
            task = task_after_clone(values["agent"], values.get("backend", USUAL.backend))
            found += [f"task.{key}={value}" for key, value in task.items()]
    return (*found, *values.get("settings", ()))


def _strategy(values: Mapping[str, Any]) -> str:
    strategy = values.get("seeds", USUAL.seeds.strategy)
    return f"curriculum:{values['first']}" if strategy == "curriculum" else str(strategy)


def _budget(limits: Mapping[str, Any]) -> dict[str, Any]:
    """Kind and amount of a budget as a form shows them; of one with several limits, that it stays the same."""
    given = [(kind, limits[key]) for kind, key in _LIMITS.items() if limits.get(key)]
    if len(given) > 1:
        return {"budget": SAME}
    return {"budget": given[0][0], "amount": _written(*given[0])} if given else {}


def _written(kind: str, amount: Any) -> str:
    if kind == "time":
        return f"{amount:g}s"
    for unit, size in (("M", 1_000_000), ("k", 1000)):
        if amount >= size and amount % size == 0:
            return f"{amount // size}{unit}"
    return str(amount)


def _section(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = document.get(key)
    if section is not None and not isinstance(section, Mapping):
        raise ConfigError(f"{key} must be keys with values")
    return section or {}
