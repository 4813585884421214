"""A comparison of some runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from racetui.comparison.contestant import Contestant
from racetui.comparison.ranking import GOAL, Standing, horizon, ranked
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

    @property
    def notes(self) -> str:
        """What the figures of the ranking mean."""
        end = "" if self.horizon is None else f" up to {self.horizon:,} frames, which all runs have"
        return (
            f"best: mean of the best evaluation during training; area: mean height of the return curve{end}; "
            f"to {GOAL:.0f}: training time until the mean return of 100 episodes was that; "
            "frames/s: of all training; memory: most that the processes of a run had together"
            f"{self._led}"
        )

    @property
    def _led(self) -> str:
        """Of whom the curve is another."""
        led = ", ".join(contestant.run.id for contestant in self.contestants if contestant.led)
        return f"; where an expert drove at first (run {led}), both are of evaluations instead" if led else ""


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
