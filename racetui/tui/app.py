"""The panel: what the keys do that work on every view."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import ClassVar

from textual.binding import BindingType

from racetui.keys import Place
from racetui.runs.errors import StoreError
from racetui.runs.paths import RunPaths
from racetui.tui.clockwork import RATES
from racetui.tui.core import Core
from racetui.tui.presses import bindings
from racetui.tui.themes import COLOURS


class Panel(Core):
    """Shows the runs of a store and gives orders to them. Leaving it ends none of them."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Place.ANYWHERE)
    PLACES = (Place.ANYWHERE,)

    def do_pause(self) -> None:
        """Pause the selected run."""
        self._give("pause")

    def do_resume(self) -> None:
        """Let the paused run go on."""
        self._give("resume")

    def do_checkpoint(self) -> None:
        """Save the selected run as it is."""
        self._give("checkpoint")

    def do_first(self) -> None:
        """Let the queued run go first."""
        run = self.selected_run
        if run is not None:
            self.orders.do(run, "move to the front of the queue", lambda: self.services.first(RunPaths(run.path)))

    def _give(self, order: str) -> None:
        if self.selected_run is not None:
            self.orders.give(self.selected_run, order)

    def do_go_on(self) -> None:
        """Train on from the last checkpoint."""
        run = self.selected_run
        if run is not None:
            self.orders.do(run, "resume from the last checkpoint", lambda: self.services.resume(RunPaths(run.path)))

    def do_start(self) -> Awaitable[object]:
        """Ask what to start."""
        from racetui.tui.forms.start import StartForm

        return self.push_screen(StartForm())

    async def do_clone(self) -> None:
        """Ask what to start, beginning with what the selected run is."""
        from racetui.config import ConfigError
        from racetui.tui.forms.options import draft_like
        from racetui.tui.forms.start import StartForm

        run = self.selected_run
        if run is None:
            return
        try:
            draft = await asyncio.to_thread(draft_like, RunPaths(run.path))
        except (StoreError, ConfigError) as error:
            self.tell(f"{run.id} {run.name}: {error}", "error")
        else:
            await self.push_screen(StartForm(draft))

    def do_stop(self) -> Awaitable[object] | None:
        """Ask how soon."""
        from racetui.tui.forms.stop import StopForm

        run = self.selected_run
        return self.push_screen(StopForm(run)) if run is not None else None

    def do_evaluate(self) -> Awaitable[object] | None:
        """Ask what to evaluate."""
        from racetui.tui.forms.evaluate import EvaluateForm

        run = self.selected_run
        return self.push_screen(EvaluateForm(run)) if run is not None else None

    def do_open(self) -> Awaitable[object]:
        """Everything about the selected run."""
        from racetui.tui.screens.run import RunView

        return self.push_screen(RunView())

    def do_logs(self) -> Awaitable[object]:
        """Its whole log."""
        from racetui.tui.screens.logs import LogView

        return self.push_screen(LogView())

    def do_car(self) -> Awaitable[object] | None:
        """The car on the whole screen."""
        from racetui.tui.screens.car import CarView

        return None if isinstance(self.screen, CarView) else self.push_screen(CarView())

    def do_compare(self) -> Awaitable[object] | None:
        """The marked runs side by side."""
        from racetui.tui.screens.compare import CompareView

        return None if isinstance(self.screen, CompareView) else self.push_screen(CompareView())

    def do_help(self) -> Awaitable[object]:
        """Keys, and what the focused pane shows."""
        from racetui.tui.screens.help import HelpScreen

        return self.push_screen(HelpScreen(getattr(self.focused, "HELP", "")))

    def do_palette(self) -> Awaitable[object]:
        """Search the commands."""
        from racetui.tui.palette import Palette

        return self.push_screen(Palette())

    def do_freeze(self) -> None:
        """Stop redrawing, or go on."""
        self.clockwork.freeze(not self.frozen)
        self.repaint()

    def do_faster(self) -> None:
        """Refresh more often."""
        self._set_rate(1)

    def do_slower(self) -> None:
        """Refresh less often."""
        self._set_rate(-1)

    def _set_rate(self, steps: int) -> None:
        index = RATES.index(self.rate) + steps
        self.clockwork.set_rate(RATES[max(0, min(len(RATES) - 1, index))])
        self.repaint()

    def do_theme(self) -> None:
        """Next theme."""
        names = list(COLOURS)
        self.theme = names[(names.index(self.theme) + 1) % len(names)]

    def do_detach(self) -> None:
        """Leave; every run goes on."""
        self.exit()

    def do_suspend(self) -> None:
        """Into the background of the shell."""
        self.action_suspend_process()

    def action_press(self, _pressed: str) -> None:
        """Leave: the only keys bound here do that."""
        self.do_detach()
