"""The interface of the places where whole episodes are driven: numbered workers, asked for blocks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from agents.api import WeightsSnapshot
from carracing.task import Array
from collectors.blocks import BlockOutline, BlockTask


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has made its worlds and takes tasks."""

    worker: int


@dataclass(frozen=True, slots=True)
class Done:
    """A worker has driven a block; ``fetch`` or ``discard`` it."""

    worker: int
    task: BlockTask
    outline: BlockOutline


@dataclass(frozen=True, slots=True)
class Failed:
    """A worker could not make its worlds or drive a block, and a replacement would fail as well."""

    worker: int
    words: str


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker is dead; a replacement may do better."""

    worker: int
    words: str


Event: TypeAlias = Ready | Done | Failed | Lost


@dataclass(frozen=True, slots=True)
class Vitals:
    """What shows that a worker lives."""

    steps: int = 0
    """Calls of its worlds since it started: grows as long as it works."""
    busy: float = 0.0
    """Seconds it has worked since it started."""


class EpisodePool(Protocol):
    """Workers by number, from 0. What they have driven waits with them until it is fetched."""

    @property
    def num(self) -> int:
        """How many workers there are."""

    def publish(self, number: int, weights: WeightsSnapshot) -> None:
        """Make weights known to all workers as publication ``number``."""

    def forget(self, number: int) -> None:
        """Free these weights: nothing will be asked for with them any more."""

    def start(self, worker: int) -> None:
        """Begin to start a worker; Ready tells when it is. Raises CollectorError if that cannot even begin."""

    def ask(self, worker: int, task: BlockTask) -> None:
        """Have a worker drive a block, after those it was asked for before; never waits."""

    def wait(self, seconds: float) -> Sequence[Event]:
        """What happened; waits at most so long for something to happen."""

    def fetch(self, done: Done, target: Array) -> None:
        """Move a driven block to ``target`` (bytes,) uint8, as ``blocks.block_in`` reads it."""

    def discard(self, done: Done) -> None:
        """Nobody needs the block."""

    def vitals(self, worker: int) -> Vitals:
        """The worker's signs of life, as far as they are known now; never waits."""

    def name(self, worker: int) -> str:
        """The worker in words: number, and process or place."""

    def kill(self, worker: int) -> None:
        """End a worker at once, with all it was asked for; ``start`` replaces it."""

    def close(self) -> None:
        """End all workers at once and free all memory; may be called twice."""
