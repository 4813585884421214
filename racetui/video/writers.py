"""Video files, written picture by picture: nothing but the encoder's own look-ahead is held in memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from carracing.task import FRAMES_PER_SECOND, Array


class VideoError(ValueError):
    """A video cannot be made; says why and what to do."""


class VideoWriter(Protocol):
    """Takes pictures, 50 for each second of driving."""

    def write(self, picture: Array) -> None:
        """Add a (height, width, 3) uint8 picture; both sides even, the same for all."""

    def finish(self) -> None:
        """Write what is still held; nothing can be added afterwards."""


class Mp4Writer:
    """H.264, every frame, as large as drawn."""

    def __init__(self, file: BinaryIO) -> None:
        import av

        self._container: Any = av.open(file, "w", format="mp4")
        self._stream: Any = None

    def write(self, picture: Array) -> None:
        """Encode a picture."""
        import av

        if self._stream is None:
            self._stream = self._container.add_stream(
                "libx264", rate=Fraction(FRAMES_PER_SECOND), options={"crf": "20", "preset": "veryfast"}
            )
            self._stream.height, self._stream.width = picture.shape[:2]
            self._stream.pix_fmt = "yuv420p"  # what every player takes
        self._container.mux(self._stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))

    def finish(self) -> None:
        """Encode what is left."""
        if self._stream is not None:
            self._container.mux(self._stream.encode(None))
        self._container.close()


class GifWriter:
    """Every second frame at half the size: GIFs count hundredths of a second and compress little."""

    EVERY = 2

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._taken = 0

    def write(self, picture: Array) -> None:
        """Add a picture with colours of its own, or leave it out."""
        from PIL import GifImagePlugin, Image

        taken, self._taken = self._taken, self._taken + 1
        if taken % self.EVERY:
            return
        image = Image.fromarray(picture).reduce(2).quantize(256, dither=Image.Dither.NONE)
        if taken == 0:
            for part in GifImagePlugin.getheader(image, info={"loop": 0, "duration": 1})[0]:
                self._file.write(part)
        milliseconds = 1000 * self.EVERY // FRAMES_PER_SECOND
        for part in GifImagePlugin.getdata(image, duration=milliseconds, include_color_table=True):
            self._file.write(part)

    def finish(self) -> None:
        """Say that there are no more."""
        self._file.write(b";")


WRITERS: dict[str, tuple[Callable[[BinaryIO], VideoWriter], str]] = {
    ".mp4": (Mp4Writer, "av"),
    ".gif": (GifWriter, "PIL"),
}
"""Suffix -> what writes such files, and the module it needs."""


def usual_suffix() -> str:
    """.mp4 where there is an encoder (the extra ``video``), else .gif."""
    return ".mp4" if find_spec("av") is not None else ".gif"


def check_video(path: Path) -> None:
    """Raise VideoError unless a video can be written to ``path``."""
    if path.suffix.lower() not in WRITERS:
        raise VideoError(f"--video {path}: must end in {' or '.join(WRITERS)}")
    module = WRITERS[path.suffix.lower()][1]
    if find_spec(module) is None:
        raise VideoError(f"--video {path}: {path.suffix} needs an extra: pip install 'racetui[video]'")
    directory = path.absolute().parent
    if path.is_dir() or not directory.is_dir() or not os.access(directory, os.W_OK):
        raise VideoError(f"--video {path}: cannot be written: {directory} must be a directory of yours")


@contextmanager
def open_video(path: Path) -> Iterator[VideoWriter]:
    """A writer to ``path``, which appears whole at the end, or not at all. Raises VideoError, OSError."""
    check_video(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with unfinished.open("wb") as file:
            writer = WRITERS[path.suffix.lower()][0](file)
            yield writer
            writer.finish()
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
