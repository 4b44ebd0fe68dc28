"""MEXC's dialect: its error codes, the shapes of its answers, and its row.

Sources: mexcdevelop.github.io/apidocs/spot_v3_en, and `ccxt.pro.mexc` 4.5.90. The one rule:
the code decides; MEXC keeps fills for a month, and what is older is told by nobody.
"""

from collections.abc import Mapping
from typing import Any

from domain.ports import VenueTraits
from domain.text import clean
from venues.budget import Pace
from venues.ccxt_news import Confirmed, Denied, News
from venues.ccxt_row import DAY_US, MarginWallet, Paging, Quirks
from venues.ccxt_sayings import Cause, Saying, Verdict
from venues.ccxt_shapes import Shape
from venues.ccxt_words import coded

_NO, _DOUBT = Verdict.REJECTED, Verdict.IN_DOUBT
_BEFORE_LOCKOUT_S = 30
_GOOD = (0, 200)
_CHANNELS = frozenset({"spot@private.orders.v3.api.pb", "spot@private.account.v3.api.pb"})

# An error reads "<code> <msg>"; the first row whose text begins it decides.
SAYINGS = (
    Saying("-1121 ", _NO, Cause.REQUEST),
    Saying("-1128 ", _NO, Cause.REQUEST),
    Saying("-2011 ", _NO, Cause.NOT_FOUND),
    Saying("-2013 ", _NO, Cause.NOT_FOUND),
    Saying("22222 ", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("10001 ", _NO, Cause.KEY),
    Saying("10007 ", _NO, Cause.REQUEST),
    Saying("10072 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("10073 ", _NO, Cause.CLOCK),
    Saying("10095 ", _NO, Cause.REQUEST),
    Saying("10096 ", _NO, Cause.REQUEST),
    Saying("10097 ", _NO, Cause.REQUEST),
    Saying("10101 ", _NO, Cause.FUNDS),
    Saying("30000 ", _NO, Cause.REQUEST),
    Saying("30001 ", _NO, Cause.REQUEST),
    Saying("30002 ", _NO, Cause.REQUEST),
    Saying("30003 ", _NO, Cause.REQUEST),
    Saying("30004 ", _NO, Cause.FUNDS),
    Saying("30005 ", _NO, Cause.FUNDS),
    Saying("30010 ", _NO, Cause.REQUEST),
    Saying("30014 ", _NO, Cause.REQUEST),
    Saying("30016 ", _NO, Cause.MAINTENANCE),  # trading is suspended
    Saying("30018 ", _NO, Cause.ACCOUNT),  # no orders for now: ask the venue
    Saying("30019 ", _NO, Cause.ACCOUNT),
    Saying("30020 ", _NO, Cause.ACCOUNT),
    Saying("30021 ", _NO, Cause.REQUEST),
    Saying("30025 ", _NO, Cause.NOT_FOUND),
    Saying("30026 ", _NO, Cause.NOT_FOUND),
    Saying("30027 ", _NO, Cause.REQUEST),
    Saying("30028 ", _NO, Cause.REQUEST),
    Saying("30029 ", _NO, Cause.REQUEST),
    Saying("30032 ", _NO, Cause.REQUEST),
    Saying("30041 ", _NO, Cause.REQUEST),
    Saying("30087 ", _NO, Cause.REQUEST),
    Saying("10098 ", _NO, Cause.ACCOUNT),
    Saying("10099 ", _NO, Cause.ACCOUNT),
    Saying("11444 ", _DOUBT, Cause.MAINTENANCE),
    Saying("140002 ", _NO, Cause.ACCOUNT),
    Saying("70011 ", _NO, Cause.PERMISSION),
    Saying("60005 ", _NO, Cause.ACCOUNT),
    Saying("700001 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("700002 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("700003 ", _NO, Cause.CLOCK),
    Saying("700004 ", _NO, Cause.REQUEST),
    Saying("700005 ", _NO, Cause.REQUEST),
    Saying("700006 ", _NO, Cause.ADDRESS, pause_s=_BEFORE_LOCKOUT_S),
    Saying("700007 ", _NO, Cause.PERMISSION),
    Saying("700008 ", _NO, Cause.REQUEST),
    Saying("700013 ", _NO, Cause.REQUEST),
    Saying("730001 ", _NO, Cause.REQUEST),
    Saying("730100 ", _NO, Cause.ACCOUNT),
    Saying("400 ", _NO, Cause.REQUEST),
    Saying("401 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("402 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),  # the key has expired
    Saying("403 ", _NO, Cause.PERMISSION),
    Saying("406 ", _NO, Cause.ADDRESS, pause_s=_BEFORE_LOCKOUT_S),
    Saying("429 ", _DOUBT, Cause.RATE, pause_s=10, for_all=True),
    Saying("500 ", _DOUBT, Cause.MAINTENANCE),
    Saying("501 ", _DOUBT, Cause.MAINTENANCE),
    Saying("503 ", _DOUBT, Cause.MAINTENANCE),
    Saying("504 ", _DOUBT, Cause.TIMEOUT),
    Saying("510 ", _DOUBT, Cause.RATE, pause_s=10, for_all=True),
    Saying("511 ", _NO, Cause.PERMISSION),
    Saying("602 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("604 ", _DOUBT, Cause.MAINTENANCE),
    Saying("701 ", _NO, Cause.PERMISSION),
    Saying("702 ", _NO, Cause.PERMISSION),
    Saying("703 ", _NO, Cause.PERMISSION),
    Saying("704 ", _NO, Cause.PERMISSION),
    Saying("801 ", _DOUBT, Cause.MAINTENANCE),
)

_ORDER = ("orderId", "symbol", "status")
SHAPES: Mapping[str, Shape] = {
    "GET exchangeInfo": Shape(at="symbols", rows=True, counted=False),
    "GET account": Shape(at="balances", rows=True, needs=("asset", "free", "locked")),
    "GET openOrders": Shape(rows=True, needs=_ORDER),
    "GET allOrders": Shape(rows=True, needs=_ORDER),
    "GET myTrades": Shape(rows=True, needs=("id", "orderId", "commission", "commissionAsset")),
    "GET order": Shape(needs=_ORDER),
    "POST order": Shape(needs=("orderId",)),
    "DELETE order": Shape(needs=("orderId",)),
    "GET capital/deposit/hisrec": Shape(rows=True, needs=("amount", "coin")),
    "GET capital/withdraw/history": Shape(rows=True, needs=("id", "amount", "coin")),
    "GET futures:account/assets": Shape(
        at="data", rows=True, counted=False, needs=("currency", "equity", "unrealized")
    ),
}

MARGINS: Mapping[str, MarginWallet] = {
    "futures": MarginWallet(
        method="contract_private_get_account_assets",
        at="data",
        asset="currency",
        equity="equity",
        unrealised="unrealized",
    )
}

# Request weights, as calls of weight 5; 500 of weight in ten seconds.
_COSTS: Mapping[str, float] = {
    "order": 0.4,
    "time": 0.2,
    "account": 2,
    "myTrades": 2,
    "allOrders": 2,
    "openOrders": 0.6,
    "exchangeInfo": 2,
    "ticker/24hr": 8,
}


def codes(body: str) -> tuple[str, ...]:
    """The error of an answer, "<code> <msg>"; () when it is none of MEXC's own."""
    return coded(body, lambda code, _: type(code) is int and code not in _GOOD)


def answer(message: Any) -> News | None:
    """What a frame says of a channel; ccxt does not look at it when it says no."""
    told = message if isinstance(message, dict) else {}
    words = clean(told.get("msg"))
    if words in _CHANNELS:
        return Confirmed(words)
    return Denied(words) if words.startswith("Not Subscribed") else None


_WEEK = 7 * DAY_US

MEXC = Quirks(
    traits=VenueTraits(
        venue="mexc",
        price_stream=False,  # ccxt has none of its spot prices
        cancel_all=False,  # its API has it for one symbol only
        amends=False,
        recv_window_us=5_000_000,
        heartbeat_us=10_000_000,
    ),
    trades=True,
    # Its fills have other names on the stream than in its lists: each would be booked twice.
    watches=("watchOrders", "watchBalance"),
    answer=answer,
    channels=_CHANNELS,
    pace=Pace(50, 8.0),
    public_pace=Pace(50, 8.0),
    costs=_COSTS,
    options={"recvWindow": 5000},
    sayings=SAYINGS,
    codes=codes,
    shapes=SHAPES,
    margins=MARGINS,
    longest_client_id=32,
    client_id_field="clientOrderId",
    asks_by_client_id=True,
    by_symbol=frozenset({"fetch_order", "fetch_orders", "fetch_my_trades"}),
    ended_orders="fetch_orders",
    order_pages=Paging(limit=1000, window_us=_WEEK),
    trade_pages=Paging(limit=100, window_us=_WEEK),
    reach_us=29 * DAY_US,
    movement_pages={
        "fetch_deposits": Paging(limit=1000, window_us=_WEEK, until="endTime"),
        "fetch_withdrawals": Paging(limit=1000, window_us=_WEEK, until="endTime"),
    },
)
