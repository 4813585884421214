"""The machine in every detail: cores, memory, what the container may use, GPUs, temperatures, disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from rich.segment import Segment
from textual.strip import Strip

from profiles import Storage
from profiles.gpu_meter import GpuLoad
from racetui import words
from racetui.hardware import MachineSample
from racetui.inspection import Inspection
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.lines import Piece, line, wrapped
from racetui.tui.look import Look
from racetui.tui.meters import fill_style
from racetui.tui.scrolled import Written
from racetui.tui.widgets.hardware import UNREADABLE, core_rows, cpu_row, memory_row, meter

_CORE_ROWS = 8
"""At most, for all cores together."""
_LABEL = 5
T = TypeVar("T")


class Machine(Written):
    """The machine as far as this process may use it."""

    HELP = (
        "The machine as far as this process may use it: one bar per core, or one cell per core where there are many; "
        "memory without caches; what a container allows, where there is one. GPUs need the extra gpu; what a driver "
        "or a system does not tell is n/a. The disk is the one under the run store."
    )

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.inspection: Inspection | None = None

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """The box with what is in sight."""
        machine = desk(self).picture.machine
        if machine is None:
            return framed([], width, height, Box("Machine", (), self.has_focus), look)
        rows = machine_rows(machine, self.inspection, max(0, width - 3), look)
        self.text = [Strip([Segment(" ", look.text), *row], width - 2) for row in rows]
        shown = self.window(width - 2, height - 2, look)
        title = f"Machine {machine.host}{', not the recorded one' if desk(self).services.demo else ''}"
        return framed(shown, width, height, Box(title, [(self.place, look.muted)], self.has_focus), look)


def machine_rows(machine: MachineSample, inspection: Inspection | None, width: int, look: Look) -> Iterator[Strip]:
    """All rows; without the closer look only what a glance tells."""
    yield cpu_row(machine, width, look)
    yield from core_rows(machine.cores, width, _CORE_ROWS, look)
    if inspection is not None and inspection.loads is not None:
        shown = f" {look.glyphs.dot} ".join(f"{load:.2f}" for load in inspection.loads)
        yield _fact("load", [(shown, look.text), ("  1, 5, 15 min", look.muted)], width, look)
    yield line([], width, look)
    yield memory_row(machine, width, look)
    if inspection is None:
        return
    yield _swap(inspection, width, look)
    yield _container(machine, inspection, width, look)
    yield line([], width, look)
    yield from _gpus(machine.gpus, width, look)
    yield from _temperatures(inspection, width, look)
    yield line([], width, look)
    yield _disk(inspection.storage, width, look)


def _fact(label: str, pieces: Sequence[Piece], width: int, look: Look) -> Strip:
    return line([(f"{label:>{_LABEL - 1}} ", look.muted), *pieces], width, look)


def _swap(inspection: Inspection, width: int, look: Look) -> Strip:
    used, total = inspection.swap_used, inspection.swap_total
    if not total:
        return _fact("swap", [("none", look.text)], width, look)
    share = used / total
    return meter("swap", share, f"{words.size(used)}/{words.size(total)}", width, look, fill_style(share, look))


def _container(machine: MachineSample, inspection: Inspection, width: int, look: Look) -> Strip:
    """What the container allows; a memory limit above the machine's memory, as version 1 has by default, is none."""
    limits = inspection.limits
    quota = "no CPU quota" if limits.cores is None else f"CPU quota {words.trimmed(limits.cores)}"
    limited = limits.memory is not None and limits.memory <= machine.memory_total
    memory = f"memory limit {words.size(limits.memory)}" if limited else "no memory limit"
    return _fact("", [("container: ", look.muted), (f"{quota}, {memory}", look.text)], width, look)


def _gpus(gpus: Sequence[GpuLoad], width: int, look: Look) -> Iterator[Strip]:
    if not gpus:
        yield _fact("GPU", [("none found", look.text)], width, look)
    for number, gpu in enumerate(gpus):
        yield _fact(f"GPU{number}", [(gpu.name, look.strong)], width, look)
        yield _part("busy", gpu.busy, "", width, look)
        share = gpu.memory_used / gpu.memory_total if gpu.memory_total and gpu.memory_used is not None else None
        total = words.size(gpu.memory_total)
        note = (
            f"{words.size(gpu.memory_used)}/{total}" if share is not None else f"of {total}" * bool(gpu.memory_total)
        )
        yield _part("mem", share, note, width, look)
        celsius = _told(gpu.celsius, lambda value: f"{value:.0f} {_degrees(look)}")
        watts, most = (
            _told(gpu.watts, lambda value: f"{value:.0f}"),
            _told(gpu.watts_limit, lambda value: f"{value:.0f}"),
        )
        power = UNREADABLE if gpu.watts is None else f"{watts}/{most} W"
        facts: list[Piece] = [(celsius, look.text), ("  power ", look.muted), (power, look.text)]
        yield _fact("heat", facts, width, look)
    if any(gpu.busy is None and gpu.memory_used is None for gpu in gpus):
        for text in wrapped("figures of a GPU come with pip install 'racetui[gpu]' and a driver", width - 2, look):
            yield line([(" " + text, look.faint)], width, look)


def _part(label: str, share: float | None, note: str, width: int, look: Look) -> Strip:
    if share is None:
        known: list[Piece] = [(f"  {note}", look.muted)] if note else []
        return _fact(label, [(UNREADABLE, look.text), *known], width, look)
    return meter(label, share, note, width, look, fill_style(share, look) if label == "mem" else None)


def _temperatures(inspection: Inspection, width: int, look: Look) -> Iterator[Strip]:
    found = [
        (f"{one.name} {one.celsius:.0f} {_degrees(look)}", one.high is not None and one.celsius >= one.high)
        for one in inspection.temperatures
    ]
    if not found:
        yield _fact("heat", [(UNREADABLE, look.text)], width, look)
    for number, (text, hot) in enumerate(found):
        yield _fact("" if number else "heat", [(text, look.bad if hot else look.text)], width, look)


def _degrees(look: Look) -> str:
    return "C" if look.glyphs.ascii else "°C"


def _disk(storage: Storage | None, width: int, look: Look) -> Strip:
    if storage is None:
        return _fact("disk", [(UNREADABLE, look.text)], width, look)
    share = 1 - storage.free / storage.total if storage.total else None
    note = f"{words.size(storage.free)} free"
    return meter("disk", share, note, width, look, fill_style(share or 0.0, look))


def _told(value: T | None, write: Callable[[T], str]) -> str:
    return UNREADABLE if value is None else write(value)
