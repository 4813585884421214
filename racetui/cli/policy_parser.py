"""The commands about policies: ``eval``, ``import`` and ``export``. Imports nothing heavy."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from agents.registry import AGENTS
from carracing.registry import EVERY_BACKEND
from carracing.task import OBSERVATIONS
from racetui.cli.options import RUN_HELP, add_json, later
from racetui.tables import TABLES
from racetui.values import count, seeds
from racetui.video import CHOICES


def add_policy_commands(commands: Any) -> None:
    """Add them to the parser's commands."""
    _add_eval(commands)
    _add_import(commands)
    _add_export(commands)


def _add_eval(commands: Any) -> None:
    evaluate = commands.add_parser(
        "eval", help="evaluate a run's checkpoint or a checkpoint directory", description=_EVAL, formatter_class=_Raw
    )
    evaluate.set_defaults(command=later("racetui.cli.evaluate:evaluate_command"))
    _target(evaluate, "; or expert")
    tracks = evaluate.add_argument_group("tracks")
    tracks.add_argument("--episodes", type=count, metavar="N", help="tracks to drive (default 100)")
    tracks.add_argument("--seed", type=int, help="track seed of the first, the others follow (default 2000000)")
    tracks.add_argument("--seeds", type=seeds, metavar="FIRST-LAST", help="instead of both: 100-199, or one seed")
    how = evaluate.add_argument_group("how to drive")
    how.add_argument("--stochastic", action="store_true", help="sample actions instead of taking the best")
    how.add_argument(
        "--backend",
        choices=EVERY_BACKEND,
        help="what simulates (default fast; other environments have one); gymnasium proves a score on the stock one",
    )
    how.add_argument(
        "--frame-skip", type=count, metavar="N", help="frames between actions of `eval expert` (default 4)"
    )
    how.add_argument("--cores", type=count, metavar="N", help="cores to use (default: all that are usable)")
    video = evaluate.add_argument_group("video")
    video.add_argument(
        "--video",
        type=Path,
        metavar="FILE",
        help="draw an episode: FILE.mp4 has every frame, 50 a second; FILE.gif every second one at half the size",
    )
    video.add_argument(
        "--video-episode", metavar="WHICH", help=f"{', '.join(CHOICES)}, or a track seed (default {CHOICES[0]})"
    )
    what = evaluate.add_argument_group("what to print")
    what.add_argument("--rows", action="store_true", help="a row for each track too; --json always has them")
    add_json(what)


def _add_import(commands: Any) -> None:
    taken = commands.add_parser(
        "import", help="take over a policy of another program", description=_IMPORT, formatter_class=_Raw
    )
    taken.set_defaults(command=later("racetui.cli.exchange:import_command"))
    taken.add_argument("file", type=Path, metavar="FILE", help="FILE.zip, FILE.pth or FILE.safetensors")
    what = taken.add_argument_group("what it is a policy of")
    what.add_argument("--agent", choices=AGENTS, help="whose policy it becomes (default: what FILE says, else ppo)")
    what.add_argument("--observation", choices=OBSERVATIONS, help="what it sees (default: what FILE says, else grey)")
    what.add_argument("--config", type=Path, metavar="FILE", help="YAML file with the keys of a run's spec.yaml")
    what.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="one setting, as agent.network=nature, task.action=native, task.stack=2; repeatable",
    )
    what.add_argument("--seed", type=int, default=1, help="draws what the file lacks (default 1)")
    where = taken.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, metavar="DIR", help="write a checkpoint as this new directory")
    where.add_argument("--name", help="name of the run that is made otherwise (default import-FILE)")
    add_json(taken)


def _add_export(commands: Any) -> None:
    given = commands.add_parser(
        "export",
        help="write a policy, or a run's metrics, for other programs",
        description=_EXPORT,
        formatter_class=_Raw,
    )
    given.set_defaults(command=later("racetui.cli.exchange:export_command"))
    _target(given)
    given.add_argument("--to", type=Path, metavar="FILE", required=True, help="FILE.zip, .onnx, .safetensors or .csv")
    given.add_argument("--table", choices=TABLES, help="what .csv has (default metrics)")


def _target(parser: Any, more: str = "") -> None:
    parser.add_argument("target", metavar="RUN|CHECKPOINT", help=f"{RUN_HELP}; or a checkpoint directory{more}")
    parser.add_argument(
        "--checkpoint",
        metavar="WHICH",
        default="",
        help="best, latest or FRAMES of a run's (default best, else latest)",
    )


_Raw = argparse.RawDescriptionHelpFormatter
_EVAL = """Drive tracks with a checkpoint's policy, whatever agent it is of, and print mean, standard deviation,
minimum, 10th percentile, finish rate, missed tiles and lap frames. An episode depends on the checkpoint and its track
seed alone (and on --stochastic): not on the number of tracks or cores. The target `expert` is the scripted driver,
which knows the true state; on backend gymnasium its actions are replayed on stock, and rewards must agree."""
_IMPORT = """Take over the weights of a policy, and nothing else: of a model that stable-baselines3 saved (.zip), of a
network's state_dict() that torch.save wrote (.pth), or of our own export (.safetensors). Nothing in the file is run.
Names and shapes must fit the agent's network on the task; what decides the network is found by trying. Makes a run
that has ended, or with --out a checkpoint directory; `racetui eval` takes either, agent.init_from the directory."""
_EXPORT = """Write a policy for other programs: .zip for stable-baselines3, .onnx, or .safetensors. It is loaded back
and must act alike before the file appears. Or write a table of a run: .csv."""
