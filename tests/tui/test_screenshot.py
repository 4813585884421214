"""The panel as a picture: real data, no other host, and the one in the README is such a one."""

from __future__ import annotations

import html
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from racetui.tui import screenshot
from racetui.tui.screenshot import UnfitPictureError, alone, main
from tests.tui import stores
from tests.tui.terminals import ROOT


def words(svg: str) -> str:
    """What can be read on it."""
    return html.unescape(" ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))).replace("\xa0", " ")


def test_a_picture_of_a_store(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, writer = stores.running(home)
    monkeypatch.setenv("RACETUI_HOME", str(home))
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setattr(screenshot, "SETTLE_SECONDS", 1.0)
    out = home / "panel.svg"
    monkeypatch.setattr(sys, "argv", ["screenshot", "--out", str(out), "--size", "100x30", "--screen", "4"])
    assert main() == 0
    writer.close()
    picture = out.read_text(encoding="utf-8")
    ElementTree.fromstring(picture)
    assert "● " in words(picture) and "1 ppo-async" in words(picture) and "container:" in words(picture)


def test_the_picture_in_the_readme_names_no_host() -> None:
    assert "(docs/panel.svg)" in (ROOT / "README.md").read_text(encoding="utf-8")
    picture = (ROOT / "docs" / "panel.svg").read_text(encoding="utf-8")
    assert alone(picture) == picture
    assert "return, mean of 100" in words(picture)


def test_a_picture_that_would_ask_another_host_is_refused() -> None:
    with pytest.raises(UnfitPictureError, match=r"https://fonts\.example/a\.woff2"):
        alone('<svg><style>src: url("https://fonts.example/a.woff2");</style></svg>')


@pytest.mark.parametrize("size", ["120", "0x0", "120x9999", "x"])
def test_sizes_are_checked(size: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["screenshot", "--out", "never.svg", "--size", size])
    with pytest.raises(SystemExit):
        main()
    assert "is no size" in capsys.readouterr().err
