"""Textual's names of the characters that are no letters, and what people call other keys. Textual-free."""

from __future__ import annotations

import string

_IN_ORDER = (
    "exclamation_mark quotation_mark number_sign dollar_sign percent_sign ampersand apostrophe "
    "left_parenthesis right_parenthesis asterisk plus comma minus full_stop slash colon semicolon "
    "less_than_sign equals_sign greater_than_sign question_mark at left_square_bracket backslash "
    "right_square_bracket circumflex_accent underscore grave_accent left_curly_bracket vertical_line "
    "right_curly_bracket tilde"
)
CHARACTERS = dict(zip(_IN_ORDER.split(), string.punctuation, strict=True))
"""By name: what is typed."""
_NAMES = {character: name for name, character in CHARACTERS.items()}
_SPOKEN = {"esc": "escape", "pgup": "pageup", "pgdn": "pagedown", "return": "enter", "del": "delete", "ins": "insert"}
_NAMED = frozenset(
    {"up", "down", "left", "right", "home", "end", "pageup", "pagedown"}
    | {"insert", "delete", "backspace", "tab", "enter", "escape", "space"}
) | frozenset(f"f{number}" for number in range(1, 13))
_ARROWS = frozenset(["up", "down", "left", "right"])
_CONTROLLED = frozenset("abcdefghijklmnopqrstuvwxyz") | _ARROWS
_SAME = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+j": "enter"}
"""Keys that terminals send as others."""


class KeyNameError(ValueError):
    """No key that a terminal sends; says what is allowed."""


def key_name(text: str) -> str:
    """Textual's name of a key that a person wrote: P, ?, esc, ctrl+p, f5, shift+up. Raises KeyNameError."""
    if len(text) == 1 and (text.isalnum() or text in _NAMES or text == " "):
        return "space" if text == " " else _NAMES.get(text, text)
    name = _SPOKEN.get(text.lower(), text.lower())
    if name in _NAMED or name in CHARACTERS:
        return name
    held, _, last = name.rpartition("+")
    if name in _SAME:
        raise KeyNameError(f"{text} is {_SAME[name]} to a terminal: write that")
    if held == "shift" and len(last) == 1 and last.isalpha():
        raise KeyNameError(f"{text} is written {last.upper()}")
    if (held == "shift" and last in _ARROWS | {"tab"}) or (held == "ctrl" and last in _CONTROLLED):
        return name
    raise KeyNameError(
        f"{text!r} is no key that every terminal sends: take a character (P, ?), enter, esc, space, tab, an arrow "
        "(up), home, end, pgup, pgdn, f1 to f12, ctrl with a letter (ctrl+p), or shift with an arrow (shift+up)"
    )


def typed(name: str) -> bool:
    """Whether a key is a character that text fields take."""
    return len(name) == 1 or name == "space" or name in CHARACTERS
