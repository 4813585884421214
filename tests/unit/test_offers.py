"""Whatever the start form offers together is no impossible combination, and says itself in one command."""

from __future__ import annotations

import shlex
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from agents.registry import AGENTS
from carracing.registry import BACKENDS
from carracing.task import TaskConfig
from collectors.registry import COLLECTORS
from profiles import Gpu
from racetui import launching, offers
from racetui.cli.parser import make_parser
from racetui.cli.train import request_of
from racetui.config import ConfigError
from racetui.drafts import CAREFUL, SAME, Draft, draft_of, request_fields
from racetui.launching import StartRequest, build_spec, command_line
from racetui.likeness import document_of
from racetui.planning import known_profiles, named_profile
from racetui.presets import preset_names, user_presets, with_preset
from racetui.previews import preview
from racetui.runs.liveness import identity
from racetui.runs.paths import RunPaths
from racetui.runs.queue import Queue
from racetui.runs.store import RunStore
from racetui.runs.turns import Demand, Limits, Ticket
from racetui.spec import Budget, RunSpec
from racetui.tui.forms import options
from tests.fakes.demonstrations import made_up_set
from tests.unit.test_launching import MACHINE


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "detect", lambda: replace(MACHINE, memory_free=8 << 30))


def values(draft: Draft, agent: str, backend: str, observation: str, collector: str, **more: Any) -> dict[str, Any]:
    """As the form has them when these are chosen and nothing else is touched."""
    kind = draft.said.get("budget", offers.budgets_for(agent)[0])
    found = {"agent": agent, "collector": collector, "profile": "auto", "seed": 1, "name": draft.name}
    found |= {"seeds": draft.said.get("seeds", "independent"), "first": draft.said.get("first", 200)}
    found |= {"budget": kind, "amount": 1000, "written": "1k"}
    if not offers.learns_from_set(agent):
        found |= {"backend": backend, "observation": observation}
    return found | more


def offered(draft: Draft) -> list[dict[str, Any]]:
    """Every choice; beside settings of its own, with the first and the last of the observations."""
    found = []
    for option in options.agents(draft):
        agent = option.value
        for backend in offers.backends_for(agent):
            seen = options.observations(draft, agent, backend)
            seen = [*seen[:1], *seen[1:][-1:]] if draft.fixed else seen
            for observation, collector in product(seen, options.collectors(draft, agent, backend)):
                more = {}
                if draft.said.get("seeds") not in offers.strategies_for(collector.value):
                    more["seeds"] = "independent"
                found.append(values(draft, agent, backend, observation.value, collector.value, **more))
    return found


def built(draft: Draft, chosen: dict[str, Any]) -> RunSpec:
    """The run that the choice comes to, which its command line asks for as well."""
    request = StartRequest(**request_fields(draft, chosen))
    assert request_of(make_parser().parse_args(shlex.split(command_line(request))[1:])) == request
    try:
        spec = build_spec(request)
    except ValueError as error:
        raise AssertionError(f"{command_line(request)}: {error}") from error
    if "backend" in chosen:
        assert (spec.backend, spec.task.observation) == (chosen["backend"], chosen["observation"])
        assert spec.collector == chosen["collector"]
    return spec


def test_everything_offered_together_can_be_started() -> None:
    demos = str(made_up_set(TaskConfig(observation="grey-fast")))
    kinds = set()
    for chosen in offered(Draft()):
        if offers.learns_from_set(chosen["agent"]):
            chosen["demos"] = demos
        spec = built(Draft(), chosen)
        kinds.add((chosen["agent"], spec.backend, spec.collector))
    assert {kind[0] for kind in kinds} == {*AGENTS, "pipeline"}
    assert {kind[1] for kind in kinds} == set(BACKENDS)
    assert {kind[2] for kind in kinds} >= {*COLLECTORS} - {"ray"}


@pytest.mark.parametrize("name", [name for name in preset_names() if not draft_of(with_preset(name, {})).env])
def test_presets_go_with_all_that_is_offered_beside_them(name: str) -> None:
    draft = draft_of(with_preset(name, {}), preset=name)
    for chosen in offered(draft):
        assert built(draft, chosen).name == name


def test_a_preset_of_another_environment_is_asked_for_without_a_simulator_and_what_is_seen() -> None:
    draft = draft_of(with_preset("ppo-coinrun", {}), preset="ppo-coinrun")
    assert draft.env == "CoinrunHard-v0"
    offered_there = {option.value for option in options.collectors(draft, "ppo", "fast")}
    assert "sync" in offered_there and not offered_there & {"multicar", "hybrid"}
    chosen = {"agent": "ppo", "collector": "sync", "profile": "auto", "budget": "frames", "amount": 9, "written": "9"}
    request = StartRequest(**request_fields(draft, chosen))
    assert (request.preset, request.backend, request.observation) == ("ppo-coinrun", None, None)


@pytest.mark.parametrize(
    "asked",
    [
        StartRequest(),
        StartRequest(agent="sac", collector="hybrid", cars=4, seeds="shared", select="best"),
        StartRequest(agent="dqn", backend="gymnasium", overrides=("agent.network=nature",)),
        StartRequest(agent="dagger", overrides=("agent.replay=3000", "task.lap_rule=completed")),
        StartRequest(preset="pipeline"),
        StartRequest(collector="executor", lanes=9, workers=3, overrides=("collector.depth=6", "task.stack=2")),
    ],
)
def test_a_clone_goes_with_all_that_is_offered_beside_it(asked: StartRequest) -> None:
    first = build_spec(asked)
    paths = RunStore().create(first)
    draft = draft_of(document_of(first), like=paths.id)
    for chosen in offered(draft):
        built(draft, chosen)
    untouched = values(draft, draft.agent, first.backend, first.task.observation, first.collector, profile="auto")
    untouched["written"] = draft.said["amount"]
    request = StartRequest(**request_fields(draft, untouched))
    assert command_line(request) == "racetui train --like 1"
    assert build_spec(request) == first


