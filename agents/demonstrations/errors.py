"""What can go wrong with demonstration sets, by name."""

from __future__ import annotations


class DemonstrationsError(RuntimeError):
    """A demonstration set cannot be read or written; says which, why, and what to do."""


class DemonstrationsNotFoundError(DemonstrationsError):
    """There is no such set."""


class TornDemonstrationsError(DemonstrationsError):
    """The set is incomplete: recording was interrupted, or a file is missing or cut short."""


class EditedDemonstrationsError(DemonstrationsError):
    """The set is not as it was written: bytes, names, shapes or files differ."""


class ForeignDemonstrationsError(DemonstrationsError):
    """Not a demonstration set of this program, or one of a newer version."""


class UnfitDemonstrationsError(DemonstrationsError):
    """The set is of another task than it is wanted for, or of another plan than the one to be gone on with."""


class BusyDemonstrationsError(DemonstrationsError):
    """Another process is recording into the set."""
