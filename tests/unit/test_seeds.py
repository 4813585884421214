"""Seeds of episodes: the same for ever, different for every episode."""

from __future__ import annotations

import numpy as np

from collectors.seeds import EpisodeSeeds


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
