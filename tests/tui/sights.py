"""Every screen and form of the panel, with the keys that lead there: what the stored screens show."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import profiles
from profiles import Hardware
from racetui.runs.model import CheckpointRow
from racetui.runs.paths import RunPaths
from racetui.tui.app import Panel
from racetui.tui.core import _warm_up
from racetui.tui.screens import hardware
from racetui.tui.services import Services
from racetui.watch.ring import RingWriter
from tests.shots import make_shot, road
from tests.tui import scenes
from tests.tui.machines import Watched

HARDWARE = Hardware(
    logical_cores=8,
    physical_cores=4,
    usable_cores=8,
    memory_total=64 << 30,
    memory_limit=None,
    memory_free=43 << 30,
    affinity_cores=8,
    swap_total=0,
    swap_free=0,
    bfloat16=True,
    file_limit=65_536,
    file_limit_hard=65_536,
)
"""The machine on which stored screens were made."""

DETAIL = replace(
    scenes.DETAIL,
    checkpoints=(
        CheckpointRow(3_000_000, scenes.NOW - 90, 7 * 10**6, "periodic", ("best",)),
        *scenes.DETAIL.checkpoints,
    ),
)
"""With a checkpoint that can be deleted."""
OTHERWISE: Mapping[str, dict[str, Any]] = {
    "1": {"frames": 10_000_000, "checkpoint_frames": 10_000_000},  # its budget is used up
    "3": {"path": Path("store/runs/3")},
}
"""What is not as in ``scenes``, by run."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A screen, reached from the dashboard on which the run that trains is selected."""

    name: str
    screen: str
    """Class of the screen in front."""
    keys: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """In sight once it is complete, at every size and in every mode."""
    leave: tuple[str, ...] = ("escape",)
    """Keys back to the dashboard as it was."""
    drawn: bool = False
    """It has a picture, which without colours is made of other characters."""


DELETING = ("K", "right", "tab", "right", "enter")
SIGHTS = (
    Sight("dashboard", "Dashboard", (), ("3 ppo-async", "871.2"), ()),
    Sight("zoom", "Dashboard", ("tab", "z"), ("3 ppo-async", "22.1k"), ("z", "escape")),
    Sight("run", "RunView", ("enter",), ("Run 3 ppo-async", "ETA 49m")),
    Sight("run-end", "RunView", ("enter", "G"), ("Run 3 ppo-async", "frames: 10000000")),
    Sight("log", "LogView", ("l",), ("Log of 3 ppo-async", "new best")),
    Sight("car", "CarView", ("5",), ("Car of 3 ppo-async", "10 fps", "17%", "episode 812"), drawn=True),
    Sight("help", "HelpScreen", ("question_mark",), ("Help", "States")),
    Sight("help-end", "HelpScreen", ("question_mark", "G"), ("Help", "Anywhere")),
    Sight("palette", "Palette", ("colon",), ("(s)", "Start a run")),
    Sight("start", "StartForm", ("s",), ("Start a run", "agent", "enter start")),
    Sight("start-end", "StartForm", ("s", "up", "up"), ("Start a run", "in its turn", "enter start")),
    Sight("stop", "StopForm", ("x",), ("Stop 3 ppo-async", "after this round")),
    Sight("evaluate", "EvaluateForm", ("e",), ("Evaluate 3 ppo-async", "2000000", "of 3.20M frames")),
    Sight("hardware", "HardwareView", ("4",), ("Machine", "Runs")),
    Sight("settings", "SettingsForm", ("comma",), ("Settings", "theme", "K keys")),
    Sight("own-keys", "KeysScreen", ("comma", "f2"), ("Keys", "pause", "esc done"), ("escape", "escape")),
    Sight("key-press", "KeyPress", ("comma", "f2", "enter"), ("Press the key for start",), ("escape",) * 3),
    Sight("annotate", "AnnotateForm", ("a",), ("Note and tags of 3 ppo-async",)),
    Sight("filter", "FilterForm", ("slash",), ("agent:ppo",)),
    Sight("checkpoints", "CheckpointsForm", ("K",), ("Checkpoints of 3 ppo-async",)),
    Sight("delete", "DeleteForm", DELETING, ("Delete a checkpoint of 3 ppo-async",)),
    Sight("resume", "ResumeForm", ("down", "R"), ("Resume 1 ppo-base",), ("escape", "up")),
    Sight("marked", "Dashboard", ("space", "up", "space", "down"), ("a", "b", "871.2"), ()),
    Sight("compare", "CompareView", ("c",), ("return_mean", "1 a", "Ranking")),
    Sight("compare-end", "CompareView", ("c", "tab", "G"), ("return_mean", "Ranking")),
)
"""In the order in which they are visited; what is marked stays so."""


class Steady:
    """A link that is always the same."""

    rest, rate, seconds = 0.1, 10.0, 0.038

    def ready(self) -> bool:
        """Always."""
        return True

    def sent(self) -> None:
        """Nobody counts."""

    def weighed(self, _size: int) -> None:
        """Nobody weighs."""

    def answered(self) -> None:
        """Nobody waits."""


@contextmanager
def source(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[scenes.Still]:
    """The picture of ``scenes``, with a run of files in ``folder`` and a car on its way, on a machine of HARDWARE."""
    monkeypatch.chdir(folder)
    paths = RunPaths(Path("store/runs/3"))  # a path that is shown
    paths.root.mkdir(parents=True)
    paths.spec.write_text("name: ppo-async\nagent: ppo\nbudget:\n  frames: 10000000\n")
    paths.log.write_text("")
    runs = tuple(replace(run, **OTHERWISE.get(run.id, {})) for run in scenes.RUNS)
    _same_machine(monkeypatch)
    monkeypatch.setattr(hardware, "Inspector", Watched)
    with RingWriter(paths.frames) as ring:
        ring.note("training, episode 812, weights 40")
        ring.write(make_shot(100, picture=road()))
        yield scenes.Still(replace(scenes.PICTURE, runs=runs, detail=DETAIL))


def _same_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks what this machine has is told HARDWARE."""
    _warm_up()  # now, so that no module keeps the answer of the test
    real = profiles.detect
    for module in list(sys.modules.values()):
        if getattr(module, "detect", None) is real:
            monkeypatch.setattr(module, "detect", lambda: HARDWARE)


def steady(panel: Panel) -> None:
    """Nothing about the link changes from one look to the next."""
    panel.watching.pace = Steady()  # type: ignore[assignment]


def services() -> Services:
    """Nobody has to be started: somebody drives already."""
    driver: Any = SimpleNamespace(poll=lambda: None)
    return Services(drive=lambda _: driver)
