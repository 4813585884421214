"""This machine in words: what it has, what of it may be used, and what to do where it falls short."""

from __future__ import annotations

from dataclasses import dataclass

from profiles import Hardware, Storage
from profiles.needs import file_advice, files_needed

LITTLE_DISK = 1 << 30
"""Bytes; a checkpoint with a replay can take as much."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing about the machine."""

    name: str
    found: str
    advice: str = ""
    """What to do; empty where nothing is wrong."""


def facts_of(hardware: Hardware, storage: Storage) -> tuple[Fact, ...]:
    """What matters of the machine, and of the disk under the run store."""
    return (
        Fact("cores", _cores(hardware)),
        _memory(hardware),
        Fact("gpu", ", ".join(_gpus(hardware)) or "none found"),
        _files(hardware),
        _disk(storage),
    )


def gigabytes(size: int) -> str:
    """Bytes in words."""
    return f"{size / 1e9:.1f} GB"


def _cores(hardware: Hardware) -> str:
    physical = "" if hardware.physical_cores is None else f" on {hardware.physical_cores} physical"
    affinity, quota = hardware.affinity_cores, hardware.quota_cores
    limits = [f"affinity {affinity}"] if affinity is not None and affinity < hardware.logical_cores else []
    limits += [f"container's quota {quota:g}"] if quota is not None else []
    known = {True: ", computes bfloat16", False: ", no bfloat16", None: ""}[hardware.bfloat16]
    told = f" ({', '.join(limits)})" if limits else ""
    return f"{hardware.usable_cores} usable of {hardware.logical_cores} logical{physical}{told}{known}"


def _memory(hardware: Hardware) -> Fact:
    limit = "" if hardware.memory_limit is None else f", container's limit {gigabytes(hardware.memory_limit)}"
    swap = f", swap {gigabytes(hardware.swap_total)}" if hardware.swap_total else ", no swap"
    return Fact(
        "memory", f"{gigabytes(hardware.memory_free)} free of {gigabytes(hardware.memory_total)}{limit}{swap}"
    )


def _gpus(hardware: Hardware) -> list[str]:
    found = []
    for gpu in hardware.gpus:
        free = "" if gpu.memory_free is None else f"{gigabytes(gpu.memory_free)} free of "
        size = "memory unknown: pip install 'racetui[gpu]'"
        found.append(f"{gpu.name}, {size if gpu.memory_total is None else free + gigabytes(gpu.memory_total)}")
    return found


def _files(hardware: Hardware) -> Fact:
    limit, needed = hardware.file_limit, files_needed(hardware.usable_cores)
    if limit is None:
        return Fact("file descriptors", "no limit")
    advice = file_advice(needed, hardware.file_limit_hard) if limit < needed else ""
    return Fact("file descriptors", str(limit), advice and f"a worker for each core needs {needed}: {advice}")


def _disk(storage: Storage) -> Fact:
    turning = {True: ", rotating by its own account", False: "", None: ""}[storage.rotating]
    found = f"{storage.kind or 'unknown file system'}{turning}, {gigabytes(storage.free)} free"
    advice = ""
    if storage.network:
        advice = (
            "a network file system cannot hold run stores safely: set RACETUI_HOME to a directory on a local disk"
        )
    elif storage.free < LITTLE_DISK:
        advice = "less than 1 GB free: checkpoints may fail"
    return Fact("disk of the store", found, advice)
