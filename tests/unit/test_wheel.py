"""The wheel people install: it has everything the program needs outside its repository."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

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
    assert (unpacked / "racetui" / "keys.py").is_file()
    tops = {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")}
    assert tops == {"agents", "carracing", "collectors", "profiles", "racetui"}


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
