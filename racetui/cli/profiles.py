"""``racetui profiles``: this machine, the plan that each profile makes of it, and the collector that suits it."""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass

from agents.registry import AGENTS
from carracing.environments.task import task_class
from profiles import BY_USE, Hardware, Measures, Plan, PlanError, ProfileError, detect, look_at, recommend
from profiles.strict import convert
from racetui.cli.calibrate import busy
from racetui.cli.machine import facts_of
from racetui.cli.output import moment, print_json, table
from racetui.environment import with_environment
from racetui.exits import Exit
from racetui.measured import Knowledge, read_knowledge
from racetui.pipeline.workers import Workers, plan_workers
from racetui.planning import (
    Subject,
    known_profiles,
    measures_of,
    named_profile,
    plan_for,
    usable_cores,
    user_profiles,
    usual_subject,
)
from racetui.runs.paths import home

HEADINGS = ("profile", "collector", "lanes", "cars", "workers", "learner", "simulator", "replay", "device")
"""learner and simulator: threads of the one, and of each process that has the other."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A profile, and what it comes to here."""

    name: str
    title: str
    purpose: str
    plan: Plan | None
    stages: Workers | None
    """Of a pipeline, beside its reinforcement learning."""
    error: str = ""
    """Why there is no plan."""


def profiles(options: argparse.Namespace) -> int:
    """Print machine, plans and advice; exit code 2 if the one profile asked for has no plan."""
    hardware = detect()
    subject = _subject(options)
    collector = options.collector or AGENTS[options.agent].usual.get("collector", "")
    names = (options.name,) if options.name else known_profiles()
    if options.name:
        named_profile(options.name)
    known = read_knowledge(hardware)
    planned = [_planned(name, subject, hardware, collector, measures_of(known.calibration)) for name in names]
    if options.json:
        print_json(
            _document(planned, subject, hardware) | {"calibration": known.calibration, "ignored": known.problem}
        )
    else:
        print(_text(planned, hardware, explained=options.name or "auto"))
        print(f"\n{_measured(known)}")
    return Exit.USAGE if options.name and planned[0].error else Exit.OK


def _measured(known: Knowledge) -> str:
    """Whether plans go by measurements, in words."""
    if known.calibration is not None:
        disturbed = busy(known.calibration)
        return f"measured: by `racetui calibrate` on {moment(known.calibration.time)}{disturbed}; plans go by it"
    return known.problem or "not measured yet: `racetui calibrate` does so in about a minute, and plans then go by it"


def _subject(options: argparse.Namespace) -> Subject:
    if options.env is None:
        return usual_subject(options.agent, options.backend or "fast", options.observation)
    seen = {"observation": options.observation} if options.observation else {}
    document = with_environment({"backend": options.backend, "task": {"env": options.env, **seen}})
    task = convert(document["task"], task_class(document["task"]), "--env")
    return Subject(options.agent, document["backend"] or "fast", task)


def _planned(name: str, subject: Subject, hardware: Hardware, collector: str, measures: Measures) -> Planned:
    title = purpose = ""
    try:
        profile = named_profile(name)
        title, purpose = profile.title, profile.purpose
        stages = plan_workers(usable_cores(name, hardware))
        made = plan_for(subject, profile, hardware, collector, measures=measures)
        return Planned(name, title, purpose, made, stages)
    except (PlanError, ProfileError) as error:
        return Planned(name, title, purpose, None, None, str(error))


def _document(planned: list[Planned], subject: Subject, hardware: Hardware) -> dict[str, object]:
    return {
        "hardware": asdict(hardware),
        "store": look_at(home()),
        "agent": subject.agent,
        "backend": subject.backend,
        "observation": subject.task.observation,
        "profiles": planned,
        "recommended": recommend(hardware),
        "collectors": BY_USE,
    }


def _text(planned: list[Planned], hardware: Hardware, explained: str) -> str:
    parts = ["\n".join(f"{fact.name:<17} {fact.found}" for fact in facts_of(hardware, look_at(home())))]
    if any(each.plan for each in planned):
        parts.append(table(HEADINGS, [_row(each.name, each.plan) for each in planned if each.plan]))
    parts += [f"{each.name}: {each.error}" for each in planned if each.error]
    parts += [_explained(each) for each in planned if each.name == explained and each.plan]
    advice = recommend(hardware)
    parts.append(f"collector that suits this machine: {advice.collector} ({advice.use}): {advice.reason}")
    parts.append("\n".join(f"{each.use:<14} {each.collector:<11} {each.reason}" for each in BY_USE))
    parts.append(f"profiles of your own: YAML files in {user_profiles()}")
    return "\n\n".join(parts)


def _row(name: str, plan: Plan) -> tuple[str, ...]:
    numbers = (plan.lanes, plan.cars, plan.workers, plan.threads, plan.simulator_threads)
    replay = "-" if plan.replay is None else f"{plan.replay:,}"
    return (name, plan.collector, *map(str, numbers), replay, plan.device)


def _explained(each: Planned) -> str:
    reasons = [*(each.plan.reasons if each.plan else ()), *(each.stages.reasons if each.stages else ())]
    return "\n".join([f"{each.name}: {each.purpose}", *(f"  {reason}" for reason in reasons)])
