"""``python -m racetui.tui.screenshot``: the panel as a picture (SVG), of the runs that are in the store."""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from pathlib import Path

SETTLE_SECONDS = 3.0
"""Before keys and after them: percentages need a second look at the machine."""
_FONTS = "Menlo, Consolas, 'DejaVu Sans Mono', monospace"
_OF_HOSTS = (r"@font-face \{.*?\n    \}\n", r"<!-- Generated.*?-->")
"""What Rich writes of other hosts: fonts to load, and its own address."""


class UnfitPictureError(ValueError):
    """The picture would have asked another host for something."""


def alone(svg: str) -> str:
    """A picture by Rich that takes the reader's own fonts and names no host. Raises UnfitPictureError."""
    for pattern in _OF_HOSTS:
        svg = re.sub(pattern, "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", _FONTS).replace("font-family: arial", "font-family: sans-serif")
    named = re.findall(r"https?://[^\s\"')]+", svg.replace("http://www.w3.org/2000/svg", ""))
    if named:
        raise UnfitPictureError(f"the picture names {named[0]}: Rich writes it in another way than it did")
    return "\n".join(line.rstrip() for line in svg.splitlines() if line.strip()) + "\n"


def shoot(size: tuple[int, int], keys: list[str], seconds: float = SETTLE_SECONDS) -> str:
    """The panel's screen some seconds after some keys, as SVG."""
    from textual.pilot import Pilot

    from racetui.runs.store import RunStore
    from racetui.tui.app import Panel
    from racetui.tui.feed import Feed

    store, taken = RunStore(), []
    panel = Panel(lambda: Feed(store))

    async def pilot(pilot: Pilot[object]) -> None:
        await asyncio.sleep(SETTLE_SECONDS)
        if keys:
            await pilot.press(*keys)
            await asyncio.sleep(seconds)
        taken.append(panel.export_screenshot(title="racetui", simplify=True))
        panel.exit()

    panel.run(headless=True, size=size, auto_pilot=pilot)
    if panel.error is not None:
        raise panel.error
    return alone(taken[0])


def main() -> int:
    """Write the picture; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m racetui.tui.screenshot", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the SVG to write")
    parser.add_argument("--size", type=_size, default=(120, 40), metavar="WxH", help="columns and rows (120x40)")
    parser.add_argument("--screen", choices=("3", "4", "5"), help="another screen than the dashboard, by its key")
    parser.add_argument(
        "--keys", nargs="+", default=[], metavar="KEY", help="keys to press before, by Textual's names"
    )
    parser.add_argument(
        "--seconds", type=float, default=SETTLE_SECONDS, help="to wait after keys: 20 for a car (%(default)s)"
    )
    options = parser.parse_args()
    for name in ("NO_COLOR", "TEXTUAL_THEME"):
        os.environ.pop(name, None)
    os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    keys = [*options.keys, *filter(None, [options.screen])]
    options.out.write_text(shoot(options.size, keys, options.seconds), encoding="utf-8")
    return 0


def _size(text: str) -> tuple[int, int]:
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if found is None or not all(10 <= int(part) <= 500 for part in found.groups()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size: COLUMNSxROWS, as 120x40")
    return int(found[1]), int(found[2])


if __name__ == "__main__":
    sys.exit(main())
