"""What is told of a run in the selected pane, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual.strip import Strip

from racetui.runs.model import RunState, RunSummary
from racetui.tui import words
from racetui.tui.lines import Piece, line, wrapped
from racetui.tui.look import Look
from racetui.tui.meters import bar, sparkline, stacked
from racetui.tui.picture import SHARES, Detail

_LABEL = 11
"""Cells for what a row is about."""
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


@dataclass(frozen=True, slots=True)
class _Row:
    """A row and how gladly it is given up: the highest rank goes first."""

    rank: int
    strip: Strip


def describe(subject: Subject, width: int, height: int, look: Look) -> list[Strip]:
    """The rows that fit, in order; room left over goes to the last words of a run that broke."""
    writer = _Writer(subject, width, look)
    rows = [
        *writer.trouble(),
        *writer.orders(),
        *writer.progress(),
        *writer.speed(),
        *writer.shares(),
        *writer.results(),
        *writer.identity(),
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

    def trouble(self) -> Iterator[_Row]:
        """Why it is in this state, if it says."""
        run, look = self.subject.run, self.look
        if run.detail:
            style = look.bad if run.state in _WORST else look.muted
            for text in wrapped(run.detail, self.width - 2, look)[:4]:
                yield _Row(0, line([(" " + text, style)], self.width, look))

    def orders(self) -> Iterator[_Row]:
        """What it was told and has not answered."""
        look = self.look
        for order in self.subject.detail.orders if self.subject.detail else ():
            seen = "under way" if order.taken is not None else "not seen yet"
            age = words.duration(self.subject.now - order.created)
            yield self._row(1, "order", (f"{order.name} ", look.warn + look.strong), (f"{seen}, {age}", look.muted))

    def progress(self) -> Iterator[_Row]:
        """How far it is."""
        run, look = self.subject.run, self.look
        percent = words.percent(run.progress)
        meter = bar(run.progress, max(0, self.width - 3 - len(percent)), look, look.state(run.state))
        yield _Row(2, line([(" ", look.text), *meter, (f" {percent}", look.strong)], self.width, look))
        done = [(words.short(run.frames), look.strong)]
        if run.budget.frames:
            done.append((f" of {words.short(run.budget.frames)}", look.text))
        done.append((" frames", look.text))
        if run.budget.seconds:
            done.append((f", {words.duration(run.seconds)} of {words.duration(run.budget.seconds)}", look.text))
        if run.eta_seconds is not None:
            done.append((f"  ETA {words.duration(run.eta_seconds)}", look.accent))
        yield self._row(3, "done", *done)

    def speed(self) -> Iterator[_Row]:
        """How fast, how well, how long."""
        run, look = self.subject.run, self.look
        if run.frames_per_second is not None:
            episodes = run.episodes_per_second
            yield self._row(
                4,
                "speed",
                (words.short(run.frames_per_second), look.text),
                (" frames/s", look.muted),
                (f" {look.glyphs.dot} {words.short(episodes)}", look.text),
                (" episodes/s", look.muted),
            )
        if not self.subject.charted:
            detail = self.subject.detail
            returns = detail.series.get("return_mean") if detail else None
            room = max(0, self.width - _LABEL - 10)
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

    def shares(self) -> Iterator[_Row]:
        """Where the time of a round goes."""
        look = self.look
        known = self.subject.detail.shares if self.subject.detail else {}
        if not known:
            return
        styles = dict(
            zip(
                SHARES,
                (look.series["return"], look.series["episodes"], look.series["frames"], look.faint),
                strict=True,
            )
        )
        text: list[Piece] = []
        for name in SHARES:
            if name in known:
                text += [(f"{name} ", styles[name]), (f"{100 * known[name]:.0f} ", look.text)]
        yield self._row(5, "time", *text[:-1], (text[-1][0].rstrip() + " %", look.text))
        parts = [(known.get(name, 0.0), styles[name]) for name in SHARES]
        yield self._row(9, "", *stacked(parts, self.width - _LABEL - 3, look))

    def results(self) -> Iterator[_Row]:
        """Its last checkpoint and best evaluation."""
        run, look = self.subject.run, self.look
        saved: list[Piece] = [("none yet", look.muted)]
        if run.checkpoint_time is not None:
            age = words.duration(self.subject.now - run.checkpoint_time)
            saved = [(age, look.text), (" ago, at ", look.muted), (words.short(run.checkpoint_frames), look.text)]
        yield self._row(6, "checkpoint", *saved)
        best: list[Piece] = [("none yet", look.muted)]
        if run.best_mean is not None:
            best = [
                (words.score(run.best_mean), look.strong),
                (f" {look.glyphs.plus_minus} {words.score(run.best_std)}", look.text),
                (" at ", look.muted),
                (words.short(run.best_frames), look.text),
            ]
        yield self._row(5, "best eval", *best)
        running = [
            row for row in (self.subject.detail.evaluations if self.subject.detail else ()) if row.state == "running"
        ]
        if running:
            yield self._row(
                6,
                "evaluating",
                (f"{words.short(running[-1].frames)} frames, ", look.info),
                (
                    f"{running[-1].episodes} episodes, {words.duration(self.subject.now - running[-1].started)}",
                    look.muted,
                ),
            )

    def identity(self) -> Iterator[_Row]:
        """What it was asked to be."""
        run, look = self.subject.run, self.look
        dot = f" {look.glyphs.dot} "
        yield self._row(
            7,
            "agent",
            (run.agent, look.text),
            (f" on {run.backend}{dot}{run.observation}{dot}seed {run.seed}", look.muted),
        )
        lanes = f" {look.glyphs.times} {run.lanes} lanes"
        workers = f", {run.workers} workers" if run.workers > 1 else ""
        yield self._row(
            7, "collector", (run.collector, look.text), (lanes + workers + f"{dot}{run.profile}", look.muted)
        )

    def process(self) -> Iterator[_Row]:
        """Its process and what that uses."""
        run, look = self.subject.run, self.look
        usage = self.subject.detail.usage if self.subject.detail else None
        if run.pid is None:
            if run.ended is not None:
                yield self._row(8, "ended", (f"{words.duration(self.subject.now - run.ended)} ago", look.muted))
            return
        facts: list[Piece] = [(f"pid {run.pid}", look.text)]
        if usage is not None:
            memory = usage.pss_bytes if usage.pss_bytes is not None else usage.rss_bytes
            facts.append((f", {usage.processes} processes, {words.size(memory)}", look.muted))
        yield self._row(8, "process", *facts)

    def last_words(self, room: int) -> Iterator[_Row]:
        """The end of the log of a run that broke."""
        run, detail, look = self.subject.run, self.subject.detail, self.look
        if run.state not in _BROKEN or detail is None:
            return
        texts = [entry.text for entry in detail.log if entry.level in {"error", "output"} and entry.text.strip()]
        for text in texts[-max(3, room - 1) :]:
            yield _Row(4, line([(" " + look.glyphs.vertical + " ", look.bad), (text, look.muted)], self.width, look))

    def _row(self, rank: int, label: str, *pieces: Piece) -> _Row:
        return _Row(rank, line([(f" {label:<{_LABEL}}", self.look.muted), *pieces], self.width, self.look))