def test_an_emptied_number_of_a_clone_is_planned_anew() -> None:
    first = build_spec(StartRequest(frames=1000, lanes=12, workers=3))
    draft = draft_of(document_of(first), like=RunStore().create(first).id)
    untouched = {"agent": "ppo", "budget": SAME, "name": draft.name, "lanes": 12, "workers": 3}
    planned = build_spec(StartRequest(frames=1000, workers=3)).collector_config
    emptied = StartRequest(**request_fields(draft, {**untouched, "lanes": None}))
    assert command_line(emptied) == "racetui train --workers 3 --like 1 --set collector.lanes=auto"
    assert build_spec(emptied).collector_config.lanes == planned.lanes != 12
    both = StartRequest(**request_fields(draft, {**untouched, "lanes": None, "workers": None}))
    assert build_spec(both).collector_config == build_spec(StartRequest(frames=1000)).collector_config


def test_several_limits_stay_as_they_are_in_a_clone() -> None:
    first = replace(build_spec(StartRequest()), budget=Budget(frames=5000, seconds=60.0))
    draft = draft_of(document_of(first), like=RunStore().create(first).id)
    chosen = values(draft, "ppo", "fast", "grey-fast", "async")
    assert chosen["budget"] == SAME == options.budgets(draft, "ppo")[0].value
    assert built(draft, chosen).budget == first.budget
    assert built(draft, chosen | {"budget": "frames"}).budget == Budget(frames=1000)


@pytest.mark.parametrize(
    ("kind", "budget"),
    [
        ("frames", Budget(frames=1000)),
        ("steps", Budget(steps=1000)),
        ("episodes", Budget(episodes=1000)),
        ("time", Budget(seconds=1000.0)),
    ],
)
def test_budgets_are_of_four_kinds(kind: str, budget: Budget) -> None:
    assert built(Draft(), values(Draft(), "ppo", "fast", "vector", "sync", budget=kind)).budget == budget


def test_a_start_from_a_clone_is_careful_unless_somebody_says_otherwise() -> None:
    chosen = values(Draft(), "ppo", "fast", "grey-fast", "sync", start="1", settings=("agent.epochs=2",))
    fields = request_fields(Draft(), chosen)
    assert fields["overrides"] == ("agent.init_from=1", "agent.epochs=2")
    careful = request_fields(Draft(), chosen | {"care": CAREFUL})["overrides"]
    assert {"agent.pull=0.1", "agent.value_warmup=8"} < set(careful)
    assert careful[-1] == "agent.epochs=2"  # what somebody typed wins
    for backend, laps_go_on in (("fast", True), ("gymnasium", False)):
        chosen = values(Draft(), "sac", backend, "grey", "sync", start="1") | {"care": CAREFUL}
        overrides = request_fields(Draft(), chosen)["overrides"]
        assert "agent.freeze_encoder=True" in overrides
        assert ("task.bootstrap_laps=True" in overrides) is laps_go_on, backend


def test_profiles_for_a_gpu_need_one() -> None:
    able = [name for name in known_profiles() if offers.can_use(named_profile(name), MACHINE)]
    assert "auto" in able
    assert "gpu" not in able
    assert offers.can_use(named_profile("gpu"), replace(MACHINE, gpus=(Gpu("a GPU", None),)))


def test_a_preview_tells_what_a_run_takes_and_what_is_in_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACETUI_QUEUE", "cores=4,memory=8")
    monkeypatch.setattr("racetui.previews.detect", lambda: MACHINE)
    found = preview(StartRequest(collector="executor", workers=6))
    assert found.command == "racetui train --collector executor --workers 6 --detach"
    assert found.plan == "24 cars in 6 worker processes, 4 learner threads"
    assert "of 4.3 GB free" in found.expected
    assert found.warnings == ("6 workers on 4 cores take turns: fewer are as fast",)
    assert found.advice.startswith("async suits this machine")
    going = RunStore().create(build_spec(StartRequest()))
    Queue(going).enter(Ticket("1", identity(), going.root.stat().st_ino, Demand(4, 1), going=True), Limits(cores=4))
    queued = "waiting for run 1 to end: 4 of 4 cores taken"
    assert preview(StartRequest()).warnings == (f"will be queued, {queued}",)
    assert preview(StartRequest(now=True)).warnings == (f"starts beside others, which are in its way ({queued})",)
    assert [ticket.run for ticket in Queue(RunPaths(going.root)).look().tickets] == ["1"]
    monkeypatch.setattr("racetui.previews.detect", lambda: replace(MACHINE, memory_free=1 << 28))
    monkeypatch.setenv("RACETUI_QUEUE", "off")
    assert preview(StartRequest()).warnings[0].startswith("more memory than is free: 1.")
    assert "did you mean epochs" in preview(StartRequest(overrides=("agent.epoch=3",))).error


def test_presets_that_cannot_be_read_are_offered_and_say_why() -> None:
    user_presets().mkdir(parents=True)
    (user_presets() / "broken.yaml").write_text("agnt: ppo\n")
    assert options.draft("broken") == Draft(preset="broken")
    assert "broken" in [option.value for option in options.presets()]
    with pytest.raises(ConfigError, match=r"broken\.yaml: unknown key agnt"):
        build_spec(StartRequest(preset="broken"))
