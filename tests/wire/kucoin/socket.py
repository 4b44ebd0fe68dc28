"""One socket: a token opens it, a welcome greets it, topics are asked for and acknowledged.

The one rule: an acknowledgement always precedes a topic's first frame, and a private topic
needs a private token. A connection with a bad token is told so and closed.
"""

import asyncio
import json
from dataclasses import dataclass, field

from tests.wire import sockets
from tests.wire.kucoin.assets import BY_ID, LISTINGS, Listing
from tests.wire.kucoin.frames import (
    BALANCE,
    DEPTH5,
    DEPTH50,
    LEVEL2,
    MATCH,
    ORDERS,
    ORDERS_V2,
    SNAPSHOT,
    TICKER,
    Row,
    depth_data,
    message,
    snapshot_data,
    ticker_data,
)
from tests.wire.kucoin.venue import KucoinVenue

PRIVATE_TOPICS = (ORDERS, ORDERS_V2, BALANCE)
PUBLIC_TOPICS = (SNAPSHOT, TICKER, LEVEL2, DEPTH5, DEPTH50, MATCH)
DEPTHS = {DEPTH5: 5, DEPTH50: 50}
MOST_SYMBOLS = 100
POLICY_VIOLATION = 1008
GOODBYE_S = 0.05
# What is told at once after the acknowledgement: there is a state to begin with.
STATES = (SNAPSHOT, TICKER, DEPTH5, DEPTH50)


@dataclass(slots=True, kw_only=True, eq=False)
class Connection(sockets.Connection):
    """A client's socket; `refusal` is why it must go at once, `heard_at` its last sign of life.

    That is a time of the loop, which a skewed venue does not touch.
    """

    venue: KucoinVenue
    connect_id: str
    heard_at: float
    refusal: str = ""
    symbols: dict[str, set[str]] = field(default_factory=dict)  # topic -> symbols
    private: set[str] = field(default_factory=set)

    def greet(self) -> None:
        """The welcome, or the reason why there is none."""
        if self.refusal:
            self._error(self.connect_id, 401, self.refusal)
            loop = asyncio.get_running_loop()
            loop.call_later(GOODBYE_S, self.close, POLICY_VIOLATION)  # it is heard first
            return
        welcome: Row = {"id": self.connect_id, "type": "welcome"}
        pings = {"pingInterval": self.venue.ping_ms, "pingTimeout": self.venue.patience_ms}
        self.outbox.push_always({**welcome, **pings})

    def channels(self) -> dict[str, object]:
        """Symbols by public topic, and the private topics."""
        public = {topic: sorted(symbols) for topic, symbols in self.symbols.items() if symbols}
        return {"public": public, "private": dict.fromkeys(sorted(self.private), 1)}

    def hear(self, text: str) -> None:
        """Handle one message of the client."""
        self.heard_at = asyncio.get_running_loop().time()
        try:
            told = json.loads(text)
        except ValueError:
            self._error("", 400, "invalid request")
            return
        name, kind = str(told.get("id", "")), told.get("type")
        if kind == "ping":
            self.outbox.push_always({"id": name, "type": "pong", "timestamp": self._now_us()})
        elif kind in ("subscribe", "unsubscribe"):
            self._subscribe(name, told, leaving=kind == "unsubscribe")
        else:
            self._error(name, 415, "type is not supported")

    def push(self, topic: str, row: Row) -> None:
        """Send a data frame of a topic (without its symbol)."""
        self.push_to(topic, row)

    def tell(self, topic: str, symbol: str) -> None:
        """Send the state of a pair, if the client wants it."""
        if symbol in self.symbols.get(topic, ()):
            self.push(topic, self._state(topic, LISTINGS[symbol]))

    def _subscribe(self, name: str, told: dict[str, object], *, leaving: bool) -> None:
        topic, _, wanted = str(told.get("topic", "")).partition(":")
        if topic in PRIVATE_TOPICS:
            known, market_ids = True, []
            if self.side != "private" or told.get("privateChannel") is not True:
                self._error(name, 403, "access denied")
                return
            self.private.discard(topic) if leaving else self.private.add(topic)
        else:
            market_ids = wanted.split(",")
            known = topic in PUBLIC_TOPICS and all(each in BY_ID for each in market_ids)
        if not known or len(market_ids) > MOST_SYMBOLS:
            self._error(name, 404, f"topic {told.get('topic')} is not found")
            return
        if told.get("response") is True:
            self.outbox.push_always({"id": name, "type": "ack"})
        self._follow(topic, [BY_ID[each].symbol for each in market_ids], leaving=leaving)

    def _follow(self, topic: str, symbols: list[str], *, leaving: bool) -> None:
        held = self.symbols.setdefault(topic, set())
        for symbol in symbols:
            if leaving:
                held.discard(symbol)
                continue
            held.add(symbol)
            if topic in STATES:
                self.tell(topic, symbol)

    def _state(self, topic: str, listing: Listing) -> Row:
        venue, now = self.venue, self._now_us()
        stats, sequence = venue.stats[listing.symbol], venue.logs[listing.symbol].sequence
        bids, asks = venue.exchange.books[listing.symbol].depth(DEPTHS.get(topic, 1))
        full = f"{topic}:{listing.market_id}"
        if topic == SNAPSHOT:
            data = snapshot_data(listing, stats, (bids, asks), sequence, now)
            return message(full, "trade.snapshot", data)
        if topic == TICKER:
            data = ticker_data(stats, (bids, asks), sequence, now)
            return message(full, "trade.ticker", data)
        return message(full, "level2", depth_data((bids, asks), now))

    def _error(self, name: str, code: int, words: str) -> None:
        self.outbox.push_always({"id": name, "type": "error", "code": code, "data": words})

    def _now_us(self) -> int:
        return self.venue.now_us()
