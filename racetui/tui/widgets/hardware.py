"""How busy the machine is, core by core, and what part of it the selected run takes."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from textual.strip import Strip

from profiles.gpu_meter import GpuLoad
from racetui import words
from racetui.hardware import MachineSample
from racetui.runs.model import HardwareRow
from racetui.tui.desk import desk
from racetui.tui.frame import Box, framed
from racetui.tui.lines import Piece, line
from racetui.tui.look import Look
from racetui.tui.meters import bar, fill_style, levels, load_style
from racetui.tui.pane import Cells

_LABEL = 5
_NOTE = 13
"""Cells for the figures beside a bar."""
UNREADABLE = "n/a"
_CORE_CELLS = 18
"""The least width of a core's own bar, number and percentage included."""


class Hardware(Cells, can_focus=True):
    """Cores, memory, limits, and the run's share."""

    HELP = (
        "The machine as far as this process may use it. One bar per core, or one cell per core where there are many; "
        "memory without caches; inside a container its limits, not the machine's; GPUs. The last row is the "
        "selected run."
    )

    def paint(self, width: int, height: int, look: Look) -> Sequence[Strip]:
        """Cores get the room that the other rows leave."""
        app = desk(self)
        machine, run, detail = app.picture.machine, app.selected_run, app.picture.detail
        if machine is None:
            return framed([], width, height, Box("Hardware", (), self.has_focus), look)
        load = [(f"load {machine.load:.1f}", look.muted)] if machine.load is not None else []
        alive = run is not None and run.pid is not None and detail is not None and detail.run_id == run.id
        usage = detail.usage if alive and detail is not None and not app.services.demo else None
        rows = hardware_rows(machine, usage, width - 2, height - 2, look)
        title = "Hardware, not the recorded one" if app.services.demo else "Hardware"
        return framed(rows, width, height, Box(title, load, self.has_focus), look)


def hardware_rows(
    machine: MachineSample, usage: HardwareRow | None, width: int, height: int, look: Look
) -> list[Strip]:
    """The pane's rows, at most ``height``."""
    below = [memory_row(machine, width, look), *_gpus(machine.gpus, width, height // 3, look)]
    if usage is not None:
        below.append(_run(usage, machine, width, look))
    top = [cpu_row(machine, width, look)]
    room = height - len(top) - len(below)
    cores = core_rows(machine.cores, width, max(0, room), look)
    return [*top, *cores, *below][:height]


def cpu_row(machine: MachineSample, width: int, look: Look) -> Strip:
    """How much of the processor time that may be used is used."""
    share = machine.cpu_share
    cores = f"{machine.usable_cores:g} core{'' if machine.usable_cores == 1 else 's'}"
    if machine.usable_cores != machine.logical_cores:
        cores += f" of {machine.logical_cores}"
    return meter("CPU", share, cores, width, look)


def memory_row(machine: MachineSample, width: int, look: Look) -> Strip:
    """How much of the memory that may be used is used."""
    share = machine.memory_used / machine.memory_total if machine.memory_total else None
    note = f"{words.size(machine.memory_used)}/{words.size(machine.memory_total)}"
    style = fill_style(share or 0.0, look)
    return meter("RAM", share, note + (" limit" if machine.limited else ""), width, look, style)


def _gpus(gpus: Sequence[GpuLoad], width: int, rows: int, look: Look) -> list[Strip]:
    """A bar each if they fit, else a cell each; those that do not tell are n/a."""
    if 0 < len(gpus) <= max(1, rows):
        return [_gpu(number, gpu, width, look) for number, gpu in enumerate(gpus)]
    if not gpus:
        return []
    known = [gpu.busy for gpu in gpus if gpu.busy is not None]
    silent = f" {len(gpus) - len(known)} {UNREADABLE}" if len(known) < len(gpus) else ""
    return [line([(f"{'GPUs':>{_LABEL - 1}} ", look.muted), *levels(known, look), (silent, look.muted)], width, look)]


def _gpu(number: int, gpu: GpuLoad, width: int, look: Look) -> Strip:
    label = f"GPU{number}"
    if gpu.busy is None:
        told = [(f"{label:>{_LABEL - 1}} ", look.muted), (UNREADABLE, look.text), (f" {gpu.name}", look.muted)]
        return line(told, width, look)
    memory = f"{words.size(gpu.memory_used)}/{words.size(gpu.memory_total)}" if gpu.memory_used is not None else ""
    return meter(label, gpu.busy, memory or UNREADABLE, width, look)


def _run(usage: HardwareRow, machine: MachineSample, width: int, look: Look) -> Strip:
    return meter("run", usage.cpu_percent / 100 / machine.usable_cores, words.size(usage.memory), width, look)


def meter(label: str, share: float | None, note: str, width: int, look: Look, style: Style | None = None) -> Strip:
    """Label, bar, percentage, and a note in a column of its own; no bar where the share is not known."""
    text = f" {words.percent(share):>4} "
    room = max(4, width - _LABEL - len(text) - _NOTE)
    style = style or load_style(share or 0.0, look)
    filled = bar(share if share is not None else 0.0, room, look, style)
    return line(
        [(f"{label:>{_LABEL - 1}} ", look.muted), *filled, (text, look.text), (note, look.muted)], width, look
    )


def core_rows(cores: Sequence[float], width: int, rows: int, look: Look) -> list[Strip]:
    """A bar each if they fit, else a cell each."""
    if not cores or rows < 1:
        return []
    across = max(1, (width - 1) // _CORE_CELLS)
    if len(cores) <= across * rows:
        needed = min(across, -(-len(cores) // rows)) if len(cores) > rows else 1
        return _bars(cores, width, needed, look)
    return _strips(cores, width, rows, look)


def _bars(cores: Sequence[float], width: int, across: int, look: Look) -> list[Strip]:
    down = -(-len(cores) // across)
    cell = (width - 1) // across
    strips = []
    for row in range(down):
        pieces: list[Piece] = [(" ", look.text)]
        for core in range(row, len(cores), down):
            share = cores[core] / 100
            meter = bar(share, cell - 10, look, load_style(share, look))
            pieces += [(f"{core:>3} ", look.faint), *meter, (f"{cores[core]:>4.0f}% ", look.muted)]
        strips.append(line(pieces, width, look))
    return strips


def _strips(cores: Sequence[float], width: int, rows: int, look: Look) -> list[Strip]:
    """One cell per core; where even that is too much, one per group of cores, showing the busiest."""
    room = (width - _LABEL - 1) * rows
    group = -(-len(cores) // room)
    shares = [max(cores[start : start + group]) / 100 for start in range(0, len(cores), group)]
    across = width - _LABEL - 1
    strips = []
    for start in range(0, len(shares), across):
        label = " each" if start == 0 else ""
        strips.append(
            line([(f"{label:<{_LABEL}}", look.muted), *levels(shares[start : start + across], look)], width, look)
        )
    return strips
