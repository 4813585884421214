"""Every command and option of the command line. Imports nothing heavy: commands are imported when called."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from agents.registry import AGENTS
from carracing.registry import BACKENDS, EVERY_BACKEND
from carracing.task import OBSERVATIONS
from collectors.registry import COLLECTORS
from racetui import __version__
from racetui.cli.bench_panel_parser import add_panel
from racetui.cli.demos_parser import add_demonstration_commands
from racetui.cli.machine_parser import add_machine_commands
from racetui.cli.measuring_parser import add_measuring_commands
from racetui.cli.options import RUN_HELP, add_now
from racetui.cli.options import add_json as _json
from racetui.cli.options import later as _later
from racetui.cli.panel_options import add_panel_options
from racetui.cli.pipeline_parser import add_pipeline_command
from racetui.cli.policy_parser import add_policy_commands
from racetui.cli.queue_parser import add_queue_command
from racetui.cli.report_parser import add_out, add_report_command, add_sweep_command
from racetui.cli.run_parser import add_run_commands
from racetui.cli.serve import add_serve_command
from racetui.planning import known_profiles
from racetui.presets import preset_names
from racetui.values import count, counts, duration

EPILOG = """\
exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 no terminal, 4 not found, 5 timeout, 130 interrupted
environment: RACETUI_HOME moves the run store, RACETUI_CONFIG the panel's config.toml; RACETUI_READONLY=1 opens panels
that only show; NO_COLOR is honoured; RACETUI_DEBUG=1 shows tracebacks"""

PANEL = _later("racetui.cli.panel:panel")
"""What is done without a command."""
_SET_HELP = (
    "one setting, as agent.learning_rate=1e-4, task.frame_skip=2, collector.lanes=16 (auto: planned); repeatable"
)


def make_parser() -> argparse.ArgumentParser:
    """The parser of ``racetui``; ``options.command`` is what to call with the options."""
    parser = argparse.ArgumentParser(
        prog="racetui",
        description="Train, watch, evaluate and compare CarRacing agents. Without a command: the panel.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"racetui {__version__}")
    add_panel_options(parser)
    parser.set_defaults(command=PANEL)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_train(commands)
    add_pipeline_command(commands)
    _add_reading(commands)
    _add_orders(commands)
    add_queue_command(commands)
    add_run_commands(commands)
    add_machine_commands(commands)
    add_policy_commands(commands)
    add_demonstration_commands(commands)
    add_serve_command(commands)
    _add_bench(commands)
    return parser


def _add_train(commands: Any) -> None:
    train = commands.add_parser("train", help="train an agent", description=_TRAIN, formatter_class=_Raw)
    train.set_defaults(command=_later("racetui.cli.train:train"))
    what = train.add_argument_group("what to train")
    what.add_argument("--agent", choices=AGENTS, help="what learns (default ppo)")
    what.add_argument("--collector", choices=COLLECTORS, help="how experience is collected (default async)")
    what.add_argument(
        "--profile", metavar="NAME", help=f"hardware plan: {', '.join(known_profiles())} (default auto)"
    )
    what.add_argument(
        "--env", metavar="ID", help="another environment than CarRacing: CartPole-v1, package.module:Name-v0"
    )
    what.add_argument(
        "--backend", choices=EVERY_BACKEND, help="what simulates (default fast; gymnasium with --env, or envpool)"
    )
    what.add_argument(
        "--observation", choices=OBSERVATIONS, help="what the policy sees (default grey-fast, and grey on gymnasium)"
    )
    what.add_argument("--lanes", type=count, metavar="N", help="cars stepped together (default: the profile's)")
    what.add_argument(
        "--cars", type=count, metavar="N", help="of them on each track, as ghosts (multicar, hybrid; divides lanes)"
    )
    what.add_argument(
        "--workers", type=count, metavar="N", help="processes that step them (async, hybrid; default: the profile's)"
    )
    what.add_argument("--seed", type=int, help="decides weights, tracks and noise (default 1)")
    what.add_argument(
        "--seeds",
        metavar="STRATEGY",
        help="tracks: independent (default), shared (all cars on one track each round), fixed, curriculum:EPISODES "
        "(one track for so many episodes, then new ones)",
    )
    what.add_argument(
        "--select",
        choices=("all", "best"),
        help="learn from all episodes (default), or of cars on the same track from the best one's only",
    )
    what.add_argument("--seed-base", type=int, metavar="N", help="track seeds count up from N (default: drawn)")
    what.add_argument("--name", help="name of the run (default AGENT-COLLECTOR, numbered if taken)")
    budget = train.add_argument_group(
        "how long (the first limit reached, checked after each round; default 10M frames, 1M on gymnasium)"
    )
    budget.add_argument("--frames", type=count, metavar="N", help="simulator frames, as 500000, 500k or 2M")
    budget.add_argument("--steps", type=count, metavar="N", help="decisions")
    budget.add_argument("--episodes", type=count, metavar="N", help="finished episodes")
    budget.add_argument(
        "--epochs", type=count, metavar="N", help="passes over the set agent.demos, of agent bc (default 10)"
    )
    budget.add_argument("--duration", type=duration, metavar="TIME", help="training time, as 90s, 10m, 1h30m")
    settings = train.add_argument_group("settings")
    settings.add_argument(
        "--preset",
        choices=preset_names(),
        help="settings by name, of files in the config directory too; those of --config and --set win",
    )
    settings.add_argument(
        "--like", metavar="RUN", help="all settings of another run of the same agent, beneath those asked for"
    )
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
    settings.add_argument("--no-tensorboard", action="store_true", help="write no TensorBoard files")
    settings.add_argument("--no-aim", action="store_true", help="write nothing to Aim, where that is installed")
    how = train.add_argument_group("how to run")
    add_now(how)
    how.add_argument("--resume", metavar="RUN", help="go on with an ended run from its latest checkpoint")
    how.add_argument("--verbose", action="store_true", help="print every episode: number, track seed, lane, return")
    how.add_argument("--detach", action="store_true", help="print the run's id and return; the run goes on")
    _json(how)


def _add_reading(commands: Any) -> None:
    runs = commands.add_parser("runs", help="list the runs")
    runs.set_defaults(command=_later("racetui.cli.show:list_runs"))
    runs.add_argument(
        "--filter",
        metavar="TEXT",
        default="",
        help="only those such as 'agent:ppo return>800 state:running tag:good -name:old'",
    )
    _json(runs)
    show = _with_run(commands, "show", "everything about a run", "racetui.cli.show:show_run")
    _json(show)
    logs = _with_run(commands, "logs", "print a run's log and its events, in order of time", "racetui.cli.logs:logs")
    logs.add_argument("-f", "--follow", action="store_true", help="go on printing until the run ends")
    logs.add_argument("-n", "--lines", type=count, default=200, help="lines from the end to begin with (default 200)")
    _json(logs)
    wait = _with_run(commands, "wait", "wait until a run has ended", "racetui.cli.waiting:wait")
    wait.add_argument("--timeout", type=duration, metavar="TIME", help="give up after this long with exit code 5")
    _json(wait)
    compared = commands.add_parser(
        "compare",
        help="rank runs, and show the settings in which they differ",
        description="Rank runs by their best evaluation, with area under the return curve, time until a mean return "
        "of 900, frames/s and memory, show the settings in which they differ, and say what stands against comparing "
        "them. With --out, also write a report with pictures into a directory.",
    )
    compared.set_defaults(command=_later("racetui.cli.compare:compare_command"))
    compared.add_argument("runs", metavar="RUN", nargs="+", help=RUN_HELP)
    add_out(compared)
    _json(compared)
    add_report_command(commands)
    add_sweep_command(commands)


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


def _add_bench(commands: Any) -> None:
    bench = commands.add_parser("bench", help="measure this machine")
    subjects = bench.add_subparsers(title="what to measure", metavar="SUBJECT", required=True)
    _add_bench_collectors(subjects)
    _add_bench_learner(subjects)
    simulators = subjects.add_parser("sim", help="speed of the simulator beside stock CarRacing-v3 and EnvPool")
    simulators.set_defaults(command=_later("racetui.cli.bench:simulators"))
    simulators.add_argument("--seconds", type=duration, default=2.0, help="of each measurement (default 2s)")
    simulators.add_argument("--repeats", type=count, default=5, help="turns, of which the median counts (default 5)")
    _json(simulators)
    _add_bench_replay(subjects)
    add_measuring_commands(subjects)
    add_panel(subjects)


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


def _add_bench_replay(subjects: Any) -> None:
    replay = subjects.add_parser("replay", help="memory and speed of the replay beside stable-baselines3's")
    replay.set_defaults(command=_later("racetui.cli.bench_replay:replays"))
    replay.add_argument("--observation", choices=OBSERVATIONS, default="grey", help="what is kept (default grey)")
    replay.add_argument("--steps", type=count, default=10_000, help="transitions each is filled with (default 10k)")
    replay.add_argument("--batch", type=count, default=256, help="transitions sampled at once (default 256)")
    replay.add_argument("--seconds", type=duration, default=1.0, help="of each measurement (default 1s)")
    replay.add_argument("--repeats", type=count, default=5, help="turns, of which the median counts (default 5)")
    _json(replay)


def _add_bench_learner(subjects: Any) -> None:
    learner = subjects.add_parser(
        "learner", help="how fast an agent learns, beside stable-baselines3 on the same experience"
    )
    learner.set_defaults(command=_later("racetui.cli.bench_learner:learner"))
    learner.add_argument(
        "--observation", choices=OBSERVATIONS, default="grey-fast", help="what is learned from (default grey-fast)"
    )
    learner.add_argument("--agent", choices=("ppo", "sac", "dqn"), default="ppo", help="what learns (default ppo)")
    learner.add_argument(
        "--seconds",
        type=duration,
        default=5.0,
        help="of each measurement of sac and dqn (default 5s); ppo takes a round",
    )
    learner.add_argument("--threads", type=count, help="of the learner (default: usable cores)")
    learner.add_argument("--repeats", type=count, default=5, help="turns, of which the median counts (default 5)")
    _json(learner)


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


_Raw = argparse.RawDescriptionHelpFormatter
_TRAIN = """Train an agent. The run is a process of its own: it goes on when this terminal, or the SSH
connection, goes away. In the foreground, Ctrl-C stops it with a checkpoint."""
