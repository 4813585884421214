"""Rows of facts that give way to each other where there is not room for all."""

from __future__ import annotations

from dataclasses import dataclass

from textual.strip import Strip

LABEL = 8
"""Cells for what a row is about."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row and how gladly it is given up: the highest rank goes first."""

    rank: int
    strip: Strip
