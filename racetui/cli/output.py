"""How data is printed: one JSON document, or a table for people."""

from __future__ import annotations

import json
import sys
from typing import Any

from racetui.documents import moment, number, plain, span, summary_document, table
from racetui.runs.model import RunState
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader

__all__ = ["moment", "number", "plain", "print_json", "span", "summary_document", "table", "tell_queued"]


def print_json(document: Any) -> None:
    """Print one JSON document; NaN and infinities, which JSON has not, become null."""
    json.dump(plain(document), sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def tell_queued(paths: RunPaths) -> None:
    """Say on stderr what a run waits for, if it does."""
    with RunReader(paths) as reader:
        run = reader.summary()
    if run.state is RunState.QUEUED and run.detail:
        print(f"racetui: run {run.id} is queued, {run.detail}", file=sys.stderr)
