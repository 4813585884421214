"""A comparison of some runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from racetui.comparison.contestant import Contestant
from racetui.comparison.ranking import Standing, horizon, ranked
from racetui.comparison.settings import Difference, differences


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Runs side by side."""

    contestants: tuple[Contestant, ...]
    """In the order in which they were named."""
    standings: tuple[Standing, ...]
    """The best first."""
    horizon: int | None
    """Frames up to which areas are taken: what all of them have."""
    differences: tuple[Difference, ...]
    """Settings that differ; their values are of the contestants in ``described``."""
    described: tuple[Contestant, ...]
    """Those whose specification could be read."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the curves that any of the runs has."""
        return tuple(sorted({name for contestant in self.contestants for name in contestant.metrics}))


def compare(contestants: Sequence[Contestant]) -> Comparison:
    """Rank the runs and find what was asked of them that differs."""
    described = tuple(contestant for contestant in contestants if contestant.settings)
    return Comparison(
        tuple(contestants),
        ranked(contestants),
        horizon(contestants),
        differences([contestant.settings for contestant in described]),
        described,
    )
