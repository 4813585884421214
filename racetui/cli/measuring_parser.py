"""What ``bench`` finds out about expectations and plans. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from carracing.task import OBSERVATIONS
from collectors.registry import COLLECTORS
from racetui.cli.options import add_json, later
from racetui.values import count, duration

_MEMORY = """Run six configurations one after the other, each a training with an evaluation beside it in
processes of its own, and print the memory that was expected of each beside the peak it reached. Takes some minutes.
Exit code 1 if one of them is off by more than 20 %."""


_PLAN = """Train for some seconds as planned for this machine, and with other collectors, half and twice the lanes,
and other numbers of workers and threads, and print frames per second with learning included. Exit code 1 if the plan
reaches less than 90 % of the best."""


def add_measuring_commands(subjects: Any) -> None:
    """Add them to the subjects of ``bench``."""
    memory = subjects.add_parser(
        "memory", help="what six runs take of memory at their peak, beside what was expected", description=_MEMORY
    )
    memory.set_defaults(command=later("racetui.cli.bench_memory:memory"))
    memory.add_argument("--only", nargs="+", metavar="WORD", help="configurations with all of these words only")
    memory.add_argument("--out", type=Path, metavar="FILE", help="where the same is written as JSON")
    add_json(memory)
    plan = subjects.add_parser(
        "plan", help="whole training as planned, beside the plans around it", description=_PLAN
    )
    plan.set_defaults(command=later("racetui.cli.bench_plan:plan"))
    plan.add_argument(
        "--agent", choices=("ppo", "sac", "dqn", "dagger"), default="ppo", help="what learns (default ppo)"
    )
    plan.add_argument("--observation", choices=OBSERVATIONS, help="what it sees (default grey-fast)")
    plan.add_argument("--profile", metavar="NAME", help="whose plan (default auto)")
    plan.add_argument("--collector", choices=COLLECTORS, help="of the plan (default: the profile's)")
    plan.add_argument(
        "--beside",
        nargs="+",
        choices=COLLECTORS,
        metavar="NAME",
        help="other collectors (default sync async executor)",
    )
    plan.add_argument("--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE", help="a setting")
    plan.add_argument("--seconds", type=duration, default=10.0, help="of each measurement (default 10s)")
    plan.add_argument("--repeats", type=count, default=3, help="turns, of which the median counts (default 3)")
    plan.add_argument("--out", type=Path, metavar="FILE", help="where the same is written as JSON")
    add_json(plan)
