"""What of the runs' events is told, and how loudly: settings as plain data. Knows nothing of the panel."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

TOPICS = {
    "best": "an evaluation was the best so far",
    "evaluation": "an evaluation has a result, or none",
    "checkpoint": "a checkpoint was saved, chosen or deleted",
    "worker": "a worker was replaced",
    "nan": "a metric is not a number",
    "memory": "memory runs short",
    "stage": "a pipeline's next stage begins",
    "end": "a run finished, was stopped, failed or crashed",
    "stalled": "a run gives no sign of life",
    "problem": "any other warning or error",
}
"""What events are about."""
VARIABLE = "RACETUI_NOTIFY"
"""Environment variable with the ways to be loud: bell, desktop, or both with a comma between."""


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """How the panel tells of events. Warnings and errors are always shown; the log has everything in any case."""

    shown: tuple[str, ...] = tuple(TOPICS)
    """Topics whose good news are shown as messages."""
    loud: tuple[str, ...] = ("best", "worker", "nan", "memory", "end", "stalled", "problem")
    """Topics for which bell and desktop are used."""
    bell: bool = False
    """Ring the terminal's bell."""
    desktop: bool = False
    """Send the terminal a notification (OSC 9), which iTerm2, kitty, WezTerm, Ghostty, foot and others show on the
    desktop."""

    def __post_init__(self) -> None:
        """Reject topics that there are not, naming the key."""
        for key, topics in (("shown", self.shown), ("loud", self.loud)):
            for topic in topics:
                if topic not in TOPICS:
                    raise ValueError(f"notifications.{key}: no topic {topic!r}: choose from {', '.join(TOPICS)}")


def from_environment(environment: Mapping[str, str] = os.environ) -> NotificationSettings:
    """The usual settings, as loud as the environment says. Raises ValueError for a way that there is not."""
    ways = {way.strip() for way in environment.get(VARIABLE, "").split(",") if way.strip()}
    if strange := sorted(ways - {"bell", "desktop"}):
        raise ValueError(f"{VARIABLE}: no way to notify {strange[0]!r}: bell, desktop, or bell,desktop")
    return NotificationSettings(bell="bell" in ways, desktop="desktop" in ways)
