"""Every key of the key table, pressed: what must be different afterwards. A key without a row here fails a test."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot

from racetui.keys import KEYS, Key, Place, keys_of
from racetui.runs.model import RunState
from racetui.runs.writer import RunWriter
from racetui.tui.app import Panel
from racetui.tui.forms.choice import Choice
from racetui.tui.screens.compare import ComparedChart
from racetui.tui.widgets.car import Car
from racetui.tui.widgets.log import Log
from tests.tui import stores
from tests.tui.panels import Calls, front, on_store, opened, press, shows, until


@dataclass(frozen=True, slots=True)
class Session:
    """A panel on a store of two runs; the newest trains, and is selected."""

    panel: Panel
    pilot: Pilot[None]
    writer: RunWriter
    calls: Calls
    home: Path


Look = Callable[[Session], object]


@dataclass(frozen=True, slots=True)
class Flow:
    """What a key changes, and how to come to where it works and back."""

    look: Look
    """Sees something else once the key has done its work."""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    state: RunState = RunState.RUNNING
    """Of the selected run."""


def screen(at: Session) -> object:
    """Which screen is in front."""
    return front(at.panel)


def focus(at: Session) -> object:
    """Where the keys go."""
    return at.panel.focused and at.panel.focused.id


def charts(at: Session) -> object:
    """How charts are shown."""
    return at.panel.charts


def selected(at: Session) -> object:
    """The run that orders go to."""
    return at.panel.selected_run and at.panel.selected_run.id


def orders(at: Session) -> object:
    """What the run was told and has not answered."""
    return [order.name for order in at.writer.pending_commands()]


def log(at: Session) -> object:
    """What is in sight of the log."""
    return at.panel.screen.query_one(Log).top, at.panel.screen.query_one(Log).following


def metric(at: Session) -> object:
    """What is compared."""
    return at.panel.screen.query_one(ComparedChart).metric


def chosen(at: Session) -> object:
    """The option of the focused choice."""
    return at.panel.focused.value if isinstance(at.panel.focused, Choice) else None


V, D, C, H, M, F = Place.VIEW, Place.DASHBOARD, Place.CHARTS, Place.CHART, Place.COMPARE, Place.FORM
COMPARED, LEFT = ("space", "c"), ("escape", "space")
LIST = ("comma", "f2")
LOG, CHART, ACTIONS = ("l",), ("tab", "tab"), ("e", "tab", "tab", "tab")
FLOWS: dict[tuple[Place, str], Flow | str] = {
    (V, "start"): Flow(screen, after=("escape",)),
    (V, "clone"): Flow(screen, after=("escape",)),
    (V, "first"): "test_queue:test_it_says_what_it_waits_for_and_can_go_first",
    (V, "hardware"): Flow(screen, after=("escape",)),
    (V, "dashboard"): Flow(screen, LOG),
    (V, "run"): Flow(screen, after=("escape",)),
    (V, "whole_log"): Flow(screen, after=("escape",)),
    (V, "annotate"): Flow(screen, after=("escape",)),
    (V, "checkpoints"): "test_run_view:test_a_checkpoint_is_made_the_best_and_another_deleted",
    (V, "settings"): Flow(screen, after=("escape",)),
    (V, "pause"): Flow(orders),
    (V, "resume"): Flow(orders, state=RunState.PAUSED),
    (V, "stop"): Flow(screen, after=("escape",)),
    (V, "go_on"): Flow(lambda at: len(at.calls.asked), state=RunState.STOPPED),
    (V, "evaluate"): Flow(screen, after=("escape",)),
    (V, "checkpoint"): Flow(orders),
    (D, "open"): Flow(screen, after=("escape",)),
    (D, "logs"): Flow(screen, after=("escape",)),
    (D, "watch"): Flow(lambda at: at.panel.screen.query_one(Car).on, after=("w",)),
    (D, "maximise"): Flow(lambda at: at.panel.screen.maximized, ("tab",), ("z", "escape")),
    (D, "filter"): Flow(screen, after=("escape",)),
    (D, "unmark"): Flow(lambda at: at.panel.marks.ids, ("space",)),
    (D, "mark"): Flow(lambda at: at.panel.marks.ids, after=("space",)),
    (V, "compare"): Flow(screen, after=("escape",)),
    (V, "car"): Flow(screen, after=("escape",)),
    (V, "freeze"): Flow(lambda at: at.panel.frozen, after=("f",)),
    (V, "faster"): Flow(lambda at: at.panel.rate, after=("minus",)),
    (V, "slower"): Flow(lambda at: at.panel.rate, after=("plus",)),
    (V, "theme"): Flow(lambda at: at.panel.theme),
    (V, "help"): Flow(screen, after=("escape",)),
    (V, "palette"): Flow(screen, after=("escape",)),
    (V, "detach"): "test_dashboard:test_detach_by_every_key",
    (V, "suspend"): "test_terminal:test_suspend_and_continue",
    (D, "previous_run"): Flow(selected, ("down",)),
    (D, "next_run"): Flow(selected, (), ("up",)),
    (D, "first_run"): Flow(selected, ("down",)),
    (D, "last_run"): Flow(selected, (), ("up",)),
    (D, "next_pane"): Flow(focus, (), ("escape",)),
    (D, "previous_pane"): Flow(focus, (), ("escape",)),
    (D, "restore"): Flow(focus, ("tab",)),
    (C, "x_axis"): Flow(charts),
    (C, "log_scale"): Flow(charts),
    (C, "smooth"): Flow(charts),
    (C, "zoom_in"): Flow(charts, (), ("0",)),
    (C, "zoom_out"): Flow(charts, ("i",), ("0",)),
    (C, "pan_left"): Flow(charts, ("i",), ("0",)),
    (C, "pan_right"): Flow(charts, ("i", "left_square_bracket"), ("0",)),
    (C, "everything"): Flow(charts, ("i",)),
    (H, "cursor_left"): Flow(charts, CHART, ("0", "escape")),
    (H, "cursor_right"): Flow(charts, (*CHART, "home"), ("0", "escape")),
    (H, "cursor_first"): Flow(charts, CHART, ("0", "escape")),
    (H, "cursor_last"): Flow(charts, CHART, ("0", "escape")),
    (M, "next_metric"): Flow(metric, COMPARED, LEFT),
    (M, "previous_metric"): Flow(metric, COMPARED, LEFT),
    (M, "export"): Flow(lambda at: len([*at.home.glob("comparisons/*/*")]), COMPARED, LEFT),
    (M, "other_pane"): Flow(focus, COMPARED, LEFT),
    (Place.CAR, "other_car"): "test_car:test_best_and_training_take_turns",
    (Place.CAR, "record"): "test_car:test_what_is_driven_is_recorded",
    (Place.CAR, "record_gif"): "test_car:test_what_is_driven_is_recorded",
    (Place.READING, "back"): Flow(screen, LOG),
    (Place.TEXT, "scroll_up"): Flow(log, LOG, ("escape",)),
    (Place.TEXT, "scroll_down"): Flow(log, (*LOG, "g"), ("escape",)),
    (Place.TEXT, "page_up"): Flow(log, LOG, ("escape",)),
    (Place.TEXT, "page_down"): Flow(log, (*LOG, "g"), ("escape",)),
    (Place.TEXT, "scroll_home"): Flow(log, LOG, ("escape",)),
    (Place.TEXT, "scroll_end"): Flow(log, (*LOG, "g"), ("escape",)),
    (Place.HARDWARE, "other_half"): Flow(focus, ("4",), ("escape",)),
    (Place.RUN, "next_section"): "test_run_view:test_sections_are_turned_over_in_both_directions",
    (Place.RUN, "previous_section"): "test_run_view:test_sections_are_turned_over_in_both_directions",
    (Place.START, "copy"): "test_forms:test_a_clone_has_all_settings_of_its_run",
    (F, "submit"): Flow(screen, ("e",)),
    (F, "cancel"): Flow(screen, ("e",)),
    (F, "next_field"): Flow(focus, ("e",), ("escape",)),
    (F, "previous_field"): Flow(focus, ("e",), ("escape",)),
    (Place.CHOICE, "next_choice"): Flow(chosen, ACTIONS, ("escape",)),
    (Place.CHOICE, "previous_choice"): Flow(chosen, ACTIONS, ("escape",)),
    (Place.SETTINGS, "own_keys"): Flow(screen, ("comma",), ("escape", "escape")),
    (Place.OWN_KEYS, "change_key"): Flow(screen, LIST, ("escape",) * 3),
    (Place.OWN_KEYS, "add_key"): Flow(screen, LIST, ("escape",) * 3),
    (Place.OWN_KEYS, "usual_key"): "test_settings:test_keys_are_changed_in_the_list_of_them",
    (Place.ANYWHERE, "detach"): "test_dashboard:test_detach_by_every_key",
}
"""By place and action: the flow, or the test that has it because it needs a terminal or a world of its own."""


def test_every_key_has_a_flow() -> None:
    table = {(key.place, key.id) for key in KEYS}
    assert not table - FLOWS.keys(), "keys without a flow: say in FLOWS what they change"
    assert not FLOWS.keys() - table, "flows of keys that are no more"
    for named in {flow for flow in FLOWS.values() if isinstance(flow, str)}:
        module, _, name = named.partition(":")
        assert callable(getattr(importlib.import_module(f"tests.tui.{module}"), name)), named


@asynccontextmanager
async def session(home: Path) -> AsyncIterator[Session]:
    """The panel on its store."""
    stores.finished(home)
    paths, writer = stores.running(home)
    with paths.log.open("a") as lines:
        lines.writelines(f"line {number}\n" for number in range(200))
    calls = Calls()
    driver: Any = SimpleNamespace(poll=lambda: None)
    services = replace(calls.services(), drive=lambda _: driver)
    async with opened(on_store(home), services=services) as (panel, pilot):
        await shows(panel, "● running", "line 199")
        yield Session(panel, pilot, writer, calls, home)
    writer.close()


@pytest.mark.parametrize("place", Place, ids=lambda place: place.name.lower())
async def test_every_key_does_something(home: Path, place: Place) -> None:
    flows = [(key, flow) for key in keys_of(place) if isinstance(flow := FLOWS[key.place, key.id], Flow)]
    if not flows:
        return  # test_every_key_has_a_flow says where they are
    async with session(home) as at:
        for key, flow in flows:
            await ready(at, flow.state)
            for pressed in key.keys:
                await follow(at, key, flow, pressed)


async def ready(at: Session, state: RunState) -> None:
    """Let the selected run be in this state, and the panel know."""
    at.writer.set_state(state)
    at.panel.wake()
    await until(lambda: at.panel.selected_run is not None and at.panel.selected_run.state is state, f"{state}")


async def follow(at: Session, key: Key, flow: Flow, pressed: str) -> None:
    """Press one key, see that it did something, and go back."""
    await press(at.pilot, *flow.before)
    await settled(at, flow.look)
    seen = flow.look(at)
    await press(at.pilot, pressed)
    await until(lambda: flow.look(at) != seen, f"{pressed} ({key.id}) changes something: {seen}")
    for order in at.writer.pending_commands():
        at.writer.done(order.id, "ok")
    await press(at.pilot, *flow.after)
    await until(lambda: front(at.panel) == "Dashboard", f"{key.id} leads back")


async def settled(at: Session, look: Look) -> None:
    """Wait until what was pressed before has come to rest."""
    before: object = at
    while before != (now := look(at)):
        before = now
        await at.pilot.pause(0.05)
