"""What the terminal can do, what the panel will make of it, and what could be changed: for ``racetui doctor``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from racetui.preferences.schema import Preferences
from racetui.terminal.asking import SYMBOLS, Answers
from racetui.tui.pace import FASTEST, FASTEST_IN_TMUX, in_multiplexer
from racetui.tui.tailor import chosen_glyphs, chosen_theme

_SYSTEMS = {"truecolor": "16 million", "256": "256", "standard": "16", "": "none"}
"""Rich's names of what it takes the terminal for."""
_KNOWN = {
    "kitty": (True, True),
    "ghostty": (True, True),
    "wezterm": (True, True),
    "iterm2": (True, True),
    "foot": (True, True),
    "alacritty": (True, False),
    "vscode": (True, False),
    "windows terminal": (True, False),
    "apple_terminal": (False, False),
}
"""Terminals by the beginning of their names: takes text for the clipboard (OSC 52), shows notifications (OSC 9)."""
_CLIPBOARD = 52
"""Attribute by which some say in DA1 that they take OSC 52."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """All that is known before anything is concluded."""

    environment: Mapping[str, str]
    columns: int
    rows: int
    colours: str
    """As Rich, and so the panel, takes it: truecolor, 256, standard, or nothing."""
    answers: Answers | None
    """None where it was not asked."""
    preferences: Preferences

    @property
    def name(self) -> str:
        """Its own name for itself, else what the environment calls it."""
        said = self.answers.name if self.answers else ""
        windows = "Windows Terminal" if "WT_SESSION" in self.environment else ""
        return said or windows or self.environment.get("TERM_PROGRAM", "") or self.environment.get("TERM", "")


@dataclass(frozen=True, slots=True)
class Ability:
    """One of them."""

    name: str
    found: str
    follows: str
    """What the panel does because of it."""
    advice: str = ""
    """What to change; empty where nothing needs to be."""


def abilities(terminal: Terminal) -> list[Ability]:
    """Everything worth knowing, the same lines for every terminal."""
    return [
        _colours(terminal),
        _symbols(terminal),
        _size(terminal),
        _pixels(terminal),
        _link(terminal),
        _synchronized(terminal),
        *_messages(terminal),
    ]


def _colours(terminal: Terminal) -> Ability:
    environment, answers = terminal.environment, terminal.answers
    theme = chosen_theme(terminal.preferences.panel.theme, environment, terminal.colours)
    found = f"{_SYSTEMS.get(terminal.colours, terminal.colours)} (TERM={environment.get('TERM', '')})"
    if "NO_COLOR" in environment:
        return Ability(
            "colours", "none: NO_COLOR is set", "bold, dim and reverse instead", "unset NO_COLOR for colours"
        )
    advice = ""
    if answers and answers.true_colour and terminal.colours != "truecolor":
        advice = "it has 16 million: export COLORTERM=truecolor (ssh does not send it along)"
    elif answers and answers.light and theme == "dark" and terminal.preferences.panel.theme == "auto":
        advice = 'its background is light: press t, or set theme = "light" in config.toml'
    nearest = ", in the nearest of its colours" if terminal.colours == "256" else ""
    return Ability("colours", found, f"theme {theme}{nearest}", advice)


def _symbols(terminal: Terminal) -> Ability:
    glyphs = chosen_glyphs(terminal.preferences.panel.ascii, terminal.environment)
    language = next(
        (terminal.environment[name] for name in _LOCALE if terminal.environment.get(name)), "no locale set"
    )
    if glyphs.ascii:
        return Ability(
            "symbols", language, "ASCII alone", "for lines and curves, a UTF-8 locale: export LC_ALL=C.UTF-8"
        )
    cells = terminal.answers.cells if terminal.answers else None
    if cells is None or cells == len(SYMBOLS):
        measured = "each is one cell wide" if cells else "their width was not measured"
        return Ability("symbols", language, f"lines, curves and symbols; {measured}")
    return Ability(
        "symbols",
        f"{language}; {len(SYMBOLS)} of them take {cells} cells",
        "rows may be shifted where they stand",
        'set ascii = "always" in config.toml, or another font or ambiguous width in the terminal',
    )


_LOCALE = ("LC_ALL", "LC_CTYPE", "LANG")


def _size(terminal: Terminal) -> Ability:
    columns, rows = terminal.columns, terminal.rows
    if columns >= 110 and rows >= 34:
        follows, advice = "the whole dashboard, with room for the car", ""
    elif columns >= 60 and rows >= 18:
        follows, advice = "panes that there is no room for are left out; the car has a screen of its own", ""
    else:
        follows, advice = "rows and columns are cut off", "60x18 is the least that shows what matters"
    return Ability("size", f"{columns}x{rows}", follows, advice)


def _pixels(terminal: Terminal) -> Ability:
    if in_multiplexer(terminal.environment):
        return Ability("pictures", "no: tmux or screen is between", "the car in half blocks")
    if not (terminal.answers and terminal.answers.pixels):
        return Ability("pictures", "no (kitty's protocol)", "the car in half blocks")
    if not terminal.preferences.car.pixels:
        return Ability("pictures", "yes, but pixels = false in config.toml", "the car in half blocks")
    return Ability("pictures", "yes (kitty's protocol)", "the car in pixels")


def _link(terminal: Terminal) -> Ability:
    between = in_multiplexer(terminal.environment)
    fastest = min(FASTEST_IN_TMUX if between else FASTEST, terminal.preferences.car.frames)
    seconds = terminal.answers.seconds if terminal.answers else None
    if seconds is None:
        why = "not asked" if terminal.answers is None else "it does not answer (CSI 6n)"
        return Ability("link", f"unknown: {why}", "the car gets a picture every two seconds")
    who = ", by tmux or screen, whatever lies behind" if between else ""
    rate = min(fastest, 1 / max(seconds, 1e-3))
    slow = "for a slow link: refresh = 0.5 in config.toml" if seconds > 0.25 else ""
    return Ability(
        "link", f"{1000 * seconds:.0f} ms there and back{who}", f"up to {rate:.0f} pictures of the car a second", slow
    )


def _synchronized(terminal: Terminal) -> Ability:
    known = terminal.answers.synchronized if terminal.answers else None
    found = {True: "yes", False: "no", None: "unknown"}[known]
    return Ability("synchronized", found, "pictures appear whole" if known else "a picture may be seen half drawn")


def _messages(terminal: Terminal) -> Iterator[Ability]:
    """Clipboard and notifications, which no terminal can be asked about: what is known of its kind."""
    name = terminal.name.lower().removeprefix("xterm-")
    clipboard, notes = next((known for kind, known in _KNOWN.items() if name.startswith(kind)), (None, None))
    if terminal.answers and _CLIPBOARD in terminal.answers.attributes:
        clipboard = True
    words = {True: "yes", False: "no", None: "unknown"}
    tmux = in_multiplexer(terminal.environment)
    yield Ability(
        "clipboard",
        f"{words[clipboard]} (OSC 52, {terminal.name})",
        "what is copied in the panel " + ("lands in the clipboard" if clipboard else "may not arrive"),
        "in tmux: set -g set-clipboard on" if tmux else "",
    )
    yield Ability(
        "notifications",
        f"{words[notes]} (OSC 9, {terminal.name})",
        "events can be shown by the desktop" if notes else "the bell is the surer way",
        "in tmux: set -g allow-passthrough on" if tmux else "",
    )
