"""What text in the start form must be: each rule makes a value of it, or raises ValueError with what is wrong."""

from __future__ import annotations

import re
import shlex
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

from racetui.environment import OWN
from racetui.spec import MAX_SEED, RunSpec
from racetui.tui.forms.entry import whole
from racetui.values import count, duration

seed = whole(0, MAX_SEED)


def name(text: str) -> str:
    """Of a run, or nothing."""
    found = text.strip()
    if found:
        try:
            RunSpec(found)
        except ValueError:
            raise ValueError("letters, digits, . _ and - only") from None
    return found


def environment(text: str) -> str:
    """The id of one, as Gymnasium writes it; nothing, and CarRacing's own, are none."""
    found = text.strip()
    if found and not re.fullmatch(r"([\w.]+:)?[\w./-]+", found):
        raise ValueError("such as CartPole-v1")
    return "" if found == OWN else found


def optional(rule: Callable[[str], int]) -> Callable[[str], int | None]:
    """The same rule, or nothing."""
    return lambda text: rule(text) if text.strip() else None


def amount(kind: str) -> Callable[[str], float]:
    """So much of a kind of budget, more than none."""

    def parse(text: str) -> float:
        try:
            value = duration(text.strip()) if kind == "time" else count(text.strip())
        except ArgumentTypeError:
            raise ValueError("such as 90s, 10m or 1h30m" if kind == "time" else "such as 500k or 2M") from None
        if value <= 0:
            raise ValueError("more than 0")
        return value

    return parse


def directory(text: str) -> str:
    """Of demonstrations, absolute."""
    if not text.strip():
        raise ValueError("racetui demos records one")
    path = Path(text.strip()).expanduser().absolute()
    if not path.is_dir():
        raise ValueError("there is no such directory")
    return str(path)


def settings(text: str) -> tuple[str, ...]:
    """Each as ``--set`` takes it."""
    try:
        found = tuple(shlex.split(text))
    except ValueError:
        raise ValueError("a quotation mark is missing") from None
    for setting in found:
        if "=" not in setting.strip("="):
            raise ValueError(f"key=value, not {setting}")
    return found
