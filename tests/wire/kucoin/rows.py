"""REST rows: what KuCoin says of orders, fills, wallets and transfers.

The one rule: every number that is money is text without trailing zeros (transfers excepted,
which carry eight decimals), and every time is milliseconds since 1970.
"""

from collections.abc import Mapping
from decimal import Decimal

from domain.money import ZERO, exactly
from domain.orders import Kind
from tests.wire.encode import fixed
from tests.wire.kucoin.assets import LISTINGS, text
from tests.wire.kucoin.keys import uid_of
from tests.wire.orders import Execution, PublicTrade, Ticket
from tests.wire.stats import DayStats
from tests.wire.venue import Transfer

Row = dict[str, object]
Levels = list[tuple[Decimal, Decimal]]


def millis(at_us: int) -> int:
    """Milliseconds since 1970."""
    return at_us // 1000


def touched_us(ticket: Ticket) -> int:
    """When an order last changed."""
    last = ticket.executions[-1].at_us if ticket.executions else 0
    return max(ticket.opened_us, last, ticket.closed_us)


def order_row(ticket: Ticket, hostile: Mapping[str, str]) -> Row:
    """An order as the lists and look-ups of `/api/v1/hf/orders` tell it."""
    wish, working = ticket.wish, ticket.working
    listing, limit = LISTINGS[wish.symbol], wish.price or ZERO
    is_open = ticket.status == "open"
    lasts_s = max(0, wish.expires_us - ticket.opened_us + 500_000) // 1_000_000
    left = working.quantity - ticket.filled
    with exactly():
        funds = limit * working.quantity
        rest = funds - ticket.cost if limit else ZERO
    return {
        "id": ticket.order_id,
        "clientOid": wish.client_id or None,
        "symbol": listing.market_id,
        "opType": "DEAL",
        "type": str(wish.kind),
        "side": str(wish.side),
        "price": text(limit),
        "size": text(working.quantity),
        "funds": text(funds),
        "dealSize": text(ticket.filled),
        "dealFunds": text(ticket.cost),
        "remainSize": text(left if is_open else ZERO),
        "remainFunds": text(rest),
        "cancelledSize": text(ZERO if is_open else left),
        "cancelledFunds": text(ZERO if is_open else rest),
        "fee": text(ticket.fee),
        "feeCurrency": listing.quote,
        "stp": None,
        "timeInForce": "GTT" if lasts_s else str(wish.time_in_force),
        "postOnly": wish.post_only,
        "hidden": False,
        "iceberg": False,
        "visibleSize": "0",
        "cancelAfter": lasts_s,
        "channel": "API" if wish.via == "api" else "WEB",
        "remark": hostile.get("misc"),
        "tags": hostile.get("descr"),
        "cancelExist": ticket.status not in ("open", "closed"),
        "tradeType": "TRADE",
        "inOrderBook": is_open and wish.kind is Kind.LIMIT,
        "active": is_open,
        "tax": "0",
        "createdAt": millis(ticket.opened_us),
        "lastUpdatedAt": millis(touched_us(ticket)),
    }


def fill_row(execution: Execution, number: int, counterpart: str, rate: Decimal) -> Row:
    """An execution as `/api/v1/hf/fills` lists it; `number` is what pages go by."""
    listing = LISTINGS[execution.symbol]
    return {
        "id": number,
        "symbol": listing.market_id,
        "tradeId": execution.trade_id,
        "orderId": execution.order_id,
        "counterOrderId": counterpart,
        "side": str(execution.side),
        "liquidity": "maker" if execution.maker else "taker",
        "forceTaker": False,
        "price": text(execution.price),
        "size": text(execution.quantity),
        "funds": text(execution.cost),
        "fee": text(execution.fee),
        "feeRate": text(rate),
        "feeCurrency": listing.quote,
        "stop": "",
        "tradeType": "TRADE",
        "taxRate": "0",
        "tax": "0",
        "type": str(execution.kind),
        "createdAt": millis(execution.at_us),
    }


def wallet_row(owner: str, asset: str, kind: str, total: Decimal, held: Decimal) -> Row:
    """One currency of one wallet, as `/api/v1/accounts` lists it."""
    with exactly():
        free = total - held
    return {
        "id": f"{uid_of(owner + asset + kind)}",
        "currency": asset,
        "type": kind,
        "balance": text(total),
        "available": text(free),
        "holds": text(held),
    }


def transfer_row(transfer: Transfer) -> Row:
    """A deposit (which has no id at KuCoin) or a withdrawal."""
    row: Row = {
        "currency": transfer.asset,
        "chain": transfer.network,
        "status": transfer.status,
        "address": transfer.address,
        "memo": transfer.tag,
        "isInner": False,
        "amount": fixed(transfer.amount, 8),
        "fee": fixed(transfer.fee, 8),
        "walletTxId": transfer.txid or None,
        "createdAt": millis(transfer.at_us),
        "updatedAt": millis(transfer.touched_us or transfer.at_us),
        "remark": "",
    }
    if transfer.kind == "withdrawal":
        return {"id": transfer.reference, **row}
    # A deposit is known by its transaction alone.
    return {**row, "walletTxId": transfer.txid or transfer.reference, "arrears": False}


def stats_row(symbol: str, stats: DayStats, bids: Levels, asks: Levels) -> Row:
    """A pair's session, as `/api/v1/market/stats` and `allTickers` tell it."""
    with exactly():
        change = stats.last - stats.open
        rate = change / stats.open
    return {
        "symbol": LISTINGS[symbol].market_id,
        "buy": text(bids[0][0]) if bids else None,
        "sell": text(asks[0][0]) if asks else None,
        "changeRate": fixed(rate, 4),
        "changePrice": text(change),
        "high": text(stats.high),
        "low": text(stats.low),
        "vol": text(stats.volume),
        "volValue": text(stats.value),
        "last": text(stats.last),
        "averagePrice": fixed(stats.average, 8),
        "takerFeeRate": "0.001",
        "makerFeeRate": "0.001",
        "takerCoefficient": "1",
        "makerCoefficient": "1",
    }


def public_trade_row(trade: PublicTrade) -> Row:
    """A trade as everyone sees it; the time in nanoseconds."""
    return {
        "sequence": str(trade.trade_id),
        "price": text(trade.price),
        "size": text(trade.quantity),
        "side": str(trade.side),
        "time": trade.at_us * 1000,
    }


def level_rows(levels: Levels) -> list[list[str]]:
    """`[price, size]` from the best outwards."""
    return [[text(price), text(quantity)] for price, quantity in levels]
