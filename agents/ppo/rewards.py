"""Reward normalisation: rewards divided by the running standard deviation of the discounted return.

What stable-baselines3's VecNormalize does with rewards, with two differences: statistics take in a round
before its rewards are divided, and the return belongs to the episode rather than to a slot, so an episode
may go on anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from agents.api import End, Segment
from agents.ppo.advantages import Floats, SegmentLayout

LIMIT = 10.0
"""Largest normalised reward, either way."""
_EPSILON = 1e-8


@dataclass(frozen=True, slots=True)
class ReturnStatistics:
    """Moments of all discounted returns so far, and the return of each episode that goes on."""

    mean: float = 0.0
    variance: float = 1.0
    count: float = 1e-4
    """Weight of the moments in steps; starts as next to nothing, so the first round decides."""
    episodes: tuple[int, ...] = ()
    """Episodes cut at the end of the last round; one that skips a round starts again from 0."""
    returns: tuple[float, ...] = ()
    """The discounted return of each."""

    @property
    def scale(self) -> float:
        """What rewards are divided by."""
        return float(np.sqrt(self.variance + _EPSILON))

    def updated(self, segments: Sequence[Segment], layout: SegmentLayout, gamma: float) -> ReturnStatistics:
        """These statistics with a round taken in; moments merged as Chan, Golub and LeVeque (1979) do."""
        returns, running = self._discounted_returns(segments, layout, gamma)
        total = self.count + returns.size
        shift = float(returns.mean()) - self.mean
        squares = self.variance * self.count + float(returns.var()) * returns.size
        return replace(
            self,
            mean=self.mean + shift * returns.size / total,
            variance=(squares + shift**2 * self.count * returns.size / total) / total,
            count=total,
            episodes=tuple(running),
            returns=tuple(running.values()),
        )

    def _discounted_returns(
        self, segments: Sequence[Segment], layout: SegmentLayout, gamma: float
    ) -> tuple[npt.NDArray[np.float64], dict[int, float]]:
        table = layout.table(np.concatenate([segment.rewards for segment in segments]).astype(np.float64))
        for step in range(1, len(table)):
            table[step] += gamma * table[step - 1]
        running = dict(zip(self.episodes, self.returns, strict=True))
        carried = np.zeros(len(segments))
        for index in sorted(range(len(segments)), key=lambda index: segments[index].start):
            segment, last = segments[index], int(layout.lengths[index])
            carried[index] = running.pop(segment.episode, 0.0)
            if segment.end is End.CUT:
                running[segment.episode] = float(table[last - 1, index] + gamma**last * carried[index])
        table += gamma ** np.arange(1, len(table) + 1)[:, None] * carried
        cut = {segment.episode for segment in segments}
        return layout.flat(table).astype(np.float64), {key: running[key] for key in running if key in cut}

    def normalised(self, rewards: Floats) -> Floats:
        """Rewards divided by ``scale`` and limited to +-10, float32."""
        return np.asarray(np.clip(rewards / self.scale, -LIMIT, LIMIT), np.float32)
