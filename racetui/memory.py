"""What a run takes of memory at its peak, part by part: a pure function of its spec. Loads nothing heavy.

Constants were measured as proportional set sizes (smaps) of whole runs on Linux; ``racetui bench memory`` sets them
against what a run takes here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from agents.bc.config import BCConfig, DAggerConfig
from agents.offpolicy.config import OffPolicyConfig
from agents.ppo.config import PPOConfig
from agents.registry import AGENTS
from agents.replay.sizes import replay_bytes
from carracing.registry import scoring_backend
from carracing.task import TaskSpec, task_spec
from collectors.registry import COLLECTORS
from profiles.needs import HELPER_BYTES, PROGRAM_BYTES, worker_bytes
from racetui.pipeline.stages import Kind, stages_of, training_spec
from racetui.spec import RunSpec

PICTURES_BYTES = 75 << 20
"""More where pictures are looked at: what convolutions are compiled to, and the room that they compute in."""
EVALUATION_BYTES = 250 << 20
"""Of the process that evaluates, without the pages that it shares with the learner's."""
LANE_BYTES = {"fast": 180 << 10, "gymnasium": 6 << 20, "envpool": 6 << 20}
"""Of one car and its track in a simulator, beside its pictures. Other environments count as stock's
CarRacing, which few are larger than."""
COPIES = 3
"""Of a round's observations at once: as collected, in the segments on their way, and put together for the learner."""
ACTING_BYTES = 320 << 10
"""Of one lane whose picture is looked at in the learner's process."""
ROW_BYTES = {True: 650 << 10, False: 6 << 10}
"""Of one row of a minibatch while its gradient is taken (activations, and what is kept of them for the way back),
by whether it is of pictures."""
NETWORK_BYTES = 60 << 20
"""Networks, their gradients and Adam's moments, and what allocators keep of what was freed."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that memory goes to."""

    name: str
    bytes: int
    count: int = 1
    """Processes that it is of; 0 of what lies in a process counted elsewhere."""


def memory_parts(spec: RunSpec) -> tuple[Part, ...]:
    """All parts of a run at its peak; of a pipeline, those of the stage that takes most."""
    trainings = [training_spec(spec, stage.name) for stage in stages_of(spec) if stage.kind is Kind.TRAINING]
    return max((tuple(_parts(each)) for each in trainings or [spec]), key=total)


def total(parts: tuple[Part, ...]) -> int:
    """Bytes of all of them."""
    return sum(part.bytes for part in parts)


def processes(parts: tuple[Part, ...]) -> int:
    """How many processes all of them are."""
    return sum(part.count for part in parts)


def _parts(spec: RunSpec) -> Iterator[Part]:
    config, task = spec.collector_config, task_spec(spec.task)
    pictures = task.observation_dtype == "uint8"
    apart = COLLECTORS[spec.collector].workers and not AGENTS[spec.agent].offline
    yield Part("interpreter, PyTorch and simulator", PROGRAM_BYTES + pictures * PICTURES_BYTES)
    if apart and not config.ray_address:
        yield Part("workers", config.workers * worker_bytes(spec.collector), config.workers)
        yield Part("helpers of the workers", HELPER_BYTES[spec.collector], 2)
    if isinstance(spec.agent_config, BCConfig) and spec.agent_config.workers:
        loaders = spec.agent_config.workers
        yield Part("loaders of minibatches", loaders * worker_bytes("async"), loaders)
    if not AGENTS[spec.agent].offline:
        acting = ACTING_BYTES * pictures * (not COLLECTORS[spec.collector].whole_episodes)
        lane = LANE_BYTES[spec.backend] + task.observation_bytes + acting
        yield Part("cars, tracks and acting", config.lanes * lane, 0)
    yield from _learner(spec, task)
    if spec.evaluation.every:
        yield Part("an evaluation beside training", EVALUATION_BYTES + _evaluated(spec), 1)


def _learner(spec: RunSpec, task: TaskSpec) -> Iterator[Part]:
    settings, pictures = spec.agent_config, task.observation_dtype == "uint8"
    step = task.observation_bytes + 64
    if isinstance(settings, OffPolicyConfig):
        sizes = settings.sizes(task)
        rows, stacks = sizes.batch, 4 * sizes.batch * task.stack * task.observation_bytes
        collected, kept = sizes.round, 0 if settings.replay_directory else sizes.replay
    elif isinstance(settings, PPOConfig | DAggerConfig):
        rows = settings.minibatch
        stacks = rows * task.stack * task.observation_bytes
        collected, kept = settings.rollout, settings.replay if isinstance(settings, DAggerConfig) else 0
    else:
        rows = settings.minibatch
        stacks, collected, kept = 2 * rows * task.stack * task.observation_bytes, 0, 0
    yield Part("learner", NETWORK_BYTES + rows * ROW_BYTES[pictures] + stacks, 0)
    if collected:
        blocks = _episodes_on_their_way(spec) if COLLECTORS[spec.collector].whole_episodes else 0
        yield Part("steps of a round", COPIES * collected * step + blocks * step, 0)
    if kept:
        yield Part("replay", replay_bytes(task, kept), 0)


def _episodes_on_their_way(spec: RunSpec) -> int:
    """Steps of blocks that were driven ahead."""
    config = spec.collector_config
    steps: int = 1000 // spec.task.frame_skip // 2
    return (config.depth or 2 * config.workers) * (config.lanes // config.workers) * steps


def _evaluated(spec: RunSpec) -> int:
    """Of the cars that are evaluated side by side."""
    backend = scoring_backend(spec.task)
    cars = min(spec.evaluation.episodes, 100) if backend == "fast" else 1
    seen: TaskSpec = task_spec(replace(spec.task, stack=1))
    lane: int = LANE_BYTES[backend] + seen.observation_bytes
    return cars * lane
