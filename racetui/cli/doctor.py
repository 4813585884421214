"""``racetui doctor``: does this machine have what racetui needs, and what will it use?"""

from __future__ import annotations

import argparse
import locale
import os
import platform
import shutil
import sqlite3
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from profiles import detect, look_at
from racetui import __version__
from racetui.cli.machine import facts_of
from racetui.cli.output import print_json
from racetui.exits import Exit
from racetui.runs.paths import home

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
    checks = [_python(), *map(_package, PACKAGES), _sqlite(), _store(home(), storage.path), *machine, _terminal()]
    if options.json:
        print_json({"version": __version__, "checks": checks, "hardware": asdict(hardware), "store": storage})
    else:
        for check in checks:
            advice = f"  -> {check.advice}" if check.advice else ""
            print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<18} {check.found}{advice}")
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


def _terminal() -> Check:
    size = shutil.get_terminal_size()
    kind = os.environ.get("TERM", "")
    tty = sys.stdout.isatty()
    found = f"{kind or 'no TERM'}, {size.columns}x{size.lines}, {locale.getpreferredencoding()}"
    usable = tty and kind not in ("", "dumb")
    return Check("terminal", True, found, "" if usable else "the panel needs a terminal; commands do not")
