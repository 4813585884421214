"""A comparison in text, in JSON and as tables, for people and for other programs."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from racetui.comparison.comparing import Comparison
from racetui.comparison.ranking import GOAL, Standing
from racetui.documents import number, span, summary_document, table
from racetui.words import size

FIGURES = (
    *("rank", "run", "name", "state", "best_mean", "best_std", "area", "seconds_to_goal", "frames_to_goal"),
    *("frames_per_second", "peak_memory"),
)
"""Columns of the ranking, for programs."""


def figures(standing: Standing) -> tuple[Any, ...]:
    """A run's row under FIGURES; None where a figure is not known."""
    run = standing.run
    return standing.rank, run.id, run.name, run.state.value, *(getattr(standing, name) for name in FIGURES[4:])


def document(comparison: Comparison) -> dict[str, Any]:
    """Everything but the curves."""
    return {
        "goal": GOAL,
        "horizon_frames": comparison.horizon,
        "ranking": [dict(zip(FIGURES, figures(standing), strict=True)) for standing in comparison.standings],
        "differences": {
            difference.key: dict(zip(_ids(comparison), difference.values, strict=True))
            for difference in comparison.differences
        },
        "runs": [summary_document(contestant.run) for contestant in comparison.contestants],
    }


def ranking_rows(comparison: Comparison) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Headings and rows of the ranking, for people."""
    headings = ("", "run", "name", "state", "best", "area", f"to {GOAL:.0f}", "frames/s", "memory")
    rows: list[Sequence[str]] = [
        (
            str(standing.rank),
            standing.run.id,
            standing.run.name,
            standing.run.state.value,
            score(standing),
            number(standing.area),
            span(standing.seconds_to_goal) if standing.seconds_to_goal is not None else _frames(standing),
            number(standing.frames_per_second, 0),
            size(standing.peak_memory) if standing.peak_memory is not None else "-",
        )
        for standing in comparison.standings
    ]
    return headings, rows


def ranking_text(comparison: Comparison) -> str:
    """The ranking as a table, and what its figures mean."""
    return "\n".join([table(*ranking_rows(comparison)), "", *textwrap.wrap(comparison.notes, 100)])


def score(standing: Standing) -> str:
    """The best evaluation, with its deviation."""
    if standing.best_mean is None:
        return "-"
    return f"{standing.best_mean:.1f} ± {number(standing.best_std)}"


def differences_text(comparison: Comparison) -> str:
    """The settings that differ as a table, a column for each run whose specification can be read."""
    unread = [one.run.id for one in comparison.contestants if one not in comparison.described]
    lines = [f"settings of run {run_id} cannot be read" for run_id in unread]
    if len(comparison.described) < 2:
        return "\n".join([*lines, "no settings to compare"])
    if not comparison.differences:
        return "\n".join([*lines, "all settings are the same"])
    rows = [(difference.key, *difference.values) for difference in comparison.differences]
    return "\n".join([*lines, table(("setting", *(f"run {run_id}" for run_id in _ids(comparison))), rows)])


def comparison_text(comparison: Comparison) -> str:
    """Ranking and settings."""
    return f"{ranking_text(comparison)}\n\n{differences_text(comparison)}\n"


def settings_rows(comparison: Comparison) -> tuple[Sequence[str], list[Sequence[str]]]:
    """Headings and rows of the settings that differ, for programs."""
    rows: list[Sequence[str]] = [(difference.key, *difference.values) for difference in comparison.differences]
    return ("setting", *_ids(comparison)), rows


def _ids(comparison: Comparison) -> list[str]:
    return [contestant.run.id for contestant in comparison.described]


def _frames(standing: Standing) -> str:
    """Where only the frames are known that it took."""
    return "-" if standing.frames_to_goal is None else f"{standing.frames_to_goal:,} frames"
