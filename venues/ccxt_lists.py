"""The lists of one account, each read whole: rows counted, pages followed to the last one.

The one rule: as many rows come out as the venue sent, or the list is Unavailable. A row that
cannot be read makes its list unreadable: what it hides could be an open order.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from domain.errors import Unavailable
from domain.instruments import Account
from domain.market import AssetBalance
from domain.orders import Fill, VenueOrder
from venues import ccxt_convert as convert
from venues import ccxt_rows as shaping
from venues.budget import Priority
from venues.ccxt_client import Client
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_fields import Fields, Malformed
from venues.ccxt_open import OpenSymbols
from venues.ccxt_row import Paging, Quirks
from venues.ccxt_sayings import Cause
from venues.ccxt_spans import Spans
from venues.ccxt_wire import Call

MOST_PAGES = 400
_SECOND_US = 1_000_000
_QUOTE_NAMES = ("quote", "quoteId")
Row = Mapping[str, Any]
# Which symbols an account may have traded, for venues that list by symbol.
Traded = Callable[["Lists"], Awaitable[Sequence[str]]]
V = TypeVar("V")


class Lists:
    """Reads an account's lists through its client, all with one priority."""

    def __init__(
        self,
        account: Account,
        client: Client,
        quirks: Quirks,
        traded: Traded,
        *,
        namer: Client | None = None,
        only: str = "",
        priority: Priority = Priority.READ,
    ) -> None:
        self.account = account
        self._client = client
        self._quirks = quirks
        self._traded = traded
        self._namer = namer or client
        self._asking = self._namer if quirks.asks_as_trader else client
        self._only = only
        self._priority = priority

    def first(self, symbol: str) -> "Lists":
        """The same lists for looking an order of this symbol up, which goes before other reads."""
        return self._before(Priority.LOOK_UP, symbol)

    def urgent(self) -> "Lists":
        """The same lists for ending orders: nothing goes before them."""
        return self._before(Priority.CANCEL, "")

    def _before(self, priority: Priority, only: str) -> "Lists":
        return Lists(
            self.account,
            self._client,
            self._quirks,
            self._traded,
            namer=self._namer,
            only=only,
            priority=priority,
        )

    # Whole lists

    async def balances(self) -> dict[str, AssetBalance]:
        """Every asset that the venue lists for the account, over all of its wallets."""
        first, *idle = [await self._wallet(params) for params in self._quirks.wallets]
        return shaping.together(first, idle)

    async def _wallet(self, params: Mapping[str, str]) -> dict[str, AssetBalance]:
        told = (dict(params),) if params else ()
        answer, call = await self._client.read("fetch_balance", *told, priority=self._priority)
        all_free = self._quirks.free_is_all
        assets = self.readable(lambda: convert.balances(answer, free_is_all=all_free))
        self._count(len(assets), call)
        return assets

    async def open_orders(self, client_id: str = "") -> list[VenueOrder]:
        """Open orders; only ours of that id where the venue can filter."""
        rows: list[Row] = []
        page = self._quirks.open_page or None
        for symbol in await self._open_symbols():
            some, call = await self.rows(
                "fetch_open_orders", symbol, None, page, self._of(client_id)
            )
            if page is not None and len(some) >= page:
                raise Unavailable(self._client.who, f"{call.path} has more rows than a page")
            rows += some
        return self.each(rows, self._order)

    async def _open_symbols(self) -> list[str | None]:
        if "fetch_open_orders" not in self._quirks.by_symbol:
            return [None]
        if self._only:
            return [self._only]
        first = partial(self._wallet, self._quirks.wallets[0])
        asked = OpenSymbols(self._client, self._namer, self._quirks, first)
        try:
            return list(await asked.names(self._priority))
        except Malformed as problem:
            raise self._unreadable(problem) from problem

    async def closed_orders(self, since_us: int, client_id: str = "") -> list[VenueOrder]:
        """Orders that ended since then."""
        paging, more = self._quirks.order_pages, self._of(client_id)
        rows = await self.pages(self._quirks.ended_orders, paging, since_us, more)
        return self.each(rows, self._order)

    async def trades(self, since_us: int) -> list[Row]:
        """Executions since then, as ccxt shows them: whose they are is told by their orders."""
        return await self.pages("fetch_my_trades", self._quirks.trade_pages, since_us, {})

    # Single orders

    async def orders_by_ids(self, ids: Sequence[str]) -> tuple[list[Row], list[str]]:
        """Orders by the venue's ids, as ccxt shows them, and the ids that it does not know."""
        found: list[Row] = []
        unknown: list[str] = []
        for some in _chunks(ids, self._quirks.orders_by_ids):
            try:
                params = dict(self._quirks.query_params)
                rows, _ = await self.rows("fetch_orders_by_ids", some, None, params)
                found += rows
            except VenueUnavailable as error:
                if error.cause is not Cause.NOT_FOUND:
                    raise
                if len(some) == 1:
                    unknown += some
                    continue
                # One unknown id spoils the whole query: in halves, until it stands alone.
                for half in (some[: len(some) // 2], some[len(some) // 2 :]):
                    rows, missing = await self.orders_by_ids(half)
                    found += rows
                    unknown += missing
        return found, unknown

    async def order_by_id(self, order_id: str, symbol: str = "") -> Row:
        """One order by the venue's id, as ccxt shows it."""
        return await self._one(order_id, symbol, {})

    async def order_by_client_id(self, client_id: str) -> Row:
        """One order by our id, where the venue can be asked for it."""
        at = self._quirks.by_client_id
        if at is None:
            return await self._one(None, "", {"clientOrderId": client_id})
        found = await self._asking.look(at, client_id, priority=self._priority)
        if len(found) != 1:
            raise Unavailable(self._client.who, f"it has {len(found)} orders {client_id}")
        return dict(self.readable(lambda: Fields("order", found[0])).row)

    async def _one(self, order_id: str | None, symbol: str, more: Mapping[str, str]) -> Row:
        where = symbol or self._symbol_of("fetch_order")
        params = {**self._quirks.query_params, **more}
        row, _ = await self._asking.read(
            "fetch_order", order_id, where, params, priority=self._priority
        )
        return dict(self.readable(lambda: Fields("order", row)).row)

    def _symbol_of(self, method: str) -> str | None:
        return self._only or None if method in self._quirks.by_symbol else None

    async def fills_by_ids(
        self, order_id: str, ids: Sequence[str], owners: Mapping[str, str]
    ) -> list[Fill]:
        """An order's executions by their ids."""
        found: list[Fill] = []
        for some in _chunks(ids, self._quirks.trades_by_ids):
            rows, _ = await self.rows(
                "fetch_order_trades", order_id, None, None, None, {"trades": some}
            )
            found += self.fills(rows, owners)
        return found

    def fills(self, rows: Sequence[Row], owners: Mapping[str, str]) -> list[Fill]:
        """Rows as our values; `owners` tells our id of an order by the venue's."""
        named = [self._with_symbol(row) for row in rows]
        return self.each(named, lambda row: convert.fill(row, self.account, self._quirks, owners))

    def order(self, row: Row) -> VenueOrder:
        """One row as our value."""
        return self.readable(lambda: self._order(row))

    # Rows and pages

    async def rows(self, method: str, *args: Any) -> tuple[list[Row], Call]:
        """What one call of ccxt lists, as many rows as the venue sent."""
        rows, call = await self._client.read(method, *args, priority=self._priority)
        if not isinstance(rows, list):
            raise Unavailable(self._client.who, f"{call.path} is no list")
        self._count(len(rows), call)
        return [shaping.with_id(row) for row in rows], call

    def _count(self, found: int, call: Call) -> None:
        if call.rows not in (-1, found):
            why = f"{call.path} has {call.rows} rows and {found} of them could be read"
            raise Unavailable(self._client.who, why)

    async def pages(
        self, method: str, paging: Paging, since_us: int, more: Mapping[str, str]
    ) -> list[Row]:
        """A history since then, of all symbols, each row once."""
        if not self.is_listed(method):
            return []
        if paging.offset:
            return await self._by_offset(method, paging, since_us, more)
        found: list[Row] = []
        if self._quirks.reach_us:
            since_us = max(since_us, self._client.now_us() - self._quirks.reach_us)
        for symbol in await self._symbols(method):
            spans = Spans(self.rows, paging, self._client.who)
            if paging.limit:
                found += await spans.read(method, symbol, (since_us, self._client.now_us()), more)
            else:
                found += await spans.forward(method, symbol, since_us, (more, self.named))
        return list(self.named(found).values())

    def is_listed(self, method: str) -> bool:
        """Whether the venue has this list; of one that is traded every list was tested."""
        told = self._client.api.has.get(shaping.flag_of(method))
        return bool(method) and (self._quirks.trades or bool(told))

    async def _symbols(self, method: str) -> list[str | None]:
        if method not in self._quirks.by_symbol:
            return [None]
        if self._only:
            return [self._only]
        return list(await self._traded(self))

    async def _by_offset(
        self, method: str, paging: Paging, since_us: int, more: Mapping[str, str]
    ) -> list[Row]:
        """Newest first. Rows that arrive meanwhile push others to later pages: seen twice."""
        start_s = max(0, since_us // _SECOND_US - 1)
        found: dict[str, Row] = {}
        offset = 0
        for _ in range(MOST_PAGES):
            params = {**paging.extra, **more, paging.start: start_s, paging.offset: offset}
            rows, call = await self.rows(method, None, None, None, params)
            known = len(found)
            found.update(self.named(rows))
            offset += len(rows)
            total = paging.count(call.answer)
            if not rows or (total is not None and offset >= total):
                return list(found.values())
            if len(found) == known:
                break  # a page of nothing new: the offset is not heeded
        raise Unavailable(self._client.who, f"{method} did not come to an end at row {offset}")

    # Conversion

    def named(self, rows: Sequence[Row]) -> dict[str, Row]:
        """The rows by their ids."""
        return self.readable(lambda: shaping.by_id(rows))

    def _order(self, row: Row) -> VenueOrder:
        return convert.order(row, self.account, self._quirks)

    def _with_symbol(self, row: Row) -> Row:
        """The row with a symbol also where its pair is listed no more."""
        told, api = row.get("symbol"), self._client.api
        if not isinstance(told, str) or "/" in told:
            return row
        quotes = {market.get(side) for market in api.markets.values() for side in _QUOTE_NAMES}
        ids = {name for name in api.currencies_by_id if api.safe_currency_code(name) in quotes}
        parts = self._quirks.split_pair(told, (quotes | ids) - {None})
        if parts is None:
            return row
        return {**row, "symbol": "/".join(map(api.safe_currency_code, parts))}

    def each(self, rows: Sequence[Row], make: Callable[[Row], V]) -> list[V]:
        """Every row made into a value, or Unavailable."""
        return self.readable(lambda: [make(row) for row in rows])

    def readable(self, make: Callable[[], V]) -> V:
        """What `make` makes; Unavailable where a row cannot be read."""
        try:
            return make()
        except Malformed as problem:
            raise self._unreadable(problem) from problem

    def _unreadable(self, problem: Malformed) -> Unavailable:
        return Unavailable(self._client.who, f"a row of its answer cannot be read: {problem}")

    def _of(self, client_id: str) -> dict[str, str]:
        if not client_id or not self._quirks.finds_by_client_id:
            return {}
        return {"clientOrderId": client_id}


def _chunks(ids: Sequence[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(ids), size):
        yield list(ids[start : start + size])
