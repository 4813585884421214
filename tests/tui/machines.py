"""A machine looked at closely, always the same: for the hardware screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from profiles import Storage
from profiles.cgroup import Limits
from profiles.gpu_meter import GpuLoad
from racetui.inspection import Inspection, Inspector, RunUse, Temperature
from racetui.members import Member
from racetui.runs.model import RunSummary
from tests.tui import scenes

GB = 10**9
MEMBERS = (
    Member(4242, "trainer", 54.0, 800 * 10**6, True, 12, "running"),
    Member(4243, "worker 0 of 2", 101.0, 300 * 10**6, True, 1, "running"),
    Member(4250, "evaluation", None, 280 * 10**6, False, 1, "stopped"),
)
GPUS = (GpuLoad("NVIDIA H100", 0.83, 9 * GB, 141 * GB, 71.0, 300.0, 700.0), GpuLoad("NVIDIA T4"))
MACHINE = replace(scenes.machine(), gpus=GPUS)
INSPECTION = Inspection(
    temperatures=(Temperature("coretemp", 61.0, 90.0), Temperature("nvme", 41.0, None)),
    limits=Limits(cores=1.5, memory=6 * GB, memory_left=GB),
    swap_used=GB,
    swap_total=2 * GB,
    loads=(2.4, 2.1, 1.9),
    storage=Storage(Path("/store"), "ext4", False, False, 252 * GB, 70 * GB),
    runs=(RunUse(scenes.RUN, MEMBERS),),
)


class Watched(Inspector):
    """Finds always the same, and says how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def look(self, store: Path, runs: Sequence[RunSummary]) -> Inspection:
        self.looks += 1
        return INSPECTION
