"""Gate's dialect: its error labels, the shapes of its answers, and its row.

Sources: www.gate.com/docs/developers/apiv4, and `ccxt.pro.gate` 4.5.90. The one rule: our ids
stand behind `t-` wherever Gate shows or takes them.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.orders import Final
from domain.ports import VenueTraits
from venues.budget import Pace
from venues.ccxt_news import Confirmed, News
from venues.ccxt_row import DAY_US, Cancels, MarginWallet, Paging, Quirks, TapeRow
from venues.ccxt_sayings import Cause, Saying, Verdict
from venues.ccxt_shapes import Shape
from venues.ccxt_words import coded

_NO, _DOUBT = Verdict.REJECTED, Verdict.IN_DOUBT
_BEFORE_LOCKOUT_S = 30

# An error reads "<label> <message>"; the first row whose text begins it decides.
SAYINGS = (
    Saying("ORDER_NOT_FOUND", _NO, Cause.NOT_FOUND),
    Saying("CLIENT_ID_NOT_FOUND", _NO, Cause.NOT_FOUND),
    Saying("ORDER_CLOSED", _NO, Cause.NOT_FOUND),
    Saying("ORDER_CANCELLED", _NO, Cause.NOT_FOUND),
    Saying("BALANCE_NOT_ENOUGH", _NO, Cause.FUNDS),
    Saying("MARGIN_BALANCE_NOT_ENOUGH", _NO, Cause.FUNDS),
    Saying("INSUFFICIENT_AVAILABLE", _NO, Cause.FUNDS),
    Saying("AUTHENTICATION_FAILED", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("INVALID_KEY", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("INVALID_SIGNATURE", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("INVALID_CREDENTIALS", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("MISSING_REQUIRED_HEADER", _NO, Cause.KEY),
    Saying("REQUEST_EXPIRED", _NO, Cause.CLOCK),
    Saying("IP_FORBIDDEN", _NO, Cause.ADDRESS, pause_s=_BEFORE_LOCKOUT_S),
    Saying("READ_ONLY", _NO, Cause.PERMISSION),
    Saying("FORBIDDEN", _NO, Cause.PERMISSION),
    Saying("SUB_ACCOUNT_", _NO, Cause.ACCOUNT),
    Saying("ACCOUNT_LOCKED", _NO, Cause.ACCOUNT),
    Saying("ACCOUNT_EXCEPTION", _NO, Cause.ACCOUNT),
    Saying("API_WITHDRAW_DISABLED", _NO, Cause.PERMISSION),
    Saying("USER_NOT_FOUND", _NO, Cause.ACCOUNT),
    Saying("TOO_MANY_REQUESTS", _DOUBT, Cause.RATE, pause_s=10),
    Saying("TOO_FAST", _NO, Cause.RATE, pause_s=2),
    Saying("TOO_BUSY", _DOUBT, Cause.RATE, pause_s=5),
    Saying("TOO_MANY_ORDERS", _NO, Cause.REQUEST),
    Saying("POC_FILL_IMMEDIATELY", _NO, Cause.REQUEST),
    Saying("FOK_NOT_FILL", _NO, Cause.REQUEST),
    Saying("INVALID_", _NO, Cause.REQUEST),
    Saying("MISSING_REQUIRED_PARAM", _NO, Cause.REQUEST),
    Saying("BAD_REQUEST", _NO, Cause.REQUEST),
    Saying("NOT_FOUND", _NO, Cause.REQUEST),
    Saying("MIXED_ACCOUNT_TYPE", _NO, Cause.REQUEST),
    Saying("NO_CHANGE", _NO, Cause.REQUEST),
    Saying("PRICE_", _NO, Cause.REQUEST),
    Saying("NOT_ACCEPTABLE", _NO, Cause.REQUEST),
    Saying("METHOD_NOT_ALLOWED", _NO, Cause.REQUEST),
    Saying("AMOUNT_TOO_", _NO, Cause.REQUEST),
    Saying("QUANTITY_NOT_ENOUGH", _NO, Cause.REQUEST),
    Saying("TRADE_RESTRICTED", _NO, Cause.ACCOUNT),
    Saying("DUPLICATE_REQUEST", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("REPEATED_CREATION", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("INTERNAL", _DOUBT, Cause.MAINTENANCE),
    Saying("SERVER_ERROR", _DOUBT, Cause.MAINTENANCE),
)

_ORDER = ("id", "currency_pair", "status")
SHAPES: Mapping[str, Shape] = {
    "GET currency_pairs": Shape(rows=True, counted=False),
    "GET tickers": Shape(rows=True, counted=False),
    "GET trades": Shape(rows=True, needs=("id", "price", "amount", "side")),
    "GET accounts": Shape(rows=True, needs=("currency", "available", "locked")),
    "GET open_orders": Shape(rows=True, groups="orders", needs=("currency_pair", "total")),
    "GET orders": Shape(rows=True, needs=_ORDER),
    "GET my_trades": Shape(rows=True, needs=("id", "order_id", "fee", "fee_currency")),
    "GET orders/{order_id}": Shape(needs=_ORDER),
    "POST orders": Shape(needs=("id",)),
    "DELETE orders/{order_id}": Shape(needs=("id",)),
    "DELETE orders": Shape(rows=True, counted=False),
    "GET deposits": Shape(rows=True, needs=("currency", "amount")),
    "GET withdrawals": Shape(rows=True, needs=("id", "currency", "amount")),
    "GET futures:{settle}/accounts": Shape(needs=("currency", "total", "unrealised_pnl")),
}

# Its `total` is without the gains and losses of open positions.
_FUTURES = MarginWallet(
    method="private_futures_get_settle_accounts",
    calls=({"settle": "usdt"},),
    asset="currency",
    wallet="total",
    unrealised="unrealised_pnl",
)
MARGINS: Mapping[str, MarginWallet] = {
    "futures": _FUTURES,
    "coin-futures": replace(_FUTURES, calls=({"settle": "btc"},)),
}

# How an order ended, where ccxt passes on Gate's own word.
_ENDED = (
    "poc", "fok", "stp", "small", "depth_not_enough", "trader_not_enough", "reduce_only",
    "liquidate_cancelled", "price_protect_cancelled", "auto_deleveraging", "position_close",
)  # fmt: skip


def codes(body: str) -> tuple[str, ...]:
    """The error of an answer, "<label> <message>"; () when it is none of Gate's own."""
    return coded(body, _is_label, code="label", words=("message", "detail"))


