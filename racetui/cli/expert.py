"""``racetui eval expert``."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict

from carracing.task import TaskConfig
from racetui.cli.output import print_json
from racetui.cli.scoring import print_result, progress_of, settings_of
from racetui.config import ConfigError
from racetui.evaluation.expert import evaluate_expert, expert_task
from racetui.evaluation.report import versions
from racetui.exits import Exit
from racetui.video import Camera, VideoPlan


def evaluate_expert_command(options: argparse.Namespace) -> int:
    """Score the scripted expert in the foreground."""
    for key, value in (("--checkpoint", options.checkpoint), ("--stochastic", options.stochastic)):
        if value:
            raise ConfigError(f"{key} goes with a policy: the expert is a program, and always the same")
    settings = settings_of(options, options.backend or "gymnasium")
    skip = TaskConfig().frame_skip if options.frame_skip is None else options.frame_skip
    task = _checked(skip)
    seeds = settings.seeds
    print(
        f"racetui: the scripted expert, acting every {skip} frames, on {settings.backend}: "
        f"tracks {seeds[0]} to {seeds[-1]}",
        file=sys.stderr,
    )
    camera = Camera(VideoPlan(options.video, options.video_episode or "first"), settings) if options.video else None
    result = evaluate_expert(skip, settings, progress_of(settings.episodes), camera.watching if camera else None)
    if options.json:
        results = {"settings": asdict(settings), "results": asdict(result), "versions": versions()}
        print_json({"agent": "expert", "task": asdict(task), **results})
    else:
        print_result(result, options.rows)
    if camera:
        camera.film(result, task)
        print(f"racetui: {options.video} written", file=sys.stderr)
    return Exit.OK


def _checked(frame_skip: int) -> TaskConfig:
    try:
        return expert_task(frame_skip)
    except ValueError as error:
        raise ConfigError(str(error)) from None
