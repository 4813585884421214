"""What the panel can have done while it shows a demo: orders to the recording, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

from racetui.runs.paths import RunPaths
from racetui.tui.services import Services, refusing

WHY = "this is a demo, which plays a recording: open racetui without --demo for that"


def demo_services() -> Services:
    """Orders go to whoever plays the recording; what a recording cannot do is refused."""
    real = Services()
    return replace(refusing(real, WHY), order=real.order, watch=real.watch, drive=_drive, demo=True)


def _drive(paths: RunPaths) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "racetui.demo.drive", str(paths.root)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
