"""Numbers and times as people type them."""

from __future__ import annotations

import argparse

import pytest

from racetui.values import count, duration


@pytest.mark.parametrize(
    ("text", "value"), [("0", 0), ("500000", 500_000), ("500_000", 500_000), ("500k", 500_000), ("1.5M", 1_500_000)]
)
def test_count(text: str, value: int) -> None:
    assert count(text) == value


@pytest.mark.parametrize("text", ["", "-1", "1.5", "k", "1e6", "10 k", "1.0001k", "nan"])
def test_count_refuses(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"is not a"):
        count(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("1h", 3600), ("1h30m", 5400), ("1.5h", 5400), ("1m5s", 65)],
)
def test_duration(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "10x", "-5s", "5m1h", "ten"])
def test_duration_refuses(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a time"):
        duration(text)
