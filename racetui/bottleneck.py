"""What holds a run back, in words, and what to change: from measurements, knowing nothing of how it is shown."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace

import psutil

from agents.registry import config_class
from carracing.task import OBSERVATIONS
from collectors.registry import COLLECTORS
from racetui.pipeline.stages import Kind, training_spec
from racetui.runs.reader import RunReader
from racetui.spec import RunSpec

DOMINANT = 0.45
"""Share of a round that makes a part of it the bottleneck beyond doubt; below, the largest is only the next to do."""
UNEVEN = 0.25
"""Difference in busy shares between workers that is worth a word."""
STALE = 2.0
"""Versions of lag, on average, that are worth a word: PPO then weights a good part of its experience down."""
WAITING = 0.2
"""Share of lanes waiting for others that is worth a word."""
IDLE = 0.5
"""Share of the cores in use below which cores are left over."""
_SAMPLES = 10
"""Of what the run uses, one a second; it counts as running while they are fresh."""
SMALL_BATCH = 16
"""Cars acting at once beyond which more gain little: measured on one core with the small network, 3,100 actions/s
one by one, 7,500 by 4, 10,500 by 8, 11,800 by 16, 14,300 by 64."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was measured of a run, over its last rounds. Shares are of 1."""

    collector: str
    backend: str
    observation: str
    lanes: int
    cars: int
    workers: int
    simulator_threads: int
    settings: frozenset[str]
    """Names of the agent's settings: advice is given on those only."""
    early_stop: bool
    """Whether training gives hopeless episodes up."""
    shares: Mapping[str, float]
    """Of a round's time: env, act, learn, other."""
    busy: tuple[float, ...] = ()
    """Of its time, by worker."""
    lag_mean: float = 0.0
    """Versions."""
    lanes_waiting: float = 0.0
    cores: int = 0
    """That can be used; 0 where that is not known."""
    cores_used: float | None = None
    """By the run; None where it does not run now."""
    load: float = 0.0
    """Programs that want a core, the run's included."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about what is, and one about what to do."""

    text: str
    advice: str


def remarks_on(reader: RunReader, spec: RunSpec, cores: int, elsewhere: bool = False) -> tuple[Remark, ...]:
    """What there is to say of a run; nothing before its first round. Raises StoreError.

    ``elsewhere``: it is not on this machine, whose load therefore says nothing of it.
    """
    stage = reader.summary().stage if spec.pipeline is not None else None
    if stage is not None and stage.kind == Kind.TRAINING:
        spec = training_spec(spec, stage.name)
    usage = [row.cpu_percent for row in reader.hardware(last=_SAMPLES) if row.time > time.time() - 2 * _SAMPLES]
    facts = facts_of(spec, reader.recent_metrics(), cores)
    if facts is None:
        return ()
    if len(usage) == _SAMPLES:
        load = 0.0 if elsewhere else psutil.getloadavg()[0]
        facts = replace(facts, cores_used=sum(usage) / len(usage) / 100, load=load)
    return diagnose(facts)


def facts_of(spec: RunSpec, metrics: Mapping[str, float], cores: int) -> Facts | None:
    """The facts in a run's recent metrics by name; None before its first round."""
    shares = {part: metrics[f"time/{part}"] for part in ("env", "act", "learn", "other") if f"time/{part}" in metrics}
    if not shares:
        return None
    config = spec.collector_config
    busy = (metrics.get(f"busy/{worker}") for worker in range(config.workers))
    return Facts(
        collector=spec.collector,
        backend=spec.backend,
        observation=spec.task.observation,
        lanes=config.lanes,
        cars=config.cars,
        workers=config.workers,
        simulator_threads=config.threads,
        settings=frozenset(field.name for field in fields(config_class(spec.agent))),
        early_stop=getattr(spec.task, "early_stop", 1) > 0,  # other environments have none to advise
        shares=shares,
        busy=tuple(share for share in busy if share is not None),
        lag_mean=metrics.get("lag_mean", 0.0),
        lanes_waiting=metrics.get("wait/lanes", 0.0),
        cores=cores,
    )


def diagnose(facts: Facts) -> tuple[Remark, ...]:
    """The bottleneck first, then whatever else is worth changing."""
    return (_bottleneck(facts), *_others(facts))


def _bottleneck(facts: Facts) -> Remark:
    part = max(facts.shares, key=lambda name: facts.shares[name])
    share = facts.shares[part]
    verb = "holds the run back" if share >= DOMINANT else "takes longest"
    name, advise = _PARTS[part]
    return Remark(f"{name} {verb}: {share:.0%} of the time", advise(facts))


