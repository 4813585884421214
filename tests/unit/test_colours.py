"""Themes are readable, and their curves can be told apart with any colour vision."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from racetui.colours import COLOURS, SAFE
from racetui.tui.tailor import chosen_theme

Colour = npt.NDArray[np.float64]

SIGHTS = [
    np.eye(3),
    np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
    np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]),
]
"""Linear RGB as seen with full sight, by protanopes, deuteranopes, tritanopes (Machado et al. 2009, table 1)."""
_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_TO_OKLAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip
HEX = {name: colours for name, colours in COLOURS.items() if name != "terminal"}


def linear(text: str) -> Colour:
    """Linear RGB of #rrggbb (sRGB, IEC 61966-2-1)."""
    values = np.array([int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def apart(one: str, other: str) -> float:
    """The least distance of two colours in OKLab, times 100, over all kinds of sight."""

    def seen(text: str, sight: Colour) -> Colour:
        lab: Colour = _TO_OKLAB @ np.cbrt(_TO_LMS @ np.clip(sight @ linear(text), 0, 1))
        return lab

    return min(100 * float(np.linalg.norm(seen(one, sight) - seen(other, sight))) for sight in SIGHTS)


def contrast(one: str, other: str) -> float:
    """Contrast ratio (WCAG 2.2)."""
    dark, light = sorted(float(linear(text) @ [0.2126, 0.7152, 0.0722]) for text in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", HEX)
def test_curves_differ_for_everyone_and_stand_out(name: str) -> None:
    colours = HEX[name]
    curves = [colours[f"series-{number}"] for number in range(1, 7)]
    assert min(apart(*pair) for pair in combinations(curves, 2)) > 11
    assert min(contrast(curve, colours["background"]) for curve in curves) >= 4.3


@pytest.mark.parametrize("name", HEX)
def test_words_can_be_read(name: str) -> None:
    colours, least = HEX[name], 7.0 if name == "contrast" else 4.5
    for role in ("text", "muted", "title", "accent", "good", "warn", "bad", "info"):
        assert contrast(colours[role], colours["background"]) >= least, role
    for role in ("text", "title"):
        assert contrast(colours[role], colours["selected"]) >= least, role
    if name == "contrast":
        assert contrast(colours["faint"], colours["background"]) >= least


def test_states_differ_for_everyone_in_the_safe_theme() -> None:
    states = [SAFE[name] for name in ("good", "warn", "bad", "info")]
    assert min(apart(*pair) for pair in combinations(states, 2)) > 11


def test_every_theme_has_every_colour() -> None:
    assert len(COLOURS) == 6
    more = {name: set(colours) ^ set(SAFE) for name, colours in COLOURS.items()}
    assert more == {name: {"selected-text"} if name == "terminal" else set() for name in COLOURS}


@pytest.mark.parametrize(
    ("wanted", "environment", "colours", "chosen"),
    [
        ("auto", {}, "truecolor", "dark"),
        ("auto", {"COLORFGBG": "0;15"}, "256", "light"),
        ("auto", {"COLORFGBG": "15;default;0"}, "256", "dark"),
        ("auto", {"COLORFGBG": "0;15"}, "standard", "terminal"),
        ("safe", {}, "standard", "safe"),
        ("safe", {"NO_COLOR": "1"}, "truecolor", "terminal"),
    ],
)
def test_what_is_shown_follows_from_wish_and_terminal(
    wanted: str, environment: dict[str, str], colours: str, chosen: str
) -> None:
    assert chosen_theme(wanted, environment, colours) == chosen
