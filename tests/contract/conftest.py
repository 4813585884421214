"""What the contract tests leave behind: nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def ray_ends() -> Iterator[None]:
    """End the Ray that a module's tests shared, if they did."""
    yield
    if "ray" in sys.modules:
        sys.modules["ray"].shutdown()
