"""Having the machine's speeds measured by a process of its own; see ``probe``. Loads no torch."""

from __future__ import annotations

import json
import subprocess
import sys

from racetui.config import dump_spec
from racetui.pipeline.estimate import Speeds
from racetui.spec import RunSpec


class ProbeError(RuntimeError):
    """Measuring failed; says what to do without it."""


def probe_apart(spec: RunSpec, one_core: bool = False) -> Speeds:
    """What this machine does as planned, or on one core. Raises ProbeError."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "racetui.pipeline.probe", *(["--one-core"] if one_core else [])],
        input=dump_spec(spec),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ProbeError(
            f"measuring ended with exit code {done.returncode} (see above): --no-probe starts without it, and "
            "without an estimate"
        )
    return Speeds(**json.loads(done.stdout.strip().splitlines()[-1]))
