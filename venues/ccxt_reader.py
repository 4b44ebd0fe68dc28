"""The private side of one account, for looking only: balances, orders, fills, its stream.

The client in here is made with the read key and refuses every method that is no read. The one
rule: a list is whole, row by row as many as the venue sent, or it is Unavailable.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.errors import Unavailable
from domain.instruments import Account
from domain.market import Balances, History, Sought
from domain.orders import OrderState, VenueOrder
from domain.ports import Clock, Hear
from domain.sightings import Heartbeat
from domain.text import clean
from domain.withdrawals import VenueWithdrawal
from venues.ccxt_caches import AccountCaches, AnyFrame
from venues.ccxt_client import Client
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_frames import KrakenFrames
from venues.ccxt_lists import Lists, Row
from venues.ccxt_margins import Margins
from venues.ccxt_markets import Markets, Opened, Told
from venues.ccxt_movements import Movements
from venues.ccxt_public import SILENT_US
from venues.ccxt_row import Quirks
from venues.ccxt_sayings import Cause
from venues.ccxt_search import Search, order_ids
from venues.ccxt_stream import Plan, Stream, Watch

FEED = "account"
FRESH_US = 60_000_000
MOST_SYMBOLS = 400
REMEMBERED = 20_000  # whose order is whose, by the venue's id


class CcxtReader:
    """Private data of one account (the port `AccountReader`).

    `namer` is asked where orders are open, which some venues tell to trading keys only.
    `wallets` are the futures wallets that are read besides.
    """

    def __init__(  # noqa: PLR0913 - each is one part of what an account is read with
        self,
        *,
        account: Account,
        client: Client,
        opened: Opened,
        markets: Markets,
        quirks: Quirks,
        clock: Clock,
        on_rejected: Told,
        namer: Client | None = None,
        wallets: Sequence[str] = (),
    ) -> None:
        self._account = account
        self._client = client
        self._opened = opened
        self._markets = markets
        self._quirks = quirks
        self._clock = clock
        self._on_rejected = on_rejected
        self._asked_too = namer if quirks.asks_as_trader else None
        self._lists = Lists(account, client, quirks, self._traded, namer=namer)
        self._movements = Movements(account, client, quirks, self._lists)
        self._margins = Margins(client, quirks, wallets)
        self._owners: OrderedDict[str, str] = OrderedDict()

    async def balances(self) -> Balances:
        """All balances of the account; a futures wallet that cannot be read is named."""
        await self._markets.lend(self._client)
        told, margins, unread = await self._margins.around(self._spot)
        return replace(told, margins=margins, unread=unread)

    async def _spot(self) -> Balances:
        asked_us = self._clock.now_us()
        assets = await self._lists.balances()
        return Balances(
            account=self._account, assets=assets, asked_us=asked_us, at_us=self._clock.now_us()
        )

    async def open_orders(self, *, urgent: bool = False) -> Sequence[VenueOrder]:
        """Every open order, foreign ones included; in a hurry without their symbols."""
        await self._markets.lend(self._client)
        lists = self._lists.urgent() if urgent else self._lists
        return await lists.open_orders()

    async def find(self, state: OrderState) -> Sought:
        """Look one order up by the venue's id and ours: open, closed, then trades."""
        await self._borrow()
        self._markets.note([state.order.symbol])
        return await Search(self._lists, self._quirks, state).run()

    async def history(self, since_us: int) -> History:
        """Closed orders, fills and movements since then, every page."""
        await self._borrow()
        until_us = self._clock.now_us()
        orders = await self._lists.closed_orders(since_us)
        trades = await self._lists.trades(since_us)
        self._owned(orders)
        await self._ask_for_owners(trades)
        fills = self._lists.fills(trades, self._owners)
        movements, pending = await self._movements.since(since_us)
        return History(
            account=self._account,
            since_us=since_us,
            until_us=until_us,
            orders=tuple(orders),
            fills=tuple(fills),
            movements=tuple(movements),
            pending=tuple(pending),
        )

    async def withdrawals(self, since_us: int) -> Sequence[VenueWithdrawal]:
        """The venue's own list of withdrawals (the port `WithdrawalLister`)."""
        await self._borrow()
        return await self._movements.withdrawals(since_us)

    async def _borrow(self) -> None:
        await self._markets.lend(self._client)
        if self._asked_too is not None:
            self._markets.lend_known(self._asked_too)

    async def _ask_for_owners(self, trades: Sequence[Row]) -> None:
        """A trade does not say whose it is; an order that is still open is in no closed list."""
        wanted = [order_id for order_id in order_ids(trades) if order_id not in self._owners]
        if wanted and not self._quirks.orders_by_ids:
            self._owned(await self._lists.open_orders())
            await self._ask_one_by_one(trades)
        elif wanted:
            rows, unknown = await self._lists.orders_by_ids(wanted)
            self._owned([self._lists.order(row) for row in rows])
            self._must_be_old(trades, unknown)

    async def _ask_one_by_one(self, trades: Sequence[Row]) -> None:
        """An order placed before the span that was read can trade within it."""
        symbols = {str(t.get("order")): str(t.get("symbol") or "") for t in trades}
        unknown: list[str] = []
        for order_id in order_ids(trades):
            if order_id in self._owners:
                continue
            try:
                row = await self._lists.order_by_id(order_id, symbols[order_id])
            except VenueUnavailable as error:
                if error.cause is not Cause.NOT_FOUND:
                    raise
                unknown.append(order_id)
            else:
                self._owned([self._lists.order(row)])
        self._must_be_old(trades, unknown)

    async def _traded(self, lists: Lists) -> Sequence[str]:
        """Where the venue lists by symbol: what is watched, was traded, or could have been."""
        balances = await lists.balances()
        held = {asset for asset, told in balances.items() if told.total or told.used}
        symbols = self._markets.tradable(held)
        if len(symbols) > MOST_SYMBOLS:
            why = f"{len(symbols)} instruments could have traded, and it lists them one by one"
            raise Unavailable(self._client.who, why)
        return symbols

    def _must_be_old(self, trades: Sequence[Row], unknown: Sequence[str]) -> None:
        """An order that the venue hides is nobody's only when it cannot be one just placed."""
        fresh_ms = (self._clock.now_us() - FRESH_US) // 1000
        for trade in trades:
            if trade.get("order") in unknown and (trade.get("timestamp") or 0) > fresh_ms:
                why = f"the order of trade {clean(trade.get('id'))} is not listed yet"
                raise Unavailable(self._client.who, why)

    def _owned(self, orders: Sequence[VenueOrder]) -> None:
        for order in orders:
            self._owners[order.venue_order_id] = order.client_id
        while len(self._owners) > REMEMBERED:
            self._owners.popitem(last=False)

    async def stream(self, hear: Hear) -> None:
        """Tell fills, orders, totals and heartbeats until it breaks or is cancelled."""
        async with self._opened() as client:
            await self._markets.lend(client)
            await Stream(client, self._plan(client.api), self._quirks, self._clock, hear).run()

    def _plan(self, api: Any) -> Plan:
        read_frames = self._quirks.frames == "kraken"
        caches = AccountCaches(api, self._account, self._quirks, self._clock)
        frames = KrakenFrames(self._account, FEED, self._clock, api.safe_currency_code)
        channels = self._quirks.channels or frozenset({FEED})
        any_frame = AnyFrame(self._account.venue, FEED, self._clock, self._quirks.answer, channels)
        return Plan(
            watches=_KRAKEN if read_frames else _watches(api.has, self._quirks.watches),
            channels=frozenset({"executions", "balances"}) if read_frames else channels,
            frames=frames if read_frames else any_frame,
            caches=None if read_frames else caches,
            silent_us=SILENT_US if read_frames else 0,
            on_confirmed=self._alive,
            on_pong=None if read_frames else self._alive,
            on_rejected=self._on_rejected,
        )

    def _alive(self) -> Heartbeat:
        return Heartbeat(venue=self._account.venue, feed=FEED, at_us=self._clock.now_us())


async def _orders(api: Any) -> object:
    return await api.watch_orders()


async def _trades(api: Any) -> object:
    return await api.watch_my_trades()


async def _balance(api: Any) -> object:
    return await api.watch_balance()


# Orders and trades are one subscription at Kraken: the first caller's wishes win, and with
# those of watch_my_trades the snapshot would hold fifty old trades and no orders.
_KRAKEN: Sequence[Watch] = (_orders, _balance)
_BY_FLAG: Sequence[tuple[str, Watch]] = (
    ("watchOrders", _orders),
    ("watchMyTrades", _trades),
    ("watchBalance", _balance),
)


def _watches(has: Mapping[str, Any], wanted: Sequence[str]) -> Sequence[Watch]:
    return [watch for flag, watch in _BY_FLAG if has.get(flag) and flag in wanted]
