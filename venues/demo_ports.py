"""The demo exchanges behind the venue ports: Market, AccountReader and Trader.

The one rule: whatever can be lost on a real wire can be lost here (see `demo_faults`).
"""

from collections.abc import Sequence

from domain.instruments import Account, Instrument
from domain.market import Price
from domain.money import exactly
from domain.orders import OrderState
from domain.ports import Hear, Placement
from domain.sightings import DepthSeen, PriceSeen, Sighting
from venues.demo_exchange import DemoExchange
from venues.demo_faults import Faults
from venues.dialects import Objection
from venues.simulated import Link, TillReader, TillTrader
from venues.switchboard import DEPTH, PRICES


class DemoMarket:
    """The Market port."""

    def __init__(self, link: Link, exchange: DemoExchange) -> None:
        self._link = link
        self._exchange = exchange

    async def instruments(self) -> Sequence[Instrument]:
        """Every pair that the venue lists."""
        await self._link.way.there()
        profile = self._exchange.profile
        listed = [
            listing.instrument(profile.venue, profile.fees.taker)
            for listing in profile.listings.values()
        ]
        await self._link.way.back()
        return listed

    async def prices(self, symbols: Sequence[str]) -> Sequence[Price]:
        """The newest prices of those symbols that are listed."""
        await self._link.way.there()
        prices = self._prices(symbols)
        await self._link.way.back()
        return prices

    async def clock_us(self) -> int:
        """The venue's own time, which is a little off ours."""
        await self._link.way.there()
        venue_us = self._link.clock.now_us() + self._exchange.profile.skew_us
        await self._link.way.back()
        return venue_us

    async def stream_prices(self, symbols: Sequence[str], hear: Hear) -> None:
        """Every listed symbol's price at once, then whenever it moves."""
        listed = [symbol for symbol in symbols if symbol in self._exchange.pits]

        def newest() -> list[Sighting]:
            return [PriceSeen(price=price) for price in self._prices(listed)]

        await self._link.carry(PRICES, listed, newest, hear)

    async def stream_depth(self, symbol: str, hear: Hear) -> None:
        """The book's top at once, then several times a second."""
        pit = self._exchange.pits.get(symbol)
        if pit is None:
            self._link.cannot(f"book of {symbol}")

        def newest() -> list[Sighting]:
            with exactly():
                return [DepthSeen(depth=pit.depth(self._link.clock.now_us()))]

        await self._link.carry(DEPTH, [symbol], newest, hear)

    def _prices(self, symbols: Sequence[str]) -> list[Price]:
        at_us = self._link.clock.now_us()
        pits = (self._exchange.pits.get(symbol) for symbol in symbols)
        with exactly():
            return [pit.price(at_us) for pit in pits if pit is not None]


class DemoReader(TillReader):
    """The AccountReader port of one account, whose answers can be garbled."""

    def __init__(self, link: Link, account: Account, faults: Faults) -> None:
        super().__init__(link, account)
        self._faults = faults

    async def _request(self, what: str) -> None:
        await super()._request(what)
        self._faults.check_readable(what)


class DemoTrader(TillTrader):
    """The Trader port of one account, whose cancels can be refused."""

    def __init__(self, link: Link, account: Account, faults: Faults) -> None:
        super().__init__(link, account)
        self._faults = faults

    def _cancel(self, state: OrderState, at_us: int) -> Placement:
        if self._faults.refuses_cancel():
            return self._link.dialect.refusal(Objection.UNKNOWN_ORDER)
        return super()._cancel(state, at_us)

    def _cancel_all(self, at_us: int) -> Placement:
        if self._faults.refuses_cancel():
            return self._link.dialect.refusal(Objection.UNKNOWN_ORDER)
        return super()._cancel_all(at_us)
