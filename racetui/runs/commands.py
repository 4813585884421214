"""Orders as they are kept in a run's database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from racetui.runs.log import plain
from racetui.runs.model import CommandRow

COMMAND_COLUMNS = "id, name, args, created, source, taken, done, outcome"


def command_row(row: Sequence[Any]) -> CommandRow:
    """Read a row of COMMAND_COLUMNS."""
    id, name, args, created, source, taken, done, outcome = row
    return CommandRow(id, plain(name), json.loads(args), created, plain(source), taken, done, plain(outcome))
