"""The symbols the panel draws with, and their ASCII stand-ins where the locale has no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from racetui.runs.model import RunState


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of symbols, one cell wide but for ``plus_minus``."""

    ascii: bool
    states: dict[RunState, str]
    corners: str
    """Top left, top right, bottom left, bottom right."""
    horizontal: str
    vertical: str
    axis_corner: str
    tick: str
    bar_full: str
    bar_empty: str
    levels: str
    """From nothing to full, for one-cell bars."""
    pointer: str
    ellipsis: str
    dot: str
    """Between facts in a line."""
    plus_minus: str
    times: str
    less: str
    more: str
    point: str
    """A curve of one point."""
    nan: str
    """On the x-axis where a value is not a number."""

    def state(self, state: RunState) -> str:
        """The symbol of a run's state."""
        return self.states[state]


UNICODE = Glyphs(
    ascii=False,
    states={
        RunState.QUEUED: "○",
        RunState.STARTING: "◌",
        RunState.RUNNING: "●",
        RunState.PAUSING: "⏸",
        RunState.PAUSED: "⏸",
        RunState.EVALUATING: "◆",
        RunState.STOPPING: "■",
        RunState.FINISHED: "✓",
        RunState.STOPPED: "■",
        RunState.FAILED: "✗",
        RunState.STALLED: "▲",
        RunState.CRASHED: "✗",
    },
    corners="╭╮╰╯",
    horizontal="─",
    vertical="│",
    axis_corner="╰",
    tick="┤",
    bar_full="█",
    bar_empty="░",
    levels=" ▁▂▃▄▅▆▇█",
    pointer="▌",
    ellipsis="…",
    dot="·",
    plus_minus="±",
    times="\N{MULTIPLICATION SIGN}",
    less="◂",
    more="▸",
    point="•",
    nan="\N{MULTIPLICATION SIGN}",
)

ASCII = Glyphs(
    ascii=True,
    states={
        RunState.QUEUED: "o",
        RunState.STARTING: "o",
        RunState.RUNNING: "*",
        RunState.PAUSING: "=",
        RunState.PAUSED: "=",
        RunState.EVALUATING: "@",
        RunState.STOPPING: "#",
        RunState.FINISHED: "+",
        RunState.STOPPED: "#",
        RunState.FAILED: "!",
        RunState.STALLED: "^",
        RunState.CRASHED: "!",
    },
    corners="++++",
    horizontal="-",
    vertical="|",
    axis_corner="+",
    tick="|",
    bar_full="#",
    bar_empty=".",
    levels=" .:-=+*#@",
    pointer=">",
    ellipsis="~",
    dot="-",
    plus_minus="+/-",
    times="x",
    less="<",
    more=">",
    point="o",
    nan="x",
)


def choose_glyphs(environment: Mapping[str, str]) -> Glyphs:
    """The set that the locale named by the environment can carry; no locale at all counts as UTF-8."""
    name = environment.get("LC_ALL") or _ctype(environment) or environment.get("LANG", "")
    return UNICODE if not name or "utf8" in name.lower().replace("-", "") else ASCII


def _ctype(environment: Mapping[str, str]) -> str:
    """LC_CTYPE, but for the value that Python itself sets under LANG=C (PEP 538)."""
    coerced = environment.get("LANG") in {"C", "POSIX"}
    return "" if coerced else environment.get("LC_CTYPE", "")
