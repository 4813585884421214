"""Which news become messages, a bell or a notification on the desktop: never a flood of them. Textual-free."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from racetui.notifications import NotificationSettings
from racetui.runs.log import plain
from racetui.runs.news import News

MOST, WINDOW = 3, 5.0
"""Messages within so many seconds, which is how long each is shown."""
REPEATED = 30.0
"""Seconds within which good news on one topic of one run are told once."""
LOUD = 10.0
"""Seconds between two bells or notifications."""
EXPECTED = 20.0
"""Seconds for which what was ordered here is no news, since its outcome is told anyway."""
_EXPECTED_BY = {
    "stop": "end",
    "kill": "end",
    "checkpoint": "checkpoint",
    "promote": "checkpoint",
    "delete": "checkpoint",
}
NOTIFICATION_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Message:
    """Something to show for some seconds."""

    text: str
    level: str
    """info, warning or error."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is to be told now."""

    messages: tuple[Message, ...] = ()
    loud: str = ""
    """What to ring and to notify for; empty if for nothing."""


class Announcer:
    """Chooses from the news; what is left out is in the log, and warnings left out are counted in a message."""

    def __init__(self, settings: NotificationSettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.settings, self._clock = settings, clock
        self._told: list[float] = []
        """When the last messages were shown."""
        self._topics: dict[tuple[str, str], float] = {}
        self._expected: dict[tuple[str, str], float] = {}
        self._waiting: list[News] = []
        """Warnings and errors there was no room for."""
        self._loud_at = -LOUD

    def expect(self, run_id: str, order: str) -> None:
        """An order was given here: whoever gave it hears of its outcome by itself."""
        if order in _EXPECTED_BY:
            self._expected[run_id, _EXPECTED_BY[order]] = self._clock() + EXPECTED

    def announce(self, news: Sequence[News]) -> Announcement:
        """What to tell of these, and of what is still waiting."""
        now = self._clock()
        self._told = [moment for moment in self._told if now - moment < WINDOW]
        told = [one for one in news if self._wanted(one, now)]
        messages = self._waited(now)
        for one in told:
            if len(self._told) < MOST and not self._waiting:
                messages.append(Message(_text(one), one.level))
                self._told.append(now)
            elif one.level != "info":
                self._waiting.append(one)
        return Announcement(tuple(messages), self._loudest(told, now))

    def _wanted(self, news: News, now: float) -> bool:
        if news.level != "info":
            return True
        key = news.run_id, news.topic
        if news.topic not in self.settings.shown or now < self._expected.get(key, 0.0):
            return False
        if now - self._topics.get(key, -REPEATED) < REPEATED:
            return False
        self._topics[key] = now
        return True

    def _waited(self, now: float) -> list[Message]:
        """One message for all that is waiting, once there is room for it."""
        waiting = self._waiting
        if not waiting or len(self._told) >= MOST:
            return []
        self._waiting = []
        self._told.append(now)
        level = "error" if any(one.level == "error" for one in waiting) else "warning"
        if len(waiting) == 1:
            return [Message(_text(waiting[0]), level)]
        runs = ", ".join(dict.fromkeys(f"{one.run_id} {one.run_name}" for one in waiting))
        return [
            Message(f"{len(waiting)} more warnings, the last: {_text(waiting[-1])}; see the log of {runs}", level)
        ]

    def _loudest(self, told: Sequence[News], now: float) -> str:
        loud = [one for one in told if one.topic in self.settings.loud]
        if not loud or now - self._loud_at < LOUD:
            return ""
        self._loud_at = now
        more = f" (and {len(loud) - 1} more)" if len(loud) > 1 else ""
        return _text(loud[0]) + more


def sequences(settings: NotificationSettings, text: str, environment: Mapping[str, str]) -> str:
    """What to send to the terminal for it to ring and to notify of ``text``, which cannot steer it.

    tmux hands a notification on where its option allow-passthrough is on.
    """
    sent = "\a" if settings.bell else ""
    if settings.desktop:
        safe = plain(text)[:NOTIFICATION_LENGTH]
        notification = f"\x1b]9;{safe}\x1b\\"
        if environment.get("TMUX"):
            notification = "\x1bPtmux;" + notification.replace("\x1b", "\x1b\x1b") + "\x1b\\"
        sent += notification
    return sent


def _text(news: News) -> str:
    return f"{news.run_id} {news.run_name}: {news.text}"
