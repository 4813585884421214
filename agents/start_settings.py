"""Settings of runs that start from another's policy, which PPO and SAC share. Loads no torch."""

from __future__ import annotations

from typing import Protocol


class Starting(Protocol):
    """Settings with these among them."""

    @property
    def init_from(self) -> str:
        """Directory of a checkpoint; empty for none."""

    @property
    def value_warmup(self) -> int:
        """How long only the value learns."""

    @property
    def pull(self) -> float:
        """Weight, at the start of the run, of the divergence from that policy."""

    @property
    def pull_until(self) -> float:
        """Share of the budget at which it has fallen to 0."""


def check_start(settings: Starting) -> None:
    """Raise ValueError, which names the key, for impossible values."""
    if settings.value_warmup < 0:
        raise ValueError(f"value_warmup must be 0 or more, not {settings.value_warmup}")
    if not 0 <= settings.pull < float("inf"):
        raise ValueError(f"pull must be 0 or more, not {settings.pull}")
    if not 0 < settings.pull_until < float("inf"):
        raise ValueError(f"pull_until must be above 0, not {settings.pull_until}")
    for key in ("value_warmup", "pull"):
        if getattr(settings, key) and not settings.init_from:
            raise ValueError(f"{key} goes with init_from only, which names the policy to start from")


def pull_at(settings: Starting, progress: float) -> float:
    """Weight of the divergence at a share of the budget."""
    return settings.pull * max(0.0, 1.0 - progress / settings.pull_until)
