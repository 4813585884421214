"""How threads share out one piece of work within compiled code, without Python's lock and without sleeping.

Items are dealt out in as many parts as there are threads, each a run of neighbours, so that a thread works on the
same cars every time and finds them in its own cache. A part has a ticket: the order's number and how many items are
left. Items are taken by counting it down, one at a time, first of one's own part, then of the others', so nobody
waits for a thread that is late. The order is over when as many items are finished as there were. A thread that
comes too late finds another order or nothing left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from carracing.simulator.atomics import add, breathe, exchange, give_way, read, write
from carracing.simulator.compiled import inlined, inner, uncounted
from carracing.simulator.memory import zeros
from carracing.task import Array

_APART = 8
"""Words of a cache line: each number lies in one of its own."""
_FINISHED, _TICKETS = 0, _APART
"""Where the number of finished items lies, and the first part's ticket, which the others follow."""
_ITEMS = 32
"""Bits of a ticket that count items; the order's number is above."""
_ALL_ITEMS = (1 << _ITEMS) - 1
MOST_ORDERS = 2**31
"""Numbers begin again at 0 from here on."""
_NONE = -1
_PATIENCE = 4000
"""Looks at a word before a thread gives up: 100 microseconds, more than lies between two steps."""


class Share(NamedTuple):
    """What one thread must know of an order."""

    words: Array
    part: int
    """Of the threads; 0 leads."""
    order: int


def new_words(threads: int) -> Array:
    """The numbers that so many threads share: an order of no items."""
    return zeros((1 + threads) * _APART, np.int64)


@inlined
def begin(share, count):
    """Publish an order of ``count`` items, if this thread leads; the first ticket last, since it is watched."""
    if share.part == 0:
        parts = len(share.words) // _APART - 1
        write(share.words, _FINISHED, 0)
        for part in range(parts - 1, -1, -1):
            size = count * (part + 1) // parts - count * part // parts
            write(share.words, _TICKETS + part * _APART, (np.int64(share.order) << _ITEMS) | np.int64(size))


@inner
def _take_of(words, order, part):
    """How many items of a part were left before this thread took one; 0 where none is left."""
    place = _TICKETS + part * _APART
    ticket = read(words, place)
    while (ticket >> _ITEMS) == order and (ticket & _ALL_ITEMS) > 0:
        if exchange(words, place, ticket, ticket - 1):
            return ticket & _ALL_ITEMS
        ticket = read(words, place)
    return np.int64(0)


@inner
def _take(words, order, mine, count):
    parts = len(words) // _APART - 1
    for k in range(parts):
        part = (mine + k) % parts
        left = _take_of(words, order, part)
        if left > 0:
            return count * (part + 1) // parts - left
    return np.int64(_NONE)


@inlined
def take(share, count):
    """The number of an item that is now this thread's, -1 where none is left: its own part's first."""
    return _take(share.words, np.int64(share.order), np.int64(share.part), np.int64(count))


@inner
def _next_order(words, seen):
    """The number of an order other than ``seen``; -1 once patience is at its end."""
    for _ in range(_PATIENCE):
        order = read(words, _TICKETS) >> _ITEMS
        if order != seen:
            return order
        breathe()
    return np.int64(_NONE)


@inlined
def finish(share, count, finished):
    """Say how many items this thread finished.

    Who leads waits for the rest. The others stay for the next order: going back to Python now, they would meet the
    leader there, and who has to wait for Python's lock falls asleep.
    """
    if finished > 0:
        add(share.words, _FINISHED, finished)
    if share.part != 0:
        _next_order(share.words, np.int64(share.order))
    else:
        looks = 0
        while read(share.words, _FINISHED) < count:
            looks += 1
            if looks < _PATIENCE:
                breathe()
            else:
                give_way()


@uncounted
def await_order(words, seen):
    """The number of an order other than ``seen``, -1 if none comes for a while."""
    return _next_order(words, np.int64(seen))
