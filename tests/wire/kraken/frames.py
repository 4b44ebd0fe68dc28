"""Socket rows, as sparse as on the real wire.

Only `pending_new` and `trade` rows carry the symbol; `new`, `filled`, `canceled`, `expired` and
`amended` do not. The trade that fills an order says `partially_filled`, and a `filled` row
follows. The one rule: a field that the real venue leaves out is left out here.
"""

from binascii import crc32
from collections.abc import Iterable, Mapping
from decimal import Decimal

from domain.money import ZERO, exactly
from domain.orders import Kind
from tests.wire.book_keeping import Entry
from tests.wire.encode import places, stamp
from tests.wire.kraken.assets import ASSETS, LISTINGS, Listing
from tests.wire.orders import Execution, OrderEvent, PublicTrade, Ticket
from tests.wire.stats import DayStats

Row = dict[str, object]
Levels = list[tuple[Decimal, Decimal]]
CHECKED_LEVELS = 10


def frame(channel: str, kind: str, rows: Iterable[Mapping[str, object]], **more: object) -> Row:
    """A data frame: `snapshot` or `update` rows of a channel."""
    return {"channel": channel, "type": kind, "data": list(rows), **more}


# Executions


def execution_row(event: OrderEvent, hostile: Mapping[str, str]) -> Row:
    """The row of one event."""
    ticket = event.ticket
    if event.execution is not None:
        return trade_row(ticket, event.execution, final=False)
    if event.what == "pending_new":
        return _full_row(ticket, "pending_new", "pending_new")
    row: Row = {
        "timestamp": stamp(event.at_us),
        "order_status": _status(ticket),
        "exec_type": event.what,
        **_names(ticket),
        "order_id": ticket.order_id,
    }
    if event.what == "amended":
        row |= {"reason": "User requested", "amended": True, **_terms(ticket)}
        row |= {"cum_qty": _quantity(ticket, ticket.filled)}
    if event.what in ("filled", "canceled", "expired"):
        row |= _totals(ticket)
    if event.what in ("canceled", "expired"):
        reason = hostile.get("reason", ticket.reason)
        row |= {"cancel_reason": reason, "reason": reason} if reason else {}
    return row


def snapshot_row(ticket: Ticket) -> Row:
    """An open order in a snapshot: every field, symbol included."""
    return {**_full_row(ticket, "new", _status(ticket)), **_totals(ticket)}


def trade_row(ticket: Ticket, execution: Execution, *, final: bool) -> Row:
    """An execution. In a snapshot (`final`) it says how the order stands now."""
    listing = LISTINGS[execution.symbol]
    return {
        "order_id": execution.order_id,
        **_names(ticket),
        "exec_id": execution.exec_id,
        "exec_type": "trade",
        "trade_id": execution.trade_id,
        "symbol": execution.symbol,
        "side": str(execution.side),
        "last_qty": places(execution.quantity, listing.lot_decimals),
        "last_price": places(execution.price, listing.pair_decimals),
        "liquidity_ind": "m" if execution.maker else "t",
        "cost": execution.cost,
        "order_status": _status(ticket) if final else "partially_filled",
        "order_type": str(execution.kind),
        "timestamp": stamp(execution.at_us),
        "fee_usd_equiv": execution.fee,
        "fees": [{"asset": listing.quote.code, "qty": execution.fee}],
    }


def _full_row(ticket: Ticket, exec_type: str, status: str) -> Row:
    wish, listing = ticket.wish, LISTINGS[ticket.wish.symbol]
    return {
        "order_id": ticket.order_id,
        "symbol": wish.symbol,
        "order_qty": _quantity(ticket, ticket.working.quantity),
        "cum_cost": places(ticket.cost, listing.cost_decimals),
        "time_in_force": "GTD" if wish.expires_us else str(wish.time_in_force),
        "exec_type": exec_type,
        "side": str(wish.side),
        "order_type": str(wish.kind),
        **_names(ticket),
        **({"post_only": True} if wish.post_only else {}),
        **(_terms(ticket) if wish.kind is Kind.LIMIT else {}),
        "stop_price": places(ZERO, listing.pair_decimals),
        "order_status": status,
        "fee_usd_equiv": places(ticket.fee, listing.cost_decimals),
        "fee_ccy_pref": "fciq",
        "timestamp": stamp(ticket.opened_us),
    }


