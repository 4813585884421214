"""Runs that people marked to compare them, each with a letter and a colour that it keeps."""

from __future__ import annotations

TAGS = "abcdef"
"""By slot: what stands for a marked run where there are no colours. One for each run that can be compared."""


def role(slot: int) -> str:
    """Name of a slot's style among those of charts."""
    return f"mark-{slot + 1}"


ROLES = tuple(role(slot) for slot in range(len(TAGS)))


class Marks:
    """The marked runs, in the order in which they were marked."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self._before: dict[str, int] = {}
        """Of runs that are not marked any more: their slot, for when they are marked again."""

    @property
    def ids(self) -> tuple[str, ...]:
        """Who is marked."""
        return tuple(self._slots)

    def slot(self, run_id: str) -> int | None:
        """Decides letter and colour; None of a run that is not marked."""
        return self._slots.get(run_id)

    def clear(self) -> None:
        """Unmark all."""
        for run_id in self.ids:
            self.toggle(run_id)

    def toggle(self, run_id: str) -> bool:
        """Mark a run, or no more; whether that could be done: there are as many marks as TAGS."""
        if run_id in self._slots:
            self._before[run_id] = self._slots.pop(run_id)
            return True
        taken = set(self._slots.values())
        free = [slot for slot in range(len(TAGS)) if slot not in taken]
        if not free:
            return False
        # a slot that another run had before is given away last, so that it gets its own again
        mine, others = self._before.get(run_id), set(self._before.values())
        fresh = [slot for slot in free if slot not in others]
        self._slots[run_id] = mine if mine in free else (fresh or free)[0]
        return True
