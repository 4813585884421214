"""The key table with a person's own keys in it. Textual-free."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import product
from typing import Any

from racetui.keynames import key_name, typed
from racetui.keys import KEYS, Key, Place, shown
from racetui.runs.model import RunState, RunSummary

_OVER = {Place.FORM, Place.CHOICE, Place.START, Place.SETTINGS, Place.OWN_KEYS}
"""What lies over everything else."""
_TOGETHER = (
    frozenset(Place) - _OVER,
    {Place.FORM, Place.CHOICE, Place.START},
    {Place.FORM, Place.CHOICE, Place.SETTINGS},
    {Place.OWN_KEYS, Place.TEXT, Place.READING},
)
"""Places whose keys work at the same time."""


def remapped(
    given: object, source: str, table: tuple[Key, ...] = KEYS
) -> tuple[tuple[Key, ...], Mapping[str, Sequence[str]], tuple[str, ...]]:
    """The table with other keys for some actions, those that were changed, and what was wrong with the others.

    ``given`` is action -> key, or keys, as a person wrote it; ``source`` opens every complaint. An action keeps its
    own keys where something is wrong with the wanted ones.
    """
    if not isinstance(given, Mapping):
        return table, {}, (f'{source} must be a section, [keys], with lines as pause = "P"',)
    if not given:
        return table, {}, ()
    wanted: dict[str, tuple[str, ...]] = {}
    problems: list[str] = []
    for action, keys in given.items():
        try:
            wanted[_action(action, table)] = _names(keys)
        except ValueError as error:
            problems.append(f"{source}.{action}: {error}")
    while True:
        result = _with(wanted, table)
        clash = _clash(result, wanted)
        if clash is None:
            return result, wanted, tuple(problems)
        action, why = clash
        problems.append(f"{source}.{action}: {why}")
        del wanted[action]


def changed(
    own: Mapping[str, Sequence[str]], action: str, names: Sequence[str], table: tuple[Key, ...] = KEYS
) -> tuple[tuple[Key, ...], Mapping[str, Sequence[str]]]:
    """The table and its changes, as ``remapped`` has them, with these keys for one more action.

    Without any it has its usual ones. Raises ValueError that says who has the key.
    """
    wanted = {other: tuple(keys) for other, keys in own.items() if other != action}
    if names:
        wanted[action] = tuple(dict.fromkeys(names))
    result = _with(wanted, table)
    clash = _clash(result, {action: names})
    if clash is not None:
        raise ValueError(clash[1])
    return result, wanted


def _with(wanted: Mapping[str, tuple[str, ...]], table: Iterable[Key]) -> tuple[Key, ...]:
    return tuple(replace(key, keys=wanted[key.id]) if _changes(key, wanted) else key for key in table)


def _changes(key: Key, wanted: Mapping[str, object]) -> bool:
    """Ctrl+C leaves, whatever anyone writes."""
    return key.id in wanted and key.place is not Place.ANYWHERE


def _action(name: str, table: Iterable[Key]) -> str:
    known = list(dict.fromkeys(key.id for key in table))
    if name in known:
        return name
    close = difflib.get_close_matches(name, known, n=1)
    raise ValueError(f"no such action: {f'did you mean {close[0]}?' if close else 'choose from ' + ', '.join(known)}")


def _names(value: object) -> tuple[str, ...]:
    texts: list[Any] = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise ValueError(f'must be a key, as "P", or a list of keys, not {value!r}')
    return tuple(dict.fromkeys(key_name(text) for text in texts))


def _clash(table: Sequence[Key], wanted: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """The first changed action whose key cannot be its own, and why."""
    for key in (key for key in table if _changes(key, wanted)):
        for name in key.keys:
            if key.place is Place.FORM and typed(name):
                return key.id, f"{shown(name)} is typed into the fields of forms: take one that is no character"
            for other in table:
                if other is not key and name in other.keys and _meet(key, other):
                    return key.id, f"{shown(name)} is taken by {other.id} ({other.place.value})"
    return None


def _meet(one: Key, other: Key) -> bool:
    """Both could be meant at once."""
    places = {one.place, other.place}
    if one.id == other.id or not (Place.ANYWHERE in places or any(places <= together for together in _TOGETHER)):
        return False
    return any(one.need.met(run) and other.need.met(run) for run in _runs())


def _runs() -> Iterable[RunSummary | None]:
    """A run of each kind that keys tell apart, and none."""
    yield None
    blank: dict[str, Any] = {field.name: 0 for field in fields(RunSummary)}
    for state, saved in product(RunState, (None, 1)):
        yield RunSummary(**blank | {"state": state, "checkpoint_frames": saved, "best_frames": saved, "stages": ()})
