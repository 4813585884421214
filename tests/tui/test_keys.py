"""The key table: one truth, and somebody who acts on each of its rows."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from textual.keys import Keys, _character_to_key

from racetui.keynames import CHARACTERS, key_name
from racetui.keys import KEYS, Key, Place, choose, for_footer, keys_of, shown
from racetui.runs.model import RunState
from racetui.tui.app import Panel
from racetui.tui.forms.choice import Choice
from racetui.tui.forms.form import Form
from racetui.tui.forms.own_keys import KeyList, KeysScreen
from racetui.tui.forms.start import StartForm
from racetui.tui.presses import bindings
from racetui.tui.screens.car import CarView
from racetui.tui.screens.compare import ComparedChart, CompareView
from racetui.tui.screens.dashboard import Dashboard
from racetui.tui.screens.hardware import HardwareView
from racetui.tui.screens.help import HelpScreen
from racetui.tui.screens.logs import LogView
from racetui.tui.screens.run import RunView
from racetui.tui.screens.settings import SettingsForm
from racetui.tui.scrolled import Scrolled
from racetui.tui.widgets.car import Car
from racetui.tui.widgets.chart import Chart
from tests.tui import scenes

TAKERS = (
    *(Panel, Dashboard, RunView, LogView, CarView, CompareView, Car, Chart, ComparedChart),
    *(HardwareView, HelpScreen, Scrolled, Form, StartForm, Choice, SettingsForm, KeysScreen, KeyList),
)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.place.name.lower()}-{key.id}")
def test_every_key_is_bound_and_done(key: Key) -> None:
    takers = [taker for taker in TAKERS if key.place in taker.PLACES]
    assert takers, f"nobody takes the keys of {key.place}"
    for taker in takers:
        assert hasattr(taker, f"do_{key.id}") or hasattr(Panel, f"do_{key.id}"), (
            f"{taker.__name__}.do_{key.id} is missing"
        )
        bound = {binding.key for binding in taker.BINDINGS}  # type: ignore[union-attr]
        assert set(key.keys) <= bound, f"{taker.__name__} does not bind {key.keys}"


def test_nothing_is_bound_that_the_table_does_not_have() -> None:
    for taker in TAKERS:
        known = {name for key in keys_of(*taker.PLACES) for name in key.keys}
        assert {binding.key for binding in taker.BINDINGS} == known  # type: ignore[union-attr]


def test_textuals_own_keys_do_not_surprise() -> None:
    """Nothing inherited: no ctrl+q that ends, no palette of Textual's, no copying of selected cells."""
    panel = Panel(scenes.Still)
    assert set(panel._bindings.key_to_bindings) == {"ctrl+c", "ctrl+q"}
    for screen, places in (
        (Dashboard(), Dashboard.PLACES),
        (CompareView(), CompareView.PLACES),
        (HelpScreen(""), HelpScreen.PLACES),
    ):
        assert set(screen._bindings.key_to_bindings) == {name for key in keys_of(*places) for name in key.keys}


@pytest.mark.parametrize("taker", TAKERS, ids=lambda taker: taker.__name__)
@pytest.mark.parametrize("state", [None, *RunState], ids=str)
def test_a_pressed_key_never_means_two_things(taker: type[Panel], state: RunState | None) -> None:
    for saved in (None, 1000):
        run = replace(scenes.RUN, state=state, checkpoint_frames=saved) if state else None
        for binding in bindings(*taker.PLACES):
            meant = [key for key in keys_of(*taker.PLACES) if binding.key in key.keys and key.need.met(run)]  # type: ignore[union-attr]
            assert len(meant) <= 1, f"{binding.key} means {[key.id for key in meant]}"  # type: ignore[union-attr]


def test_names_are_textuals() -> None:
    named = {key.value for key in Keys}
    for key in KEYS:
        for name in key.keys:
            assert len(name) == 1 or name in named or name in CHARACTERS or name == "space", name


def test_what_people_write_is_what_textual_calls_it() -> None:
    for character in string.printable.strip() + " äß":
        assert key_name(character) == _character_to_key(character)
    assert [key_name(text) for text in ("esc", "PgUp", "ctrl+p", "shift+up")] == [
        "escape",
        "pageup",
        "ctrl+p",
        "shift+up",
    ]


def test_p_pauses_or_resumes_by_the_state_of_the_run() -> None:
    places = (Place.DASHBOARD, Place.VIEW)
    assert choose("p", places, scenes.RUN)[0] == next(key for key in KEYS if key.id == "pause")
    assert choose("p", places, scenes.PAUSED)[0] == next(key for key in KEYS if key.id == "resume")
    key, why = choose("p", places, scenes.FINISHED)
    assert key is None
    assert why == "p (pause) needs a run that trains · p (resume) needs a paused run"


def test_the_footer_shows_what_applies() -> None:
    labels = [key.label for key in for_footer((Place.DASHBOARD, Place.VIEW), scenes.RUN)]
    assert "pause" in labels
    assert "resume" not in labels
    ended = replace(scenes.FINISHED, checkpoint_frames=1000)
    assert [key.id for key in for_footer((Place.VIEW,), ended) if key.label == "resume"] == ["go_on"]
    assert [key.id for key in for_footer((Place.VIEW,), None) if key.need.text != "nothing"] == []


def test_keys_are_shown_as_people_write_them() -> None:
    assert [shown(name) for name in ("question_mark", "colon", "plus", "escape", "C", "ctrl+p")] == [
        "?",
        ":",
        "+",
        "esc",
        "C",
        "ctrl+p",
    ]
    assert shown("up", arrows=True) == "↑"
    assert shown("up") == "up"


def test_every_letter_has_an_alternative_to_control_keys() -> None:
    """Some terminals swallow control keys: nothing but leaving the shell's job control may depend on one."""
    for key in KEYS:
        if all(name.startswith("ctrl+") for name in key.keys):
            assert key.id in {"suspend", "detach"}
