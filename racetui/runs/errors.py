"""What can go wrong with a store or a run, each with one line that says what to do."""

from __future__ import annotations

__all__ = [
    "AmbiguousRun",
    "ControlError",
    "DamagedRun",
    "InvalidNote",
    "InvalidOrder",
    "NewerSchema",
    "NotADirectory",
    "NotWritable",
    "OrderTimeout",
    "RunBusy",
    "RunEnded",
    "RunNotFound",
    "StoreError",
    "StoreFull",
    "StoreLocked",
]


class StoreError(Exception):
    """The run store cannot do what was asked."""


class NotADirectory(StoreError):  # noqa: N818 - reads as what it tells, and callers know these names
    """The store, or a run in it, is not a directory."""


class NotWritable(StoreError):  # noqa: N818
    """The store cannot be written."""


class StoreFull(StoreError):  # noqa: N818
    """The disk, or a limit on the size of files, took no more."""


class StoreLocked(StoreError):  # noqa: N818
    """Another program holds a run's database for longer than anyone should."""


class NewerSchema(StoreError):  # noqa: N818
    """The run was written by a newer racetui."""


class DamagedRun(StoreError):  # noqa: N818
    """A run's files are not what they should be."""


class RunNotFound(StoreError):  # noqa: N818
    """No run of that id, name or prefix."""


class AmbiguousRun(StoreError):  # noqa: N818
    """More than one run begins like that."""


class InvalidNote(ValueError):  # noqa: N818
    """A note or a tag that a run cannot have."""


class ControlError(Exception):
    """A run could not be told what to do."""


class InvalidOrder(ControlError):  # noqa: N818
    """The order is impossible in the run's present state."""


class RunBusy(ControlError):  # noqa: N818
    """Another trainer works on this run."""


class OrderTimeout(ControlError, TimeoutError):  # noqa: N818
    """The run did not answer in time."""


class RunEnded(ControlError):  # noqa: N818
    """The run ended before it did what was waited for."""
