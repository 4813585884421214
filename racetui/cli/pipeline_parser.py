"""The command ``pipeline``. Imports nothing heavy."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from carracing.task import OBSERVATIONS
from racetui.cli.options import add_json, add_now, later
from racetui.pipeline import config
from racetui.values import count, duration

CLONES = {"bc": ("demos", "bc"), "dagger": ("dagger",), "both": ("demos", "bc", "dagger")}
"""Stages before the reinforcement learning, by how it is cloned."""


def add_pipeline_command(commands: Any) -> None:
    """Add it to the parser's commands."""
    pipeline = commands.add_parser(
        "pipeline",
        help="from demonstrations over cloning to reinforcement learning and a score, as one run",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    pipeline.set_defaults(command=later("racetui.cli.pipeline:pipeline"))
    _add_what(pipeline.add_argument_group("what to do"))
    _add_sizes(pipeline.add_argument_group("how much"))
    settings = pipeline.add_argument_group("settings")
    settings.add_argument("--config", type=Path, metavar="FILE", help="YAML file with the keys of a run's spec.yaml")
    settings.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one setting of the run, as agent.learning_rate=5e-5 (of the agent that goes on from the clone), "
        "task.stack=2, pipeline.demos.noise='[0, 0.1]'; repeatable",
    )
    settings.add_argument(
        "--clone-set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one setting of the agents that clone, as learning_rate=1e-3; of those that have it; repeatable",
    )
    settings.add_argument("--eval-every", type=count, metavar="FRAMES", help="frames between evaluations, 0 for none")
    settings.add_argument("--no-tensorboard", action="store_true", help="write no TensorBoard files")
    settings.add_argument("--no-aim", action="store_true", help="write nothing to Aim, where that is installed")
    how = pipeline.add_argument_group("how to run")
    how.add_argument("--estimate", action="store_true", help="print plan and estimate, and start nothing")
    how.add_argument(
        "--no-probe", action="store_true", help="measure nothing beforehand: no estimate, and no speed-up at the end"
    )
    add_now(how)
    how.add_argument("--detach", action="store_true", help="print the run's id and return; the run goes on")
    add_json(how)


def _add_what(what: Any) -> None:
    what.add_argument(
        "--agent", default="ppo", choices=config.AFTER_CLONES, help="what follows the clone (default ppo)"
    )
    what.add_argument(
        "--clone",
        choices=CLONES,
        default="both",
        help="bc: from recorded demonstrations; dagger: on the road, the expert beside it; both: one after the other "
        "(default)",
    )
    what.add_argument("--observation", choices=OBSERVATIONS, help="what the policy sees (default grey-fast)")
    what.add_argument("--profile", metavar="NAME", help="hardware plan of what drives and learns (default auto)")
    what.add_argument("--seed", type=int, help="decides weights, tracks and noise (default 1)")
    what.add_argument("--name", help="name of the run (default pipeline, numbered if taken)")


def _add_sizes(sizes: Any) -> None:
    sizes.add_argument(
        "--episodes", type=count, metavar="N", help=f"demonstrations (default {config.DemosStage().episodes})"
    )
    sizes.add_argument(
        "--epochs", type=count, metavar="N", help=f"passes of bc over them (default {config.BCStage().epochs})"
    )
    sizes.add_argument(
        "--dagger-frames", type=count, metavar="N", help=f"of dagger (default {config.DAggerStage().frames:,})"
    )
    usual = ", ".join(f"{frames:,} of {agent}" for agent, frames in config.FRAMES.items())
    sizes.add_argument("--frames", type=count, metavar="N", help=f"of the last agent (default {usual})")
    sizes.add_argument("--duration", type=duration, metavar="TIME", help="of the last agent, instead or besides")
    sizes.add_argument(
        "--score-episodes",
        type=count,
        metavar="N",
        help=f"tracks scored (default {config.ScoreStage().episodes})",
    )


_DESCRIPTION = """Record demonstrations of the scripted expert, clone it, go on from the clone by reinforcement
learning, and score the best checkpoint of all stages on unseen tracks: one run, which shows its stages wherever
runs are shown. First the speeds of this machine are measured for some seconds, on one core and as planned, and what
follows from them is printed; at the end, what it took. A run that was stopped, or died, goes on in the stage it was
in: racetui train --resume RUN."""
