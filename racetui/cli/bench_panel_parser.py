"""The options of ``racetui bench panel``."""

from __future__ import annotations

from typing import Any

from racetui.cli.options import add_json, later
from racetui.values import count, duration

DESCRIPTION = """Measure what the panel costs in a terminal of its own beside a run that gains a round a second: time
to the first picture, processor time, bytes sent, memory, and how long a key takes, also on a link of 50 kB/s and
with the car in sight; and what other monitors cost that show this machine."""


def add_panel(subjects: Any) -> None:
    """The command and its options."""
    panel = subjects.add_parser("panel", help="what the panel costs, beside other monitors", description=DESCRIPTION)
    panel.set_defaults(command=later("racetui.cli.bench_panel:panel"))
    panel.add_argument("--seconds", type=duration, default=20.0, help="of each measurement (default 20s)")
    panel.add_argument("--repeats", type=count, default=5, help="starts, of which the median counts (default 5)")
    panel.add_argument("--only", metavar="WORDS", help="cases of the panel whose name has these words")
    panel.add_argument("--here", action="store_true", help="with the runs of this store instead of a stand-in")
    panel.add_argument(
        "--beside", action="append", default=[], metavar="COMMAND", help='another monitor, as "btop"; repeatable'
    )
    add_json(panel)
