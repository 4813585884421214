"""What opening the panel loads: nothing heavy, ever."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("torch", "gymnasium", "numba", "stable_baselines3", "tensorboard", "Box2D", "pygame", "pandas", "matplotlib")


def loaded_by(code: str) -> set[str]:
    """Top-level modules in a fresh interpreter after ``code``."""
    script = f"{code}\nimport sys\nprint(' '.join({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_panel_and_its_forms_load_nothing_heavy() -> None:
    modules = loaded_by(
        "import racetui.tui.session, racetui.tui.forms.start, racetui.tui.forms.stop, racetui.tui.forms.evaluate,"
        " racetui.tui.screens.run, racetui.tui.screens.car, racetui.tui.screens.compare, racetui.comparison.export,"
        " racetui.tui.screens.hardware,"
        " racetui.tui.screens.logs, racetui.tui.screens.help, racetui.tui.palette,"
        " racetui.launching, racetui.runs.control"
    )
    assert modules.isdisjoint(HEAVY), modules & set(HEAVY)


def test_opening_the_panel_does_not_load_what_only_saving_needs() -> None:
    assert not loaded_by("import racetui.tui.session, racetui.cli.panel_options") & {"tomlkit"}


def test_deciding_against_the_panel_does_not_even_load_textual() -> None:
    assert "textual" not in loaded_by("import racetui.tui.launch")


def test_what_the_panel_shares_with_the_command_line_knows_nothing_of_textual() -> None:
    modules = loaded_by(
        "import racetui.keys, racetui.hardware, racetui.tui.feed, racetui.runs.logbook, racetui.tui.clockwork,"
        " racetui.chart, racetui.words, racetui.comparison.export, racetui.cli.compare"
    )
    assert not modules & {"textual", "rich"}
