"""News of all runs: what counts as news, and that a flood of it stays a trickle on the screen."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from racetui.notifications import NotificationSettings, from_environment
from racetui.runs.model import RunState
from racetui.runs.news import News, NewsFollower
from racetui.runs.store import RunStore
from racetui.runs.writer import RunWriter
from racetui.trainer.numbers import NumberWatch
from racetui.tui.announcing import Announcer, sequences
from tests.runs import new_run
from tests.tui import scenes


@pytest.fixture
def writer(store_home: Path) -> Iterator[RunWriter]:
    with RunWriter(new_run("first")) as writer:
        writer.identify()
        writer.set_state(RunState.RUNNING)
        writer.event("warning", "worker", "long ago")
        yield writer


def told(follower: NewsFollower) -> list[tuple[str, str, str]]:
    return [(news.level, news.topic, news.text) for news in follower.poll(RunStore().list())]


def test_only_what_happens_from_now_on_is_news(writer: RunWriter) -> None:
    follower = NewsFollower()
    assert told(follower) == []
    writer.event("info", "best", "new best: 900.0")
    writer.event("info", "rewind", "no news to anybody")
    writer.event("warning", "memory", "2 GB left")
    writer.event("warning", "unheard-of", "all warnings are told")
    writer.set_state(RunState.PAUSED)
    expected = [("info", "best", "new best: 900.0"), ("warning", "memory", "2 GB left")]
    expected.append(("warning", "problem", "all warnings are told"))
    assert told(follower) == expected
    assert follower.poll(RunStore().list()) is follower.news, "nothing new is the same object"
    writer.set_state(RunState.FAILED, "loss is NaN")
    assert told(follower)[3:] == [("error", "end", "failed: loss is NaN")]
    writer.event("info", "evaluation", "of an ended run")
    assert told(follower)[4:] == [("info", "evaluation", "of an ended run")]
    with RunWriter(new_run("later")) as later:
        later.event("info", "checkpoint", "of a new run")
        assert told(follower)[5:] == [("info", "checkpoint", "of a new run")]
    follower.close()


def test_what_a_run_cannot_tell_itself() -> None:
    follower = NewsFollower()
    follower.poll([scenes.RUN])
    stalled = replace(scenes.RUN, state=RunState.STALLED, detail="no sign of life for 40 s")
    crashed = replace(scenes.RUN, state=RunState.CRASHED, detail="its process is gone")
    for run in (stalled, stalled, crashed):
        follower.poll([run])
    assert [(news.topic, news.level, news.text, news.recorded) for news in follower.news] == [
        ("stalled", "warning", "stalled: no sign of life for 40 s", False),
        ("end", "error", "crashed: its process is gone", False),
    ]


def test_a_metric_that_stops_being_a_number_is_told_once(writer: RunWriter) -> None:
    follower, watch = NewsFollower(), NumberWatch(writer)
    told(follower)
    for frames, loss in ((1, 0.5), (2, math.nan), (3, math.inf), (4, 0.1), (5, -math.inf)):
        watch.look(frames, {"loss": loss, "explained_variance": math.nan})
    assert told(follower) == [
        ("warning", "nan", "not a number at 2 frames: loss is nan"),
        ("warning", "nan", "not a number at 5 frames: loss is -inf"),
    ]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def news(serial: int, topic: str = "worker", level: str = "warning", run: str = "1") -> News:
    return News(serial, run, "first", 0.0, level, topic, f"number {serial}")


def test_a_flood_of_warnings_is_a_few_messages_and_none_is_lost() -> None:
    clock = Clock()
    announcer = Announcer(NotificationSettings(bell=True), clock)
    flood = announcer.announce([news(serial) for serial in range(1, 51)])
    assert [message.text for message in flood.messages] == [f"1 first: number {serial}" for serial in (1, 2, 3)]
    assert flood.loud == "1 first: number 1 (and 49 more)"
    assert announcer.announce([news(51)]).messages == ()
    clock.now += 6
    [rest] = announcer.announce([]).messages
    assert rest.text == "48 more warnings, the last: 1 first: number 51; see the log of 1 first"
    assert announcer.announce([]).messages == ()


def test_good_news_on_one_topic_are_told_once_in_a_while() -> None:
    clock = Clock()
    announcer = Announcer(NotificationSettings(shown=("checkpoint", "end")), clock)
    assert len(announcer.announce([news(1, "checkpoint", "info"), news(2, "checkpoint", "info")]).messages) == 1
    assert announcer.announce([news(3, "best", "info")]).messages == (), "not asked for"
    clock.now += 31
    assert len(announcer.announce([news(4, "checkpoint", "info")]).messages) == 1
    announcer.expect("1", "stop")
    assert announcer.announce([news(5, "end", "info")]).messages == (), "whoever ordered it hears anyway"
    assert len(announcer.announce([news(6, "end", "info", run="2")]).messages) == 1
    assert announcer.announce([news(7, "end", "error")]).messages[0].level == "error"


def test_bell_and_notification_cannot_be_steered() -> None:
    both = from_environment({"RACETUI_NOTIFY": "bell, desktop"})
    assert sequences(both, "a\x1b]0;title\x07\nb", {}) == "\a\x1b]9;a b\x1b\\"
    assert sequences(from_environment({}), "text", {}) == ""
    inside = sequences(NotificationSettings(desktop=True), "text", {"TMUX": "1"})
    assert inside == "\x1bPtmux;\x1b\x1b]9;text\x1b\x1b\\\x1b\\"
    with pytest.raises(ValueError, match="no way to notify 'horn'"):
        from_environment({"RACETUI_NOTIFY": "horn"})
    with pytest.raises(ValueError, match=r"notifications\.loud: no topic 'weather'"):
        NotificationSettings(loud=("weather",))
