"""The panel's keys: the one table from which bindings, footer, help and palette are made. Textual-free."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from racetui.keynames import CHARACTERS
from racetui.runs.model import RunState, RunSummary


class Place(StrEnum):
    """Where a key works; the value is its heading in the help."""

    DASHBOARD = "Dashboard"
    VIEW = "Dashboard, run, log, comparison, hardware and car views"
    CHARTS = "Charts, on the dashboard and in the comparison"
    CHART = "The focused chart"
    COMPARE = "Comparison"
    CAR = "The car"
    HARDWARE = "Hardware"
    RUN = "Run view"
    READING = "Run view, log view, comparison, hardware, car and help"
    TEXT = "Scrolling text: log, run view, log view, ranking, hardware, help"
    FORM = "Forms"
    START = "The form that starts a run"
    CHOICE = "A choice in a form"
    SETTINGS = "Settings"
    OWN_KEYS = "The list of keys, in the settings"
    ANYWHERE = "Anywhere"


@dataclass(frozen=True, slots=True)
class Need:
    """What a key needs of the selected run before it does anything."""

    text: str
    """In words that follow "needs"."""
    met: Callable[[RunSummary | None], bool]


def _in(states: frozenset[RunState]) -> Callable[[RunSummary | None], bool]:
    return lambda run: run is not None and run.state in states


_TRAINING = frozenset({RunState.QUEUED, RunState.STARTING, RunState.RUNNING, RunState.STALLED})
_PAUSED = frozenset({RunState.PAUSING, RunState.PAUSED})

NOTHING = Need("nothing", lambda run: True)
A_RUN = Need("a run", lambda run: run is not None)
TRAINING = Need("a run that trains", _in(_TRAINING))
PAUSED = Need("a paused run", _in(_PAUSED))
WORKING = Need("a run that trains or is paused", _in(_TRAINING | _PAUSED))
ALIVE = Need("a run that has not ended", lambda run: run is not None and not run.state.ended)
OVER = Need(
    "a run that ended and has a checkpoint, or stages left, or never began",
    lambda run: (
        run is not None
        and run.state.ended
        and (run.checkpoint_frames is not None or run.stage is not None or not run.begun)
    ),
)
QUEUED = Need("a run that waits for its turn", _in(frozenset({RunState.QUEUED})))
SAVED = Need("a run with a checkpoint", lambda run: run is not None and run.checkpoint_frames is not None)
TESTABLE = Need(
    "a run that trains or is paused, or has a checkpoint",
    lambda run: run is not None and (run.state in _TRAINING | _PAUSED or run.checkpoint_frames is not None),
)


ACTING = frozenset(
    {
        *(
            "start",
            "clone",
            "pause",
            "resume",
            "stop",
            "go_on",
            "first",
            "evaluate",
            "checkpoint",
            "checkpoints",
            "annotate",
        ),
        *("export", "record", "record_gif"),
    }
)
"""Actions that change something outside the panel: keys that a read-only one shows as unavailable."""


@dataclass(frozen=True, slots=True)
class Key:
    """One thing a person can do by key."""

    id: str
    """Name of the action."""
    keys: tuple[str, ...]
    """Textual's names of the keys; the first is the one shown."""
    help: str
    """One sentence for the help and the palette."""
    place: Place
    label: str = ""
    """Footer text; empty keeps it out of the footer."""
    need: Need = NOTHING
    rank: int = 5
    """Where the footer is too narrow, high ranks go first."""
    in_palette: bool = True
    group: bool = False
    """It goes to all marked runs where there are marks."""

    @property
    def acts(self) -> bool:
        """It changes something outside the panel, which a read-only one does not."""
        return self.id in ACTING


def _silent(id: str, keys: str, help: str, place: Place) -> Key:
    """A key that explains itself: in the help, but neither in the footer nor in the palette."""
    return Key(id, tuple(keys.split()), help, place, in_palette=False)


