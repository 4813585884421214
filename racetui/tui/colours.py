"""The colours of the panel's themes, by name: plain data, for style sheets and drawn cells alike.

Hues follow Okabe and Ito's palette, which people with any colour vision can tell apart
(Okabe & Ito 2008, "Color Universal Design").
"""

from __future__ import annotations

from collections.abc import Mapping

DARK = {
    "background": "#0f141a",
    "surface": "#161d26",
    "selected": "#22384d",
    "text": "#d5dde6",
    "muted": "#8797a8",
    "faint": "#54616f",
    "edge": "#344352",
    "title": "#e8eef5",
    "accent": "#56b4e9",
    "good": "#2fc48d",
    "warn": "#e8a92b",
    "bad": "#f0703a",
    "info": "#d58cc0",
    "series-1": "#56b4e9",
    "series-2": "#e8a92b",
    "series-3": "#2fc48d",
    "series-4": "#d58cc0",
    "series-5": "#e6db4a",
    "series-6": "#f0703a",
}
LIGHT = {
    "background": "#f7f8fa",
    "surface": "#eceff3",
    "selected": "#cfe3f5",
    "text": "#1d2630",
    "muted": "#586675",
    "faint": "#8c98a5",
    "edge": "#b4bec9",
    "title": "#0c1218",
    "accent": "#0068a8",
    "good": "#00785a",
    "warn": "#9a6200",
    "bad": "#b34700",
    "info": "#974f80",
    "series-1": "#0068a8",
    "series-2": "#9a6200",
    "series-3": "#00785a",
    "series-4": "#974f80",
    "series-5": "#4a4f9c",
    "series-6": "#b34700",
}
TERMINAL = {
    "background": "default",
    "surface": "default",
    "selected": "blue",
    "text": "default",
    "muted": "default",
    "faint": "bright_black",
    "edge": "bright_black",
    "title": "default",
    "accent": "cyan",
    "good": "green",
    "warn": "yellow",
    "bad": "red",
    "info": "magenta",
    "series-1": "cyan",
    "series-2": "yellow",
    "series-3": "green",
    "series-4": "magenta",
    "series-5": "bright_blue",
    "series-6": "red",
}
COLOURS: Mapping[str, Mapping[str, str]] = {"dark": DARK, "light": LIGHT, "terminal": TERMINAL}
"""Theme name -> colour by name, in the order in which the theme key walks through them."""
