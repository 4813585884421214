"""Runs side by side: ranking, settings that differ, and files of both. Knows nothing of Textual."""

from racetui.comparison.comparing import Comparison, compare
from racetui.comparison.contestant import Contestant, ContestantFollower, contestant_of
from racetui.comparison.ranking import GOAL, Standing
from racetui.comparison.settings import Difference

__all__ = [
    "GOAL",
    "Comparison",
    "Contestant",
    "ContestantFollower",
    "Difference",
    "Standing",
    "compare",
    "contestant_of",
]
