"""How the panel looks: the styles of one theme, and the symbols of one locale, as plain data for whoever draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.style import Style

from racetui.runs.model import RunState
from racetui.tui.glyphs import Glyphs
from racetui.tui.marks import ROLES


@dataclass(frozen=True, slots=True)
class Look:
    """Styles by what they mean; none has a background but ``selected`` and ``marked``."""

    glyphs: Glyphs
    text: Style
    strong: Style
    muted: Style
    faint: Style
    accent: Style
    good: Style
    warn: Style
    bad: Style
    info: Style
    edge: Style
    edge_focus: Style
    title: Style
    selected: Style
    """The chosen row, on top of its other styles."""
    series: Mapping[str, Style]
    """By role of a chart's cells."""
    colours: bool = True
    """Whether there are any."""

    def state(self, state: RunState) -> Style:
        """The colour of a run's state; never the only sign of it."""
        return {
            RunState.RUNNING: self.good,
            RunState.STARTING: self.good,
            RunState.PAUSING: self.warn,
            RunState.PAUSED: self.warn,
            RunState.STALLED: self.warn,
            RunState.EVALUATING: self.info,
            RunState.STOPPING: self.info,
            RunState.FAILED: self.bad,
            RunState.CRASHED: self.bad,
            RunState.FINISHED: self.accent,
        }.get(state, self.muted)

    def level(self, level: str) -> Style:
        """The colour of an event's level."""
        return {"error": self.bad, "warning": self.warn}.get(level, self.text)


def coloured(colours: Mapping[str, str], glyphs: Glyphs) -> Look:
    """The look of a theme, from its colours by name (see ``themes``)."""

    def fore(name: str, **attributes: bool) -> Style:
        return Style(color=colours[name], **attributes)  # type: ignore[arg-type]

    return Look(
        glyphs=glyphs,
        text=Style.null(),
        strong=Style(bold=True),
        muted=fore("muted"),
        faint=fore("faint"),
        accent=fore("accent"),
        good=fore("good"),
        warn=fore("warn"),
        bad=fore("bad"),
        info=fore("info"),
        edge=fore("edge"),
        edge_focus=fore("accent"),
        title=fore("title", bold=True),
        selected=Style(color=colours.get("selected-text"), bgcolor=colours["selected"], bold=True),
        series={
            "return": fore("series-1"),
            "frames": fore("series-2"),
            "episodes": fore("series-3"),
            "missed": fore("series-4"),
            "evaluation": fore("info", bold=True),
            "axis": fore("edge"),
            "label": fore("muted"),
            "nan": fore("bad"),
            "raw": fore("faint"),
            "cursor": fore("muted"),
            **{role: fore(f"series-{number}") for number, role in enumerate(ROLES, 1)},
        },
    )


def colourless(glyphs: Glyphs) -> Look:
    """Bold, dim and reverse instead of colours."""
    none, dim, bold = Style.null(), Style(dim=True), Style(bold=True)
    roles = ("return", "frames", "episodes", "missed", *ROLES)
    others = {"axis": dim, "raw": dim, "cursor": dim, "label": none, "nan": bold, "evaluation": bold}
    return Look(
        glyphs=glyphs,
        text=none,
        strong=bold,
        muted=none,
        faint=dim,
        accent=bold,
        good=none,
        warn=bold,
        bad=bold,
        info=none,
        edge=dim,
        edge_focus=bold,
        title=bold,
        selected=Style(reverse=True),
        series=dict.fromkeys(roles, none) | others,
        colours=False,
    )
