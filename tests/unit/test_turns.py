"""Whose turn it is, and what the others are told: a pure function of who waits and who goes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from profiles import Hardware
from racetui.config import ConfigError
from racetui.launching import StartRequest, build_spec
from racetui.queueing import demand_of, in_turn, queue_limits
from racetui.runs.liveness import ProcessIdentity, identity
from racetui.runs.model import HardwareRow
from racetui.runs.queue import Queue
from racetui.runs.turns import Demand, Limits, Ticket, reason, settled
from racetui.runs.writer import RunWriter
from tests.runs import new_run

GIB = 1 << 30
MACHINE = Limits(cores=4, memory=8 * GIB)
HARDWARE = Hardware(
    logical_cores=4, physical_cores=4, usable_cores=4, memory_total=8 * GIB, memory_limit=None, memory_free=4 * GIB
)


def ticket(run: str, cores: int = 2, gib: float = 1, going: bool = False, held: bool = False) -> Ticket:
    process = ProcessIdentity(int(run), 1.0, "boot")
    return Ticket(run, process, 1, Demand(cores, int(gib * GIB)), going, held)


@pytest.mark.parametrize(
    ("tickets", "going"),
    [
        ([ticket("1", cores=64, gib=100)], "1"),  # alone, whatever its size
        ([ticket("1"), ticket("2"), ticket("3")], "1 2"),
        ([ticket("1", cores=1), ticket("2", cores=4), ticket("3", cores=1)], "1"),  # nobody overtakes
        ([ticket("1", going=True), ticket("2", cores=4), ticket("3")], "1"),
        ([ticket("1", gib=5), ticket("2", gib=4)], "1"),
        ([ticket("1", held=True), ticket("2", cores=4)], "2"),
        ([ticket("1", cores=4), ticket("2", cores=4, going=True)], "2"),
        ([ticket("1", cores=9, going=True), ticket("2", cores=9, going=True)], "1 2"),  # started all the same
    ],
)
def test_they_go_in_their_order_as_far_as_they_fit(tickets: list[Ticket], going: str) -> None:
    found = settled(tickets, MACHINE)
    assert " ".join(ticket.run for ticket in found if ticket.going) == going
    assert [ticket.run for ticket in found] == [ticket.run for ticket in tickets]
    for ticket_ in found:
        told = reason(found, ticket_.run, MACHINE)
        assert bool(told) is not (ticket_.going or ticket_.held), told


def test_limits_may_be_few_runs_or_none() -> None:
    tickets = [ticket(str(number), cores=3) for number in range(1, 4)]
    assert [one.going for one in settled(tickets, Limits())] == [True, True, True]
    assert [one.going for one in settled(tickets, Limits(runs=2))] == [True, True, False]
    with pytest.raises(ValueError, match="runs must be 1 or more, not 0"):
        Limits(runs=0)


@pytest.mark.parametrize(
    ("tickets", "run", "words"),
    [
        (
            [ticket("12", cores=4, going=True), ticket("13")],
            "13",
            "waiting for run 12 to end: 4 of 4 cores taken",
        ),
        (
            [ticket("1", going=True), ticket("2", cores=1, going=True), ticket("3")],
            "3",
            "waiting for run 1 or 2 to end: 3 of 4 cores taken, and it takes 2",
        ),
        (
            [ticket("1", gib=6, going=True), ticket("2", gib=3)],
            "2",
            "waiting for run 1 to end: 6.4 of 8.6 GB planned for, and it takes 3.2",
        ),
        (
            [ticket("1", cores=4, going=True), ticket("2"), ticket("3"), ticket("4", held=True), ticket("5")],
            "5",
            "waiting for run 1 to end: 4 of 4 cores taken; 2 runs are before it",
        ),
        (
            [ticket("1", cores=1, going=True), ticket("2", cores=4), ticket("3", cores=1)],
            "3",
            "waiting for its turn: run 2 is before it",
        ),
        ([ticket(str(n), cores=1, going=True) for n in range(4)] + [ticket("9")], "9", "one of 4 runs to end"),
    ],
)
def test_who_waits_says_for_what(tickets: list[Ticket], run: str, words: str) -> None:
    assert words in reason(settled(tickets, MACHINE), run, MACHINE)


def test_a_run_takes_what_was_planned_for_it() -> None:
    run = build_spec(StartRequest(workers=3, lanes=6, overrides=("threads=1",)))
    assert demand_of(run).cores == 3
    assert demand_of(replace(run, threads=5)).cores == 5
    sizes = ("agent.replay=20000",)
    kept, filed = (
        build_spec(StartRequest(agent="dqn", workers=3, lanes=6, overrides=(*sizes, *more)))
        for more in ((), ("agent.replay_directory=/var/tmp",))
    )
    assert demand_of(kept).memory - demand_of(filed).memory > 20_000 * 84 * 84
    staged = build_spec(StartRequest(preset="pipeline"))
    assert demand_of(staged).memory > demand_of(run).memory  # cloning on the road keeps what was driven


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Limits(4, 4 * GIB)),
        ("off", Limits()),
        ("cores=16, memory=2.5", Limits(16, 2_500_000_000)),
        ("runs=2", Limits(4, 4 * GIB, 2)),
    ],
)
def test_limits_are_the_machines_unless_the_environment_has_others(text: str, expected: Limits) -> None:
    assert queue_limits(HARDWARE, {"RACETUI_QUEUE": text}) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("on", "there is no limit 'on'"),
        ("memory=1e999", "memory must be"),
        ("cores=two", "RACETUI_QUEUE=cores=two: invalid"),
        ("runs=0", "runs must be"),
        ("memory=nan", "memory must be"),
    ],
)
def test_limits_that_cannot_be_used_are_named(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        queue_limits(HARDWARE, {"RACETUI_QUEUE": text})


def test_limits_are_kept_in_the_file_and_the_variable_wins(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    given = {"RACETUI_CONFIG": str(path)}
    path.write_text("[queue]\ncores = 3\nruns = 2\n[panel]\ntheme = 7\n")
    assert queue_limits(HARDWARE, given) == Limits(3, 4 * GIB, 2), "what is wrong elsewhere is nobody's business"
    assert queue_limits(HARDWARE, {**given, "RACETUI_QUEUE": "cores=1,memory=2"}) == Limits(1, 2_000_000_000, 2)
    assert queue_limits(HARDWARE, {**given, "RACETUI_QUEUE": "off"}) == Limits()
    path.write_text("[queue]\non = false\n")
    assert queue_limits(HARDWARE, given) == Limits()
    assert queue_limits(HARDWARE, {**given, "RACETUI_QUEUE": "runs=1"}) == Limits(4, 4 * GIB, 1)
    for wrong in ("cores = -1", 'cores = "two"', "core = 2"):
        path.write_text(f"[queue]\n{wrong}\n")
        with pytest.raises(ConfigError, match=r"config\.toml: .*queue.*core"):
            queue_limits(HARDWARE, given)


def test_who_waits_is_planned_with_the_memory_that_those_who_go_will_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACETUI_QUEUE", "")
    going, runs = new_run(), new_run().root.parent
    assert in_turn(HARDWARE, runs) == HARDWARE
    Queue(going).enter(Ticket("1", identity(), going.root.stat().st_ino, Demand(4, GIB), going=True), Limits())
    with RunWriter(going) as writer:
        writer.hardware(HardwareRow(0.0, 100.0, 2 * GIB, GIB, 3))
    assert in_turn(HARDWARE, runs).memory_free == 5 * GIB  # what it takes, not what was planned
    assert in_turn(replace(HARDWARE, memory_limit=4 * GIB), runs).memory_free == 4 * GIB
    monkeypatch.setenv("RACETUI_QUEUE", "off")
    assert in_turn(HARDWARE, runs) == HARDWARE
