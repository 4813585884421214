"""How data is printed: one JSON document, or a table for people."""

from __future__ import annotations

import json
import sys
from typing import Any

from racetui.documents import moment, number, plain, span, summary_document, table

__all__ = ["moment", "number", "plain", "print_json", "span", "summary_document", "table"]


def print_json(document: Any) -> None:
    """Print one JSON document; NaN and infinities, which JSON has not, become null."""
    json.dump(plain(document), sys.stdout, indent=2, allow_nan=False)
    sys.stdout.write("\n")
