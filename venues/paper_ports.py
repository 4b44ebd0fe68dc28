"""The way to a paper venue, and its traders: nothing real ever leaves on either.

The one rule: an order waits for a fresh live book before it travels, and is matched against
the book as it stands when it arrives.
"""

import asyncio
from typing import Protocol

from domain.instruments import Account
from domain.orders import Amendment, Order, OrderState
from domain.ports import Dice, Placement
from venues.simulated import Link, TillTrader


class Floor(Protocol):
    """Where orders go. Unavailable: nothing happened, because no live book can be trusted."""

    async def ready(self, symbol: str) -> None:
        """Wait until an order in a symbol can be judged and matched."""
        ...

    def check(self, symbol: str) -> None:
        """Raise where the live book has grown too old meanwhile."""
        ...


class Latency:
    """A way that takes its time: between `least_ms` and `most_ms` for there and back."""

    def __init__(self, dice: Dice, least_ms: int, most_ms: int) -> None:
        self._dice = dice
        self._least_us = least_ms * 500
        self._most_us = max(least_ms, most_ms) * 500

    async def there(self, reference: str = "") -> None:  # noqa: ARG002 - nothing is lost on it
        """A request travels."""
        await self._travel()

    async def back(self, reference: str = "") -> None:  # noqa: ARG002 - nothing is lost on it
        """An answer travels."""
        await self._travel()

    async def _travel(self) -> None:
        spread_us = self._most_us - self._least_us
        time_us = self._least_us + self._dice.bits(31) % (spread_us + 1)
        if time_us:
            await asyncio.sleep(time_us / 1_000_000)


class PaperTrader(TillTrader):
    """The Trader port of one paper account."""

    def __init__(self, link: Link, account: Account, floor: Floor) -> None:
        super().__init__(link, account)
        self._floor = floor

    async def place(self, order: Order) -> Placement:
        """One create, matched against the live book."""
        await self._floor.ready(order.symbol)
        return await super().place(order)

    async def amend(self, state: OrderState, amendment: Amendment) -> Placement:
        """One change, which may trade like a new order."""
        await self._floor.ready(state.order.symbol)
        return await super().amend(state, amendment)

    def _place(self, order: Order, at_us: int) -> Placement:
        self._floor.check(order.symbol)
        return super()._place(order, at_us)

    def _amend(self, state: OrderState, amendment: Amendment, at_us: int) -> Placement:
        self._floor.check(state.order.symbol)
        return super()._amend(state, amendment, at_us)