def _simulating(facts: Facts) -> str:
    elsewhere = facts.observation not in OBSERVATIONS
    if facts.backend == "gymnasium" and not elsewhere:
        return "backend fast simulates the very same task many times faster"
    if facts.observation in ("grey", "rgb"):
        return "observation grey-fast is drawn several times faster, vector not at all"
    if COLLECTORS[facts.collector].workers and facts.workers < min(facts.cores, facts.lanes // facts.cars):
        return f"--workers {min(facts.cores, facts.lanes // facts.cars)} uses every core"
    if elsewhere and not COLLECTORS[facts.collector].workers and facts.cores > 1:
        return "collector async or executor steps environments on every core"
    if not COLLECTORS[facts.collector].workers and facts.simulator_threads < min(facts.cores, facts.lanes):
        return f"--set collector.threads={min(facts.cores, facts.lanes)} simulates on every core"
    return "every core that can be used simulates: only more cores would help"


def _acting(facts: Facts) -> str:
    if facts.lanes < SMALL_BATCH:
        option = "--lanes" if COLLECTORS[facts.collector].many_tracks else "--cars"
        return f"more cars act together at little more cost: {option} {SMALL_BATCH}"
    return "a smaller network acts faster (agent.network), a longer task.frame_skip asks it less often"


def _learning(facts: Facts) -> str:
    less = _any_of(_LESS_LEARNING, facts)
    if facts.collector in ("async", "hybrid") and facts.cores > 1:
        return f"{less}; collector executor drives while the learner learns. More workers would not help"
    return f"{less}. More cars or workers would not help"


def _managing(facts: Facts) -> str:
    longer = _any_of(_LONGER_ROUNDS, facts)
    return f"rounds are too short for what goes on between them: {longer}"


_LESS_LEARNING = {
    "epochs": "fewer agent.epochs",
    "minibatch": "a larger agent.minibatch",
    "updates_per_step": "fewer agent.updates_per_step",
    "batch": "a smaller agent.batch",
    "network": "a smaller agent.network",
}
_LONGER_ROUNDS = {"rollout": "a larger agent.rollout", "round": "a larger agent.round"}
"""Advice by the setting that it needs."""


def _any_of(advice: Mapping[str, str], facts: Facts) -> str:
    """What the agent's settings allow, in words."""
    known = [text for setting, text in advice.items() if setting in facts.settings]
    return " or ".join([", ".join(known[:-1]), known[-1]] if len(known) > 1 else known)


_PARTS = {
    "env": ("simulating", _simulating),
    "act": ("acting", _acting),
    "learn": ("learning", _learning),
    "other": ("managing", _managing),
}


def _others(facts: Facts) -> Iterator[Remark]:
    if facts.cores and facts.workers > facts.cores:
        yield Remark(
            f"{facts.workers} workers take turns on {_count(facts.cores, 'core')}",
            f"--workers {facts.cores} spares them the changes",
        )
    if facts.busy and max(facts.busy) - min(facts.busy) > UNEVEN:
        least, most = facts.busy.index(min(facts.busy)), facts.busy.index(max(facts.busy))
        yield Remark(
            f"worker {least} works {min(facts.busy):.0%} of the time, worker {most} {max(facts.busy):.0%}",
            f"lanes that are a multiple of {facts.workers * facts.cars} share the work evenly"
            if facts.lanes % (facts.workers * facts.cars)
            else "something else takes the time of one core: see the hardware pane",
        )
    if facts.workers > 1 and facts.lanes == facts.workers * facts.cars and facts.shares.get("env", 0.0) >= DOMINANT:
        yield Remark(
            "each worker steps one track, so every step waits for the slowest",
            f"--lanes {4 * facts.lanes} gives each more to do between two waits",
        )
    if facts.lag_mean > STALE and "rollout" in facts.settings:
        yield Remark(
            f"experience is {facts.lag_mean:.1f} versions old on average",
            f"{'a smaller collector.depth or ' * COLLECTORS[facts.collector].whole_episodes}a larger agent.rollout "
            "keeps it fresher",
        )
    if facts.lanes_waiting > WAITING:
        stop = "" if facts.early_stop else "task.early_stop ends hopeless episodes; "
        yield Remark(
            f"{facts.lanes_waiting:.0%} of the cars wait for others that began with them",
            f"{stop}seeds independent or fewer cars on a track wait less",
        )
    if facts.cores_used is not None and facts.cores > 1 and facts.cores_used < IDLE * facts.cores:
        yield _spare_cores(facts, facts.cores_used)


def _spare_cores(facts: Facts, used: float) -> Remark:
    if facts.load > facts.cores + 1:
        return Remark(
            f"other programs want the {facts.cores} cores too: load {facts.load:.1f}, {used:.1f} cores for the run",
            "what it measures of itself means little meanwhile",
        )
    more = "more --workers" if COLLECTORS[facts.collector].workers else "collector executor or async"
    return Remark(
        f"{used:.1f} of {facts.cores} cores are used",
        f"{more}, or more simulator and learner threads (collector.threads, threads), would use the others",
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
