"""REST rows: what Kraken says of orders, trades, ledger entries and tickers.

The one rule: every number that is money is text with the venue's own number of decimals, and
every time is seconds since 1970 with six.
"""

from collections.abc import Iterable
from decimal import Decimal

from domain.money import ZERO, canonical, exactly
from domain.orders import Kind
from tests.wire.book_keeping import Entry
from tests.wire.encode import fixed, places, seconds
from tests.wire.kraken.assets import ASSETS, LISTINGS, Listing
from tests.wire.orders import Execution, PublicTrade, Ticket, Wish

PRICE_DECIMALS = 5


def price_text(price: Decimal, listing: Listing) -> str:
    """A price in trades and tickers: at least five decimals."""
    return fixed(price, max(PRICE_DECIMALS, listing.pair_decimals))


def description(wish: Wish, quantity: Decimal, price: Decimal | None) -> str:
    """`buy 0.00100000 XBTUSD @ limit 60000.0`, the text that Kraken gives every order."""
    listing = LISTINGS[wish.symbol]
    terms = "market" if price is None else f"limit {places(price, listing.pair_decimals)}"
    volume = places(quantity, listing.lot_decimals)
    return f"{wish.side} {volume} {listing.altname} @ {terms}"


def order_row(ticket: Ticket, *, trades: bool, hostile: dict[str, str]) -> dict[str, object]:
    """An order as OpenOrders, ClosedOrders and QueryOrders list it."""
    listing = LISTINGS[ticket.wish.symbol]
    cost_places = listing.cost_decimals
    nothing = fixed(ZERO, cost_places)
    row: dict[str, object] = {
        "refid": None,
        "userref": ticket.wish.reference,
        **({"cl_ord_id": ticket.wish.client_id} if ticket.wish.client_id else {}),
        "status": ticket.status,
        "opentm": seconds(ticket.opened_us),
        "starttm": 0,
        "expiretm": ticket.wish.expires_us // 1_000_000,
        "descr": _described(ticket, hostile.get("descr", "")),
        "vol": fixed(ticket.working.quantity, listing.lot_decimals),
        "vol_exec": fixed(ticket.filled, listing.lot_decimals),
        "cost": fixed(ticket.cost, cost_places),
        "fee": fixed(ticket.fee, cost_places),
        "price": fixed(_average(ticket), cost_places),
        "stopprice": nothing,
        "limitprice": nothing,
        "misc": hostile.get("misc", "amended" if ticket.amended else ""),
        "oflags": "post,fciq" if ticket.wish.post_only else "fciq",
        "time_in_force": ticket.wish.time_in_force.lower(),
    }
    if ticket.status != "open":
        row["reason"] = hostile.get("reason", ticket.reason) or None
        row["closetm"] = seconds(ticket.closed_us)
    if trades and ticket.executions:
        row["trades"] = [execution.exec_id for execution in ticket.executions]
    return row


def _described(ticket: Ticket, hostile: str) -> dict[str, object]:
    wish, limit, listing = ticket.wish, ticket.working.price, LISTINGS[ticket.wish.symbol]
    return {
        "pair": listing.altname,
        "aclass": "forex",
        "type": str(wish.side),
        "ordertype": str(wish.kind),
        "price": "0" if limit is None else fixed(limit, listing.pair_decimals),
        "price2": "0",
        "leverage": "none",
        "order": description(wish, ticket.working.quantity, limit) + hostile,
        "close": "",
    }


def _average(ticket: Ticket) -> Decimal:
    with exactly():
        return ticket.average


def trade_row(execution: Execution, *, ledgers: bool) -> dict[str, object]:
    """An execution as TradesHistory and QueryTrades list it."""
    listing = LISTINGS[execution.symbol]
    row: dict[str, object] = {
        "ordertxid": execution.order_id,
        "postxid": "TKH2SE-M7IF5-CFI7LT",
        "pair": listing.rest,
        "aclass": "forex",
        "time": seconds(execution.at_us),
        "type": str(execution.side),
        "ordertype": str(execution.kind),
        "price": price_text(execution.price, listing),
        "cost": format(execution.cost, "f"),
        "fee": format(execution.fee, "f"),
        "vol": fixed(execution.quantity, listing.lot_decimals),
        "margin": fixed(ZERO, listing.cost_decimals),
        "leverage": "0",
        "misc": "",
        "trade_id": execution.trade_id,
        "maker": execution.maker,
    }
    if ledgers:
        row["ledgers"] = list(execution.entries)
    return row


def entry_row(entry: Entry) -> dict[str, object]:
    """A booking as Ledgers lists it. The balance moves by amount less fee."""
    asset = ASSETS[entry.asset]
    return {
        "refid": entry.reference,
        "time": seconds(entry.at_us),
        "type": entry.kind,
        "subtype": "",
        "aclass": "currency",
        "asset": asset.rest,
        "amount": fixed(entry.amount, asset.decimals),
        "fee": fixed(entry.fee, asset.decimals),
        "balance": fixed(entry.balance, asset.decimals),
    }


def public_trade_row(trade: PublicTrade) -> list[object]:
    """`[price, volume, time, b or s, m or l, misc, trade id]`."""
    listing = LISTINGS[trade.symbol]
    return [
        price_text(trade.price, listing),
        fixed(trade.quantity, listing.lot_decimals),
        seconds(trade.at_us),
        trade.side[0],
        "m" if trade.kind is Kind.MARKET else "l",
        "",
        trade.trade_id,
    ]


def depth_rows(
    levels: Iterable[tuple[Decimal, Decimal]], listing: Listing, at_us: int
) -> list[list[object]]:
    """`[price, volume, time]` from the best outwards."""
    return [
        [price_text(price, listing), fixed(quantity, 3), at_us // 1_000_000]
        for price, quantity in levels
    ]


def fee_row(tiers: tuple[tuple[int, str], ...], volume: Decimal) -> dict[str, object]:
    """One pair's fee in percent, as TradeVolume tells it."""
    at = max(n for n, (least, _) in enumerate(tiers) if volume >= least)
    following = tiers[at + 1] if at + 1 < len(tiers) else None
    return {
        "fee": fixed(Decimal(tiers[at][1]), 4),
        "minfee": fixed(Decimal(tiers[-1][1]), 4),
        "maxfee": fixed(Decimal(tiers[0][1]), 4),
        "nextfee": None if following is None else fixed(Decimal(following[1]), 4),
        "tiervolume": fixed(Decimal(tiers[at][0]), 4),
        "nextvolume": None if following is None else canonical(Decimal(following[0])),
    }
