"""The panel's themes as Textual knows them, made of ``colours``."""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme

from racetui.colours import COLOURS


def make_themes() -> list[Theme]:
    """Textual's view of the themes; colours of the same names become style sheet variables."""
    return [_theme(name, colours) for name, colours in COLOURS.items()]


def _theme(name: str, colours: Mapping[str, str]) -> Theme:
    ansi = name == "terminal"
    css = {key: f"ansi_{colour}" if ansi else colour for key, colour in colours.items()}
    return Theme(
        name=name,
        primary=css["accent"],
        secondary=css["info"],
        accent=css["accent"],
        warning=css["warn"],
        error=css["bad"],
        success=css["good"],
        foreground=css["text"],
        background=css["background"],
        surface=css["surface"],
        panel=css["surface"],
        dark=name != "light",
        ansi=ansi,
        variables={
            "muted": css["muted"],
            "faint": css["faint"],
            "edge": css["edge"],
            "title": css["title"],
            "selected": css["selected"],
            "selected-text": css.get("selected-text", css["text"]),
            "block-cursor-background": css["selected"],
            "block-cursor-foreground": css["text"],
            "ansi-background": "ansi_default",
            "ansi-foreground": "ansi_default",
        },
    )