def _names(ticket: Ticket) -> Row:
    if ticket.wish.client_id:
        return {"cl_ord_id": ticket.wish.client_id}
    return {"order_userref": ticket.wish.reference or 0}


def _terms(ticket: Ticket) -> Row:
    listing, price = LISTINGS[ticket.wish.symbol], ticket.working.price
    row: Row = {"order_qty": _quantity(ticket, ticket.working.quantity)}
    if price is not None:
        row |= {"limit_price": places(price, listing.pair_decimals), "limit_price_type": "static"}
    return row


def _totals(ticket: Ticket) -> Row:
    listing = LISTINGS[ticket.wish.symbol]
    with exactly():
        average = ticket.average
    return {
        "cum_qty": _quantity(ticket, ticket.filled),
        "cum_cost": places(ticket.cost, listing.cost_decimals),
        "fee_usd_equiv": places(ticket.fee, listing.cost_decimals),
        "avg_price": places(average, max(5, listing.pair_decimals)),
    }


def _quantity(ticket: Ticket, quantity: Decimal) -> Decimal:
    return places(quantity, LISTINGS[ticket.wish.symbol].lot_decimals)


def _status(ticket: Ticket) -> str:
    if ticket.status == "open":
        return "partially_filled" if ticket.filled else "new"
    return "filled" if ticket.status == "closed" else ticket.status


# Balances


def balance_row(asset: str, total: Decimal) -> Row:
    """An asset in a balances snapshot."""
    shown = places(total, ASSETS[asset].decimals)
    wallets = [{"type": "spot", "id": "main", "balance": shown}]
    return {"asset": asset, "asset_class": "currency", "balance": shown, "wallets": wallets}


def entry_row(entry: Entry) -> Row:
    """A booking in a balances update."""
    decimals = ASSETS[entry.asset].decimals
    return {
        "ledger_id": entry.entry_id,
        "ref_id": entry.reference,
        "timestamp": stamp(entry.at_us),
        "type": entry.kind,
        "asset": entry.asset,
        "asset_class": "currency",
        "category": entry.kind,
        "wallet_type": "spot",
        "wallet_id": "main",
        "amount": places(entry.amount, decimals),
        "fee": places(entry.fee, decimals),
        "balance": places(entry.balance, decimals),
    }


# Market data


def ticker_row(listing: Listing, stats: DayStats, bids: Levels, asks: Levels, at_us: int) -> Row:
    """Best prices and the session's figures."""
    price = listing.pair_decimals
    bid, ask = ((*side[:1], (ZERO, ZERO))[0] for side in (bids, asks))
    with exactly():
        change = stats.last - stats.open
        percent = change / stats.open * 100
    return {
        "symbol": listing.symbol,
        "bid": places(bid[0], price),
        "bid_qty": places(bid[1], listing.lot_decimals),
        "ask": places(ask[0], price),
        "ask_qty": places(ask[1], listing.lot_decimals),
        "last": places(stats.last, price),
        "volume": places(stats.volume, listing.lot_decimals),
        "vwap": places(stats.average, price),
        "low": places(stats.low, price),
        "high": places(stats.high, price),
        "change": places(change, price),
        "change_pct": places(percent, 2),
        "timestamp": stamp(at_us),
    }


def public_trade_row(trade: PublicTrade) -> Row:
    """A trade as everyone sees it."""
    listing = LISTINGS[trade.symbol]
    return {
        "symbol": trade.symbol,
        "side": str(trade.side),
        "price": places(trade.price, listing.pair_decimals),
        "qty": places(trade.quantity, listing.lot_decimals),
        "ord_type": str(trade.kind),
        "trade_id": trade.trade_id,
        "timestamp": stamp(trade.at_us),
    }


def level_rows(levels: Levels, listing: Listing) -> list[Row]:
    """Levels of a book; a quantity of zero takes a level away."""
    return [
        {
            "price": places(price, listing.pair_decimals),
            "qty": places(quantity, listing.lot_decimals),
        }
        for price, quantity in levels
    ]


def checksum(bids: Levels, asks: Levels, listing: Listing) -> int:
    """CRC32 over the ten best asks, then bids: digits without point or leading zeros."""

    def digits(value: Decimal, decimals: int) -> str:
        return format(places(value, decimals), "f").replace(".", "").lstrip("0")

    text = "".join(
        digits(price, listing.pair_decimals) + digits(quantity, listing.lot_decimals)
        for side in (asks, bids)
        for price, quantity in side[:CHECKED_LEVELS]
    )
    return crc32(text.encode())