KEYS = (
    Key("start", ("s",), "Start a run: choose agent, collector, profile and budget", Place.VIEW, "start", rank=1),
    Key("clone", ("S",), "Start a run like the selected one, all of its settings taken over", Place.VIEW, need=A_RUN),
    Key("pause", ("p",), "Pause the selected run between two steps", Place.VIEW, "pause", TRAINING, 2, group=True),
    Key("resume", ("p",), "Let the paused run go on", Place.VIEW, "resume", PAUSED, 2, group=True),
    Key(
        "stop",
        ("x",),
        "Stop the selected run: after this round, now, or kill",
        Place.VIEW,
        "stop",
        ALIVE,
        3,
        group=True,
    ),
    Key(
        "go_on",
        ("R",),
        "Train on from the last checkpoint of a run that ended",
        Place.VIEW,
        "resume",
        OVER,
        3,
        group=True,
    ),
    Key(
        "evaluate",
        ("e",),
        "Drive test tracks with a checkpoint of the selected run",
        Place.VIEW,
        "evaluate",
        TESTABLE,
        group=True,
    ),
    Key("first", ("F",), "Let the queued run go before all others that wait", Place.VIEW, "first", QUEUED, rank=3),
    Key("checkpoint", ("C",), "Save the selected run as it is now", Place.VIEW, "checkpoint", WORKING, 8, group=True),
    Key("open", ("enter",), "Everything about the selected run", Place.DASHBOARD, "open", A_RUN, rank=6),
    Key("dashboard", ("1",), "Back to all runs", Place.VIEW),
    Key("run", ("2",), "Everything about the selected run, from anywhere", Place.VIEW, need=A_RUN),
    Key("whole_log", ("6",), "The whole log of the selected run, from anywhere", Place.VIEW, need=A_RUN),
    Key("annotate", ("a",), "Write a note on the selected run, and its tags", Place.VIEW, "note", A_RUN, rank=8),
    Key(
        "checkpoints",
        ("K",),
        "Make a checkpoint of the selected run the best one, or delete it",
        Place.VIEW,
        "checkpoints",
        SAVED,
        rank=7,
    ),
    Key(
        "filter",
        ("slash",),
        "Show only runs such as agent:ppo return>800 tag:good",
        Place.DASHBOARD,
        "filter",
        rank=8,
    ),
    Key("logs", ("l",), "The whole log of the selected run", Place.DASHBOARD, "log", A_RUN, rank=6),
    Key(
        "watch",
        ("w",),
        "Watch a car drive, beside the charts or on a screen of its own",
        Place.DASHBOARD,
        "watch",
        A_RUN,
        rank=7,
    ),
    Key("maximise", ("z",), "Let the focused pane fill the screen, and back", Place.DASHBOARD, "maximise", rank=9),
    Key(
        "mark",
        ("space",),
        "Mark the selected run, or no more: up to six to compare, and to give orders to together",
        Place.DASHBOARD,
        "mark",
        A_RUN,
        8,
    ),
    Key("unmark", ("u",), "Unmark all runs", Place.DASHBOARD),
    Key(
        "compare",
        ("c", "3"),
        "The marked runs side by side: curves, ranking, settings",
        Place.VIEW,
        "compare",
        rank=7,
    ),
    Key("hardware", ("4",), "The machine and who uses it: cores, memory, GPUs, disk, processes", Place.VIEW),
    Key("car", ("5",), "The car on the whole screen, with its actions and the track", Place.VIEW, need=A_RUN),
    Key("freeze", ("f",), "Stop redrawing, and go on; the runs do not notice", Place.VIEW, "freeze", rank=7),
    Key("faster", ("plus", "equals_sign"), "Refresh more often, up to 4 times a second", Place.VIEW),
    Key("slower", ("minus", "underscore"), "Refresh less often, down to every 4 seconds", Place.VIEW),
    Key("theme", ("t",), "Next theme; config.toml remembers it", Place.VIEW),
    Key("settings", ("comma",), "Settings: what each is, where it came from, and another value for it", Place.VIEW),
    Key("help", ("question_mark", "f1"), "All keys, and what the focused pane shows", Place.VIEW, "help", rank=0),
    Key("palette", ("colon", "ctrl+p"), "Search the commands", Place.VIEW, "commands", rank=4, in_palette=False),
    Key("detach", ("q",), "Leave the panel; every run goes on", Place.VIEW, "detach", rank=0),
    Key("suspend", ("ctrl+z",), "Put the panel into the background of your shell", Place.VIEW, in_palette=False),
    _silent("previous_run", "up k", "Select the run above", Place.DASHBOARD),
    _silent("next_run", "down j", "Select the run below", Place.DASHBOARD),
    _silent("first_run", "home g", "Select the first run", Place.DASHBOARD),
    _silent("last_run", "end G", "Select the last run", Place.DASHBOARD),
    _silent("next_pane", "tab right", "Focus the next pane", Place.DASHBOARD),
    _silent("previous_pane", "shift+tab left h", "Focus the pane before", Place.DASHBOARD),
    _silent("restore", "escape", "Undo maximising; back to the run list", Place.DASHBOARD),
    Key("x_axis", ("X",), "Draw over the next of frames, steps, wall time, training time, episodes", Place.CHARTS),
    Key("log_scale", ("y",), "A logarithmic or a linear scale for the focused chart", Place.CHARTS),
    Key("smooth", ("m",), "Smooth more, the raw line behind; after the most not at all", Place.CHARTS),
    Key("zoom_in", ("i",), "Closer to the cursor, else to the newest point", Place.CHARTS),
    Key("zoom_out", ("o",), "Further from it", Place.CHARTS),
    Key("pan_left", ("left_square_bracket",), "Show what was before", Place.CHARTS),
    Key(
        "pan_right",
        ("right_square_bracket",),
        "Show what was after; at the end, follow the newest point",
        Place.CHARTS,
    ),
    Key("everything", ("0",), "Show everything again, without cursor", Place.CHARTS),
    _silent("cursor_left", "left", "Read off values one cell further left", Place.CHART),
    _silent("cursor_right", "right", "Read off values one cell further right", Place.CHART),
    _silent("cursor_first", "home", "Read off the first values", Place.CHART),
    _silent("cursor_last", "end", "Read off the newest values", Place.CHART),
    Key("next_metric", ("n",), "Compare the next metric", Place.COMPARE, "metric", rank=1),
    Key("previous_metric", ("N",), "Compare the metric before", Place.COMPARE),
    Key(
        "export",
        ("E",),
        "Write the comparison to the store: CSV, JSON, SVG, PNG, text",
        Place.COMPARE,
        "export",
        rank=1,
    ),
    Key("other_pane", ("tab", "shift+tab"), "Chart or ranking", Place.COMPARE, "pane", rank=2, in_palette=False),
    _silent("other_half", "tab shift+tab", "The machine, or the runs on it", Place.HARDWARE),
    Key(
        "other_car",
        ("B",),
        "Show the other one: training as it is now, or the best checkpoint",
        Place.CAR,
        "other",
        A_RUN,
        rank=1,
    ),
    Key(
        "record",
        ("v",),
        "Record what is driven to a video in the run's directory, and finish it",
        Place.CAR,
        "record",
        A_RUN,
        rank=1,
    ),
    Key("record_gif", ("V",), "The same to a GIF, which every browser shows", Place.CAR, need=A_RUN),
    Key("next_section", ("tab",), "To the next section", Place.RUN, "section", rank=1, in_palette=False),
    _silent("previous_section", "shift+tab", "To the section before", Place.RUN),
    Key("back", ("escape", "enter"), "Back to the dashboard", Place.READING, "back", rank=0, in_palette=False),
    _silent("scroll_up", "up k", "One line up", Place.TEXT),
    _silent("scroll_down", "down j", "One line down", Place.TEXT),
    _silent("page_up", "pageup b", "One page up", Place.TEXT),
    _silent("page_down", "pagedown space", "One page down", Place.TEXT),
    _silent("scroll_home", "home g", "To the beginning", Place.TEXT),
    _silent("scroll_end", "end G", "To the end; a log follows from there", Place.TEXT),
    Key("submit", ("enter",), "Do it", Place.FORM, "go", rank=0, in_palette=False),
    Key("cancel", ("escape",), "Leave the form; nothing happens", Place.FORM, "cancel", rank=0, in_palette=False),
    Key("next_field", ("tab", "down"), "Next field", Place.FORM, "next field", rank=2, in_palette=False),
    _silent("previous_field", "up shift+tab", "Field above", Place.FORM),
    Key(
        "copy",
        ("y", "f2", "ctrl+y"),
        "Copy the command that does the same; y only while no text is typed",
        Place.START,
        "copy command",
        rank=3,
        in_palette=False,
    ),
    Key("next_choice", ("right", "l", "space"), "Next choice", Place.CHOICE, "choose", rank=1, in_palette=False),
    _silent("previous_choice", "left h", "Choice before", Place.CHOICE),
    Key(
        "own_keys",
        ("K", "f2"),
        "The list of keys, to change them; K only while no text is typed",
        Place.SETTINGS,
        "keys",
        rank=1,
        in_palette=False,
    ),
    Key("change_key", ("enter",), "Another key for the action", Place.OWN_KEYS, "change", rank=1, in_palette=False),
    Key("add_key", ("a",), "One more key for the action", Place.OWN_KEYS, "add", rank=2, in_palette=False),
    Key(
        "usual_key",
        ("d", "delete"),
        "The usual keys of the action again",
        Place.OWN_KEYS,
        "usual",
        rank=2,
        in_palette=False,
    ),
    _silent("detach", "ctrl+c ctrl+q", "Leave the panel; every run goes on", Place.ANYWHERE),
)

