"""How fast this machine does the stages of a pipeline: ``python -m racetui.pipeline.probe [--one-core] < spec.yaml``.

Does a little of each stage by the code that will do all of it, and prints one JSON document of ``Speeds``. A process
of its own, because what one core is, and how many threads there are, can be decided only before anything is loaded.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

from carracing.registry import THREADED, scoring_backend
from racetui.config import load_spec
from racetui.pipeline.config import DemosStage, ScoreStage
from racetui.pipeline.estimate import Speeds
from racetui.pipeline.recording import recording_plan
from racetui.pipeline.stages import Given, stages_of, training_spec
from racetui.spec import RunSpec

SECONDS = 2.0
"""Of each measurement, begun once everything is started; whole rounds and blocks are finished."""
BLOCKS = 4
"""Of demonstrations, for each worker."""
TRACKS = {True: 32, False: 2}
"""Of the score, by whether the simulator steps many cars together."""
MINIBATCHES = 4
"""In a round of a training that is measured: the time of a frame does not depend on the length of rounds."""


def on_one_core(spec: RunSpec) -> RunSpec:
    """The same run as one core would do it: one thread, no processes but the learner's where that is possible."""
    config = replace(spec.collector_config, workers=1, threads=1, depth=0)
    stages = spec.pipeline
    if stages is not None:
        demos = replace(stages.demos, workers=1) if stages.demos else None
        bc = replace(stages.bc, agent_config=replace(stages.bc.agent_config, workers=0)) if stages.bc else None
        score = replace(stages.score, cores=1) if stages.score else None
        stages = replace(stages, demos=demos, bc=bc, score=score)
    alone = "sync" if spec.collector in ("async", "executor", "ray") else spec.collector
    if alone == "sync":
        config = replace(config, max_segment=0, ray_address="")
    return replace(spec, threads=1, collector=alone, collector_config=config, pipeline=stages)


def probe(spec: RunSpec, directory: Path, seconds: float = SECONDS) -> Speeds:
    """Measure every stage, working in an empty directory. Raises what agents and collectors raise."""
    import torch

    torch.set_num_threads(max(1, spec.threads))
    rates: dict[str, float] = {}
    lengths: dict[str, float] = {}
    given = Given(demos=str(directory / "demos"), start="")
    for stage in stages_of(spec):
        match stage.section:
            case DemosStage() as demos:
                rates["demos"], lengths["demos"] = _demos(spec, demos, directory / "demos")
            case ScoreStage() as score:
                rates["score"], lengths["score"] = _score(spec, score, Path(given.start))
            case _:
                training = _short(training_spec(spec, stage.name, given))
                given = given if given.start else replace(given, start=_checkpoint(training, directory / "start"))
                rates[stage.name] = (_cloning if stage.name == "bc" else _training)(training, seconds)
    return Speeds(rates, lengths)


def _demos(spec: RunSpec, demos: DemosStage, directory: Path) -> tuple[float, float]:
    """Frames per second of its workers, and frames per episode."""
    from racetui.demos import record
    from racetui.demos.plan import BLOCK

    workers = demos.workers
    plan = recording_plan(spec, replace(demos, episodes=BLOCK * BLOCKS * workers), directory)
    seen: list[tuple[float, int]] = []
    # The first blocks are begun while processes still start: counting begins when a worker's share of them is done.
    done = record(plan, workers, lambda so_far, left: seen.append((time.monotonic(), so_far.frames)))
    (began, before), (ended, frames) = seen[workers - 1], seen[-1]
    return (frames - before) / (ended - began), done.frames / done.episodes


def _cloning(spec: RunSpec, seconds: float) -> float:
    """Frames learned from per second."""
    from agents.registry import make_agent
    from carracing import task_spec

    agent = make_agent(spec.agent, task_spec(spec.task), spec.agent_config, spec.seed)
    agent.learn([], 0.0)
    started, samples = time.monotonic(), 0.0
    while time.monotonic() - started < seconds:
        samples += agent.learn([], 0.0)["samples"]
    return float(samples * spec.task.frame_skip / (time.monotonic() - started))


def _training(spec: RunSpec, seconds: float) -> float:
    """Frames driven and learned from per second."""
    from racetui.bench.measure import train

    found = train(spec, seconds)
    return found.frames / found.seconds


def _score(spec: RunSpec, score: ScoreStage, checkpoint: Path) -> tuple[float, float]:
    """Frames per second, and frames per episode of a policy that has hardly learned."""
    import torch

    from racetui.evaluation import EvaluationSettings, evaluate

    backend = score.backend or scoring_backend(spec.task)
    settings = EvaluationSettings(
        min(score.episodes, TRACKS[backend in THREADED]), score.seed, backend=backend, cores=score.cores
    )
    torch.set_num_threads(1)
    result = evaluate(checkpoint, settings)
    return sum(result.frames) / result.seconds, sum(result.frames) / len(result.frames)


def _short(spec: RunSpec) -> RunSpec:
    """The same training in short rounds, all alike: with a replay, as they are once its warm-up is over."""
    config, names = spec.agent_config, {field.name for field in fields(spec.agent_config)}
    changes: dict[str, Any] = {}
    if "rollout" in names:
        changes["rollout"] = min(config.rollout, MINIBATCHES * config.minibatch)
    if "round" in names and spec.agent == "bc":
        changes["round"] = min(config.round, MINIBATCHES)
    if "warmup" in names:
        changes["warmup"] = 0
    if not getattr(config, "init_from", ""):
        changes |= {name: 0 for name in ("value_warmup", "pull") if name in names}
    elif "value_warmup" in names:
        changes["value_warmup"] = 0
    return replace(spec, agent_config=replace(config, **changes))


def _checkpoint(spec: RunSpec, root: Path) -> str:
    """A checkpoint of an agent that has learned nothing, for the stages after it to begin with."""
    from agents.checkpoint import Checkpoint, save_checkpoint
    from agents.registry import make_agent
    from carracing import task_spec

    agent = make_agent(spec.agent, task_spec(spec.task), spec.agent_config, spec.seed)
    settings, task = asdict(spec.agent_config), asdict(spec.task)
    return str(
        save_checkpoint(root, Checkpoint(spec.agent, settings, task, {"frames": 0}, agent.state(), None), "probe")
    )


def main() -> int:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m racetui.pipeline.probe", description=__doc__)
    parser.add_argument("--one-core", action="store_true", help="as one core does it")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    options = parser.parse_args()
    if options.one_core and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from profiles.strict_yaml import parse_yaml

    document = parse_yaml(sys.stdin.read(), "standard input")
    if not isinstance(document, dict):
        parser.error("standard input must be a run's spec")
    spec = load_spec(document, "standard input")
    with tempfile.TemporaryDirectory(prefix="racetui-probe-") as directory:
        found = probe(on_one_core(spec) if options.one_core else spec, Path(directory), options.seconds)
    print(json.dumps(asdict(found)))  # noqa: T201  (the answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
