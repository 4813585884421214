"""The wheel people install: it has everything the program needs outside its repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import gymnasium
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel built from the repository and unpacked, as an installer would."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(ROOT)]
    subprocess.run(command, check=True, timeout=110)
    (wheel,) = out.glob("racetui-*.whl")
    target = out / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_wheel_brings_its_data_and_nothing_else(unpacked: Path) -> None:
    assert list(unpacked.glob("profiles/presets/auto.yaml"))
    assert list(unpacked.glob("racetui/tui/styles/*.tcss"))
    assert {"page.html", "page.css", "page.js"} <= {path.name for path in (unpacked / "racetui" / "web").iterdir()}
    assert (unpacked / "racetui" / "keys.py").is_file()
    assert (unpacked / "racetui" / "demo" / "session.tar.xz").is_file()
    tops = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    startup = {"racetui_gymnasium.py", "racetui_gymnasium.pth"}
    assert tops == {"agents", "carracing", "collectors", "profiles", "racetui", *startup}


INSTALLED = """
import site, sys
before = set(sys.modules)
site.addsitedir(sys.argv[1])  # as Python does at its start with the directory packages are installed in
assert set(sys.modules) - before <= {"racetui_gymnasium", "__future__"}
"""


@pytest.mark.parametrize(
    "program",
    [
        "import gymnasium\nenv = gymnasium.make('racetui/CarRacing-v3')",
        "from gymnasium.envs.registration import make\nenv = make('racetui/CarRacing-v3', continuous=False)",
        (
            "from importlib.util import find_spec\nfind_spec('gymnasium')\nimport gymnasium, carracing\n"
            "env = gymnasium.make('racetui/CarRacing-v3')"
        ),
    ],
)
def test_gymnasium_knows_the_environment_of_an_installed_wheel(program: str, unpacked: Path, tmp_path: Path) -> None:
    script = f"{INSTALLED}{program}\nassert env.spec.max_episode_steps == 1000\nenv.close()"
    env = {**os.environ, "PYTHONPATH": str(unpacked)}
    command = [sys.executable, "-P", "-S", "-c", _with_site(script), str(unpacked)]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _with_site(script: str) -> str:
    """The program with everyone else's packages, but without what is installed of us as editable."""
    packages = str(Path(gymnasium.__file__).parents[1])
    return f"import sys; sys.path.append({packages!r}){script}"


def test_a_checkout_is_found_by_the_name_of_its_module(tmp_path: Path) -> None:
    script = "import gymnasium; print(gymnasium.make('carracing:racetui/CarRacing-v3').spec.id)"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "racetui/CarRacing-v3"


def test_wheel_works_away_from_the_repository(unpacked: Path, tmp_path: Path) -> None:
    """With the wheel's own files first on the path, the program plans a run and tells of no runs."""
    script = (
        "import racetui, profiles, racetui.cli;"
        f"assert racetui.__file__.startswith({str(unpacked)!r}), racetui.__file__;"
        "from racetui.launching import StartRequest, build_spec;"
        "print(build_spec(StartRequest()).name, *profiles.profile_names());"
        "raise SystemExit(racetui.cli.main(['runs']))"
    )
    env = {**os.environ, "PYTHONPATH": str(unpacked)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("ppo-async auto")
