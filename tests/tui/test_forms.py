"""The forms: what enter does, what wrong values say, and what is ordered of whom."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from collectors.registry import COLLECTORS
from racetui.launching import StartRequest, build_spec
from racetui.runs.model import RunState
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.tui.app import Panel
from racetui.tui.forms.choice import Choice
from racetui.tui.forms.note import Note
from racetui.tui.forms.start import StartForm
from racetui.tui.services import EvaluationChoice
from tests.tui import scenes, stores
from tests.tui.panels import Calls, front, lines, on_store, opened, press, shows, text, until


async def test_enter_starts_a_sensible_run(home: Path) -> None:
    stores.finished(home)
    started = stores.create(home, "fresh")
    calls = Calls(started)
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await press(pilot, "j", "s")
        await shows(panel, "Start a run", "worker processes", "racetui train --agent ppo --collector async")
        await press(pilot, "enter")
        await until(lambda: front(panel) == "Dashboard", "the form closes")
        await shows(panel, "Run 2 is starting", "2 fresh ─")
    [(_, request)] = calls.asked
    assert request.agent == "ppo"  # type: ignore[attr-defined]
    assert request.collector == "async"  # type: ignore[attr-defined]
    assert request.frames == 10_000_000  # type: ignore[attr-defined]
    assert request.seconds is None  # type: ignore[attr-defined]


async def test_lanes_and_another_environment_are_typed_and_what_goes_with_them_is_asked(home: Path) -> None:
    calls = Calls(stores.create(home, "fresh"))
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await press(pilot, "s")
        await shows(panel, "racetui train")
        form = panel.screen
        assert isinstance(form, StartForm)
        form.query_one("#lanes").focus()
        await press(pilot, *"6")
        await shows(panel, "6 cars in", "--lanes 6")
        form.query_one("#env").focus()
        await press(pilot, *"CartPole-v")
        await shows(panel, "did you mean CartPole-v1")
        await press(pilot, "1")
        await shows(panel, "--env CartPole-v1", "6 environments in")
        offered = {option.value for option in form.query_one("#collector", Choice).options}
        assert not offered & {"multicar", "hybrid"}, "only CarRacing has cars that share a track"
        assert [name for name in ("backend", "observation", "cars") if form.asked(name)] == []
        form.query_one("#agent").focus()
        form.query_one("#agent", Choice).choose("dagger")
        await until(lambda: not form.asked("env") and form.asked("backend"), "cloning is about CarRacing alone")
        form.query_one("#agent", Choice).choose("dqn")
        await until(lambda: form.asked("env") and not form.asked("backend"), "what was typed is back")
        form.query_one("#collector", Choice).choose("sequential")
        await until(lambda: not form.asked("lanes"), "a car alone has no lanes")
        form.query_one("#collector", Choice).choose("sync")
        command = form.query_one("#command", Note)
        words = "racetui train --agent dqn --collector sync --profile auto --env CartPole-v1 --lanes 6 --frames "
        await until(lambda: command.text.startswith(words), "the command says it")
        await press(pilot, "enter")
        await until(lambda: bool(calls.asked), "it is started")
    [(_, request)] = calls.asked
    assert isinstance(request, StartRequest)
    assert (request.env, request.lanes, request.backend, request.observation) == ("CartPole-v1", 6, None, None)


async def test_the_field_that_takes_the_keys_is_the_one_that_stands_out(home: Path) -> None:
    """Nothing new comes from the store meanwhile that would have everything painted again."""
    async with opened(lambda: scenes.Still(scenes.PICTURE)) as (panel, pilot):
        await press(pilot, "s")
        await shows(panel, "Start a run")
        await press(pilot, "tab", "tab")
        rows = {field.id: field.render_line(0) for field in panel.screen.query(Choice)}
        standing_out = [name for name, row in rows.items() if any(cell.style and cell.style.bold for cell in row)]
        assert standing_out == [panel.focused and panel.focused.id] == ["profile"]


async def test_keys_typed_ahead_are_not_lost(home: Path) -> None:
    """On a slow link several keys arrive at once; each must find what the one before it opened or focused."""
    _, writer = stores.running(home)
    calls = Calls(stores.create(home, "fresh"))
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await shows(panel, "● 1 ppo-async")
        await press(pilot, "j")
        await until(lambda: panel.selected_run is not None and panel.selected_run.id == "1")
        driver = panel._driver
        assert driver is not None
        for key in ("e", "tab", *"299", "backspace", "backspace", "5", "tab", "7", "enter", "s", "enter"):
            driver.send_message(events.Key(key, key if len(key) == 1 else None))
        await until(lambda: bool(writer.pending_commands()), "evaluate is ordered")
        [order] = writer.pending_commands()
        assert (order.args["episodes"], order.args["seed"]) == (25, 7)
        await until(lambda: bool(calls.asked), "and a run is started")
    writer.close()


async def test_every_field_reaches_the_request_and_the_command(home: Path) -> None:
    calls = Calls(stores.create(home, "fresh"))
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await press(pilot, "s")
        await shows(panel, "racetui train")
        await press(pilot, "tab", "left", "left", "left")  # collector: the first of all
        await press(pilot, "tab", "right", "tab", "tab", "right")  # profile, observation
        await press(pilot, "tab", *"42", "tab", "tab", *"mine", "tab", "l", "tab")
        await shows(panel, "observation  ◂ vector ▸", "time ▸", "amount       15m")
        await press(pilot, *"1h30m")
        command = panel.screen.query_one("#command", Note)
        await until(lambda: command.text.endswith("--seed 42 --name mine --duration 5400s --detach"), command.text)
        assert command.text.startswith("racetui train --agent ppo --collector sequential --profile cluster")
        assert "--observation vector" in command.text
        await press(pilot, "enter")
        await until(lambda: bool(calls.asked), "it is started")
    [(_, request)] = calls.asked
    assert request.collector == "sequential"  # type: ignore[attr-defined]
    assert request.profile != "auto"  # type: ignore[attr-defined]
    assert (request.observation, request.seed, request.name) == ("vector", 42, "mine")  # type: ignore[attr-defined]
    assert (request.frames, request.seconds) == (None, 5400.0)  # type: ignore[attr-defined]


async def test_every_collector_is_offered_and_asks_for_what_it_needs(home: Path) -> None:
    async with opened(scenes.Still, (84, 30)) as (panel, pilot):
        await press(pilot, "s", "tab")
        command = panel.screen.query_one("#command", Note)
        names = list(COLLECTORS)
        first = names.index("async")
        for name in names[first:] + names[:first]:
            await until(partial(_says, command, f"--collector {name} "), name)
            for field in ("cars", "select"):
                await until(partial(_is_asked, panel, field, COLLECTORS[name].many_cars), f"{field} with {name}")
            await press(pilot, "right")


def _is_asked(panel: Panel, field: str, wanted: bool = True) -> bool:
    """Whether the field has a row of the form."""
    return bool(panel.screen.query_one(f"#{field}-row").size) is wanted


def _says(note: Note, words: str) -> bool:
    return words in note.text


async def test_cars_and_tracks_reach_the_request_and_the_command(home: Path) -> None:
    calls = Calls(stores.create(home, "fresh"))
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await press(pilot, "s", "tab", "left", "left", "tab", "6", "tab", "tab", "tab", "tab", "tab")
        await shows(panel, "6 cars, 6 on each track in 1 process", "◂ multicar ▸", "◂ independent ▸")
        await shows(panel, "suits this machine: ")
        await press(pilot, "left")
        await shows(panel, "◂ curriculum ▸", "episodes on the first track")
        await press(pilot, "tab", "5", "0", "tab", "right")
        command = panel.screen.query_one("#command", Note)
        await until(lambda: "--cars 6 --seeds curriculum:50 --select best" in command.text, command.text)
        await press(pilot, "enter")
        await until(lambda: bool(calls.asked), "it is started")
    [(_, request)] = calls.asked
    assert (request.cars, request.seeds, request.select) == (6, "curriculum:50", "best")  # type: ignore[attr-defined]


async def test_what_does_not_apply_is_not_asked_for(home: Path) -> None:
    calls = Calls(stores.create(home, "fresh"))
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await press(pilot, "s", "tab", "left", "left", "tab", *"many", "tab", "tab", "tab", "tab", "tab", "tab")
        await press(pilot, "right", "enter")  # learn from the best, but of how many cars?
        await shows(panel, "cars         many                    a whole number", "◂ the best ▸")
        await press(pilot, "shift+tab", "right", "right")  # back from the cars: sync, async
        await until(partial(_is_asked, panel, "cars", False), "one car on each track")
        await press(pilot, "enter")
        await until(lambda: bool(calls.asked), "it is started")
    [(_, request)] = calls.asked
    assert (request.collector, request.cars, request.select) == ("async", None, None)  # type: ignore[attr-defined]


async def test_only_what_the_backend_gives_can_be_chosen() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "s", "tab", "tab", "tab")
        await shows(panel, "observation  ◂ grey-fast ▸")
        await press(pilot, "right")
        await shows(panel, "backend      ◂ gymnasium ▸", "observation  ◂ grey ▸")
        observation = panel.screen.query_one("#observation", Choice)
        assert [option.value for option in observation.options] == ["grey", "rgb", "vector"]


async def test_fields_without_room_are_scrolled_to() -> None:
    async with opened(scenes.Still, (60, 18)) as (panel, pilot):
        await press(pilot, "s", "tab", "left", "left", "shift+tab")  # multicar, which asks for more
        await shows(panel, "agent", "◂ multicar ▸", "enter start")
        await press(pilot, "up", "up")  # the preset, and from the first field round to the last
        await shows(panel, "settings", "when         ◂ in its turn ▸", "enter start")


async def test_wrong_values_are_told_beside_the_field_and_nothing_starts(home: Path) -> None:
    calls = Calls(stores.create(home, "fresh"))
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await press(pilot, "s")
        await shows(panel, "racetui train")
        await press(pilot, "tab", "tab", "tab", "tab", "tab", *"-x", "tab", "tab", *"a/b", "tab", "tab", *"soon")
        await press(pilot, "enter")
        await pilot.pause()
        rows = lines(panel)
        assert any("seed" in row and "a whole number" in row for row in rows)
        assert any("name" in row and "letters, digits, . _ and - only" in row for row in rows)
        assert any("amount" in row and "such as 500k or 2M" in row for row in rows)
        assert panel.focused is not None
        assert panel.focused.id == "seed", "the first wrong field has the focus"
        assert front(panel) == "StartForm"
        await press(pilot, "escape")
        await pilot.pause()
        assert front(panel) == "Dashboard"
    assert calls.asked == []


async def test_a_start_that_fails_says_so_in_the_form(home: Path) -> None:
    calls = Calls(OSError("no space left on device"))
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await press(pilot, "s")
        await shows(panel, "racetui train")
        await press(pilot, "enter")
        await shows(panel, "no space left on device")
        assert front(panel) == "StartForm"


async def test_forms_fit_the_smallest_screen(home: Path) -> None:
    _, writer = stores.running(home)
    async with opened(on_store(home), (60, 18)) as (panel, pilot):
        for key, words in (
            ("s", ("agent", "amount", "racetui train", "enter start", "esc cancel")),
            ("x", ("Stop 1 ppo-async", "after this round", "enter stop")),
            ("e", ("Evaluate 1 ppo-async", "episodes", "deterministic", "enter evaluate")),
        ):
            await press(pilot, key)
            await shows(panel, *words)
            await press(pilot, "escape")
            await pilot.pause()
    writer.close()


async def test_a_message_leaves_a_form_its_keys(home: Path) -> None:
    async with opened(on_store(home), (80, 24)) as (panel, pilot):
        await press(pilot, "s")
        await shows(panel, "racetui train", "enter start")
        panel.notify("Something was told meanwhile" + " and more" * 5)
        await shows(panel, "Something was told meanwhile", "agent", "racetui train", "enter start", "esc cancel")


async def test_stop_has_three_rungs(home: Path) -> None:
    paths, writer = stores.running(home)
    calls = Calls()
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        for moves, expected in (((), {"after": "round"}), (("down",), {"after": "now"})):
            await press(pilot, "x")
            await shows(panel, "Stop 1 ppo-async", "after this round")
            await press(pilot, *moves, "enter")
            await until(lambda: bool(writer.pending_commands()), "stop is ordered")
            [order] = writer.pending_commands()
            assert (order.name, order.args) == ("stop", expected)
            writer.done(order.id, "ok")
            await shows(panel, "its checkpoint is safe")
        assert calls.asked == []
        await press(pilot, "x")
        await shows(panel, "Stop 1 ppo-async")
        await press(pilot, "up")
        await shows(panel, "▌ kill", "keeps the last checkpoint only")
        await press(pilot, "enter")
        await until(lambda: calls.asked == [("kill", (paths,))], "it is killed")
    writer.close()


async def test_evaluate_orders_a_living_run(home: Path) -> None:
    _, writer = stores.running(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "● running")
        await press(pilot, "e")
        await shows(panel, "Evaluate 1 ppo-async", "of 492k frames")
        await press(pilot, "tab", *"25", "tab", *"7", "tab", "right", "tab", "right", "tab", "left", "left", "enter")
        await until(lambda: bool(writer.pending_commands()), "evaluate is ordered")
        [order] = writer.pending_commands()
        assert order.name == "evaluate"
        how = {"deterministic": False, "backend": "gymnasium", "video": "worst"}
        assert order.args == {"checkpoint": "latest", "episodes": 25, "seed": 7, **how}
        writer.done(order.id, "ok")
        await shows(panel, "evaluation ordered")
    writer.close()


async def test_evaluate_of_an_ended_run_is_done_by_another_process(home: Path) -> None:
    paths = stores.finished(home)
    calls = Calls()
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await shows(panel, "✓ finished")
        await press(pilot, "e")
        await shows(panel, "Evaluate 1 ppo-base", "◂ latest ▸")
        await press(pilot, "right")
        await shows(panel, "◂ best ▸", "871.2")
        await press(pilot, "enter")
        await shows(panel, "evaluation done")
    assert calls.asked == [("evaluate_ended", (paths, EvaluationChoice(checkpoint="best", backend="fast")))]


async def test_evaluate_rejects_impossible_numbers(home: Path) -> None:
    _, writer = stores.running(home)
    async with opened(on_store(home)) as (panel, pilot):
        await shows(panel, "● running")
        await press(pilot, "e")
        await shows(panel, "Evaluate 1 ppo-async")
        await press(pilot, "tab", "0", "enter")
        await shows(panel, "1 to 10000")
        assert front(panel) == "EvaluateForm"
        assert writer.pending_commands() == []
    writer.close()


async def test_letters_typed_into_a_field_are_text() -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "s")
        await shows(panel, "Start a run")
        await press(pilot, *["tab"] * 7, *"quxp hjkly?:")  # down to the name
        await shows(panel, "quxp hjkly?:")
        assert front(panel) == "StartForm"


async def test_a_form_title_is_no_markup() -> None:
    run = replace(scenes.RUN, name="[bold]x[/]", state=RunState.RUNNING)
    async with opened(lambda: scenes.Still(replace(scenes.PICTURE, runs=(run,)))) as (panel, pilot):
        await press(pilot, "x")
        await shows(panel, "Stop 3 [bold]x[/]")
        assert "Stop 3 [bold]x[/]" in text(panel)


def _value(panel: Panel, field: str) -> str:
    return panel.screen.query_one(f"#{field}", Choice).value


async def choose(pilot: Pilot[None], panel: Panel, field: str, value: str) -> None:
    """With the keyboard alone: down to the field, and on until it says so."""
    for _ in range(30):
        if panel.focused is not None and panel.focused.id == field:
            break
        await press(pilot, "tab")
    for _ in range(12):
        if _value(panel, field) == value:
            return
        await press(pilot, "right")
    raise AssertionError(f"{field} does not offer {value}")


async def test_an_agent_is_offered_what_it_can_use(home: Path) -> None:
    async with opened(scenes.Still) as (panel, pilot):
        await press(pilot, "s")
        await shows(panel, "racetui train --agent ppo")
        await choose(pilot, panel, "agent", "dagger")
        backends = panel.screen.query_one("#backend", Choice)
        assert [option.value for option in backends.options] == ["fast"], "the scripted driver knows no other"
        await choose(pilot, panel, "agent", "bc")
        await until(partial(_is_asked, panel, "demos"), "a set is asked for")
        assert not _is_asked(panel, "observation")
        assert _value(panel, "budget") == "passes"
        await press(pilot, "enter")
        await shows(panel, "racetui demos records one")
        await choose(pilot, panel, "agent", "pipeline")
        command = panel.screen.query_one("#command", Note)
        wanted = "--collector async --profile auto --frames 3000000 --preset pipeline --detach"
        await until(lambda: command.text.endswith(wanted), command.text)  # and the collector is what it was before bc
        await shows(panel, "stages demos, bc")
        await choose(pilot, panel, "collector", "sequential")
        assert "shared" not in [option.value for option in panel.screen.query_one("#seeds", Choice).options]


async def test_a_preset_fills_the_form_and_stays_beneath_it(home: Path) -> None:
    calls = Calls(stores.create(home, "fresh"))
    async with opened(on_store(home), services=calls.services()) as (panel, pilot):
        await press(pilot, "s")
        await choose(pilot, panel, "preset", "sac-lowmem")
        assert (_value(panel, "agent"), _value(panel, "collector")) == ("sac", "sync")
        await choose(pilot, panel, "observation", "vector")
        await choose(pilot, panel, "budget", "episodes")
        await shows(panel, "amount       1000")
        command = panel.screen.query_one("#command", Note)
        await until(lambda: "--preset sac-lowmem" in command.text, command.text)
        await until(lambda: "--episodes 1000" in command.text, command.text)
        assert "--agent" not in command.text
        assert "--collector" not in command.text
        await press(pilot, "enter")
        await until(lambda: bool(calls.asked), "it is started")
    [(_, request)] = calls.asked
    assert (request.preset, request.observation, request.episodes) == ("sac-lowmem", "vector", 1000)  # type: ignore[attr-defined]
    assert (request.agent, request.collector) == (None, None)  # type: ignore[attr-defined]


async def test_a_clone_has_all_settings_of_its_run(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RACETUI_HOME", str(home))
    first = stores.finished(home)
    calls = Calls(first)
    async with opened(on_store(home), (60, 18), calls.services()) as (panel, pilot):
        await shows(panel, "✓")
        await press(pilot, "S")
        await shows(panel, "Start a run like 1 ppo-base", "racetui train --like 1 --detach")
        await choose(pilot, panel, "now", "now")
        await shows(panel, "racetui train --like 1 --now --detach")
        await press(pilot, "y")
        await shows(panel, "The command is copied")
        assert panel.clipboard == "racetui train --like 1 --now --detach"
        await press(pilot, "enter")
        await until(lambda: bool(calls.asked), "it is started")
    [(_, request)] = calls.asked
    assert (request.like, request.now, request.seed) == ("1", True, None)  # type: ignore[attr-defined]


async def test_a_policy_to_start_from_is_offered_where_it_fits(home: Path) -> None:
    spec = build_spec(StartRequest(agent="dagger"))
    teacher = RunStore(home).create(spec)
    with RunWriter(teacher) as writer:
        writer.checkpoint(4000, 1, "end")
        writer.set_state(RunState.FINISHED)
    async with opened(on_store(home)) as (panel, pilot):
        await press(pilot, "s")
        await until(partial(_is_asked, panel, "start"), "a policy is offered")
        assert not _is_asked(panel, "care")
        await choose(pilot, panel, "start", "1")
        await until(partial(_is_asked, panel, "care"), "how to go on from a clone is asked")
        command = panel.screen.query_one("#command", Note)
        await until(lambda: "--set agent.init_from=1 --set agent.rollout=8192" in command.text, command.text)
        await choose(pilot, panel, "observation", "vector")
        assert not _is_asked(panel, "start")
        await until(lambda: "init_from" not in command.text, command.text)
