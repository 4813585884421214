"""Counters, speeds and metrics of a run, fed with rounds of known figures."""

from __future__ import annotations

import pytest

from agents.api import End
from collectors.api import CollectorStats, EpisodeRecord
from racetui.counters import Counters
from racetui.spec import Budget
from racetui.trainer.progress import RATE_WINDOW, Progress, Round


def record(episode: int, episode_return: float, frames: int = 1000, **facts: float) -> EpisodeRecord:
    return EpisodeRecord(episode, 7, 0, 0, 1, frames // 4, frames, episode_return, End.TRUNCATED, facts)


def finished(seconds: float, frames: int, *episodes: EpisodeRecord) -> Round:
    stats = CollectorStats(
        steps=frames // 4,
        frames=frames,
        seconds_env=seconds / 2,
        seconds_act=seconds / 8,
        episodes=episodes,
        incidents=(),
    )
    return Round(seconds=seconds, seconds_learn=seconds / 4, stats=stats)


@pytest.mark.parametrize(
    ("budget", "share"),
    [
        (Budget(frames=1000), 0.4),
        (Budget(steps=1000), 0.1),
        (Budget(frames=1000, seconds=10.0), 0.5),
        (Budget(episodes=2), 1.0),
        (Budget(frames=100), 1.0),
    ],
)
def test_share_of_a_budget_is_that_of_the_limit_reached_first(budget: Budget, share: float) -> None:
    counters = Counters(frames=400, steps=100, episodes=3, seconds=5.0)
    assert counters.share_of(budget) == pytest.approx(share)


def test_rounds_add_up() -> None:
    progress = Progress(Counters(frames=100, steps=25, episodes=1, rounds=1, seconds=2.0))
    progress.add(finished(4.0, 800, record(1, 10.0), record(2, 30.0)))
    assert progress.counters == Counters(frames=900, steps=225, episodes=3, rounds=2, seconds=6.0)
    assert progress.return_mean == 20.0
    assert progress.frames_per_second == 200.0
    assert progress.episodes_per_second == 0.5


def test_nothing_is_known_before_the_first_round() -> None:
    progress = Progress(Counters())
    assert progress.return_mean is None
    assert progress.frames_per_second is None


def test_speed_forgets_what_is_older_than_its_window() -> None:
    progress = Progress(Counters())
    progress.add(finished(RATE_WINDOW, 3000))
    for _ in range(3):
        progress.add(finished(RATE_WINDOW / 2, 6000))
    assert progress.frames_per_second == pytest.approx(6000 / (RATE_WINDOW / 2))


def test_mean_return_covers_the_last_hundred_episodes_also_over_a_resume() -> None:
    progress = Progress(Counters(), returns=[0.0] * 100)
    progress.add(finished(1.0, 400, *[record(n, 50.0) for n in range(50)]))
    assert progress.return_mean == 25.0


def test_metrics_of_a_round() -> None:
    progress = Progress(Counters())
    done = finished(
        8.0,
        1600,
        record(0, 900.0, frames=700, missed_tiles=0.0, finished=1.0, lap_frames=700.0),
        record(1, 500.0, frames=1000, missed_tiles=4.0, finished=0.0, lap_frames=0.0),
    )
    progress.add(done)
    metrics = progress.metrics(done, {"loss/value": 0.25})
    assert metrics["return"] == 700.0
    assert metrics["missed_tiles"] == 2.0
    assert metrics["finished"] == 0.5
    assert metrics["lap_frames"] == 700.0
    assert metrics["loss/value"] == 0.25
    assert (metrics["count/steps"], metrics["count/episodes"], metrics["count/seconds"]) == (400.0, 2.0, 8.0)
    shares = [metrics[f"time/{part}"] for part in ("env", "act", "learn", "other")]
    assert shares == pytest.approx([0.5, 0.125, 0.25, 0.125])


def test_lap_frames_are_left_out_where_no_lap_was_finished() -> None:
    progress = Progress(Counters())
    done = finished(1.0, 100, record(0, -10.0, finished=0.0, lap_frames=0.0))
    progress.add(done)
    assert "lap_frames" not in progress.metrics(done, {})
