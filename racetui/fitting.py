"""Smaller runs that fit into memory where the one asked for does not, as options to type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from carracing.task import task_spec
from collectors.registry import COLLECTORS
from racetui.memory import memory_parts, total
from racetui.spec import RunSpec

_THOUSAND = 1000


def alternatives(spec: RunSpec, room: int) -> Iterator[str]:
    """Options with which the run fits into ``room`` bytes, each by itself the least change of its kind."""
    for option, most, changed in _kinds(spec):
        found = _largest(most, lambda n, changed=changed: total(memory_parts(changed(n))) <= room)  # type: ignore[misc]
        if found:
            yield option(found)


_Kind = tuple[Callable[[int], str], int, Callable[[int], RunSpec]]
"""An option's words for a number, the largest number to try, and the run with it."""


def _kinds(spec: RunSpec) -> Iterator[_Kind]:
    settings, config = spec.agent_config, spec.collector_config
    kept = getattr(settings, "replay", None)
    if kept is not None and not getattr(settings, "replay_directory", ""):
        usual = settings.sizes(task_spec(spec.task)).replay if hasattr(settings, "sizes") else kept
        yield (
            lambda n: f"--set agent.replay={n * _THOUSAND}",
            (usual - 1) // _THOUSAND,
            lambda n: replace(spec, agent_config=replace(settings, replay=n * _THOUSAND)),
        )
    if COLLECTORS[spec.collector].workers and config.workers > 1:
        yield (
            lambda n: f"--workers {n}",
            config.workers - 1,
            lambda n: replace(spec, collector_config=replace(config, workers=n, depth=0)),
        )
    if hasattr(settings, "rollout"):
        yield (
            lambda n: f"--set agent.rollout={n * settings.minibatch}",
            (settings.rollout - 1) // settings.minibatch,
            lambda n: replace(spec, agent_config=replace(settings, rollout=n * settings.minibatch)),
        )
    if spec.evaluation.every:
        yield lambda n: "--eval-every 0", 1, lambda n: replace(spec, evaluation=replace(spec.evaluation, every=0))


def _largest(most: int, fits: Callable[[int], bool]) -> int:
    """The largest number from 1 to ``most`` that fits, where less of it takes less; 0 if none does."""
    low, high = 0, most + 1
    while high - low > 1:
        middle = (low + high) // 2
        try:
            enough = fits(middle)
        except ValueError:  # smaller than the settings allow
            enough = True
        low, high = (middle, high) if enough else (low, middle)
    return low
