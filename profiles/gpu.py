"""NVIDIA GPUs and their memory, as far as they are known without loading anything heavy."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeVar

DRIVER = Path("/proc/driver/nvidia")
"""Where Linux shows the driver's GPUs: names, no memory."""
_NONE = ("", "-1")
"""Values of CUDA_VISIBLE_DEVICES that hide every GPU."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU; sizes in bytes, None where nobody tells."""

    name: str
    memory_total: int | None = None
    memory_free: int | None = None


def find_gpus(driver: Path = DRIVER) -> tuple[Gpu, ...]:
    """The GPUs that programs may use here, none of those that CUDA_VISIBLE_DEVICES hides.

    Asks the driver's library where the extra ``gpu`` is installed, else PyTorch if it is loaded, else the driver's
    files.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in _NONE:
        return ()
    return visible(_by_library()) or _by_torch() or visible(_by_files(driver))


def visible(found: tuple[T, ...]) -> tuple[T, ...]:
    """Those numbered in CUDA_VISIBLE_DEVICES; all of them where it has no numbers but identifiers.

    The first number that no GPU has ends the list, as for CUDA ("CUDA environment variables" in its programming
    guide).
    """
    wanted = os.environ.get("CUDA_VISIBLE_DEVICES")
    if wanted is not None and wanted.strip() in _NONE:
        return ()
    numbers = [part.strip() for part in (wanted or "").split(",")]
    if not all(number.removeprefix("-").isdecimal() for number in numbers):
        return found
    there = takewhile(lambda number: 0 <= number < len(found), map(int, numbers))
    return tuple(found[number] for number in there)


def _by_library() -> tuple[Gpu, ...]:
    try:
        import pynvml
    except ImportError:
        return ()
    try:
        pynvml.nvmlInit()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        found = tuple(_described(pynvml, handle) for handle in handles)
        pynvml.nvmlShutdown()
    except pynvml.NVMLError:  # no driver, or one that does not answer
        return ()
    return found


def _described(library: Any, handle: Any) -> Gpu:
    name, memory = library.nvmlDeviceGetName(handle), library.nvmlDeviceGetMemoryInfo(handle)
    return Gpu(name.decode() if isinstance(name, bytes) else name, int(memory.total), int(memory.free))


def _by_torch() -> tuple[Gpu, ...]:
    """What is free is not asked for: that would take some of it."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return ()
    found = (torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count()))
    return tuple(Gpu(properties.name, properties.total_memory) for properties in found)


def _by_files(driver: Path) -> tuple[Gpu, ...]:
    found = []
    for path in sorted(driver.glob("gpus/*/information")):
        pairs = (line.partition(":") for line in path.read_text().splitlines())
        found.append(Gpu(next((value.strip() for key, _, value in pairs if key == "Model"), "NVIDIA GPU")))
    return tuple(found)
