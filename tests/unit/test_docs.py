"""What the documents say can be followed: links lead somewhere, commands and their options exist."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from racetui.cli.parser import make_parser

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCKS, _FLAGS = r"^```\w*\n(.*?)^```", re.M | re.S
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pages
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.is_file(), f"{page.name}: {target}"
        assert not anchor or anchor in anchors(there), f"{page.name}: {target}"


@pages
def test_commands_are_there(page: Path) -> None:
    known, found = parsers(make_parser()), list(commands(page.read_text(encoding="utf-8")))
    assert found, "every page has some"
    for command in found:
        words = [word for word in command.split() if not word.startswith("#")]
        names = [word for word in words[1:3] if re.fullmatch("[a-z-]+", word)]
        name = next((name for name in (" ".join(names), *names[:1]) if name in known), "")
        assert name or len(words) == 1 or re.match("-|[A-Z]+$", words[1]), f"{page.name}: {command}"
        options = {word.partition("=")[0] for word in words[1:] if word.startswith("--")}
        assert options <= set(known[name]._option_string_actions), f"{page.name}: {command}"


def anchors(page: Path) -> set[str]:
    """Of all headings."""
    titles = re.findall(r"^#+ (.*)$", re.sub(_BLOCKS, "", page.read_text(encoding="utf-8"), flags=_FLAGS), flags=re.M)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def commands(text: str) -> Iterator[str]:
    """What calls racetui in code blocks and within sentences, without comments and what follows in the shell."""
    for block in re.findall(_BLOCKS, text, flags=_FLAGS):
        for line in block.splitlines():
            if found := re.search(r"(?:^|do )(racetui(?: [^#;|&]*)?)(?:$|[#;|&])", line):
                yield found[1]
    yield from re.findall(r"`(racetui [^`]*)`", re.sub(_BLOCKS, "", text, flags=_FLAGS))


def parsers(parser: argparse.ArgumentParser, name: str = "") -> dict[str, argparse.ArgumentParser]:
    """The parser and those of all its commands, by their names."""
    found = {name: parser}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                found |= parsers(below, f"{name} {word}".strip())
    return found
