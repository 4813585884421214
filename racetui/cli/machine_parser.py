"""The commands about this machine: ``profiles``, ``calibrate`` and ``doctor``. Imports nothing heavy."""

from __future__ import annotations

from typing import Any

from agents.registry import AGENTS
from carracing.registry import EVERY_BACKEND
from carracing.task import OBSERVATIONS
from collectors.registry import COLLECTORS
from racetui.cli.options import add_json, later
from racetui.values import some_time

_DESCRIPTION = """Print what this machine has and what limits it, how a run would spread over it by each hardware
profile, the reasons for the numbers of one, and a collector for each use. A profile of your own is a YAML file in
the directory that is printed last: title, purpose, and any of collector, device, and cores, memory (GB), workers,
lanes, cars, threads, which are numbers or auto. --profile of the other commands takes its name."""


_CALIBRATE = """Measure this machine: the simulator by what is seen, policies, learners by their threads, and how long
workers take to start and what memory they take. It is kept beside the runs, and plans, expectations and the start
form use it from then on, until cores, processor or versions change. Let nothing else run meanwhile."""


def add_machine_commands(commands: Any) -> None:
    """Add them to the parser's commands."""
    profiles = commands.add_parser(
        "profiles",
        help="what this machine has, the plan that each hardware profile makes of it, and which collector suits it",
        description=_DESCRIPTION,
    )
    profiles.set_defaults(command=later("racetui.cli.profiles:profiles"))
    profiles.add_argument("name", metavar="NAME", nargs="?", help="this profile alone, explained (default: all)")
    profiles.add_argument("--agent", choices=AGENTS, default="ppo", help="what learns (default ppo)")
    profiles.add_argument("--collector", choices=COLLECTORS, help="what collects (default: the profile's)")
    profiles.add_argument("--env", metavar="ID", help="another environment than CarRacing, as for train")
    profiles.add_argument("--backend", choices=EVERY_BACKEND, help="what simulates (default fast)")
    profiles.add_argument("--observation", choices=OBSERVATIONS, help="what is seen (default grey-fast, or grey)")
    add_json(profiles)
    calibrate = commands.add_parser(
        "calibrate",
        help="measure this machine for about a minute, for plans and expectations",
        description=_CALIBRATE,
    )
    calibrate.set_defaults(command=later("racetui.cli.calibrate:calibrate"))
    calibrate.add_argument(
        "--seconds", type=some_time, default=5.0, metavar="TIME", help="of each measurement (default 5s)"
    )
    calibrate.add_argument("--show", action="store_true", help="print what was measured before, and measure nothing")
    add_json(calibrate)
    doctor = commands.add_parser("doctor", help="check versions, hardware, limits, terminal and the run store")
    doctor.set_defaults(command=later("racetui.cli.doctor:doctor"))
    add_json(doctor)
    keys = commands.add_parser("keys", help="the panel's keys and the names of their actions, yours among them")
    keys.set_defaults(command=later("racetui.cli.keys:keys"))
    add_json(keys)
