"""Reading logs: only their end, and nothing that could drive the terminal."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from racetui.runs.log import LINE_LENGTH, TAIL_BYTES, LogFollower, plain, tail
from racetui.runs.logbook import Logbook, LogLine
from racetui.runs.model import RunState
from racetui.runs.reader import RunReader
from racetui.runs.writer import RunWriter
from tests.runs import new_run


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain words, ümläuts, 漢字", "plain words, ümläuts, 漢字"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b[2J\x1b[H\x1b[?1049hb", "ab"),
        ("\x1b]0;new title\x07after", "after"),
        ("\x1b]52;c;c3RvbGVu\x1b\\after", "after"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("before\x1b]0;never closed", "before"),
        ("\x1bP1$r\x1b\\a\x1b_k\x1b\\b\x1b^p\x1b\\c\x1bXs\x1b\\d", "abcd"),
        ("\x9b31mred\x9d0;t\x9cend", "redend"),
        ("\x1bc\x1b7\x1b(0done", "done"),
        ("bell\x07 back\x08space nul\x00", "bell  back space nul"),
        ("del\x7f nel\x85 line\u2028sep", "del  nel  line sep"),
        ("safe\u202egnp.exe\u2066x", "safe gnp.exe x"),
        ("tab\tstop", "tab stop"),
        ("two\nlines", "two lines"),
        ("ends in escape\x1b", "ends in escape"),
        ("\x1b[\x1b[31mnested\x1b[", "nested"),
    ],
)
def test_plain_text_has_nothing_for_the_terminal(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert plain(text).isprintable()


def test_endless_lines_are_cut_and_cost_little() -> None:
    started = time.process_time()
    for hostile in ("x" * 10**6, "\x1b[" * 10**6, "\x1b]0;" * 10**6, "\x1b[0" + "0" * 10**6):
        assert len(plain(hostile)) <= LINE_LENGTH
    assert time.process_time() - started < 1.0


def test_tail_gives_the_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    assert tail(log, 5) == []
    log.write_text("")
    assert tail(log, 5) == []
    log.write_text("\n".join(f"line {number}" for number in range(10)) + "\n\nunfinished")
    assert tail(log, 3) == ["line 9", "", "unfinished"]
    assert tail(log, 0) == []
    assert len(tail(log, 100)) == 12


def test_progress_bars_leave_their_last_state(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_bytes(b"10%\r50%\r100%\r\nwindows\r\n\xff\xfe bad bytes\n")
    assert tail(log, 5) == ["100%", "windows", "\ufffd\ufffd bad bytes"]


def test_only_the_end_of_a_large_log_is_read(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    with log.open("wb") as file:
        file.truncate(20 << 30)  # a hole: reading it all would take long
        file.seek(0, 2)
        file.write(b"\nlast but one\nlast\n")
    started = time.process_time()
    assert tail(log, 2) == ["last but one", "last"]
    assert time.process_time() - started < 1.0


def test_follower_gives_the_end_first_and_then_each_line_once(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    follower = LogFollower(log, lines=2)
    assert follower.read() == []
    follower = LogFollower(log, lines=2)
    log.write_text("1\n2\n3\n4 beg")
    assert follower.read() == ["2", "3"]
    with log.open("a") as file:
        file.write("un ü")
        file.flush()
        assert follower.read() == []
        file.write("\n5\n")
    assert follower.read() == ["4 begun ü", "5"]
    assert follower.read() == []
    log.write_text("new\n")
    assert follower.read() == ["new"]


def test_follower_that_fell_far_behind_skips_to_the_end(tmp_path: Path) -> None:
    log = tmp_path / "log.txt"
    log.write_text("first\n")
    follower = LogFollower(log, lines=5)
    assert follower.read() == ["first"]
    with log.open("a") as file:
        file.write("x" * 99 + "\n")
        file.write(("y" * 99 + "\n") * (TAIL_BYTES // 100 + 5))
        file.write("end\n")
    lines = follower.read()
    assert lines[-1] == "end"
    assert "x" * 99 not in lines


def test_a_hostile_run_cannot_drive_the_terminal_through_the_reader() -> None:
    paths = new_run()
    evil = "\x1b]0;owned\x07evil\x1b[2J\nsecond line"
    with RunWriter(paths) as writer:
        writer.event("info", "fault", evil)
        writer.set_state(RunState.FAILED, evil)
    paths.log.write_text(evil + "\n")
    reader = RunReader(paths)
    texts = [reader.summary().detail, *(row.text for row in reader.events()), *reader.log_tail(5)]
    assert all(text.isprintable() for text in texts), texts
    assert reader.log_tail(2) == ["evil", "second line"]
    assert reader.follow_log(1).read() == ["second line"]


def test_a_day_that_there_never_was_is_output() -> None:
    paths, impossible = new_run(), "2026-02-31 25:00:00,000 ERROR who knows"
    paths.log.write_text(f"2026-02-03 04:05:06,250 WARNING slow\n{impossible}\n")
    with RunReader(paths) as reader:
        slow, unknown = Logbook(reader).poll()
    assert (slow.level, slow.text, slow.time % 1) == ("warning", "slow", 0.25)
    assert unknown == LogLine(slow.time, "output", impossible)
