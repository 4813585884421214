"""What put lost cars back where they were: their last copies, and the orders since then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from carracing.task import Array


class Order(NamedTuple):
    """What all lanes were told at once."""

    is_step: bool
    """A step, with actions and live lanes; otherwise a reset, with track seeds and the lanes concerned."""
    values: Array
    lanes: Array
    """(num,) bool: whom it moves."""


class Journal:
    """Copies of cars and the orders they got since: of one round, and never more than ``MOST_ORDERS``."""

    MOST_ORDERS = 2048
    """When so many have come together it is time for new copies: a lost worker costs a second then."""

    def __init__(self) -> None:
        self.cars: Array | None = None
        """(num, bytes) as ``SavableWorlds.state``; None before the first copies, when no car had been driven."""
        self._orders: list[Order] = []

    @property
    def full(self) -> bool:
        """Whether it is time for new copies."""
        return len(self._orders) >= self.MOST_ORDERS

    def begin_again(self, cars: Array) -> None:
        """Forget the orders: the cars are like these copies."""
        self.cars = cars
        self._orders.clear()

    def add(self, is_step: bool, values: Array, lanes: Array) -> None:
        """Note an order that was carried out."""
        self._orders.append(Order(is_step, values.copy(), lanes.copy()))

    def orders(self, rows: slice) -> Iterator[Order]:
        """The orders that moved some of the lanes in ``rows``, in turn, reduced to them."""
        for order in self._orders:
            if order.lanes[rows].any():
                yield Order(order.is_step, order.values[rows], order.lanes[rows])
