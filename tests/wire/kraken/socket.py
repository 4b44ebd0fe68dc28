"""One WebSocket v2 connection: requests in, acknowledgements and frames out.

The one rule: an acknowledgement always precedes the channel's first frame, and a private
channel needs a token of a key that may read it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.wire import sockets
from tests.wire.encode import stamp
from tests.wire.kraken.assets import LISTINGS
from tests.wire.kraken.book_feed import DEPTHS, BookFeed
from tests.wire.kraken.dialect import INVALID_SESSION, NOT_PERMITTED, Denied
from tests.wire.kraken.frames import (
    Row,
    balance_row,
    frame,
    public_trade_row,
    snapshot_row,
    ticker_row,
    trade_row,
)
from tests.wire.kraken.keys import FUNDS, OPEN, ApiKey
from tests.wire.kraken.venue import KrakenVenue

PUBLIC_CHANNELS = ("ticker", "book", "trade")
PRIVATE_CHANNELS = {"executions": OPEN, "balances": FUNDS}
SNAPSHOT_TRADES = 50


@dataclass(slots=True, kw_only=True, eq=False)
class Connection(sockets.Connection):
    """A client's socket and what it asked for."""

    venue: KrakenVenue
    symbols: dict[str, set[str]] = field(default_factory=dict)  # channel -> symbols
    on_bbo: set[str] = field(default_factory=set)
    feeds: dict[str, BookFeed] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)  # private channel -> frames sent

    def greet(self) -> None:
        """The status frame that opens every connection."""
        status = {
            "version": "2.0.10",
            "system": self.venue.quirks.mode,
            "api_version": "v2",
            "connection_id": id(self),
        }
        self.push(frame("status", "update", [status]))

    def push(self, row: Row) -> None:
        """Send a data frame of the channel that it names."""
        self.push_to(str(row["channel"]), row)

    def channels(self) -> dict[str, object]:
        """Symbols by public channel, and frames sent by private one."""
        public = {channel: sorted(symbols) for channel, symbols in self.symbols.items()}
        return {"public": public, "private": dict(self.sequences)}

    def push_private(self, channel: str, rows: list[Row], kind: str = "update") -> None:
        """Send rows of a private channel under its next sequence number."""
        self.sequences[channel] += 1
        self.push(frame(channel, kind, rows, sequence=self.sequences[channel]))

    def hear(self, text: str) -> None:
        """Handle one message of the client."""
        came_us = self.venue.now_us()
        try:
            message = json.loads(text)
        except ValueError:
            self._answer(came_us, {"error": "Malformed request"}, success=False)
            return
        method, request_id = message.get("method"), message.get("req_id")
        about: Row = {"method": method}
        if request_id is not None:
            about["req_id"] = request_id
        if method == "ping":
            self._answer(came_us, {**about, "method": "pong"})
        elif method in ("subscribe", "unsubscribe"):
            self._subscribe(came_us, about, message.get("params") or {})
        else:
            about["error"] = f"Unsupported method: {method}"
            self._answer(came_us, about, success=False)

    def _answer(self, came_us: int, about: Row, *, success: bool | None = None) -> None:
        times = {"time_in": stamp(came_us), "time_out": stamp(self.venue.now_us())}
        verdict = {} if success is None else {"success": success}
        self.outbox.push_always({**about, **verdict, **times})

    def _subscribe(self, came_us: int, about: Row, params: Mapping[str, object]) -> None:
        channel = str(params.get("channel"))
        if channel not in (*PRIVATE_CHANNELS, *PUBLIC_CHANNELS):
            error = f"Subscription name invalid: {channel}"
            self._answer(came_us, {"error": error, **about}, success=False)
            return
        serve = self._private if channel in PRIVATE_CHANNELS else self._public
        try:
            serve(came_us, about, channel, params)
        except Denied as denied:
            self._answer(came_us, {"error": denied.text, **about}, success=False)

    # Public channels

    def _public(self, came_us: int, about: Row, channel: str, params: Mapping[str, object]) -> None:
        leaving = about["method"] == "unsubscribe"
        asked = params.get("symbol")
        if self.side != "public" or not isinstance(asked, list) or not asked:
            raise Denied("EGeneral:Invalid arguments:symbol")
        for symbol in map(str, asked):
            if symbol not in LISTINGS:
                error = f"Currency pair not supported {symbol}"
                self._answer(came_us, {"error": error, **about, "symbol": symbol}, success=False)
                continue
            held = self.symbols.setdefault(channel, set())
            if not leaving and symbol in held:
                error = "Already subscribed"
                self._answer(came_us, {"error": error, **about, "symbol": symbol}, success=False)
                continue
            result = {"channel": channel, "snapshot": True, "symbol": symbol}
            if channel == "book":
                result["depth"] = _depth(params)
            self._answer(came_us, {**about, "result": result}, success=True)
            held.discard(symbol) if leaving else self._begin(channel, symbol, params)

    def _begin(self, channel: str, symbol: str, params: Mapping[str, object]) -> None:
        self.symbols[channel].add(symbol)
        if channel == "ticker":
            if params.get("event_trigger") == "bbo":
                self.on_bbo.add(symbol)
            self.push(self._ticker(symbol, "snapshot"))
        elif channel == "trade":
            tape = list(self.venue.exchange.settlement.tape[symbol])[-SNAPSHOT_TRADES:]
            self.push(frame("trade", "snapshot", map(public_trade_row, tape)))
        else:
            feed = self.feeds[symbol] = BookFeed(LISTINGS[symbol], _depth(params))
            book = self.venue.exchange.books[symbol]
            self.push(feed.snapshot(book, self.venue.now_us()))

    def tell_ticker(self, symbol: str) -> None:
        """Send the ticker as it is now, if the client wants it."""
        if symbol in self.symbols.get("ticker", ()):
            self.push(self._ticker(symbol, "update"))

    def tell_book(self, symbol: str) -> None:
        """Send what changed in the book, if the client wants it."""
        if symbol in self.symbols.get("book", ()):
            row = self.feeds[symbol].update(self.venue.exchange.books[symbol], self.venue.now_us())
            if row is not None:
                self.push(row)

    def _ticker(self, symbol: str, kind: str) -> Row:
        bids, asks = self.venue.exchange.books[symbol].depth(1)
        stats = self.venue.stats[symbol]
        row = ticker_row(LISTINGS[symbol], stats, bids, asks, self.venue.now_us())
        return frame("ticker", kind, [row])

    # Private channels

    def _private(
        self, came_us: int, about: Row, channel: str, params: Mapping[str, object]
    ) -> None:
        leaving = about["method"] == "unsubscribe"
        key = self._key(str(params.get("token", "")))
        if PRIVATE_CHANNELS[channel] not in key.permissions:
            raise Denied(NOT_PERMITTED)
        if leaving:
            self.sequences.pop(channel, None)
        elif channel in self.sequences:
            raise Denied("Already subscribed")
        result: Row = {"channel": channel}
        if channel == "executions":
            orders = params.get("snap_orders", True) is True
            trades = params.get("snap_trades", False) is True
            result |= {"maxratecount": 180, "snap_orders": orders, "snap_trades": trades}
        else:
            result["snapshot"] = params.get("snapshot", True) is True
        self._answer(came_us, {**about, "result": result}, success=True)
        if not leaving:
            self.owner, self.sequences[channel] = key.owner, 0
            self._snapshot(channel, result)

    def _key(self, token: str) -> ApiKey:
        name, expires_us = self.venue.tokens.get(token, ("", 0))
        if self.side != "private" or expires_us <= self.venue.now_us():
            raise Denied(INVALID_SESSION)
        return self.venue.keys.find(name)

    def _snapshot(self, channel: str, result: Row) -> None:
        if channel == "balances":
            if result["snapshot"]:
                balances = self.venue.exchange.accounts.balances(self.owner)
                rows = [balance_row(asset, total) for asset, total in balances.items()]
                self.push_private("balances", rows, "snapshot")
            return
        orders = self._open_rows() if result["snap_orders"] else []
        trades = self._past_trades() if result["snap_trades"] else []
        together = self.venue.quirks.one_snapshot_frame
        for rows in [orders + trades] if together else [orders, trades]:
            self.push_private("executions", rows, "snapshot")

    def _open_rows(self) -> list[Row]:
        return [snapshot_row(t) for t in self.venue.exchange.open_tickets(self.owner)]

    def _past_trades(self) -> list[Row]:
        mine = [e for e in self.venue.exchange.settlement.executions if e.owner == self.owner]
        tickets = self.venue.exchange.tickets
        return [
            trade_row(tickets[e.order_id], e, final=True) for e in mine[-SNAPSHOT_TRADES:][::-1]
        ]


def _depth(params: Mapping[str, object]) -> int:
    depth = params.get("depth", DEPTHS[0])
    if not isinstance(depth, int) or depth not in DEPTHS:
        raise Denied("Subscription depth not supported")
    return depth
