"""The commands about demonstrations. Imports nothing heavy."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from carracing.registry import BACKENDS
from carracing.task import OBSERVATIONS
from racetui.cli.options import add_json, later
from racetui.values import count
from racetui.video import CHOICES


def add_demonstration_commands(commands: Any) -> None:
    """Add them to the parser's commands."""
    demos = commands.add_parser(
        "demos", help="record demonstrations, or show a set", description=_DEMOS, formatter_class=_Raw
    )
    demos.set_defaults(command=later("racetui.cli.demos:demos"))
    demos.add_argument("--episodes", type=count, metavar="N", default=100, help="episodes of the set (default 100)")
    demos.add_argument("--workers", type=count, metavar="K", help="processes (default: usable cores less one)")
    demos.add_argument("--from", dest="source", metavar="RUN|CHECKPOINT", help="whose policy drives, not the expert")
    demos.add_argument("--observation", choices=OBSERVATIONS, help="what is recorded (default as for train)")
    demos.add_argument(
        "--noise",
        type=float,
        nargs="+",
        metavar="LEVEL",
        help="noise on what is driven, 0 to 1; episodes take the levels in turn; labels stay clean (default 0)",
    )
    demos.add_argument(
        "--random-starts", type=float, default=0.0, metavar="SHARE", help="share that starts anywhere (default 0)"
    )
    demos.add_argument("--seed", type=int, default=0, help="decides tracks and noise (default 0)")
    demos.add_argument("--backend", choices=BACKENDS, default="fast", help="what simulates (default fast)")
    demos.add_argument("--set", action="append", default=[], metavar="task.KEY=VALUE", help="the task; repeatable")
    demos.add_argument("--out", type=Path, metavar="DIR", help="where to (default: a directory of the store)")
    add_json(demos)
    subjects = demos.add_subparsers(title="what else", metavar="")
    show = subjects.add_parser("show", help="print what a set holds, and film it", description=_SHOW)
    show.set_defaults(command=later("racetui.cli.demos:show"))
    show.add_argument("directory", type=Path, metavar="DIR")
    show.add_argument("--rows", action="store_true", help="a row for each episode too")
    show.add_argument(
        "--video",
        type=Path,
        metavar="FILE",
        help="draw an episode: FILE.mp4 has every frame, 50 a second; FILE.gif every second one at half the size",
    )
    show.add_argument(
        "--episode",
        metavar="WHICH",
        help=f"{', '.join(CHOICES)}, or a number as --rows has it (default {CHOICES[0]})",
    )
    add_json(show)


_Raw = argparse.RawDescriptionHelpFormatter
_DEMOS = """Record demonstrations: worker processes drive whole episodes and write what was seen, what the driver
would do (the label) and what was driven. Interrupted, the same command goes on. The scripted expert drives on
backend fast, which knows the true state; a policy on any."""
_SHOW = """Check a set and print what it holds; with --video film its episodes. Each is driven again as it was, noise
included, and must return what was recorded."""
