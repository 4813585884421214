"""Seeds of episodes: the same for ever, different for every episode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from carracing.task import EVALUATION_TRACKS
from collectors.seeds import STRATEGIES, EpisodeSeeds, SeedsConfig
from racetui.evaluation import EvaluationSettings
from racetui.spec import EvaluationConfig


def test_seeds_never_change() -> None:
    """Pinned: a new version of numpy or of ours must not drive other tracks under the same number."""
    seeds = EpisodeSeeds(run_seed=1)
    assert [seeds.track(episode) for episode in (0, 1, 1000)] == [1511999270, 1645468115, 1638095577]
    keys = [10679137941945874026, 10674428029035717133, 649384315898572027]
    assert [int(seeds.key(episode)) for episode in (0, 1, 1000)] == keys


def test_tracks_are_what_an_environment_takes() -> None:
    seeds = EpisodeSeeds(run_seed=2**40)
    tracks = [seeds.track(episode) for episode in range(500)]
    assert len(set(tracks)) == 500
    assert all(type(track) is int and 0 <= track < 2**31 for track in tracks)


def test_keys_are_all_different() -> None:
    keys = {int(EpisodeSeeds(run).key(episode)) for run in range(5) for episode in range(200)}
    assert len(keys) == 1000
    assert EpisodeSeeds(0).key(0).dtype == np.uint64


def test_cars_of_a_track_share_its_seed_but_not_their_noise() -> None:
    seeds = EpisodeSeeds(run_seed=1, cars_per_track=3)
    tracks = [seeds.track(episode) for episode in range(9)]
    assert tracks == [track for track in tracks[::3] for _ in range(3)]
    assert len(set(tracks)) == 3
    assert len({int(seeds.key(episode)) for episode in range(9)}) == 9


def tracks(count: int, **settings: Any) -> list[int]:
    """Tracks of the first episodes of a run with eight lanes, two cars on each track."""
    seeds = EpisodeSeeds(3, cars_per_track=2, config=SeedsConfig(**settings), lanes=8)
    return [seeds.track(episode) for episode in range(count)]


def test_shared_tracks_last_a_round_of_all_lanes() -> None:
    found = tracks(40, strategy="shared")
    assert found == [track for track in found[::8] for _ in range(8)]
    assert len(set(found)) == 5


def test_a_fixed_track_never_changes() -> None:
    assert set(tracks(40, strategy="fixed")) == {tracks(1)[0]}
    assert set(tracks(40, strategy="fixed", seed_base=77)) == {77}


def test_a_curriculum_begins_on_one_track_and_goes_on_as_if_independent() -> None:
    found, usual = tracks(40, strategy="curriculum", curriculum=7), tracks(40)
    assert set(found[:8]) == {usual[0]}, "7 episodes rounded up to whole groups of two"
    assert found[8:] == usual[8:]


def test_tracks_can_be_counted_up_from_a_base() -> None:
    assert tracks(8, seed_base=1000) == [1000, 1000, 1001, 1001, 1002, 1002, 1003, 1003]
    assert tracks(24, strategy="shared", seed_base=1000)[::8] == [1000, 1001, 1002]
    assert tracks(6, strategy="curriculum", curriculum=4, seed_base=5) == [5, 5, 5, 5, 7, 7]


def test_noise_is_the_same_under_every_strategy() -> None:
    keys = [EpisodeSeeds(1).key(5)]
    for name in STRATEGIES:
        config = SeedsConfig(name, curriculum=3 * (name == "curriculum"), seed_base=9)
        keys.append(EpisodeSeeds(1, 4, config, lanes=8).key(5))
    assert len(set(keys)) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"strategy": "random"}, "strategy must be one of independent, shared, fixed, curriculum, not random"),
        ({"strategy": "curriculum"}, "1 or more with it, 0 without, not 0 with strategy curriculum"),
        ({"strategy": "shared", "curriculum": 5}, "not 5 with strategy shared"),
        ({"curriculum": -1}, "not -1"),
        ({"seed_base": -1}, "seed_base must be 0 to 1073741824 and not 1000000 to 9999999"),
        ({"seed_base": 2**30 + 1}, "seed_base must be 0 to 1073741824"),
        ({"seed_base": 1_000_000}, "which are for evaluation, not 1000000"),
        ({"seed_base": 9_999_999}, "which are for evaluation"),
    ],
)
def test_impossible_seeds_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        SeedsConfig(**settings)


class _Draws:
    """In place of a seed sequence: gives the numbers it was asked to."""

    def __init__(self, run_seed: int, spawn_key: tuple[int, int]) -> None:
        self._number = spawn_key[0]

    def generate_state(self, words: int, dtype: type) -> np.ndarray[Any, Any]:
        return np.array([self._number << 1], dtype)


def test_no_drawn_track_is_one_that_is_kept_for_evaluation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collectors.seeds.np.random.SeedSequence", _Draws)
    seeds = EpisodeSeeds(1)
    edges = [0, 999_999, 1_000_000, 5_000_000, 9_999_999, 10_000_000, 2**31 - 1]
    found = [seeds.track(number) for number in edges]
    assert [track for track in found if track in EVALUATION_TRACKS] == []
    assert all(0 <= track < 2**31 for track in found) and len(set(found)) == len(edges)
    assert [track for track, edge in zip(found, edges, strict=True) if track == edge] == [
        *(0, 999_999, 10_000_000, 2**31 - 1)
    ]


def test_counting_up_leaves_out_the_tracks_that_are_kept_for_evaluation() -> None:
    seeds = EpisodeSeeds(1, config=SeedsConfig(seed_base=999_998))
    assert [seeds.track(episode) for episode in range(4)] == [999_998, 999_999, 10_000_000, 10_000_001]
    assert EpisodeSeeds(1, config=SeedsConfig(seed_base=10_000_000)).track(3) == 10_000_003


def test_runs_are_evaluated_on_tracks_kept_for_it() -> None:
    usual = EvaluationConfig()
    assert usual.seed in EVALUATION_TRACKS and EvaluationSettings().seed in EVALUATION_TRACKS
    last = EvaluationConfig(seed=9_989_999, episodes=10_000)
    assert last.seed + last.episodes - 1 in EVALUATION_TRACKS
    for seed in (0, 999_999, 9_990_000):
        with pytest.raises(ValueError, match="seed must be 1000000 to 9989999, which training never drives"):
            EvaluationConfig(seed=seed)
