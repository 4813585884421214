"""What all runs together may take of the machine, as people set it. Knows nothing of the queue and of the panel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VARIABLE = "RACETUI_QUEUE"
"""Environment variable with limits: ``off``, or some of cores=N, memory=GB and runs=N with commas between them."""
_KINDS: Mapping[str, Any] = {"cores": int, "memory": float, "runs": int}


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """``[queue]``: from the next start of a run on, for the panel and the command line alike."""

    on: bool = True
    """Runs that do not fit beside those that go wait for their turn. RACETUI_QUEUE wins over this section."""
    cores: int = 0
    """Cores that all runs may take together; 0 for all that this machine has for them."""
    memory: float = 0.0
    """GB that all runs may take together; 0 for what other programs leave."""
    runs: int = 0
    """Runs that may go at once, whatever they take; 0 for as many as fit."""

    def __post_init__(self) -> None:
        """Reject limits under which nothing could be planned, naming the key."""
        for key in _KINDS:
            if not 0 <= getattr(self, key) < 1e9:
                raise ValueError(f"queue.{key} must be 0 (no limit) or more, not {getattr(self, key):g}")


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """What RACETUI_QUEUE sets, by key; empty where it says nothing. Raises ValueError that names the variable."""
    text = environment.get(VARIABLE, "").strip()
    if not text:
        return {}
    if text == "off":
        return {"on": False}
    try:
        return {"on": True, **dict(_limit(part) for part in text.split(",") if part.strip())}
    except ValueError as error:
        raise ValueError(f"{VARIABLE}={text}: {error}; use off, or such as cores=8,memory=16,runs=2") from None


def _limit(text: str) -> tuple[str, Any]:
    key, _, value = (part.strip() for part in text.partition("="))
    if key not in _KINDS:
        raise ValueError(f"there is no limit {key!r}")
    number = _KINDS[key](value)
    if not 0 < number < 1e9:
        raise ValueError(f"{key} must be more than 0, not {value}")
    return key, number
