"""What is told of a run in the selected pane, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual.strip import Strip

from carracing.task import OBSERVATIONS
from racetui import words
from racetui.runs.model import EvaluationRow, RunState, RunSummary
from racetui.tui.lines import Piece, cells, line, wrapped
from racetui.tui.look import Look
from racetui.tui.meters import bar, sparkline
from racetui.tui.picture import Detail
from racetui.tui.widgets.rows import LABEL, Row
from racetui.tui.widgets.shares import shares_bar, shares_text
from racetui.tui.widgets.stages import stage_rows

_BROKEN = frozenset({RunState.FAILED, RunState.CRASHED})
_WORST = frozenset({RunState.FAILED, RunState.CRASHED, RunState.STALLED})


@dataclass(frozen=True, slots=True)
class Subject:
    """What there is to tell."""

    run: RunSummary
    detail: Detail | None
    now: float
    """Unix seconds."""
    charted: bool
    """The return is drawn in a chart beside this."""
    summary: bool = True
    """What people say of it is told here, and nowhere beside it."""
    recorded: bool = False
    """Its process is whoever plays the recording; what it used is of then."""


def describe(subject: Subject, width: int, height: int, look: Look) -> list[Strip]:
    """The rows that fit, in order; room left over goes to the last words of a run that broke."""
    writer = _Writer(subject, width, look)
    rows = [
        *writer.trouble(),
        *writer.orders(),
        *writer.progress(),
        *stage_rows(subject.run, width, look),
        *writer.speed(),
        *writer.shares(),
        *writer.remarks(),
        *writer.results(),
        *writer.identity(),
        *(writer.said() if subject.summary else ()),
        *writer.process(),
    ]
    rows += writer.last_words(height - len(rows))
    kept = sorted(sorted(range(len(rows)), key=lambda index: rows[index].rank)[:height])
    return [rows[index].strip for index in kept]


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the rows of one subject."""

    subject: Subject
    width: int
    look: Look

    def trouble(self) -> Iterator[Row]:
        """Why it is in this state, if it says."""
        run, look = self.subject.run, self.look
        if run.detail:
            style = look.bad if run.state in _WORST else look.muted
            for text in wrapped(run.detail, self.width - 2, look)[:4]:
                yield Row(0, line([(" " + text, style)], self.width, look))

    def orders(self) -> Iterator[Row]:
        """What it was told and has not answered."""
        look = self.look
        for order in self.subject.detail.orders if self.subject.detail else ():
            seen = "under way" if order.taken is not None else "not seen yet"
            age = words.duration(self.subject.now - order.created)
            yield self._row(1, "order", (f"{order.name} ", look.warn + look.strong), (f"{seen}, {age}", look.muted))

    def progress(self) -> Iterator[Row]:
        """How far it is."""
        run, look = self.subject.run, self.look
        percent = words.percent(run.progress)
        meter = bar(run.progress, max(0, self.width - 3 - len(percent)), look, look.state(run.state))
        yield Row(2, line([(" ", look.text), *meter, (f" {percent}", look.strong)], self.width, look))
        done: list[Piece] = [(words.count(run.frames), look.strong)]
        if run.budget.frames and not run.stages:  # else it is the budget of one stage
            done.append((f"/{words.trimmed(run.budget.frames)}", look.text))
        unit: list[Piece] = [(" frames", look.muted)]
        rest: list[Piece] = []
        if run.budget.seconds and not run.stages:
            rest.append((f", {words.duration(run.seconds)} of {words.duration(run.budget.seconds)}", look.text))
        if run.eta_seconds is not None:
            rest.append((f"  ETA {words.duration(run.eta_seconds)}", look.accent))
        yield self._first_fit(3, "done", [*done, *unit, *rest], [*done, *rest])

    def speed(self) -> Iterator[Row]:
        """How fast, how well, how long."""
        run, look = self.subject.run, self.look
        if run.frames_per_second is not None:
            episodes = run.episodes_per_second
            frames: list[Piece] = [(words.short(run.frames_per_second), look.text), (" frames/s", look.muted)]
            dot = (f" {look.glyphs.dot} ", look.faint)
            rate = (words.short(episodes), look.text)
            more: list[Piece] = [dot, rate, (" episodes/s", look.muted)]
            yield self._first_fit(4, "speed", [*frames, *more], [*frames, dot, rate, (" ep/s", look.muted)], frames)
        if not self.subject.charted:
            detail = self.subject.detail
            returns = detail.series.get("return_mean") if detail else None
            room = max(0, self.width - LABEL - 9)
            curve = sparkline(returns.values if returns is not None else [], room, look)
            yield self._row(
                3, "return", (f"{words.score(run.return_mean)} ", look.strong), (curve, look.series["return"])
            )
        yield self._row(
            8,
            "played",
            (f"{run.episodes:,}", look.text),
            (" episodes in ", look.muted),
            (words.duration(run.seconds), look.text),
        )

    def shares(self) -> Iterator[Row]:
        """Where the time of a round goes."""
        look = self.look
        known = self.subject.detail.shares if self.subject.detail else {}
        if not known:
            return
        text = shares_text(known, look)
        yield self._first_fit(5, "time", [*text, ("%", look.muted)], [*text[:-2], ("%", look.muted)])
        yield self._row(9, "", *shares_bar(known, self.width - LABEL - 2, look))

    def remarks(self) -> Iterator[Row]:
        """What holds it back, and what to change."""
        look, known = self.look, self.subject.detail.remarks if self.subject.detail else ()
        for number, remark in enumerate(known):
            label = "" if number else "limit"
            yield self._row(6 + number, label, (remark.text, look.text))
            for text in wrapped(remark.advice, self.width - 1 - LABEL, look):
                yield self._row(9 + number, "", (text, look.muted))

    def results(self) -> Iterator[Row]:
        """Its last checkpoint and best evaluation."""
        run, look = self.subject.run, self.look
        saved: list[Piece] = [("none yet", look.muted)]
        if run.checkpoint_time is not None:
            age = words.duration(self.subject.now - run.checkpoint_time)
            saved = [(age, look.text), (" ago, at ", look.muted), (words.count(run.checkpoint_frames), look.text)]
        yield self._row(6, "saved", *saved)
        best: list[Piece] = [("none yet", look.muted)]
        if run.best_mean is not None:
            best = [
                (words.score(run.best_mean), look.strong),
                (f" {look.glyphs.plus_minus} {words.score(run.best_std)}", look.text),
                (" at ", look.muted),
                (words.count(run.best_frames), look.text),
            ]
        yield self._row(5, "best", *best)
        heat = self.subject.detail.heat if self.subject.detail else None
        if heat is not None:
            winner: list[Piece] = [(f"lane {heat.lane}", look.text), (f", best of {heat.cars}: ", look.muted)]
            score: list[Piece] = [(words.score(heat.best_return), look.strong)]
            spread: list[Piece] = [(f", spread {words.score(heat.spread)}", look.muted)]
            yield self._first_fit(7, "winner", [*winner, *score, *spread], [*winner, *score])
        yield from self._evaluations()

    def _evaluations(self) -> Iterator[Row]:
        """The last ones at the end and on order, and what is going on now."""
        look = self.look
        evaluations = self.subject.detail.evaluations if self.subject.detail else ()
        asked = [row for row in evaluations if row.purpose == "asked" and row.results.get("mean") is not None]
        scored = [row for row in evaluations if row.purpose == "score" and row.results.get("mean") is not None]
        for label, found in (("scored", scored[-1:]), ("tested", asked[-1:])):
            for row in found:
                yield self._result(label, row)
        for row in evaluations:
            if row.state == "running":
                age = words.duration(self.subject.now - row.started)
                yield self._row(
                    6,
                    "testing",
                    (words.count(row.frames), look.info),
                    (f" {row.detail or 'on ' + words.counted(row.episodes, 'track')}, {age}", look.muted),
                )

    def _result(self, label: str, row: EvaluationRow) -> Row:
        look = self.look
        return self._row(
            6,
            label,
            (words.score(row.results["mean"]), look.text),
            (f" {look.glyphs.plus_minus} {words.score(row.results.get('std'))}", look.text),
            (" at ", look.muted),
            (words.count(row.frames), look.text),
        )

    def identity(self) -> Iterator[Row]:
        """What it was asked to be."""
        run, look = self.subject.run, self.look
        dot = f" {look.glyphs.dot} "
        agent = (run.agent, look.text)
        facts: list[Piece] = [(f"{dot}{run.observation}{dot}seed {run.seed}", look.muted)]
        yield self._first_fit(7, "agent", [agent, (f" on {run.backend}", look.muted), *facts], [agent, *facts])
        collector = (run.collector, look.text)
        tracks = f", {run.cars} on each track" if run.cars > 1 else ""
        dealt = f", seeds {run.seeds}" if run.seeds != "independent" else ""
        lanes = (f" {look.glyphs.times} {run.lanes} lanes{tracks}{dealt}", look.muted)
        workers = (f", {run.workers} workers" if run.workers > 1 else "", look.muted)
        profile = (f"{dot}{run.profile}", look.muted)
        yield self._first_fit(
            7,
            "cars" if run.observation in OBSERVATIONS else "lanes",
            [collector, lanes, workers, profile],
            [collector, lanes, workers],
        )

    def said(self) -> Iterator[Row]:
        """What people say of it."""
        run, look = self.subject.run, self.look
        if run.tags:
            yield self._row(7, "tags", (" ".join(run.tags), look.accent))
        if run.note:
            yield self._row(7, "note", (run.note, look.text))

    def process(self) -> Iterator[Row]:
        """Its process and what that uses."""
        run, look = self.subject.run, self.look
        usage = self.subject.detail.usage if self.subject.detail else None
        if run.pid is None:
            if run.ended is not None:
                yield self._row(8, "ended", (f"{words.duration(self.subject.now - run.ended)} ago", look.muted))
            return
        facts: list[Piece] = [("recorded" if self.subject.recorded else f"pid {run.pid}", look.text)]
        if usage is not None:
            facts.append((f", {usage.processes} processes, {words.size(usage.memory)}", look.muted))
        yield self._row(8, "process", *facts)

    def last_words(self, room: int) -> Iterator[Row]:
        """The end of the log of a run that broke."""
        run, detail, look = self.subject.run, self.subject.detail, self.look
        if run.state not in _BROKEN or detail is None:
            return
        texts = [entry.text for entry in detail.log if entry.level in {"error", "output"} and entry.text.strip()]
        for text in texts[-max(3, room - 1) :]:
            yield Row(4, line([(" " + look.glyphs.vertical + " ", look.bad), (text, look.muted)], self.width, look))

    def _first_fit(self, rank: int, label: str, *variants: list[Piece]) -> Row:
        """The first variant that there is room for, or the last."""
        room = self.width - 1 - LABEL
        return self._row(rank, label, *next((v for v in variants if cells(v) <= room), variants[-1]))

    def _row(self, rank: int, label: str, *pieces: Piece) -> Row:
        return Row(rank, line([(f" {label:<{LABEL}}", self.look.muted), *pieces], self.width, self.look))
