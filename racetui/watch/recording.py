"""Recording what is watched: every frame of it, whatever the link lets through, into a video of the run."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np

from racetui.video.writers import open_video
from racetui.watch.shot import Shot
from racetui.watch.watcher import View, Watcher

ENLARGED = 4
"""A pixel becomes so many, squared."""
LOOK_SECONDS = 0.2
"""How often new frames are fetched; the ring holds two seconds of them."""


class Recording:
    """Takes what ``watcher`` sees of ``view`` until told to stop, and keeps it in sight until then."""

    def __init__(self, watcher: Watcher, view: View, suffix: str) -> None:
        self._watcher, self._view = watcher, view
        self._stopped = threading.Event()
        self._finished = threading.Event()
        self.path: Path = view.paths.videos / time.strftime(f"car-%Y%m%d-%H%M%S{suffix}")
        self.frames = 0
        self.missed = 0
        """Frames that were gone before they could be fetched."""

    def run(self) -> str:
        """Record; returns what went wrong, in words, or an empty text."""
        try:
            self._view.paths.videos.mkdir(exist_ok=True)
            with open_video(self.path) as video:
                last = self._watcher.newest
                while not self._stopped.wait(LOOK_SECONDS):
                    self._watcher.keep(self._view)
                    newest = self._watcher.newest
                    for number in range(last + 1 if newest >= last else 1, newest + 1):
                        shot = self._watcher.read(number)
                        if shot is None:
                            self.missed += 1
                            continue
                        video.write(_enlarged(shot))
                        self.frames += 1
                    last = newest
                if not self.frames:
                    raise ValueError("there were no frames to record")
        except (OSError, ValueError) as error:
            return " ".join(str(error).split())
        finally:
            self._finished.set()
        return ""

    def stop(self) -> None:
        """Finish the file soon."""
        self._stopped.set()

    def wait(self, seconds: float) -> bool:
        """Wait for that; whether it is finished."""
        return self._finished.wait(seconds)


def _enlarged(shot: Shot) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.repeat(np.repeat(shot.picture, ENLARGED, axis=0), ENLARGED, axis=1)
