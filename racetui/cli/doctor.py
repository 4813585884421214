"""``racetui doctor``: does this machine have what racetui needs, and what will it use?"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from profiles import detect, look_at
from racetui import __version__
from racetui.cli.doctor_terminal import terminal_abilities
from racetui.cli.machine import facts_of
from racetui.cli.output import print_json
from racetui.exits import Exit
from racetui.preferences import Loaded, config_path, load
from racetui.runs.errors import StoreError
from racetui.runs.paths import RunPaths, home
from racetui.runs.reader import RunReader
from racetui.runs.store import RunStore
from racetui.terminal.abilities import Ability

PACKAGES = (
    *("textual", "gymnasium", "box2d", "pygame-ce", "torch", "numpy"),
    *("numba", "stable-baselines3", "safetensors", "psutil"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    found: str
    advice: str = ""
    """What to do; empty where nothing is wrong."""


def doctor(options: argparse.Namespace) -> int:
    """Print every check; exit code 1 if one failed."""
    hardware, storage = detect(), look_at(home())
    machine = [Check(fact.name, True, fact.found, fact.advice) for fact in facts_of(hardware, storage)]
    loaded = load(config_path(), environment=os.environ)
    terminal = terminal_abilities(loaded)
    checks = [_python(), *map(_package, PACKAGES), _sqlite(), _store(home(), storage.path), *_damaged(), *machine]
    checks += [*_settings(loaded), *_readonly(os.environ), *map(_check, terminal)]
    if options.json:
        facts = {"hardware": asdict(hardware), "store": storage, "terminal": terminal}
        print_json({"version": __version__, "checks": checks, **facts})
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            advice = f"  -> {check.advice}" if check.advice else ""
            print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<{width}}  {check.found}{advice}")
    return Exit.OK if all(check.ok for check in checks) else Exit.FAILURE


def _python() -> Check:
    ok = sys.version_info >= (3, 11)
    return Check(
        "python", ok, f"{platform.python_version()} on {platform.platform()}", "" if ok else "use 3.11 or newer"
    )


def _package(name: str) -> Check:
    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, "not installed", f"pip install {name}")


def _sqlite() -> Check:
    ok = sqlite3.sqlite_version_info >= (3, 35)
    return Check("sqlite", ok, sqlite3.sqlite_version, "" if ok else "3.35 or newer is needed (RETURNING)")


def _store(path: Path, existing: Path) -> Check:
    ok = existing.is_dir() and os.access(existing, os.W_OK)
    return Check("run store", ok, str(path), "" if ok else "not writable: set RACETUI_HOME to a directory of yours")


def _damaged() -> list[Check]:
    """A line for each run whose database or specification cannot be read."""
    try:
        runs = RunStore().list()
    except (StoreError, OSError):  # the check of the store itself says so
        return []
    advice, found = "bring that file back from a copy, or delete the run's directory", []
    for run in runs:
        try:
            with RunReader(RunPaths(run.path)) as reader:
                reader.summary()
                reader.spec()
        except (StoreError, OSError) as error:
            found.append(Check(f"run {run.id}", False, " ".join(str(error).split()), advice))
    return found


def _readonly(environment: Mapping[str, str]) -> list[Check]:
    """A value that means true, and may have been meant as something else."""
    text = environment.get("RACETUI_READONLY", "")
    if text.lower() in {"", "0", "1", "false", "true"}:
        return []
    return [Check("RACETUI_READONLY", False, f"{text!r} opens panels that only show", "use 1 for that, or 0")]


def _settings(loaded: Loaded) -> list[Check]:
    """The panel's file and variables, one line for each thing that is wrong in them."""
    where = str(loaded.path) if loaded.path and loaded.path.exists() else f"none yet: {loaded.path}"
    wrong = [
        Check("settings", False, problem, "mend it; the panel opens all the same") for problem in loaded.problems
    ]
    return wrong or [Check("settings", True, where)]


def _check(ability: Ability) -> Check:
    return Check(f"terminal {ability.name}".strip(), True, f"{ability.found}: {ability.follows}", ability.advice)
