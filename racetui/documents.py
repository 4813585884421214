"""Facts as programs and people read them: plain values for JSON, tables, numbers, times."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from racetui.runs.model import RunSummary


def plain(value: Any) -> Any:
    """``value`` as JSON knows it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value) if isinstance(value, Path) else value


def summary_document(summary: RunSummary) -> dict[str, Any]:
    """A run as ``--json`` prints it: the summary's fields, times also as ages where people ask for them."""
    document: dict[str, Any] = plain(summary)
    return document


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns aligned by their widest cell; numbers to the right."""
    widths = [max(len(row[i]) for row in (headings, *rows)) for i in range(len(headings))]
    right = [bool(rows) and all(_numeric(row[i]) for row in rows) for i in range(len(headings))]
    lines = []
    for row in (headings, *rows):
        cells = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def number(value: float | None, digits: int = 1) -> str:
    """A figure with thousands separators, or "-" where there is none yet."""
    return "-" if value is None else f"{value:,.{digits}f}"


def span(seconds: float | None) -> str:
    """Seconds as people read them: 45s, 12m03s, 2h11m."""
    if seconds is None:
        return "-"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def moment(unix: float | None) -> str:
    """A point in time in the local zone, to the second."""
    return "-" if unix is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix))


def _numeric(cell: str) -> bool:
    return cell == "-" or cell.replace(",", "").replace(".", "").replace("-", "").rstrip("%").isdigit()
