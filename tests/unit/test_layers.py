"""Imports point down, and what the panel and the workers import stays light."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

ALLOWED = {
    "racetui": {"collectors", "agents", "carracing", "profiles"},
    "collectors": {"agents", "carracing"},
    "agents": {"carracing", "profiles"},
    "carracing": set[str](),
    "profiles": set[str](),
}
"""Package -> the other packages of ours that it may import."""

FLOORS = """
    __main__
    cli
    terminal web
    tui
    checkpointing
    pipeline.probe trainer
    bench demo drafts importing previews reports sources sweeps
    launching
    pipeline
    fitness runs.launch
    expectation fitting queueing
    preferences
    bottleneck comparison keymap memory planning watch
    chart demos documents init_from inspection keys likeness measured pipeline.stages tables
    cloning environment presets runs
    collecting config counters evaluation.__main__
    spec video
    evaluation members offers pipeline.config
    capacity colours exits hardware keynames notifications processes usual values words
"""
"""The house that ``racetui`` is, top floor first: modules and packages import only from floors below their own.

A module named beside its package stands on a floor of its own: it is what the package gives to floors below, or a
program that nobody imports.
"""
HEIGHT = {name: -number for number, names in enumerate(FLOORS.split("\n")) for name in names.split()}

FOR_COLLECTORS = ("agents.api", "agents.random", "agents.threads")
"""All that collectors may know of agents: any agent goes with any collector."""

HEAVY = {"torch", "gymnasium", "numba", "stable_baselines3", "ray"}
LIGHT = [
    "agents.api",
    "agents.dqn.config",
    "agents.ppo.config",
    "agents.random",
    "agents.registry",
    "agents.sac.config",
    "carracing",
    "collectors.api",
    "collectors.episode_collector",
    "collectors.process_pool",
    "collectors.ray_session",
    "collectors.registry",
    "collectors.seeds",
    "profiles",
    "racetui.chart",
    "racetui.comparison.export",
    "racetui.config",
    "racetui.expectation",
    "racetui.fitness",
    "racetui.pipeline.building",
    "racetui.pipeline.probing",
    "racetui.measured",
    "racetui.planning",
    "racetui.presets",
    "racetui.runs.model",
    "racetui.spec",
]
"""Modules that load nothing heavy, and no Textual either."""

MODULES = sorted(path for package in ALLOWED for path in (ROOT / package).rglob("*.py"))
INSIDE = [path for path in MODULES if path.is_relative_to(ROOT / "racetui")]


def imports(path: Path) -> Iterator[str]:
    """Full names of what a module imports, at its top or within functions; of ``from a import b``, a and a.b."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_modules_are_found() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in MODULES} == set(ALLOWED)
    assert "racetui.spec" in set(imports(ROOT / "racetui" / "config.py"))


def part(module: str) -> str:
    """What of ``FLOORS`` a module of ``racetui`` belongs to; empty if to nothing."""
    package, *names = module.split(".")[:3]
    if package != "racetui":
        return ""
    return next((found for found in (".".join(names), *names[:1]) if found in HEIGHT), "")


def part_of(path: Path) -> str:
    return part(".".join(path.relative_to(ROOT).with_suffix("").parts))


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_point_down(package: str) -> None:
    forbidden = set(ALLOWED) - ALLOWED[package] - {package} | {"tests"}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / package).rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in forbidden
    ]
    assert wrong == []


def test_every_part_of_racetui_stands_on_one_floor() -> None:
    assert {part_of(path) or path.stem for path in INSIDE} ^ {"__init__", *HEIGHT} == set()
    assert len(FLOORS.split()) == len(HEIGHT)


def test_imports_inside_racetui_point_down() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in INSIDE
        for name in imports(path)
        if part(name) not in ("", part_of(path)) and HEIGHT[part(name)] >= HEIGHT[part_of(path)]
    ]
    assert wrong == []


def test_collectors_know_no_agent() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / "collectors").rglob("*.py")
        for name in imports(path)
        if name.startswith("agents.") and not any(f"{name}.".startswith(f"{known}.") for known in FOR_COLLECTORS)
    ]
    assert wrong == []


def test_only_the_panel_and_what_stands_on_it_know_of_textual() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in MODULES
        if not part_of(path) or HEIGHT[part_of(path)] < HEIGHT["tui"]
        for name in imports(path)
        if name.split(".")[0] == "textual"
    ]
    assert wrong == []


@pytest.mark.parametrize("module", LIGHT)
def test_light_modules_load_nothing_heavy(module: str) -> None:
    assert loaded_by(module) & (HEAVY | {"textual"}) == set()


@pytest.mark.parametrize("package", ["racetui/runs"])
def test_every_module_of_a_light_package_loads_nothing_heavy(package: str) -> None:
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / package).rglob("*.py")]
    assert loaded_by(*names) & (HEAVY | {"textual"}) == set()


def test_ray_is_loaded_by_its_own_collector_only() -> None:
    naming = [
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(name.split(".")[0] == "ray" or name.startswith("collectors.ray_pool") for name in imports(path))
    ]
    assert sorted(naming) == ["collectors/ray_pool.py", "collectors/ray_session.py", "collectors/ray_worker.py"]
    assert "ray" not in loaded_by("racetui.trainer.assembly", "collectors.process_pool", "racetui.cli.parser")


def test_a_run_that_waits_for_its_turn_is_small() -> None:
    assert loaded_by("racetui.trainer.__main__") & (HEAVY | {"numpy", "msgspec", "yaml", "rich"}) == set()


def test_what_is_loaded_is_seen() -> None:
    assert {"carracing", "gymnasium"} <= loaded_by("carracing.stock")


def loaded_by(*modules: str) -> set[str]:
    """Top-level names of all modules loaded in a fresh interpreter that imports these."""
    program = f"import json, sys\nimport {', '.join(modules)}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, cwd=ROOT, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return {name.split(".")[0] for name in json.loads(done.stdout)}
