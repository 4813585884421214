"""The recorded session: a small archive of real runs, each with how far it has come when the demo begins."""

from __future__ import annotations

import json
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path

SESSION = Path(__file__).parent / "session.tar.xz"
"""Made by ``python -m racetui.demo.record``."""
MANIFEST = "session.json"
CLIP = "car.npy"
"""In a run's directory: frames of its watched car, as records of ``racetui.watch.shot``, one per CLIP_SECONDS."""
CLIP_SECONDS = 0.1
CORES = 2
"""Of the machine on which the session was recorded: what is said of its runs is about these."""


@dataclass(frozen=True, slots=True)
class Part:
    """One recorded run, and how the demo shows it."""

    run: str
    """Its directory under ``runs``."""
    begins: float | None
    """Seconds of its recorded time that are past when the demo begins; None of one that is over."""
    about: str
    """What it is for, in a few words."""


def write_session(directory: Path, parts: list[Part], target: Path) -> None:
    """Pack the recorded runs of a directory. Raises OSError."""
    (directory / MANIFEST).write_text(json.dumps([asdict(part) for part in parts], indent=1), encoding="utf-8")
    unfinished = target.with_name(f".{target.name}")
    with tarfile.open(unfinished, "w:xz", preset=9) as archive:
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            archive.add(path, path.relative_to(directory).as_posix(), filter=_anonymous)
    unfinished.replace(target)


def read_session(source: Path, directory: Path) -> list[Part]:
    """Unpack a session into a directory; returns its parts. Raises OSError, ValueError."""
    with tarfile.open(source, "r:xz") as archive:
        # what 3.12 does by itself, and Python 3.11 knows from 3.11.4 on
        archive.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
        archive.extractall(directory)  # noqa: S202 - our own archive
    return [Part(**part) for part in json.loads((directory / MANIFEST).read_text(encoding="utf-8"))]


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same bytes wherever it is packed, and nobody's name in them."""
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member