def _is_label(label: Any, _: str) -> bool:
    return isinstance(label, str) and bool(label)


def answer(message: Any) -> News | None:
    """What a frame says of a channel; a no is ccxt's to read, with its error table."""
    told = message if isinstance(message, dict) else {}
    if told.get("event") != "subscribe" or told.get("error"):
        return None
    return Confirmed(str(told.get("channel")))


_MONTH = 29 * DAY_US

GATE = Quirks(
    traits=VenueTraits(
        venue="gate",
        amends=False,
        sandbox=True,
        # A signed request is good for a minute.
        recv_window_us=60_000_000,
        heartbeat_us=10_000_000,
    ),
    trades=True,
    answer=answer,
    tape=TapeRow(page=1_000, channel="spot.trades"),
    channels=frozenset({"spot.orders", "spot.usertrades", "spot.balances"}),
    pace=Pace(20, 15.0),
    public_pace=Pace(40, 15.0),
    options={
        "unifiedAccount": False,
        "fetchMarkets": {"types": ["spot"]},
        "watchBalance": {"fetchBalanceSnapshot": True, "awaitBalanceSnapshot": True},
    },
    sayings=SAYINGS,
    codes=codes,
    shapes=SHAPES,
    margins=MARGINS,
    longest_client_id=26,  # 28 with the prefix
    client_id_field="text",
    client_id_prefix="t-",
    filled_field="filled_amount",
    asks_by_client_id=True,
    cancels=Cancels.AS_ID,
    market_buys=False,
    by_symbol=frozenset({"fetch_order"}),
    statuses=dict.fromkeys(_ENDED, Final.CANCELED),
    order_pages=Paging(limit=100, window_us=_MONTH),
    trade_pages=Paging(limit=1000, window_us=_MONTH),
    movement_pages={
        "fetch_deposits": Paging(limit=500, window_us=_MONTH),
        "fetch_withdrawals": Paging(limit=500, window_us=_MONTH),
    },
)
