"""Every command and option of the command line. Imports nothing heavy: commands are imported when called."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from agents.registry import AGENTS
from carracing.registry import BACKENDS
from carracing.task import OBSERVATIONS
from collectors.registry import COLLECTORS
from profiles import profile_names
from racetui import __version__
from racetui.cli.values import count, counts, duration, seeds
from racetui.launching import user_profiles

EPILOG = """\
exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 no terminal, 4 not found, 5 timeout, 130 interrupted
environment: RACETUI_HOME moves the run store; NO_COLOR is honoured; RACETUI_DEBUG=1 shows tracebacks"""

RUN_HELP = "id, name or unique prefix of either"

_SET_HELP = "one setting, as agent.learning_rate=1e-4, task.frame_skip=2, collector.lanes=16; repeatable"


def make_parser() -> argparse.ArgumentParser:
    """The parser of ``racetui``; ``options.command`` is what to call with the options."""
    parser = argparse.ArgumentParser(
        prog="racetui",
        description="Train, watch, evaluate and compare CarRacing agents. Without a command: the panel.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"racetui {__version__}")
    parser.set_defaults(command=_later("racetui.cli.panel:panel"))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_train(commands)
    _add_reading(commands)
    _add_orders(commands)
    _add_eval(commands)
    _add_demos(commands)
    _add_bench(commands)
    return parser


def _add_train(commands: Any) -> None:
    train = commands.add_parser("train", help="train an agent", description=_TRAIN, formatter_class=_Raw)
    train.set_defaults(command=_later("racetui.cli.train:train"))
    what = train.add_argument_group("what to train")
    what.add_argument("--agent", choices=AGENTS, help="what learns (default ppo)")
    what.add_argument("--collector", choices=COLLECTORS, help="how experience is collected (default async)")
    what.add_argument(
        "--profile", metavar="NAME", help=f"hardware plan: {', '.join(profile_names(user_profiles()))} (default auto)"
    )
    what.add_argument("--backend", choices=BACKENDS, help="what simulates (default fast)")
    what.add_argument("--observation", choices=OBSERVATIONS, help="what the policy sees (default grey)")
    what.add_argument("--seed", type=int, help="decides weights, tracks and noise (default 1)")
    what.add_argument("--name", help="name of the run (default AGENT-COLLECTOR, numbered if taken)")
    budget = train.add_argument_group(
        "how long (the first limit reached, checked after each round; default 1M frames)"
    )
    budget.add_argument("--frames", type=count, metavar="N", help="simulator frames, as 500000, 500k or 2M")
    budget.add_argument("--steps", type=count, metavar="N", help="decisions")
    budget.add_argument("--episodes", type=count, metavar="N", help="finished episodes")
    budget.add_argument("--epochs", type=count, metavar="N", help="passes over agent.demos, of agent bc (default 10)")
    budget.add_argument("--duration", type=duration, metavar="TIME", help="training time, as 90s, 10m, 1h30m")
    settings = train.add_argument_group("settings")
    settings.add_argument("--config", type=Path, metavar="FILE", help="YAML file with the keys of a run's spec.yaml")
    settings.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help=_SET_HELP,
    )
    settings.add_argument("--eval-every", type=count, metavar="FRAMES", help="frames between evaluations, 0 for none")
    settings.add_argument("--checkpoint-every", type=count, metavar="FRAMES", help="frames between checkpoints")
    how = train.add_argument_group("how to run")
    how.add_argument("--resume", metavar="RUN", help="go on with an ended run from its latest checkpoint")
    how.add_argument("--detach", action="store_true", help="print the run's id and return; the run goes on")
    _json(how)


def _add_reading(commands: Any) -> None:
    runs = commands.add_parser("runs", help="list the runs")
    runs.set_defaults(command=_later("racetui.cli.show:list_runs"))
    _json(runs)
    show = _with_run(commands, "show", "everything about a run", "racetui.cli.show:show_run")
    _json(show)
    logs = _with_run(commands, "logs", "print a run's log", "racetui.cli.logs:logs")
    logs.add_argument("-f", "--follow", action="store_true", help="go on printing until the run ends")
    logs.add_argument("-n", "--lines", type=count, default=200, help="lines from the end to begin with (default 200)")
    wait = _with_run(commands, "wait", "wait until a run has ended", "racetui.cli.waiting:wait")
    wait.add_argument("--timeout", type=duration, metavar="TIME", help="give up after this long with exit code 5")
    _json(wait)
    doctor = commands.add_parser("doctor", help="check versions, hardware, terminal and the run store")
    doctor.set_defaults(command=_later("racetui.cli.doctor:doctor"))
    _json(doctor)


def _add_orders(commands: Any) -> None:
    for name, text in (
        ("pause", "pause a run between two steps"),
        ("resume", "let a paused run go on"),
        ("checkpoint", "save a run now"),
    ):
        order = _with_run(commands, name, text, "racetui.cli.orders:order")
        order.set_defaults(order=name)
        _order_options(order)
    stop = _with_run(commands, "stop", "stop a run", "racetui.cli.orders:stop")
    rung = stop.add_mutually_exclusive_group()
    rung.add_argument("--now", action="store_true", help="give the round in progress up, save the one before, stop")
    rung.add_argument("--kill", action="store_true", help="kill it at once; only what was saved is kept")
    _order_options(stop)


def _add_eval(commands: Any) -> None:
    evaluate = commands.add_parser(
        "eval", help="evaluate a run's checkpoint or a checkpoint directory", description=_EVAL, formatter_class=_Raw
    )
    evaluate.set_defaults(command=_later("racetui.cli.evaluate:evaluate_command"))
    _target(evaluate)
    tracks = evaluate.add_argument_group("tracks")
    tracks.add_argument("--episodes", type=count, metavar="N", help="tracks to drive (default 100)")
    tracks.add_argument("--seed", type=int, help="track seed of the first, the others follow (default 2000000)")
    tracks.add_argument("--seeds", type=seeds, metavar="FIRST-LAST", help="instead of both: 100-199, or one seed")
    how = evaluate.add_argument_group("how to drive")
    how.add_argument("--stochastic", action="store_true", help="sample actions instead of taking the best")
    how.add_argument(
        "--backend",
        choices=BACKENDS,
        help="what simulates; gymnasium proves a score on stock (default: where the policy's scores count)",
    )
    how.add_argument("--frame-skip", type=count, metavar="N", help="of the expert: frames between actions (default 4)")
    how.add_argument("--cores", type=count, metavar="N", help="cores to use (default: all that are usable)")
    video = evaluate.add_argument_group("video")
    video.add_argument(
        "--video",
        type=Path,
        metavar="FILE",
        help="draw an episode: FILE.mp4 has every frame, 50 a second; FILE.gif every second one at half the size",
    )
    video.add_argument(
        "--video-episode",
        metavar="WHICH",
        help="first, best, worst, median, all, or a track seed (default first)",
    )
    what = evaluate.add_argument_group("what to print")
    what.add_argument("--rows", action="store_true", help="a row for each track too; --json always has them")
    _json(what)


def _target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("target", metavar="RUN|CHECKPOINT", help=f"{RUN_HELP}; or a checkpoint directory")
    parser.add_argument(
        "--checkpoint",
        metavar="WHICH",
        default="",
        help="best, latest or FRAMES of a run's (default best, else latest)",
    )


def _add_demos(commands: Any) -> None:
    demos = commands.add_parser(
        "demos", help="record demonstrations, or show a set", description=_DEMOS, formatter_class=_Raw
    )
    demos.set_defaults(command=_later("racetui.cli.demos:demos"))
    demos.add_argument("--episodes", type=count, default=100, help="episodes of the set (default 100)")
    demos.add_argument("--workers", type=count, help="processes that drive (default: usable cores less one)")
    demos.add_argument("--from", dest="source", metavar="RUN|CHECKPOINT", help="whose policy drives, not the expert")
    demos.add_argument("--observation", choices=OBSERVATIONS, help="what is recorded (default grey)")
    demos.add_argument(
        "--noise",
        type=float,
        nargs="+",
        metavar="LEVEL",
        help="noise on what is driven, 0 to 1; episodes take the levels in turn; labels stay clean (default 0)",
    )
    demos.add_argument(
        "--random-starts", type=float, default=0.0, metavar="SHARE", help="share of starts anywhere (default 0)"
    )
    demos.add_argument("--seed", type=int, default=0, help="decides tracks and noise (default 0)")
    demos.add_argument("--backend", choices=BACKENDS, default="fast", help="what simulates (default fast)")
    demos.add_argument("--set", action="append", default=[], metavar="task.KEY=VALUE", help="the task; repeatable")
    demos.add_argument("--out", type=Path, metavar="DIR", help="where to (default: a directory of the store)")
    _json(demos)
    subjects = demos.add_subparsers(title="what else", metavar="")
    show = subjects.add_parser("show", help="print what a set holds", description="Check a set and print what it holds.")
    show.set_defaults(command=_later("racetui.cli.demos:show"))
    show.add_argument("directory", type=Path, metavar="DIR")
    show.add_argument("--rows", action="store_true", help="a row for each episode too")
    _json(show)


def _add_bench(commands: Any) -> None:
    bench = commands.add_parser("bench", help="measure this machine")
    subjects = bench.add_subparsers(title="what to measure", metavar="SUBJECT", required=True)
    _add_bench_collectors(subjects)
    simulators = subjects.add_parser("sim", help="speed of the simulator beside stock CarRacing-v3 and EnvPool")
    simulators.set_defaults(command=_later("racetui.cli.bench:simulators"))
    simulators.add_argument("--seconds", type=duration, default=2.0, help="of each measurement (default 2s)")
    simulators.add_argument("--repeats", type=count, default=5, help="turns, of which the median counts (default 5)")
    _json(simulators)


def _add_bench_collectors(subjects: Any) -> None:
    collectors = subjects.add_parser(
        "collectors", help="speed and memory of every collector, beside stable-baselines3's and EnvPool's"
    )
    collectors.set_defaults(command=_later("racetui.cli.bench_collectors:collectors"))
    collectors.add_argument("--backend", choices=BACKENDS, default="fast", help="what simulates (default fast)")
    collectors.add_argument("--agent", choices=AGENTS, default="ppo", help="whose policy acts (default ppo)")
    collectors.add_argument("--observation", choices=OBSERVATIONS, help="what it sees (default grey-fast, or grey)")
    collectors.add_argument("--lanes", type=count, help="cars (default 64 on fast, 8 on gymnasium)")
    collectors.add_argument(
        "--workers", type=counts, metavar="N,N", help="worker processes, or threads of sync (default 1 and all cores)"
    )
    collectors.add_argument("--threads", type=count, help="of the policy and learner (default: usable cores)")
    collectors.add_argument("--only", nargs="+", metavar="NAME", help="these collectors and contenders only")
    collectors.add_argument("--learn", action="store_true", help="measure whole training, learning included")
    collectors.add_argument(
        "--set", action="append", default=[], dest="overrides", metavar="KEY=VALUE", help=_SET_HELP
    )
    collectors.add_argument("--seconds", type=duration, default=10.0, help="of each measurement (default 10s)")
    collectors.add_argument("--repeats", type=count, default=3, help="turns, of which the median counts (default 3)")
    collectors.add_argument("--out", type=Path, metavar="PREFIX", help="where PREFIX.json and PREFIX.png are written")
    _json(collectors)


def _with_run(commands: Any, name: str, text: str, command: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + "."
    )
    parser.set_defaults(command=_later(command))
    parser.add_argument("run", metavar="RUN", help=RUN_HELP)
    return parser


def _order_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-wait", action="store_true", help="do not wait for the run's answer")
    parser.add_argument("--timeout", type=duration, default=120.0, help="how long to wait for it (default 2m)")
    _json(parser)


def _json(parser: Any) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def _later(path: str) -> Callable[[argparse.Namespace], int]:
    def command(options: argparse.Namespace) -> int:
        module, name = path.split(":")
        code: int = getattr(import_module(module), name)(options)
        return code

    return command


_Raw = argparse.RawDescriptionHelpFormatter
_DEMOS = """Record demonstrations: worker processes drive whole episodes and write what was seen, what the driver
would do (the label) and what was driven. Interrupted, the same command goes on. The scripted expert drives on
backend fast, which knows the true state; a policy on any."""
_TRAIN = """Train an agent. The run is a process of its own: it goes on when this terminal, or the SSH
connection, goes away. In the foreground, Ctrl-C stops it with a checkpoint."""
_EVAL = """Drive tracks with a checkpoint's policy, whatever agent it is of, and print mean, standard deviation,
minimum, 10th percentile, finish rate, missed tiles and lap frames. An episode depends on the checkpoint and its track
seed alone (and on --stochastic): not on the number of tracks or cores."""