_SHOWN = {**CHARACTERS, "escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}
_ARROWS = {"up": "↑", "down": "↓", "left": "←", "right": "→"}


def shown(key: str, arrows: bool = False) -> str:
    """The name of a key as people write it; with arrows where the screen has them."""
    return (_ARROWS.get(key) if arrows else None) or _SHOWN.get(key, key)


def keys_of(*places: Place, table: Iterable[Key] = KEYS) -> tuple[Key, ...]:
    """The keys of some places, in the table's order."""
    return tuple(key for key in table if key.place in places)


def applies(key: Key, run: RunSummary | None, marked: Sequence[RunSummary] = ()) -> bool:
    """Whether a key would do anything to the selected run, or to any of those that are marked."""
    return any(map(key.need.met, marked)) if key.group and marked else key.need.met(run)


def choose(
    pressed: str,
    places: Iterable[Place],
    run: RunSummary | None,
    marked: Sequence[RunSummary] = (),
    *,
    table: Iterable[Key] = KEYS,
) -> tuple[Key | None, str]:
    """What a pressed key means now: the action that applies, or None and why there is none."""
    meanings = [key for key in keys_of(*places, table=table) if pressed in key.keys]
    for key in meanings:
        if applies(key, run, marked):
            return key, ""
    return None, " · ".join(
        f"{shown(pressed)} ({key.id.replace('_', ' ')}) needs {key.need.text}" for key in meanings
    )


def for_footer(
    places: Iterable[Place],
    run: RunSummary | None,
    marked: Sequence[RunSummary] = (),
    *,
    table: Iterable[Key] = KEYS,
) -> tuple[Key, ...]:
    """The keys worth a place in the footer now, in the table's order; of several on one key, what it means now."""
    found: dict[str, Key] = {}
    for key in keys_of(*places, table=table):
        if key.label and applies(key, run, marked):
            found.setdefault(key.keys[0], key)
    return tuple(found.values())
