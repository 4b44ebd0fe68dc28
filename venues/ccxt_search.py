"""Looking one order up (semantics 1.5): by the venue's id, open orders, closed orders, trades.

The one rule: `complete` is only told after every step that could have found it was read to its
last page. A step that fails ends the search with Unavailable, which proves nothing.
"""

from collections.abc import Iterable

from domain.errors import Unavailable
from domain.market import Sought
from domain.orders import Fill, Final, OrderState, VenueOrder
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_fields import Fields, total
from venues.ccxt_lists import Lists, Row
from venues.ccxt_row import Quirks
from venues.ccxt_sayings import Cause

EARLIER_US = 10_000_000  # the venue's clock may be behind ours (semantics 1.5: skew and 5 s)


class Search:
    """One search for one order."""

    def __init__(self, lists: Lists, quirks: Quirks, state: OrderState) -> None:
        self._lists = lists.first(state.order.symbol)
        self._quirks = quirks
        self._state = state
        self._client_id = "" if state.foreign else state.client_id
        if quirks.numbers is not None and self._client_id:
            quirks.numbers.note(self._client_id)
        self._since_us = max(0, state.order.at_us - EARLIER_US)
        self._trade_ids: list[str] | None = None

    async def run(self) -> Sought:
        """What the venue knows of the order, with its fills.

        Raises:
            Unavailable: a step of the search could not be read.
        """
        found = await self._known_by_id(self._state.venue_order_id)
        for step in (self._asked, self._open, self._closed, self._traded):
            found = found or await step()
        if found is None:
            return Sought(found=None, complete=True)
        return Sought(found=found, fills=tuple(await self._fills(found)), complete=True)

    # Where it may be

    async def _known_by_id(self, order_id: str) -> VenueOrder | None:
        if not order_id:
            return None
        try:
            row = await self._lists.order_by_id(order_id)
        except VenueUnavailable as error:
            if error.cause is Cause.NOT_FOUND:
                return None  # not by this way: the lists decide
            raise
        self._trade_ids = self._ids_of(row)
        return self._lists.order(row)

    def _ids_of(self, row: Row) -> list[str]:
        field, raw = self._quirks.trade_ids_field, row.get("info")
        ids = Fields("order", raw).rows(field) if field else []
        return [trade_id for trade_id in ids if isinstance(trade_id, str)]

    async def _asked(self) -> VenueOrder | None:
        if not self._client_id or not self._quirks.asks_by_client_id:
            return None
        try:
            row = await self._lists.order_by_client_id(self._client_id)
        except VenueUnavailable as error:
            if error.cause is Cause.NOT_FOUND:
                return None
            raise
        return self._ours([self._lists.order(row)])

    async def _open(self) -> VenueOrder | None:
        return self._ours(await self._lists.open_orders(self._client_id))

    async def _closed(self) -> VenueOrder | None:
        return self._ours(await self._lists.closed_orders(self._since_us, self._client_id))

    async def _traded(self) -> VenueOrder | None:
        """Trades name the venue's id only, so the orders behind them are asked for ours."""
        trades = await self._lists.trades(self._since_us)
        ids = order_ids(trades)
        if self._state.venue_order_id:
            ids = [order_id for order_id in ids if order_id == self._state.venue_order_id]
        if not ids or not self._quirks.orders_by_ids:
            return await self._named_by(trades) if ids else None
        rows, unknown = await self._lists.orders_by_ids(ids)
        found = self._ours([self._lists.order(row) for row in rows])
        if found is None and unknown:
            raise Unavailable(
                self._lists.account, f"the orders of {len(unknown)} trades are hidden"
            )
        return found

    async def _named_by(self, trades: list[Row]) -> VenueOrder | None:
        """Some venues show our id in a trade (Gemini): the order behind it, which no list shows."""
        for fill in self._lists.fills(trades, {}):
            if self._client_id and fill.client_id == self._client_id:
                return await self._known_by_id(fill.venue_order_id)
        return None

    def _ours(self, reports: list[VenueOrder]) -> VenueOrder | None:
        return next(filter(self._is_it, reports), None)

    def _is_it(self, report: VenueOrder) -> bool:
        if self._client_id and report.client_id == self._client_id:
            return True
        return bool(self._state.venue_order_id) and (
            report.venue_order_id == self._state.venue_order_id
        )

    # What it traded

    async def _fills(self, found: VenueOrder) -> list[Fill]:
        if not found.cumulative and found.final is not Final.FILLED:
            return []
        owners = {found.venue_order_id: found.client_id}
        fills: dict[str, Fill] = {}
        if self._quirks.trades_by_ids:
            if self._trade_ids is None:
                await self._known_by_id(found.venue_order_id)
            ids = self._trade_ids or []
            told = await self._lists.fills_by_ids(found.venue_order_id, ids, owners)
            fills = {fill.key: fill for fill in told}
        if total(fill.quantity for fill in fills.values()) < found.cumulative or not fills:
            for fill in self._lists.fills(await self._lists.trades(self._since_us), owners):
                if fill.venue_order_id == found.venue_order_id:
                    fills.setdefault(fill.key, fill)
        return list(fills.values())


def order_ids(trades: Iterable[Row]) -> list[str]:
    """The orders that these trades belong to, each once."""
    ids = (trade.get("order") for trade in trades)
    return list(dict.fromkeys(order_id for order_id in ids if isinstance(order_id, str)))
