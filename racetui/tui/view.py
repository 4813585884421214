"""What the panel's screens have in common."""

from __future__ import annotations

from textual.screen import Screen

from racetui.tui.pane import Cells
from racetui.tui.presses import Presses


class View(Presses, Screen[None], inherit_bindings=False):
    """A screen of panes that show the latest picture."""

    ABOUT_ALL = False
    """It shows more runs than the selected one, so that orders go to those that are marked."""

    def repaint(self) -> None:
        """Let every pane in sight catch up."""
        for pane in self.query(Cells):
            pane.repaint()

    def on_screen_suspend(self) -> None:
        """Another screen comes in front."""
        for pane in self.query(Cells):
            pane.covered()

    def on_screen_resume(self) -> None:
        """Catch up with what happened while another screen was in front."""
        self.call_after_refresh(self.repaint)
