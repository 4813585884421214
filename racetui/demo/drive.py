"""Entry of the process that shows a recorded car while somebody watches. ``python -m racetui.demo.drive RUN``."""

from __future__ import annotations

import sys
import time
from itertools import cycle
from pathlib import Path

import numpy as np

from racetui.demo.session import CLIP, CLIP_SECONDS
from racetui.runs.paths import RunPaths
from racetui.watch.lease import current
from racetui.watch.ring import RingWriter
from racetui.watch.shot import Shot


def main(run: Path) -> int:
    """Show it over and over, until the lease runs out or another process has taken the place."""
    paths, clip = RunPaths(run), run / CLIP
    with RingWriter(paths.frames) as ring:
        ring.note(
            "recorded, the best checkpoint on a test track" if clip.exists() else "no car was recorded of this run"
        )
        shots = [Shot.unpack(record) for record in np.load(clip)] if clip.exists() else [None]
        for shot in cycle(shots):
            if current(paths) is None or ring.replaced:
                break
            if shot is not None:
                ring.write(shot)
            time.sleep(CLIP_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
