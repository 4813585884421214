"""``racetui`` without a command: the panel."""

from __future__ import annotations

import argparse


def panel(options: argparse.Namespace) -> int:
    """Open the panel; without a terminal, print the runs and say so by the exit code."""
    from racetui.cli.panel_options import given
    from racetui.tui.launch import open_panel

    return open_panel(given(options), bool(options.demo))
