"""Choosing among runs by a line of text: ``agent:ppo return>800 state:running tag:good -note:old``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from racetui.runs.model import RunSummary

WORDS: dict[str, Callable[[RunSummary], Iterable[str]]] = {
    "state": lambda run: [run.state.value],
    "tag": lambda run: run.tags,
    "agent": lambda run: [run.agent],
    "collector": lambda run: [run.collector],
    "backend": lambda run: [run.backend],
    "observation": lambda run: [run.observation],
    "profile": lambda run: [run.profile],
    "stage": lambda run: [run.stage.name] if run.stage is not None else [],
    "id": lambda run: [run.id],
}
"""What has one of a few values: the whole word counts."""
TEXTS: dict[str, Callable[[RunSummary], str]] = {"name": lambda run: run.name, "note": lambda run: run.note}
"""What is text: any part of it counts."""
NUMBERS: dict[str, Callable[[RunSummary], float | None]] = {
    "return": lambda run: run.return_mean,
    "best": lambda run: run.best_mean,
    "frames": lambda run: run.frames,
    "episodes": lambda run: run.episodes,
    "speed": lambda run: run.frames_per_second,
    "done": lambda run: 100 * run.progress,
    "seed": lambda run: run.seed,
}
"""What is compared; ``done`` in percent, ``speed`` in frames per second."""
HELP = (
    f"words to be found, {' '.join(f'{key}:' for key in (*WORDS, *TEXTS))} {' '.join(NUMBERS)} with < > = ; - negates"
)

_COMPARED = re.compile(r"([a-z]+)(<=|>=|<|>|=)(-?\d+(?:\.\d+)?)([kM]?)")
_OPERATORS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}
_FACTORS = {"": 1.0, "k": 1e3, "M": 1e6}


class FilterError(ValueError):
    """A filter that cannot be understood; says which part, and what is known."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Runs of which every part of a text is true; all, of an empty one."""

    text: str = ""
    tests: tuple[Callable[[RunSummary], bool], ...] = ()

    def chosen(self, runs: Iterable[RunSummary]) -> tuple[RunSummary, ...]:
        """Those that are wanted, in their order."""
        return tuple(run for run in runs if all(test(run) for test in self.tests))


def parse_filter(text: str) -> Filter:
    """Read a filter. Raises FilterError."""
    parts = text.split()
    return Filter(" ".join(parts), tuple(_test(part) for part in parts))


def _test(part: str) -> Callable[[RunSummary], bool]:
    if part.startswith("-") and len(part) > 1:
        wanted = _test(part[1:])
        return lambda run: not wanted(run)
    if compared := _COMPARED.fullmatch(part):
        return _comparison(*compared.groups())
    key, colon, value = part.partition(":")
    value = value.lower()
    if not colon and not set("<>=") & set(part):
        word = part.lower()
        return lambda run: word in f"{run.id} {run.name} {' '.join(run.tags)} {run.note}".lower()
    if key in WORDS and value:
        words = WORDS[key]
        return lambda run: value in [word.lower() for word in words(run)]
    if key in TEXTS and value:
        text = TEXTS[key]
        return lambda run: value in text(run).lower()
    words_first = ", ".join(f"{name}:" for name in (*WORDS, *TEXTS))
    raise FilterError(f"{part!r} is not understood: {words_first} and a word, or {', '.join(NUMBERS)} and a limit")


def _comparison(key: str, sign: str, number: str, unit: str) -> Callable[[RunSummary], bool]:
    if key not in NUMBERS:
        raise FilterError(f"{key!r} is no number of a run: choose from {', '.join(NUMBERS)}")
    read, compare, limit = NUMBERS[key], _OPERATORS[sign], float(number) * _FACTORS[unit]

    def test(run: RunSummary) -> bool:
        value = read(run)
        return value is not None and bool(compare(value, limit))

    return test
