"""Which episodes a video shows, by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

CHOICES = ("first", "best", "worst", "median", "all")
"""Names of episodes; a number names one as well."""


class Returned(Protocol):
    """An episode that has ended."""

    @property
    def episode_return(self) -> float:
        """Sum of its rewards."""


Ended = TypeVar("Ended", bound=Returned)


def choose(name: str, episodes: Sequence[Ended]) -> Sequence[Ended]:
    """The episodes of one of the CHOICES. Raises KeyError."""
    ranked = sorted(episodes, key=lambda episode: episode.episode_return)
    return {
        "first": episodes[:1],
        "worst": ranked[:1],
        "best": ranked[-1:],
        "median": ranked[(len(ranked) - 1) // 2 :][:1],
        "all": episodes,
    }[name]
