"""Socket frames, as sparse as on the real wire.

An order's row says what happened and how much is filled, and nothing of fees; only a `match`
row carries the trade. A market order has no price and never an `open` row; a limit order gets
one when it enters the book, after what it matched on arrival. The one rule: a field that the
real venue leaves out is left out here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from domain.money import exactly
from domain.orders import Kind
from tests.wire.encode import fixed
from tests.wire.kucoin.assets import LISTINGS, Listing, text
from tests.wire.kucoin.book_log import Change, Changes
from tests.wire.kucoin.keys import uid_of, user_id_of
from tests.wire.kucoin.rows import Levels, level_rows, millis
from tests.wire.orders import OrderEvent, PublicTrade, Ticket
from tests.wire.stats import DayStats

Row = dict[str, object]
ORDERS, ORDERS_V2 = "/spotMarket/tradeOrders", "/spotMarket/tradeOrdersV2"
BALANCE = "/account/balance"
SNAPSHOT, TICKER, LEVEL2 = "/market/snapshot", "/market/ticker", "/market/level2"
DEPTH5, DEPTH50 = "/spotMarket/level2Depth5", "/spotMarket/level2Depth50"
MATCH = "/market/match"
# What an event is called on the wire; `received` is told by the second version only.
TYPES = {
    "pending_new": "received",
    "open": "open",
    "trade": "match",
    "filled": "filled",
    "canceled": "canceled",
    "expired": "canceled",
}
STATUS = {"received": "new", "open": "open", "match": "match"}


def message(topic: str, subject: str, data: Mapping[str, object]) -> Row:
    """A public frame."""
    return {"topic": topic, "type": "message", "subject": subject, "data": dict(data)}


def private(topic: str, subject: str, owner: str, data: Mapping[str, object]) -> Row:
    """A frame for one account."""
    more = {"userId": user_id_of(owner), "channelType": "private"}
    return {**message(topic, subject, data), **more}


# Orders


def order_data(kind: str, event: OrderEvent) -> Row:
    """The row of one event; `kind` is one of the wire's types."""
    ticket, execution = event.ticket, event.execution
    row = _terms(ticket) | {
        "status": STATUS.get(kind, "done"),
        "ts": event.at_us * 1000,
        "type": kind,
    }
    if kind == "received":
        return row
    left = ticket.working.quantity - ticket.filled
    is_over = kind in ("filled", "canceled")
    row |= {
        "size": text(ticket.working.quantity),
        "filledSize": text(ticket.filled),
        "remainSize": text(Decimal(0) if is_over else left),
        "canceledSize": text(left if kind == "canceled" else Decimal(0)),
    }
    if execution is not None:
        row |= {
            "liquidity": "maker" if execution.maker else "taker",
            "feeType": "makerFee" if execution.maker else "takerFee",
            "matchPrice": text(execution.price),
            "matchSize": text(execution.quantity),
            "tradeId": str(execution.trade_id),
        }
    return row


def _terms(ticket: Ticket) -> Row:
    wish = ticket.wish
    row: Row = {
        "symbol": LISTINGS[wish.symbol].market_id,
        "orderType": str(wish.kind),
        "side": str(wish.side),
        "orderId": ticket.order_id,
        "clientOid": wish.client_id,
        "orderTime": millis(ticket.opened_us),
        "originSize": text(ticket.working.quantity),
    }
    if wish.kind is Kind.LIMIT and wish.price is not None:
        row["price"] = text(wish.price)
    return row


# Balances


@dataclass(frozen=True, slots=True)
class Wallet:
    """What one wallet has of one currency."""

    total: Decimal
    held: Decimal

    @property
    def free(self) -> Decimal:
        """What orders do not hold."""
        with exactly():
            return self.total - self.held


