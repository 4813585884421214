"""The panel: what the keys do that work on every view."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import ClassVar

from textual.binding import BindingType

from racetui.colours import COLOURS
from racetui.keys import ALIVE, OVER, PAUSED, TESTABLE, TRAINING, WORKING, Need, Place
from racetui.preferences.schema import RATES
from racetui.runs.errors import StoreError
from racetui.runs.limits import used_up
from racetui.runs.paths import RunPaths
from racetui.tui.core import Core
from racetui.tui.presses import bindings
from racetui.tui.targets import Targets, targets
from racetui.tui.view import View


class Panel(Core):
    """Shows the runs of a store and gives orders to them. Leaving it ends none of them."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(Place.ANYWHERE)
    PLACES = (Place.ANYWHERE,)

    def do_pause(self) -> None:
        """Pause."""
        self._give("pause", TRAINING)

    def do_resume(self) -> None:
        """Let paused runs go on."""
        self._give("resume", PAUSED)

    def do_checkpoint(self) -> None:
        """Save runs as they are."""
        self._give("checkpoint", WORKING)

    def do_first(self) -> None:
        """Let the queued run go first."""
        run = self.selected_run
        if run is not None:
            self.orders.do(run, "move to the front of the queue", lambda: self.services.first(RunPaths(run.path)))

    def _give(self, order: str, need: Need) -> None:
        """Order it of the selected run, or of all that are marked."""
        meant = self._meant(need)
        for run in meant.runs if meant is not None else ():
            self.orders.give(run, order)
        if meant is not None and meant.listed:
            self.tell(f"{order}: {meant.listed}")

    def _meant(self, need: Need) -> Targets | None:
        return targets(self.selected_run, self.marked_runs, need)

    def do_go_on(self) -> Awaitable[object] | None:
        """Train on from the last checkpoint; where a budget is used up, ask for more."""
        from racetui.tui.forms.resume import ResumeForm, resume

        meant = self._meant(OVER)
        if meant is not None and any(map(used_up, meant.runs)):
            return self.push_screen(ResumeForm(meant))
        for run in meant.runs if meant is not None else ():
            resume(self.screen, run, "")
        return None

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

        meant = self._meant(ALIVE)
        return self.push_screen(StopForm(meant)) if meant is not None else None

    def do_evaluate(self) -> Awaitable[object] | None:
        """Ask what to evaluate."""
        from racetui.tui.forms.evaluate import EvaluateForm

        meant = self._meant(TESTABLE)
        return self.push_screen(EvaluateForm(meant)) if meant is not None else None

    def do_annotate(self) -> Awaitable[object] | None:
        """Ask for a note and tags."""
        from racetui.tui.forms.annotate import AnnotateForm

        run = self.selected_run
        return self.push_screen(AnnotateForm(run)) if run is not None else None

    def do_checkpoints(self) -> Awaitable[object] | None:
        """Ask which is the best, or is to go."""
        from racetui.checkpointing import kept
        from racetui.tui.forms.checkpoints import CheckpointsForm

        run, detail = self.selected_run, self.picture.detail
        if run is None or detail is None or detail.run_id != run.id or not detail.checkpoints:
            return None
        return self.push_screen(CheckpointsForm(run, kept(detail.checkpoints, detail.evaluations)))

    def do_filter(self) -> Awaitable[object]:
        """Ask which runs to show."""
        from racetui.tui.forms.filter import FilterForm

        return self.push_screen(FilterForm())

    async def do_dashboard(self) -> None:
        """Back to all runs."""
        while len(self.screen_stack) > 1:
            await self.pop_screen()

    def do_open(self) -> Awaitable[object]:
        """Everything about the selected run."""
        from racetui.tui.screens.run import RunView

        return self._show(RunView)

    do_run = do_open

    def do_logs(self) -> Awaitable[object]:
        """Its whole log."""
        from racetui.tui.screens.logs import LogView

        return self._show(LogView)

    do_whole_log = do_logs

    def do_car(self) -> Awaitable[object]:
        """The car on the whole screen."""
        from racetui.tui.screens.car import CarView

        return self._show(CarView)

    def do_compare(self) -> Awaitable[object]:
        """The marked runs side by side."""
        from racetui.tui.screens.compare import CompareView

        return self._show(CompareView)

    async def _show(self, kind: type[View]) -> None:
        """Bring a view to the front: the one that there is, else a new one."""
        if any(isinstance(screen, kind) for screen in self.screen_stack):
            while not isinstance(self.screen, kind):
                await self.pop_screen()
        else:
            await self.push_screen(kind())

    def do_hardware(self) -> Awaitable[object] | None:
        """The machine, and who uses it."""
        from racetui.tui.screens.hardware import HardwareView

        return None if isinstance(self.screen, HardwareView) else self.push_screen(HardwareView())

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
        if self.no_color:
            self.tell("NO_COLOR is set: there are no colours to choose from", "warning")
            return
        names = list(COLOURS)
        self.set("panel.theme", names[(names.index(self.theme) + 1) % len(names)])

    def do_settings(self) -> Awaitable[object]:
        """What the person wants of the panel."""
        from racetui.tui.screens.settings import SettingsForm

        return self.push_screen(SettingsForm())

    def do_detach(self) -> None:
        """Leave; every run goes on."""
        self.exit()

    def do_suspend(self) -> None:
        """Into the background of the shell."""
        self.action_suspend_process()

    def action_press(self, _pressed: str) -> None:
        """Leave: the only keys bound here do that."""
        self.do_detach()
