"""``racetui pipeline``: measure, print plan and estimate, start the run, follow it, and print what it came to."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from typing import Any

import psutil

from agents.registry import config_class
from profiles import detect
from profiles.strict import unknown_key
from racetui.cli.attach import follow
from racetui.cli.output import print_json, summary_document, tell_queued
from racetui.cli.pipeline_parser import CLONES
from racetui.cli.stages import estimate_text, stages_document, stages_text
from racetui.cli.train import ending
from racetui.config import ConfigError
from racetui.exits import Exit
from racetui.launching import StartRequest, build_spec, start_spec
from racetui.measured import read_knowledge
from racetui.pipeline.estimate import Estimate, Speeds, estimates, measured
from racetui.pipeline.probing import probe_apart
from racetui.pipeline.stages import Measured, stages_of
from racetui.pipeline.workers import plan_workers
from racetui.planning import measures_of, named_profile, plan_for, subject_of, usable_cores
from racetui.runs.paths import RunPaths
from racetui.runs.reader import RunReader
from racetui.spec import RunSpec

BUSY = 0.5
"""Programs that want a core, on average over the last minute, from which on measurements deserve a warning."""
_SIZES = {
    "episodes": ("demos", "pipeline.demos.episodes"),
    "epochs": ("bc", "pipeline.bc.epochs"),
    "dagger_frames": ("dagger", "pipeline.dagger.frames"),
    "score_episodes": ("score", "pipeline.score.episodes"),
}
"""Option -> the stage that it is about, and its key."""


def pipeline(options: argparse.Namespace) -> int:
    """Start a pipeline as a process of its own; in the foreground follow it to its end."""
    if options.estimate and options.no_probe:
        raise ConfigError("--estimate prints what is measured, and --no-probe measures nothing: leave one out")
    stages = (*CLONES[options.clone], "score")
    spec = build_spec(request_of(options, stages), {stage: {} for stage in stages})
    found: list[Estimate] = []
    known: dict[str, Measured] = {}
    told = sys.stdout if options.estimate and not options.json else sys.stderr  # it is all that was asked for
    print(_plan_text(spec), file=told)
    if not options.no_probe:
        one_core, planned = _probed(spec)
        found = estimates(spec, one_core, planned)
        known = measured(found, one_core)
        print(f"\n{estimate_text(found)}\n", file=told)
    if options.estimate:
        if options.json:
            print_json({"spec": spec, "estimate": found})
        return Exit.OK
    paths = start_spec(spec, measured=known, now=options.now)
    if options.detach:
        tell_queued(paths)
        print_json(summary_document(RunReader(paths).summary())) if options.json else print(paths.id)
        return Exit.OK
    interrupted = follow(paths)
    return _report(paths, options.json, found, interrupted)


def request_of(options: argparse.Namespace, stages: tuple[str, ...]) -> StartRequest:
    """What the options ask for. Raises ConfigError for options about stages that there are not."""
    sizes = []
    for option, (stage, key) in _SIZES.items():
        value = getattr(options, option)
        if value is None:
            continue
        if stage not in stages:
            name = option.replace("_", "-")
            raise ConfigError(f"--{name} is about {stage}, which --clone {options.clone} leaves out")
        sizes.append(f"{key}={value}")
    trackers = [f"tracking.{name}=false" for name in ("tensorboard", "aim") if getattr(options, f"no_{name}")]
    return StartRequest(
        agent=options.agent,
        profile=options.profile,
        observation=options.observation,
        seed=options.seed,
        name=options.name,
        frames=options.frames,
        seconds=options.duration,
        eval_every=options.eval_every,
        config=options.config,
        overrides=(*sizes, *_clone_overrides(options.clone_set, stages), *options.set, *trackers),
    )


def _clone_overrides(settings: list[str], stages: tuple[str, ...]) -> list[str]:
    """Each setting for every cloning agent that has it. Raises ConfigError where none does."""
    known = {
        stage: {field.name for field in fields(config_class(stage))} for stage in ("bc", "dagger") if stage in stages
    }
    found = []
    for setting in settings:
        key = setting.partition("=")[0].strip()
        having = [stage for stage, keys in known.items() if key in keys]
        if not having:
            there: dict[str, Any] = dict.fromkeys(sorted(set().union(*known.values())))
            raise ConfigError(f"--clone-set {setting}: {unknown_key(key, there, '')}")
        found += [f"pipeline.{stage}.agent_config.{setting}" for stage in having]
    return found


def _plan_text(spec: RunSpec) -> str:
    """How the stages spread over the machine, in words."""
    cores = usable_cores(spec.profile, detect())
    hardware = detect()
    known = read_knowledge(hardware)
    driving = plan_for(
        subject_of(spec),
        named_profile(spec.profile),
        hardware,
        spec.collector,
        measures=measures_of(known.calibration),
    )
    lines = [f"racetui: {cores} usable cores; as usual, unless something else was asked for:"]
    names = [stage.name for stage in stages_of(spec)]
    lines += [f"  {reason}" for reason in plan_workers(cores).reasons if reason.partition(":")[0] in names]
    drivers = ", ".join(name for name in names if name in ("dagger", spec.agent))
    lines += [f"  {drivers}: {reason}" for reason in driving.reasons]
    return "\n".join(lines)


def _probed(spec: RunSpec) -> tuple[Speeds, Speeds]:
    """What this machine does on one core, and as planned. Raises ProbeError."""
    load = psutil.getloadavg()[0]
    if load >= BUSY:
        print(
            f"racetui: other programs want the cores too (load {load:.1f}): what is measured now is what they leave",
            file=sys.stderr,
        )
    print("racetui: measuring what one core does", file=sys.stderr)
    one_core = probe_apart(spec, one_core=True)
    if detect().usable_cores == 1:
        return one_core, one_core
    print("racetui: measuring the same as planned", file=sys.stderr)
    return one_core, probe_apart(spec)


def _report(paths: RunPaths, as_json: bool, found: list[Estimate], interrupted: bool) -> int:
    with RunReader(paths) as reader:
        summary, evaluations = reader.summary(), reader.evaluations()
    if as_json:
        print_json(summary_document(summary) | {"estimate": found} | stages_document(summary.stages, evaluations))
    else:
        print(f"{summary.id} {summary.name}: {summary.state.value} at {summary.frames:,} frames")
        print(stages_text(summary.stages, evaluations))
    return ending(paths, summary, interrupted)
