"""The car's pane and screen: what they show, at whose pace, and that nobody pays who does not look."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import select
import termios
import time
import tty
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyte
import pytest
from textual import events
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from racetui.colours import DARK
from racetui.runs.paths import RunPaths
from racetui.runs.writer import RunWriter
from racetui.tui import kitty
from racetui.tui.app import Panel
from racetui.tui.glyphs import ASCII, UNICODE
from racetui.tui.halfblocks import PALETTE, cells, resized, sequence, strip
from racetui.tui.look import Look, coloured, colourless
from racetui.tui.pace import ASK, PATIENCE, Pace, in_multiplexer
from racetui.tui.pictured import with_picture
from racetui.tui.services import Services
from racetui.tui.widgets.car import Car
from racetui.tui.widgets.car_rows import car_rows, layout, steering
from racetui.tui.widgets.car_rows import road as seen
from racetui.watch.lease import Lease, current
from racetui.watch.ring import RingWriter
from racetui.watch.shot import Shot
from tests.shots import make_shot, road
from tests.tui import stores
from tests.tui.panels import front, on_store, opened, press, shows, text, until
from tests.tui.snapshots import check
from tests.tui.terminals import Terminal

NOTE = "training, episode 812, weights 40"


@dataclass
class Garage:
    """A living run, a ring that the test fills, and who was asked to drive."""

    paths: RunPaths
    ring: RingWriter
    asked: list[RunPaths] = field(default_factory=list)
    frame: int = 0

    @property
    def services(self) -> Services:
        """A process that never begins to drive."""

        def drive(asked: RunPaths) -> Any:
            self.asked.append(asked)
            return SimpleNamespace(poll=lambda: None)

        return Services(drive=drive)

    def film(self) -> None:
        """One more frame."""
        self.frame += 1
        self.ring.write(make_shot(self.frame, picture=road()))


@asynccontextmanager
async def garage(home: Path, size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[Garage, Panel, Pilot[None]]]:
    paths, writer = stores.running(home)
    with RingWriter(paths.frames) as ring:
        made = Garage(paths, ring)
        ring.note(NOTE)
        made.film()

        async with opened(on_store(home), size, made.services) as (panel, pilot):
            await shows(panel, "● running")
            yield made, panel, pilot
    writer.close()


def answer(panel: Panel) -> None:
    """As the terminal does once it has got a picture."""
    panel.post_message(events.CursorPosition(0, 0))


def whole_rows(shot: Shot, width: int, height: int, look: Look) -> list[Strip]:
    """The rows with the picture on them."""
    rows, place = car_rows(shot, NOTE, width, height, look), layout(width, height)
    codes = cells(seen(shot), place.columns, place.rows, look)
    return [
        with_picture(row, strip(codes[y], look), place.left) if y < place.rows else row for y, row in enumerate(rows)
    ]


async def test_nothing_happens_until_somebody_looks(home: Path) -> None:
    async with garage(home) as (made, panel, pilot):
        await asyncio.sleep(0.7)
        assert not made.paths.lease.exists()
        await press(pilot, "w")
        await shows(panel, "Car of 1 ppo-async", "+412", "lap 17%", "missed 6", "62 u/s", NOTE)
        assert made.paths.lease.exists()
        assert not made.asked, "somebody drives already"
        await press(pilot, "w")
        await until(lambda: "Car of" not in text(panel), "the pane goes")
        await until(lambda: panel.watching.watcher._thread is None, "nobody is left who would renew the lease")


async def test_a_driver_is_started_where_there_is_none(home: Path) -> None:
    async with garage(home) as (made, panel, pilot):
        made.ring.close()
        await press(pilot, "w")
        await until(lambda: bool(made.asked), "it is asked for")
        await shows(panel, "starting")
        assert made.asked == [made.paths]


async def test_the_next_picture_waits_for_the_terminal(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with garage(home) as (made, panel, pilot):
        sent: list[str] = []
        monkeypatch.setattr(panel._driver, "write", sent.append)
        await press(pilot, "w")
        await until(lambda: sent.count(ASK) == 1, "it is asked whether it has the first one")
        made.film()
        await asyncio.sleep(0.5)
        assert sent.count(ASK) == 1
        answer(panel)
        await until(lambda: sent.count(ASK) == 2, "the second one follows")
        second = len(sent) - 1 - sent[::-1].index(ASK)
        assert "▀" in sent[second - 1], "before the question"
        await shows(panel, "link ", " ms")
        await press(pilot, "f")
        await shows(panel, "frozen")
        answer(panel)
        made.film()
        before = len(sent)
        await asyncio.sleep(0.8)
        assert len(sent) == before, "frozen"


async def test_what_textual_draws_has_the_picture_that_was_sent_last(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with garage(home, (60, 18)) as (made, panel, pilot):
        sent: list[str] = []
        monkeypatch.setattr(panel._driver, "write", sent.append)
        await press(pilot, "w")
        await until(lambda: sent.count(ASK) == 1, "the first one")
        made.ring.write(make_shot(9, picture=np.zeros((96, 96, 3), np.uint8)))
        answer(panel)
        await until(lambda: sent.count(ASK) == 2, "a black one")
        corner = panel.screen.query_one(Car).region.offset
        ground = panel.screen.get_style_at(corner.x + 4, corner.y + 4).bgcolor
        assert ground is not None and ground.triplet == (0, 0, 0)
        assert "▀" not in text(panel)
        panel.notify("One that is longer than the screen is wide: " + "word " * 12, timeout=30)
        made.film()
        answer(panel)
        await shows(panel, "▀")
        third = len(sent) - 1 - sent[::-1].index(ASK)
        assert sent.count(ASK) == 3 and "▀" not in sent[third - 1], "by Textual, which knows what lies before it"


async def test_the_whole_screen_has_actions_and_the_track(home: Path) -> None:
    async with garage(home) as (_, panel, pilot):
        await press(pilot, "5")
        assert front(panel) == "CarView"
        await shows(panel, "score   +412.3", "steer    -0.40", "gas       0.80", "missed       6", "◆", NOTE)
        await press(pilot, "5", "w", "escape")
        await until(lambda: front(panel) == "Dashboard", "back")


async def test_where_there_is_no_room_the_car_has_a_screen(home: Path) -> None:
    async with garage(home, (80, 24)) as (_, panel, pilot):
        await press(pilot, "w")
        await until(lambda: front(panel) == "CarView", "its own")
        await shows(panel, "+412", "17%")


async def test_a_pane_without_room_for_it_does_not_keep_the_keys(home: Path) -> None:
    async with garage(home) as (_, panel, pilot):
        await press(pilot, "w")
        await pilot.resize_terminal(110, 32)
        await press(pilot, "5")
        await pilot.resize_terminal(60, 18)
        await pilot.resize_terminal(120, 40)
        await press(pilot, "1")
        await until(lambda: panel.focused is not None and panel.focused.id == "runs", f"{panel.focused}")


async def test_best_and_training_take_turns(home: Path) -> None:
    async with garage(home) as (made, panel, pilot):
        await press(pilot, "5", "B")
        await shows(panel, "there is no other one to show")
    paths = made.paths
    _evaluate(paths)
    async with opened(on_store(home), services=made.services) as (panel, pilot):
        await shows(panel, "best    871.2")
        await press(pilot, "5")
        await until(lambda: current(paths) == Lease("training"), "training first")
        await press(pilot, "B")
        await until(lambda: current(paths) == Lease("best"), "then the best")


def _evaluate(paths: RunPaths) -> None:
    with RunWriter(paths) as writer:
        row = writer.evaluation_started(491_520, "periodic", 10, 1_000_000, True, "fast")
        writer.evaluation_finished(row, {"mean": 871.2, "std": 22.1, "min": 820.0, "p10": 840.0, "finish_rate": 0.9})
        writer.tag_checkpoint("best", 491_520)


@pytest.mark.parametrize(("key", "magic"), [("v", b"ftyp"), ("V", b"GIF8")], ids=["mp4", "gif"])
async def test_what_is_driven_is_recorded(home: Path, key: str, magic: bytes) -> None:
    async with garage(home) as (made, panel, pilot):
        await press(pilot, "5")
        await shows(panel, "+412")
        await press(pilot, key)

        def taken() -> int:
            return getattr(panel.watching.recording, "frames", 0)

        def begun() -> bool:
            made.film()
            return taken() > 0

        await until(begun, "it begins")
        known = taken()
        for _ in range(6):
            made.film()
        await until(lambda: taken() >= known + 6, "frames are taken, unseen ones too")
        await shows(panel, "REC")
        await press(pilot, key)
        await until(lambda: re.search(r"recorded \d+ frames", text(panel)) is not None, "it is recorded")
        recorded = re.search(r"recorded (\d+) frames", text(panel))
        assert recorded is not None and int(recorded[1]) >= known + 6
        [video] = made.paths.videos.iterdir()
        assert magic in video.read_bytes()[:16]


def test_pictures_are_means_of_pixels_in_few_colours() -> None:
    look = coloured(DARK, UNICODE)
    rows = [strip(codes, look) for codes in cells(road(), 48, 24, look)]
    assert {row.cell_length for row in rows} == {48}
    assert len(rows) == 24
    assert max(len(list(row)) for row in rows) <= 7, "runs are merged"
    assert (resized(road(), 96, 96) == road()).all()
    assert resized(road(), 192, 10).shape == (192, 10, 3)
    half = np.zeros((96, 96, 3), np.uint8)
    half[:, ::2] = 100
    assert (resized(half, 48, 48) == 50).all()


def test_a_sequence_paints_the_cells_of_the_rows() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (96, 96, 3)).astype(np.uint8)
    for picture in (road(), noise):
        codes = cells(picture, 38, 19, coloured(DARK, UNICODE))
        screen = pyte.Screen(60, 30)
        pyte.Stream(screen).feed(sequence(codes, Region(4, 2, 38, 19)))
        for y, row in enumerate(codes.tolist(), 2):
            shown = [_halves(screen.buffer[y][x]) for x in range(4, 42)]
            assert shown == [tuple(_COLOURS[index] for index in divmod(code, len(PALETTE))) for code in row]
    assert len(sequence(cells(road(), 38, 19, coloured(DARK, UNICODE)), Region(4, 2, 38, 19))) < 1500


_COLOURS = [pyte.graphics.FG_BG_256[number] for _, number, _ in PALETTE]


def _halves(cell: pyte.screens.Char) -> tuple[str, str]:
    """The colours of the upper and the lower half."""
    return {"▀": (cell.fg, cell.bg), "▄": (cell.bg, cell.fg), " ": (cell.bg, cell.bg)}[cell.data]


def test_without_colours_or_blocks_the_road_is_still_seen() -> None:
    shot = make_shot(picture=road())
    plain = "\n".join(row.text for row in whole_rows(shot, 48, 20, colourless(UNICODE)))
    assert "." in plain and "#" in plain and "=" in plain
    for look in (coloured(DARK, ASCII), colourless(ASCII)):
        rows = whole_rows(shot, 100, 30, look)
        assert all(row.text.isascii() for row in rows)
        assert all(segment.style is not None for row in rows for segment in row)


@pytest.mark.parametrize("size", [(48, 24), (118, 36), (58, 14), (30, 8), (10, 3), (1, 1)])
def test_rows_fit_at_every_size(size: tuple[int, int]) -> None:
    rows = car_rows(make_shot(picture=road()), NOTE, *size, coloured(DARK, UNICODE))
    assert len(rows) <= size[1]
    assert {row.cell_length for row in rows} <= {size[0]}


@pytest.mark.parametrize("size", [(48, 21), (118, 36)], ids=["pane", "screen"])
def test_the_car_looks_as_stored(size: tuple[int, int]) -> None:
    rows = whole_rows(make_shot(picture=road()), *size, colourless(UNICODE))
    check(f"car-{size[0]}x{size[1]}", "\n".join(row.text for row in rows))


@pytest.mark.parametrize("width", [20, 21])
def test_a_full_turn_reaches_the_end_of_its_bar(width: int) -> None:
    look = colourless(UNICODE)
    for value, end in ((-1.0, 0), (1.0, -1)):
        bar = "".join(text for text, _ in steering(value, width, look))
        assert (len(bar), bar[end], bar[-1 - end]) == (width, look.glyphs.bar_full, look.glyphs.bar_empty)


async def test_a_frozen_car_is_told_of_as_it_was(home: Path) -> None:
    async with garage(home) as (_, panel, pilot):
        await press(pilot, "5")
        await shows(panel, NOTE)
        await press(pilot, "f")
        await shows(panel, "frozen")
        panel.watching.watcher._drop()  # as it does when nobody has looked for two seconds
        panel.screen.query_one(Car).repaint()
        await pilot.pause()
        assert NOTE in text(panel) and "starting" not in text(panel)


def test_the_pace_is_the_links() -> None:
    now = [0.0]
    pace = Pace({}, lambda: now[0])
    assert pace.ready()
    pace.sent()
    now[0] = 0.5
    assert not pace.ready(), "no answer yet"
    pace.answered()
    assert pace.ready()
    assert pace.seconds == 0.5
    pace.sent()
    now[0] += PATIENCE
    assert pace.ready(), "a lost answer is not waited for for ever"
    assert getattr(pace, "seconds", 0.0) is None
    pace.sent()
    pace.answered()
    assert not pace.waiting, "nor is the next one less than its answer"
    pace.answered()
    assert not pace.ready(), "no sooner than a tenth of a second after the last"
    pace.cap(10, 35_000)
    pace.weighed(14_000)
    now[0] += 0.39
    assert not pace.ready(), "a large picture has its time"
    now[0] += 0.02
    assert pace.ready()
    assert in_multiplexer({"TMUX": "/tmp/x"}) and in_multiplexer({"TERM": "screen-256color"})
    assert Pace({"TERM": "tmux"}).fastest == 5


FILM = """
import sys
from pathlib import Path
import numpy as np
from racetui.tui.launch import open_panel
from tests.shots import film, road
film(Path(sys.argv[1]), lambda number: np.roll(road(), number, axis=1), every=0.02)
sys.exit(open_panel())
"""


def test_a_real_terminal_that_does_not_answer_gets_no_more_pictures(home: Path) -> None:
    paths, writer = stores.running(home)
    film = FILM.replace("sys.argv[1]", repr(str(paths.root)))
    with Terminal(home, film) as terminal:
        terminal.shows("● 1 ppo-async", "q detach", seconds=30)
        terminal.press("w")
        terminal.shows("+412", "u/s", seconds=20)
        terminal.pump(0.5)
        silent = terminal.raw.count(b"\x1b[6n")
        assert silent <= 2
        started, answered = time.monotonic(), silent
        while terminal.raw.count(b"\x1b[6n") < silent + 8:
            asked = terminal.raw.count(b"\x1b[6n")
            if asked > answered or asked == silent:
                os.write(terminal.descriptor, b"\x1b[1;1R")
                answered = asked
            terminal.pump(0.05)
            assert time.monotonic() - started < 20, "answers bring pictures"
        terminal.press("q")
        assert terminal.ends(10) == 0
    writer.close()


def test_the_pane_explains_itself() -> None:
    assert "low priority" in Car.HELP


def test_a_picture_of_pixels_is_what_kitty_takes() -> None:
    sequence = kitty.shown(road(), Region(3, 2, 48, 24))
    assert sequence.startswith("\x1b7\x1b[3;4H") and sequence.endswith("\x1b8")
    parts = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", sequence)
    assert parts[0][0].startswith("a=T,f=24,o=z,s=96,v=96,i=7,p=1,c=48,r=24,")
    assert [settings[-3:] for settings, _ in parts] == ["m=1"] * (len(parts) - 1) + ["m=0"]
    assert all(len(data) <= 4096 for _, data in parts)
    assert zlib.decompress(base64.b64decode("".join(data for _, data in parts))) == road().tobytes()


@pytest.mark.parametrize(
    ("reply", "known"),
    [("\x1b_Gi=7;OK\x1b\\\x1b[?62c", True), ("\x1b[?62;4c", False), ("\x1b_Gi=7;ENOTSUP:no\x1b\\\x1b[?6c", False)],
)
def test_a_terminal_is_asked_for_graphics(reply: str, known: bool) -> None:
    outside, inside = os.openpty()
    tty.setraw(inside)  # no echo
    os.write(outside, reply.encode())
    before = termios.tcgetattr(inside)
    assert kitty.available({"TERM": "xterm-kitty"}, inside, inside) is known
    assert os.read(outside, 1000).count(b"a=q") == 1
    assert termios.tcgetattr(inside) == before
    assert not kitty.available({"TERM": "xterm-kitty", "TMUX": "x"}, inside, inside)
    assert not kitty.available({"TERM": "xterm-256color"}, inside, inside), "not even asked"
    assert not select.select([outside], [], [], 0)[0]
    os.close(inside)
    os.close(outside)


async def test_pixels_lie_on_the_pane_while_it_is_in_front(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with garage(home) as (_, panel, pilot):
        sent: list[str] = []
        monkeypatch.setattr(panel._driver, "write", sent.append)
        panel.watching.graphics = True
        await press(pilot, "w")
        await until(lambda: any("a=T" in text for text in sent), "the picture")
        await shows(panel, "+412")
        assert "▀" not in text(panel)
        await press(pilot, "question_mark")
        await until(lambda: kitty.ERASE in sent, f"the help is in front of it: {sent[-3:]}")
        await press(pilot, "escape")
        await until(lambda: _lies(sent), "it is laid there again")


async def test_a_message_is_not_hidden_by_the_picture(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with garage(home, (60, 18)) as (_, panel, pilot):
        sent: list[str] = []
        monkeypatch.setattr(panel._driver, "write", sent.append)
        panel.watching.graphics = True
        await press(pilot, "w")
        await until(lambda: _lies(sent), "the picture")
        await press(pilot, "f")
        panel.notify("One that is longer than the screen is wide: " + "word " * 12, timeout=1)
        await until(lambda: not _lies(sent), "it makes room")
        await shows(panel, "▀", "longer than the screen")
        await until(lambda: _lies(sent) and "▀" not in text(panel), "and comes back, frozen as it is")


def _lies(sent: list[str]) -> bool:
    """The picture lies on the pane, by what was sent last."""
    pictures = [text for text in sent if "a=T" in text or text == kitty.ERASE]
    return bool(pictures) and pictures[-1] != kitty.ERASE
