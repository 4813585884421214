"""Queues the runs of a sweep; what is there already goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from racetui.comparison.settings import differences, settings_of
from racetui.launching import NothingToResumeError, StartRequest, build_spec, resume_run, start_spec
from racetui.runs.launch import launch
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.spec import RunSpec
from racetui.sweeps.plan import Member, Sweep, SweepError


@dataclass(frozen=True, slots=True)
class Entry:
    """A run of a sweep and what became of it."""

    member: Member
    paths: RunPaths
    done: str
    """started, resumed, going on or finished."""


def specs_of(sweep: Sweep, found: Sequence[Member]) -> list[RunSpec]:
    """Every run's specification, all of them checked. Raises SweepError, which names the run."""
    specs = []
    for member in found:
        request = StartRequest(preset=sweep.preset or None, name=member.name, overrides=member.overrides)
        try:
            specs.append(build_spec(request))
        except ValueError as error:
            raise SweepError(f"run {member.name}: {error}") from None
    return specs


def start(found: Sequence[Member], specs: Sequence[RunSpec], store: RunStore) -> list[Entry]:
    """Queue what is missing, resume what ended before it was finished, leave the rest alone.

    Raises SweepError where a run of that name was asked to be something else, before anything is started.
    """
    there = {run.name: RunPaths(run.path) for run in store.list()}
    for spec in specs:
        if spec.name in there:
            _check_same(there[spec.name], spec)
    return [
        _go_on(member, there[spec.name]) if spec.name in there else Entry(member, start_spec(spec, store), "started")
        for member, spec in zip(found, specs, strict=True)
    ]


def _go_on(member: Member, paths: RunPaths) -> Entry:
    with RunReader(paths) as reader:
        run = reader.summary()
    if not run.state.ended:
        return Entry(member, paths, "going on")
    if run.state is RunState.FINISHED:
        return Entry(member, paths, "finished")
    if not run.begun:
        launch(paths)
        return Entry(member, paths, "started")
    try:
        resume_run(paths)
    except NothingToResumeError as error:
        raise SweepError(f"{error}; or rename it, and it will be made anew") from None
    return Entry(member, paths, "resumed")


def _check_same(paths: RunPaths, spec: RunSpec) -> None:
    with RunReader(paths) as reader:
        other = reader.spec()
    found = differences([settings_of(other), settings_of(spec)])
    if found:
        named = ", ".join(f"{one.key} {one.values[0]}, not {one.values[1]}" for one in found[:4])
        raise SweepError(
            f"run {paths.id} has the name {spec.name} already and other settings ({named}): "
            "give the sweep another name"
        )
