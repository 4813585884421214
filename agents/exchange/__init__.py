"""Policies on their way in and out: weights of other programs' files, and files for other programs.

``read_foreign`` and ``import_policy`` take in, ``export_policy`` gives out. An agent takes part by a ``Portable``,
named in ``agents.registry``.
"""

from agents.exchange.exporting import FORMATS, check_format, export_policy
from agents.exchange.importing import import_policy
from agents.exchange.reading import SUFFIXES, Foreign, read_foreign

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "Foreign",
    "check_format",
    "export_policy",
    "import_policy",
    "read_foreign",
]
