"""``racetui train``: start or resume a run, then follow it or leave it to itself."""

from __future__ import annotations

import argparse
import sys

from racetui.cli.attach import follow
from racetui.cli.output import print_json, summary_document, tell_queued
from racetui.cli.stages import stages_text
from racetui.config import ConfigError
from racetui.exits import Exit
from racetui.launching import StartRequest, resume_run, start_run
from racetui.runs.model import RunState, RunSummary
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.spec import Budget

_TRACKERS = ("tensorboard", "aim")
_SETTINGS = (
    *("agent", "collector", "profile", "env", "backend", "observation", "lanes", "cars", "workers"),
    *("seed", "seeds", "seed_base", "select", "name", "preset", "like", "config"),
)

_OTHERS = ("epochs", "eval_every", "checkpoint_every")


def train(options: argparse.Namespace) -> int:
    """Start a run as a process of its own; in the foreground follow it to its end."""
    if options.detach and options.verbose:
        raise ConfigError("--verbose prints episodes as they end, and --detach does not wait for any: leave one out")
    paths = start_run(request_of(options)) if options.resume is None else _resume(options)
    if options.detach:
        tell_queued(paths)
        if options.json:
            print_json(summary_document(RunReader(paths).summary()))
        else:
            print(paths.id)
        return Exit.OK
    interrupted = follow(paths, options.verbose)
    return _report(paths, options.json, interrupted)


def request_of(options: argparse.Namespace) -> StartRequest:
    """What the options of ``racetui train`` ask for."""
    return StartRequest(
        **{name: getattr(options, name) for name in _SETTINGS},
        frames=options.frames,
        steps=options.steps,
        episodes=options.episodes,
        seconds=options.duration,
        epochs=options.epochs,
        eval_every=options.eval_every,
        checkpoint_every=options.checkpoint_every,
        now=options.now,
        overrides=(*options.set, *(f"tracking.{name}=false" for name in _TRACKERS if getattr(options, f"no_{name}"))),
    )


def _resume(options: argparse.Namespace) -> RunPaths:
    changed = [name for name in (*_SETTINGS, *_OTHERS) if getattr(options, name) is not None]
    changed += [f"no_{name}" for name in _TRACKERS if getattr(options, f"no_{name}")]
    if changed or options.set:
        what = ", ".join(f"--{name.replace('_', '-')}" for name in changed) or "--set"
        raise ConfigError(f"--resume goes on with the run's own settings: {what} cannot change, only the budget can")
    paths = RunStore().find(options.resume)
    limits = (options.frames or 0, options.steps or 0, options.episodes or 0, options.duration or 0.0)
    resume_run(paths, Budget(*limits) if any(limits) else None, now=options.now)
    return paths


def _report(paths: RunPaths, json: bool, interrupted: bool) -> int:
    reader = RunReader(paths)
    summary = reader.summary()
    if json:
        print_json(summary_document(summary))
    else:
        best = (
            "" if summary.best_mean is None else f", best evaluation {summary.best_mean:.1f} ± {summary.best_std:.1f}"
        )
        print(f"{summary.id} {summary.name}: {summary.state.value} at {summary.frames:,} frames{best}")
        if summary.stages:
            print(stages_text(summary.stages, reader.evaluations()))
    return ending(paths, summary, interrupted)


def ending(paths: RunPaths, summary: RunSummary, interrupted: bool) -> int:
    """The exit code of a run that was followed to its end; says why where it broke."""
    if summary.state in (RunState.FAILED, RunState.CRASHED):
        print(f"racetui: {summary.detail}", file=sys.stderr)
        for line in RunReader(paths).log_tail(5):
            print(f"  {line}", file=sys.stderr)
        return Exit.FAILURE
    return Exit.INTERRUPTED if interrupted else Exit.OK