def balance_data(
    owner: str, asset: str, before: Wallet, now: Wallet, why: tuple[str, str, Mapping[str, str]]
) -> Row:
    """A change of one wallet; `why` is the event's name, its id and its context."""
    event, event_id, context = why
    with exactly():
        freed, held = now.free - before.free, now.held - before.held
    return {
        "accountId": str(uid_of(owner + asset)),
        "currency": asset,
        "total": text(now.total),
        "available": text(now.free),
        "hold": text(now.held),
        "availableChange": text(freed),
        "holdChange": text(held),
        "relationContext": dict(context),
        "relationEvent": event,
        "relationEventId": event_id,
    }


# Market data


def snapshot_data(
    listing: Listing, stats: DayStats, sides: tuple[Levels, Levels], sequence: int, at_us: int
) -> Row:
    """The session and the best prices, as JSON numbers and not as text."""
    bids, asks = sides
    with exactly():
        change = stats.last - stats.open
        rate = Decimal(fixed(change / stats.open, 4))
    row: Row = {
        "averagePrice": Decimal(fixed(stats.average, 8)),
        "baseCurrency": listing.base,
        "board": 1,
        "changePrice": change,
        "changeRate": rate,
        "close": stats.last,
        "datetime": millis(at_us),
        "high": stats.high,
        "lastTradedPrice": stats.last,
        "low": stats.low,
        "makerCoefficient": Decimal("1.000000"),
        "makerFeeRate": Decimal("0.001"),
        "marginTrade": False,
        "mark": 0,
        "market": "USDS",
        "open": stats.open,
        "quoteCurrency": listing.quote,
        "symbol": listing.market_id,
        "symbolCode": listing.market_id,
        "takerCoefficient": Decimal("1.000000"),
        "takerFeeRate": Decimal("0.001"),
        "trading": True,
        "vol": stats.volume,
        "volValue": stats.value,
    }
    if bids:
        row |= {"buy": bids[0][0], "bidSize": bids[0][1]}
    if asks:
        row |= {"sell": asks[0][0], "askSize": asks[0][1]}
    return {"sequence": str(sequence), "data": row}


def ticker_data(stats: DayStats, sides: tuple[Levels, Levels], sequence: int, at_us: int) -> Row:
    """Best prices and the last trade, as text."""
    bids, asks = sides
    row: Row = {
        "sequence": str(sequence),
        "price": text(stats.last),
        "size": text(stats.last_quantity),
        "time": millis(at_us),
    }
    if asks:
        row |= {"bestAsk": text(asks[0][0]), "bestAskSize": text(asks[0][1])}
    if bids:
        row |= {"bestBid": text(bids[0][0]), "bestBidSize": text(bids[0][1])}
    return row


def depth_data(sides: tuple[Levels, Levels], at_us: int) -> Row:
    """The best levels of both sides, all of them each time."""
    bids, asks = sides
    return {"asks": level_rows(asks), "bids": level_rows(bids), "timestamp": millis(at_us)}


def changes_data(listing: Listing, changes: Changes, at_us: int) -> Row:
    """Numbered changes since the last frame; a size of zero takes a level away."""
    return {
        "changes": {"asks": _told(changes.asks), "bids": _told(changes.bids)},
        "sequenceStart": changes.start,
        "sequenceEnd": changes.end,
        "symbol": listing.market_id,
        "time": millis(at_us),
    }


def match_data(trade: PublicTrade) -> Row:
    """A trade as everyone sees it."""
    return {
        "makerOrderId": "6306cf4027ecbe0001e1df4d",
        "price": text(trade.price),
        "sequence": str(trade.trade_id),
        "side": str(trade.side),
        "size": text(trade.quantity),
        "symbol": LISTINGS[trade.symbol].market_id,
        "takerOrderId": "6306cf6e27ecbe0001e1e03a",
        "time": str(trade.at_us * 1000),
        "tradeId": str(trade.trade_id),
        "type": "match",
    }


def _told(changes: list[Change]) -> list[list[str]]:
    return [[text(price), text(quantity), str(number)] for price, quantity, number in changes]
