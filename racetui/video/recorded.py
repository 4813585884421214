"""Videos of recorded episodes: demonstrations, driven again by what was driven, and drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from racetui.video.choosing import CHOICES, choose
from racetui.video.drives import Drive
from racetui.video.filming import film
from racetui.video.writers import VideoError, check_video

if TYPE_CHECKING:
    from agents.demonstrations import DemonstrationSet, EpisodeEntry


def film_recorded(path: Path, demonstrations: DemonstrationSet, which: str = CHOICES[0]) -> Sequence[EpisodeEntry]:
    """Write a video of a set's episodes, one of CHOICES or an episode's number; which ones it shows.

    Raises VideoError for what cannot be shown, and where the rewards are not those that were recorded; OSError.
    """
    check_recorded(path, demonstrations, which)
    chosen = _chosen(demonstrations.episodes, which)
    numbers = {entry.episode for entry in chosen}
    drives = (drive for number, drive in _drives(demonstrations) if number in numbers)
    film(path, drives, demonstrations.task, demonstrations.header.backend)
    return chosen


def check_recorded(path: Path, demonstrations: DemonstrationSet, which: str) -> None:
    """Raise VideoError for what can be seen to fail before anything is drawn."""
    from carracing.pictures import DRAWN

    check_video(path)
    backend, last = demonstrations.header.backend, demonstrations.header.episodes - 1
    if backend not in DRAWN:
        raise VideoError(f"--video: these were recorded on backend {backend}, which has no pictures")
    if which not in CHOICES and not (which.isascii() and which.isdigit() and int(which) <= last):
        raise VideoError(f"--episode {which}: must be {', '.join(CHOICES)}, or the number of an episode, 0 to {last}")


def _chosen(episodes: Sequence[EpisodeEntry], which: str) -> Sequence[EpisodeEntry]:
    if which in CHOICES:
        return choose(which, episodes)
    return [entry for entry in episodes if entry.episode == int(which)]


def _drives(demonstrations: DemonstrationSet) -> Iterator[tuple[int, Drive]]:
    """Every episode's number, and how it was driven."""
    for block in demonstrations.blocks:
        step = 0
        for entry in block.episodes:
            actions = block.driven[step : step + entry.steps]
            step += entry.steps
            yield (
                entry.episode,
                Drive(entry.seed, actions, entry.frames, entry.episode_return, entry.random_start),
            )
