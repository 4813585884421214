"""How busy NVIDIA GPUs are, by the driver's own library (NVML). What it does not tell is None, never 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from profiles.gpu import DRIVER, find_gpus, visible

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class GpuLoad:
    """A GPU at one moment; None where nobody tells."""

    name: str
    busy: float | None = None
    """Share of the time in which anything ran on it, 0 to 1."""
    memory_used: int | None = None
    """Bytes."""
    memory_total: int | None = None
    celsius: float | None = None
    watts: float | None = None
    watts_limit: float | None = None


class GpuMeter:
    """Reads the GPUs that programs may use here, none of those that CUDA_VISIBLE_DEVICES hides.

    Without the extra ``gpu``, or a driver that answers, names are all there is. For one thread.
    """

    def __init__(self, driver: Path = DRIVER) -> None:
        self._library: Any = None
        self._handles: tuple[Any, ...] = ()
        self._named: tuple[GpuLoad, ...] = ()
        try:
            import pynvml
        except ImportError:
            self._named = _named(driver)
            return
        try:
            pynvml.nvmlInit()
            handles = tuple(pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount()))
        except pynvml.NVMLError:  # no driver, or one that does not answer
            self._named = _named(driver)
            return
        self._library, self._handles = pynvml, visible(handles)

    def read(self) -> tuple[GpuLoad, ...]:
        """Look now."""
        return self._named or tuple(self._read(handle) for handle in self._handles)

    def _read(self, handle: Any) -> GpuLoad:
        library = self._library
        name = self._told(lambda: library.nvmlDeviceGetName(handle))
        rates = self._told(lambda: library.nvmlDeviceGetUtilizationRates(handle))
        memory = self._told(lambda: library.nvmlDeviceGetMemoryInfo(handle))
        celsius = self._told(lambda: library.nvmlDeviceGetTemperature(handle, library.NVML_TEMPERATURE_GPU))
        milliwatts = self._told(lambda: library.nvmlDeviceGetPowerUsage(handle))
        most = self._told(lambda: library.nvmlDeviceGetEnforcedPowerLimit(handle))
        return GpuLoad(
            name=name.decode() if isinstance(name, bytes) else name or "NVIDIA GPU",
            busy=None if rates is None else rates.gpu / 100,
            memory_used=None if memory is None else int(memory.used),
            memory_total=None if memory is None else int(memory.total),
            celsius=None if celsius is None else float(celsius),
            watts=None if milliwatts is None else milliwatts / 1000,
            watts_limit=None if most is None else most / 1000,
        )

    def _told(self, ask: Callable[[], T]) -> T | None:
        """The answer; None from a card, a driver or a container that does not give it."""
        try:
            return ask()
        except self._library.NVMLError:
            return None


def _named(driver: Path) -> tuple[GpuLoad, ...]:
    return tuple(GpuLoad(gpu.name, memory_total=gpu.memory_total) for gpu in find_gpus(driver))
