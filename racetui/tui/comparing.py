"""Looks at the marked runs for the panel. Textual-free."""

from __future__ import annotations

from collections.abc import Sequence

from racetui.comparison import Comparison, Contestant, ContestantFollower, compare
from racetui.runs.errors import StoreError
from racetui.runs.model import RunSummary
from racetui.runs.paths import RunPaths
from racetui.tui.picture import CURVES, Compared


class ComparisonFeed:
    """Follows the runs that are compared, and those only."""

    def __init__(self) -> None:
        self._followers: dict[str, ContestantFollower] = {}
        self._last: Comparison | None = None

    def poll(self, runs: Sequence[RunSummary], wanted: Compared) -> Comparison | None:
        """The runs that are wanted side by side; None where there are none. The same object if nothing is new."""
        known = {run.id: run for run in runs}
        asked = [known[run_id] for run_id in wanted.runs if run_id in known]
        for run_id in self._followers.keys() - {run.id for run in asked}:
            self._followers.pop(run_id).close()
        contestants = [one for one in (self._look(run, wanted.metric) for run in asked) if one is not None]
        if not contestants:
            self._last = None
        elif self._last is None or _changed(self._last.contestants, contestants):
            self._last = compare(contestants)
        return self._last

    def close(self) -> None:
        """Let go of every file."""
        for follower in self._followers.values():
            follower.close()
        self._followers.clear()

    def _look(self, run: RunSummary, metric: str) -> Contestant | None:
        """What is known of one run; None where it is damaged, which its summary says."""
        follower = self._followers.setdefault(run.id, ContestantFollower(RunPaths(run.path)))
        try:
            return follower.poll(run, (*CURVES, metric))
        except StoreError:
            return None


def _changed(before: Sequence[Contestant], now: Sequence[Contestant]) -> bool:
    return len(before) != len(now) or any(old is not new for old, new in zip(before, now, strict=True))
