"""Values as people type them: 500k frames, 1h30m."""

from __future__ import annotations

import argparse
import re

_COUNT = re.compile(r"(\d+(?:_\d+)*)(?:\.(\d+))?([kM]?)")
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")
_SEEDS = re.compile(r"(\d{1,10})(?:-(\d{1,10}))?")
_FACTORS = {"": 1, "k": 1_000, "M": 1_000_000}


def count(text: str) -> int:
    """A whole number, plain or with k or M: 500000, 500k, 1.5M."""
    match = _COUNT.fullmatch(text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number such as 500000, 500k or 1.5M")
    whole, decimals, unit = match.groups()
    value = float(f"{whole.replace('_', '')}.{decimals or 0}") * _FACTORS[unit]
    if value != int(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(value)


def duration(text: str) -> float:
    """Seconds from 90, 90s, 10m, 1h30m."""
    match = _DURATION.fullmatch(text)
    if not match or not any(match.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time such as 90s, 10m or 1h30m")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + seconds


def some_time(text: str) -> float:
    """The same, more than none."""
    seconds = duration(text)
    if not seconds:
        raise argparse.ArgumentTypeError(f"{text!r} is no time: it must be more than 0")
    return seconds


def seeds(text: str) -> range:
    """Track seeds, the last one included: 100-199, or one alone: 137."""
    match = _SEEDS.fullmatch(text)
    first = int(match[1]) if match else 0
    found = range(first, int(match[2] or first) + 1) if match else range(0)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} are not seeds such as 100-199 or 137")
    return found


def counts(text: str) -> tuple[int, ...]:
    """Whole numbers between commas, each once: 1,2,4."""
    return tuple(dict.fromkeys(count(part) for part in text.split(",")))
