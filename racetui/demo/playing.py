"""The demo as the panel sees it: a store that fills itself while the panel is open."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from racetui.runs.errors import StoreError
from racetui.runs.store import RunStore

GOODBYE_SECONDS = 3.0
"""How long leaving waits until the store is removed."""


@contextmanager
def playing() -> Iterator[RunStore]:
    """A store with the recorded session in it, going on in time; gone at the end. Raises StoreError."""
    player = subprocess.Popen(
        [sys.executable, "-P", "-m", "racetui.demo.player"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    stdin, stdout, stderr = (cast("IO[bytes]", pipe) for pipe in (player.stdin, player.stdout, player.stderr))
    try:
        home = stdout.readline().decode().strip()
        if not home:
            last = stderr.read().decode().strip().rpartition("\n")[2]
            raise StoreError(f"the demo cannot be played: {last}")
        yield RunStore(Path(home))
    finally:
        stdin.close()
        player.wait(GOODBYE_SECONDS)
