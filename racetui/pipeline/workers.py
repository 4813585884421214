"""How the stages of a pipeline spread over the machine's cores: a pure function, with its reasons in words."""

from __future__ import annotations

from dataclasses import dataclass

from profiles.wishes import count_of


@dataclass(frozen=True, slots=True)
class Workers:
    """Processes of each kind of stage; those that drive for learning are the run's profile's to plan."""

    demos: int
    loaders: int
    """Of minibatches, when cloning from the recorded set."""
    cores: int
    """Of the score."""
    reasons: tuple[str, ...]
    """One sentence for each number, for people."""


def plan_workers(cores: int) -> Workers:
    """Plan for so many usable cores."""
    demos, loaders = max(1, cores - 1), max(1, cores // 2)
    beside = "one core is left to everything else" if cores > 1 else "there is one core"
    halved = "half the cores, since gathering minibatches takes less than learning from them"
    return Workers(
        demos,
        loaders,
        cores,
        (
            f"demos: {count_of(demos, 'worker')}; {beside}, and episodes need nothing of each other.",
            f"bc: {count_of(loaders, 'loader')}; {halved if cores > 1 else beside}.",
            f"score: {count_of(cores, 'core')}; nothing else goes on at the end.",
        ),
    )
