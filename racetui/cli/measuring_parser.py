"""What ``bench`` measures of expectations and plans. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from racetui.cli.options import add_json, later

_MEMORY = """Run six configurations to their end, one after the other, each a training with an evaluation beside it in
processes of its own, and print the memory that was expected of each beside the peak it reached. Takes some minutes.
Exit code 1 if one of them is off by more than 20 %."""


def add_measuring_commands(subjects: Any) -> None:
    """Add them to the subjects of ``bench``."""
    memory = subjects.add_parser(
        "memory", help="what six runs take of memory at their peak, beside what was expected", description=_MEMORY
    )
    memory.set_defaults(command=later("racetui.cli.bench_memory:memory"))
    memory.add_argument("--only", nargs="+", metavar="WORD", help="configurations with all of these words only")
    memory.add_argument("--out", type=Path, metavar="FILE", help="where the same is written as JSON")
    add_json(memory)
