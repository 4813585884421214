"""Orders to all marked runs, and runs that go on after their end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from racetui.runs.limits import extended, used_up
from racetui.runs.model import RunState
from racetui.runs.writer import RunWriter
from racetui.spec import Budget
from racetui.tui.forms.evaluate import common_backends
from racetui.tui.services import EvaluationChoice
from tests.tui import scenes, stores
from tests.tui.panels import Calls, front, lines, on_store, opened, press, shows, text, until


def ordered(writer: RunWriter) -> list[tuple[str, object]]:
    return [(order.name, order.args) for order in writer.pending_commands()]


async def test_orders_go_to_all_marked_runs_that_can_obey(home: Path) -> None:
    ended = stores.finished(home)
    first, one = stores.running(home, "one", rounds=3)
    _, two = stores.running(home, "two", rounds=3)
    _, three = stores.running(home, "three", rounds=3)
    calls = Calls()
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await shows(panel, "● 4 three")
        await press(pilot, "down", "space", "down", "space", "down", "space", "home")  # all but the selected one
        await shows(panel, "p pause 2", "x stop 2", "e evaluate 3")
        await press(pilot, "p")
        await until(lambda: ordered(one) == ordered(two) == [("pause", {})], "both are told")
        await shows(panel, "pause: 3 two, 2 one; left out: 1 ppo-base (finished)")
        for writer in (one, two):
            writer.set_state(RunState.PAUSED)
            writer.done(writer.pending_commands()[0].id, "ok")
        await shows(panel, "2 one: paused", "3 two: paused", "p resume 2")
        await press(pilot, "x")
        await shows(panel, "Stop 2 marked runs", "3 two, 2 one; left out: 1 ppo-base (finished)")
        await press(pilot, "down", "enter")
        await until(lambda: ordered(one) == ordered(two) == [("stop", {"after": "now"})], "both are stopped")
        await press(pilot, "e")
        await shows(panel, "Evaluate 3 marked runs", "of each run")
        await press(pilot, "enter")
        await until(lambda: [name for name, _ in ordered(two)] == ["stop", "evaluate"], "the living are ordered")
        await until(lambda: calls.asked == [("evaluate_ended", (ended, EvaluationChoice(backend="fast")))], "others")
        await press(pilot, "home", "enter")  # a screen about one run: its keys are for that
        await shows(panel, "Run 4 three", "p pause ")
        assert "pause 2" not in text(panel)
        await press(pilot, "p", "escape")
        await until(lambda: ordered(three) == [("pause", {})], "only the one shown")
        await press(pilot, "u")
        await shows(panel, "x stop ")
        assert "stop 2" not in text(panel)
    assert first.id == "2"
    for writer in (one, two, three):
        writer.close()


async def test_a_run_that_used_its_budget_is_asked_for_more(home: Path) -> None:
    paths = stores.create(home, "short", budget=Budget(frames=100_000))
    with RunWriter(paths) as writer:
        stores.train(writer, 25)
        writer.checkpoint(102_400, 7 << 20, "end")
        writer.set_state(RunState.FINISHED)
    calls = Calls()
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await shows(panel, "✓ finished")
        await press(pilot, "R")
        await shows(panel, "Resume 1 short", "more         100k", "used up by 1 short: 102k frames")
        await press(pilot, "tab", *"no", "enter")
        await shows(panel, "such as 500k or 2M")
        await press(pilot, "escape", "R", "tab", *"50k", "enter")
        await until(lambda: bool(calls.asked), "it is resumed")
        await until(lambda: front(panel) == "Dashboard", "the form closes")
        await press(pilot, "R")
        await press(pilot, "right", "enter")
        await until(lambda: len(calls.asked) == 2, "by time")
    assert calls.asked == [
        ("resume", (paths, Budget(frames=152_400))),
        ("resume", (paths, Budget(seconds=25 * 1.9 + 600))),
    ]


@pytest.mark.parametrize("size", [(60, 18), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_forms_have_room_for_six_runs(size: tuple[int, int]) -> None:
    runs = tuple(replace(scenes.RUN, id=str(number), name=f"a-longer-name-{number}") for number in range(1, 7))
    async with opened(lambda: scenes.Still(replace(scenes.PICTURE, runs=runs)), size) as (panel, pilot):
        await press(pilot, *(["space", "down"] * 6))
        for key, words in (("x", "Stop 6 marked runs"), ("e", "Evaluate 6 marked runs")):
            await press(pilot, key)
            await shows(panel, words, "1 a-longer-name-1")
            assert [len(row) for row in lines(panel)] == [size[0]] * size[1]
            await press(pilot, "escape")


def test_what_is_used_up_and_how_it_is_extended() -> None:
    half = replace(scenes.RUN, budget=Budget(frames=10_000_000, seconds=5000.0))
    assert not used_up(half)
    assert used_up(half, Budget(frames=3_200_000)), "what counts is the last checkpoint"
    killed = replace(half, seconds=5000.0)
    assert not used_up(killed), "it used its time up, but did not come to save what it did"
    assert used_up(replace(killed, checkpoint_frames=killed.frames))
    assert extended(half, "frames", 5e5) == Budget(frames=10_500_000)
    assert extended(replace(half, frames=11_000_000), "frames", 5e5) == Budget(frames=11_500_000)
    assert extended(half, "seconds", 60.0) == Budget(seconds=5060.0)


def test_only_backends_that_can_score_the_policy_are_offered() -> None:
    seen = [replace(scenes.RUN, observation=observation) for observation in ("grey-fast", "grey", "vector")]
    assert all(common_backends([run]) == ["fast", "gymnasium"] for run in seen)
