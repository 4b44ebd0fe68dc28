"""KuCoin's sockets: which frames tell what happened, and who may connect.

The one rule: what is sent when is shared (`tests.wire.sockets`); only the frames are KuCoin's.
"""

import asyncio
import math
from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from domain.money import ZERO
from tests.wire import sockets
from tests.wire.book_keeping import Entry
from tests.wire.kucoin.assets import LISTINGS
from tests.wire.kucoin.frames import (
    BALANCE,
    LEVEL2,
    MATCH,
    ORDERS,
    ORDERS_V2,
    SNAPSHOT,
    TICKER,
    TYPES,
    Wallet,
    balance_data,
    changes_data,
    match_data,
    message,
    order_data,
    private,
)
from tests.wire.kucoin.rows import millis
from tests.wire.kucoin.socket import DEPTHS, Connection
from tests.wire.kucoin.venue import FUNDING, KucoinVenue, funding_of
from tests.wire.orders import OrderEvent, PublicTrade, Ticket
from tests.wire.outbox import Outbox
from tests.wire.sockets import Ends

# Booking → what the trading wallet's event is called; the funding wallet's begins with `main`.
EVENTS = {"trade": "setted", "transfer": "transfer", "deposit": "transfer", "withdrawal": "other"}
FUNDING_EVENTS = {"deposit": "deposit", "withdrawal": "withdraw_done", "transfer": "transfer"}
PATROL_S = 0.1
GOING_AWAY = 1001


class Hub(sockets.Hub[Connection]):
    """Accepts sockets and tells them what happens."""

    def __init__(self, venue: KucoinVenue) -> None:
        super().__init__(venue.exchange.settlement)
        self.venue = venue
        self._arrived: list[OrderEvent] = []
        accounts, owners = venue.exchange.accounts, {k.owner for k in venue.keys.keys.values()}
        self._wallets = {
            (holder, asset): Wallet(total, ZERO)
            for owner in owners
            for holder in (owner, funding_of(owner))
            for asset, total in accounts.balances(holder).items()
        }

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """A client; its token says of whom, and so whether it is public or private."""
        token = request.query.get("token", "")
        name, expires_us = self.venue.tokens.get(token, ("", 0))
        key = self.venue.keys.known(name)
        side = "public" if key is None else "private"
        is_known = token in self.venue.tokens and (key is not None or not name)
        refusal = "" if is_known else "token is invalid"
        if is_known and expires_us <= self.venue.now_us():
            refusal = "token is expired"

        def made(outbox: Outbox, ends: Ends) -> Connection:
            return Connection(
                side=side,
                outbox=outbox,
                close=ends[0],
                abort=ends[1],
                owner="" if key is None else key.owner,
                venue=self.venue,
                heard_at=asyncio.get_running_loop().time(),
                connect_id=request.query.get("connectId", ""),
                refusal=refusal,
            )

        return await self.serve(request, self.venue.tampering[side], made)

    async def run(self) -> None:
        """Cut off who has not pinged for too long, for ever."""
        while True:
            await asyncio.sleep(PATROL_S)
            longest_s = (self.venue.ping_ms + self.venue.patience_ms) / 1000
            latest = asyncio.get_running_loop().time() - longest_s
            for connection in self.of():
                if connection.heard_at < latest:
                    connection.heard_at = math.inf  # once is enough
                    connection.close(GOING_AWAY)

    # What happened

    def order(self, event: OrderEvent) -> None:
        """A row of the owner's orders; what a limit order holds changes with it."""
        if event.what == "new":
            self._arrived.append(event)  # it is `open` once it has met the book
            self._held(event.ticket)
            return
        kind = TYPES.get(event.what)
        if kind is None:
            return
        self._tell_order(kind, event)
        if kind == "canceled":
            self._held(event.ticket)

    def settled(self, symbol: str) -> None:
        """Whatever rests now has entered the book."""
        arrived, self._arrived = self._arrived, []
        for event in arrived:
            if event.ticket.status == "open":
                self._tell_order("open", replace(event, at_us=self.venue.now_us()))

    def entry(self, entry: Entry) -> None:
        """A change of the owner's wallet."""
        if entry.owner.endswith(FUNDING):
            owner, events, wallet = entry.owner.removesuffix(FUNDING), FUNDING_EVENTS, "main"
        else:
            owner, events, wallet = entry.owner, EVENTS, "trade"
        event = f"{wallet}.{events.get(entry.kind, 'other')}"
        self._tell_wallet(owner, entry.owner, entry.asset, (event, entry.entry_id, {}))

    def trade(self, trade: PublicTrade) -> None:
        """A public trade, at once."""
        row = message(
            f"{MATCH}:{LISTINGS[trade.symbol].market_id}", "trade.l3match", match_data(trade)
        )
        for connection in self.of():
            if trade.symbol in connection.symbols.get(MATCH, ()):
                connection.push(MATCH, row)

    def market(self, changed: set[str], traded: set[str]) -> None:
        """Numbered changes, depths and tickers of every symbol that changed."""
        for symbol in sorted(changed):
            changes = self.venue.caught_up(symbol).drain()
            if changes is not None:
                data = changes_data(LISTINGS[symbol], changes, self.venue.now_us())
                row = message(f"{LEVEL2}:{LISTINGS[symbol].market_id}", "trade.l2update", data)
                for connection in self.of():
                    if symbol in connection.symbols.get(LEVEL2, ()):
                        connection.push(LEVEL2, row)
            for connection in self.of():
                for topic in (*DEPTHS, TICKER, SNAPSHOT):
                    connection.tell(topic, symbol)

    # Who hears of it

    def _tell_order(self, kind: str, event: OrderEvent) -> None:
        owner, data = event.ticket.wish.owner, order_data(kind, event)
        topics = (ORDERS_V2,) if kind == "received" else (ORDERS, ORDERS_V2)
        for connection in self.of("private", owner):
            for topic in topics:
                if topic in connection.private:
                    connection.push(topic, private(topic, "orderChange", owner, data))

    def _held(self, ticket: Ticket) -> None:
        """The hold of an order begins or ends."""
        wish, listing = ticket.wish, LISTINGS[ticket.wish.symbol]
        asset = listing.base if wish.side == "sell" else listing.quote
        context = {"symbol": listing.market_id, "orderId": ticket.order_id}
        self._tell_wallet(wish.owner, wish.owner, asset, ("trade.hold", ticket.order_id, context))

    def _tell_wallet(
        self, owner: str, holder: str, asset: str, why: tuple[str, str, Mapping[str, str]]
    ) -> None:
        exchange = self.venue.exchange
        held = exchange.held(owner).get(asset, ZERO) if holder == owner else ZERO
        now = Wallet(exchange.accounts.balance(holder, asset), held)
        before = self._wallets.get((holder, asset), Wallet(ZERO, ZERO))
        self._wallets[holder, asset] = now
        listeners = [c for c in self.of("private", owner) if BALANCE in c.private]
        if not listeners or now == before:
            return
        data = balance_data(holder, asset, before, now, why)
        data["time"] = str(millis(self.venue.now_us()))
        row = {"id": why[1], **private(BALANCE, "account.balance", owner, data)}
        for connection in listeners:
            connection.push(BALANCE, row)
