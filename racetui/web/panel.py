"""The panel as a page shows it: started by the server, one process for each page, drawing for xterm.js.

It ends when the page is closed, and when the server is gone, as it does when a terminal hangs up.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from racetui.tui.launch import FRAMES_PER_SECOND

_OF_THE_SERVERS_TERMINAL = ("TMUX", "STY", "KITTY_WINDOW_ID", "KONSOLE_VERSION")
_OF_THE_PAGE = {
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "LC_ALL": "C.UTF-8",
    "TEXTUAL_FPS": FRAMES_PER_SECOND,
}


def main() -> int:
    """Run the panel until the page is closed; returns the exit code."""
    for name in _OF_THE_SERVERS_TERMINAL:
        os.environ.pop(name, None)
    os.environ.update(_OF_THE_PAGE)  # read when Textual is imported
    from racetui.tui.session import run_panel

    # The real one carries packets to the page, no words for a shell.
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        return run_panel()


if __name__ == "__main__":
    sys.exit(main())
