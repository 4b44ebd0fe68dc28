"""Binance's dialect, which Binance.US speaks too: error codes, shapes, and both rows.

Sources: developers.binance.com/docs/binance-spot-api-docs (rest-api, errors), the same pages
of docs.binance.us, and `ccxt.pro.binance` 4.5.90. The one rule: the code decides, and for
-2010 and -2011, which mean anything, its words.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from domain.ports import VenueTraits
from venues.budget import Allowance, Pace
from venues.ccxt_news import Confirmed, News
from venues.ccxt_row import DAY_US, MarginWallet, Paging, Quirks, TapeRow
from venues.ccxt_sayings import Cause, Saying, Verdict
from venues.ccxt_shapes import Shape
from venues.ccxt_words import coded

_NO, _DOUBT = Verdict.REJECTED, Verdict.IN_DOUBT
_BEFORE_LOCKOUT_S = 30
_MINUTE_US = 60_000_000
_WEIGHT_DIGITS = 9
_BANNED = re.compile(r"banned until (\d{13})\b")

# An error reads "<code> <msg>"; the first row whose text begins it decides.
SAYINGS = (
    Saying("-1000 ", _DOUBT, Cause.MAINTENANCE),
    Saying("-1001 ", _DOUBT, Cause.MAINTENANCE),  # "disconnected": the order may be there
    Saying("-1002 ", _NO, Cause.PERMISSION),
    Saying("-1003 ", _DOUBT, Cause.RATE, pause_s=60, for_all=True),
    Saying("-1004 ", _DOUBT, Cause.MAINTENANCE),
    Saying("-1006 ", _DOUBT, Cause.TIMEOUT),
    Saying("-1007 ", _DOUBT, Cause.TIMEOUT),
    Saying("-1008 ", _DOUBT, Cause.RATE, pause_s=5),
    Saying("-1013 ", _NO, Cause.REQUEST),
    Saying("-1015 ", _NO, Cause.RATE, pause_s=10),  # too many orders: this one was not taken
    Saying("-1016 ", _DOUBT, Cause.MAINTENANCE),
    Saying("-1021 ", _NO, Cause.CLOCK),
    Saying("-1022 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("-1099 ", _NO, Cause.PERMISSION),
    Saying("-10", _NO, Cause.REQUEST),
    Saying("-11", _NO, Cause.REQUEST),
    Saying("-2008 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("-2010 Duplicate order", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("-2010 Account has insufficient", _NO, Cause.FUNDS),
    Saying("-2010 This action is disabled on this account", _NO, Cause.ACCOUNT),
    Saying("-2010 ", _NO, Cause.REQUEST),
    Saying("-2011 Unknown order", _NO, Cause.NOT_FOUND),
    Saying("-2011 Order was not canceled due to cancel restrictions", _NO, Cause.REQUEST),
    Saying("-2011 ", _NO, Cause.NOT_FOUND),
    Saying("-2013 ", _NO, Cause.NOT_FOUND),
    Saying("-2014 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    # Of a key, an address and a permission Binance does not say which.
    Saying("-2015 ", _NO, Cause.KEY, pause_s=_BEFORE_LOCKOUT_S),
    Saying("-2016 ", _NO, Cause.REQUEST),
    Saying("-2026 ", _NO, Cause.NOT_FOUND),
    Saying("-3000 ", _DOUBT, Cause.MAINTENANCE),
    Saying("-3001 ", _NO, Cause.ACCOUNT),  # a second factor must be set up first
    Saying("-3022 ", _NO, Cause.ACCOUNT),
    Saying("-3044 ", _DOUBT, Cause.MAINTENANCE),
    Saying("-3", _NO, Cause.REQUEST),
    Saying("-4004 ", _NO, Cause.KEY),
    Saying("-4005 ", _DOUBT, Cause.RATE, pause_s=60),
    Saying("-4", _NO, Cause.REQUEST),
    Saying("0 Service unavailable from a restricted", _NO, Cause.ADDRESS, pause_s=60),
    Saying("-9000 ", _DOUBT, Cause.MAINTENANCE),
)

_ORDER = ("orderId", "symbol", "status")
SHAPES: Mapping[str, Shape] = {
    "GET exchangeInfo": Shape(at="symbols", rows=True, counted=False),
    "GET ticker/24hr": Shape(rows=True, counted=False),
    "GET trades": Shape(rows=True, needs=("id", "price", "qty", "time")),
    "GET account": Shape(at="balances", rows=True, needs=("asset", "free", "locked")),
    "GET openOrders": Shape(rows=True, needs=_ORDER),
    "GET allOrders": Shape(rows=True, needs=_ORDER),
    "GET myTrades": Shape(rows=True, needs=("id", "orderId", "commission", "commissionAsset")),
    "GET order": Shape(needs=_ORDER),
    "POST order": Shape(needs=("orderId", "clientOrderId")),
    "DELETE order": Shape(needs=("orderId",)),
    "GET capital/deposit/hisrec": Shape(rows=True, needs=("id", "amount", "coin")),
    "GET capital/withdraw/history": Shape(rows=True, needs=("id", "amount", "coin")),
    "GET futures:account": Shape(
        at="assets", rows=True, counted=False, needs=("asset", "walletBalance", "unrealizedProfit")
    ),
}

# Both tell, per asset, what lies in the wallet and the profit of open positions apart.
_FUTURES = MarginWallet(
    method="fapiprivatev3_get_account",
    at="assets",
    asset="asset",
    wallet="walletBalance",
    unrealised="unrealizedProfit",
)
MARGINS: Mapping[str, MarginWallet] = {
    "futures": _FUTURES,
    "coin-futures": replace(_FUTURES, method="dapiprivate_get_account"),
}

# Request weights, as calls of weight 10.
_COSTS: Mapping[str, float] = {
    "order": 0.4,
    "time": 0.1,
    "account": 2,
    "myTrades": 2,
    "allOrders": 2,
    "openOrders": 8,
    "exchangeInfo": 2,
    "ticker/24hr": 4,
    "depth": 5,
    "trades": 2.5,
}


def codes(body: str) -> tuple[str, ...]:
    """The error of an answer, "<code> <msg>"; () when it is none of Binance's own."""
    return coded(body, _is_error)


def _is_error(code: Any, words: str) -> bool:
    # 0 with words: what HTTP 451 says to whoever asks from a restricted country.
    return type(code) is int and (code < 0 or (code == 0 and bool(words)))


def answer(message: Any) -> News | None:
    """What a frame says of the one subscription; a no is ccxt's to read, with its error table."""
    told = message if isinstance(message, dict) else {}
    result = told.get("result")
    return Confirmed("*") if isinstance(result, dict) and "subscriptionId" in result else None


def _subscribed(message: Any) -> News | None:
    """What a frame says of a public subscription: `{"result": null, "id": 1}` is a yes."""
    told = message if isinstance(message, dict) else {}
    return Confirmed("*") if {"result", "id"} <= told.keys() and told["result"] is None else None


def silent_until_us(code: str) -> int:
    """When calls are welcome again: "IP banned until <unix milliseconds>"; 0 if not told."""
    told = _BANNED.search(code)
    return int(told[1]) * 1_000 if told else 0


def allowance(limit: int, header: Callable[[str], str], now_us: int) -> Allowance | None:
    """What is left of the weight that an address may use in each minute of the clock."""
    used = header("X-MBX-USED-WEIGHT-1M")
    if not used.isdecimal() or len(used) > _WEIGHT_DIGITS:
        return None
    return Allowance(limit - int(used), limit, _MINUTE_US - now_us % _MINUTE_US)


BINANCE = Quirks(
    traits=VenueTraits(
        venue="binance",
        cancel_all=False,  # it cancels the orders of one symbol only
        amends=False,
        sandbox=True,
        recv_window_us=5_000_000,
        heartbeat_us=10_000_000,
    ),
    answer=answer,
    tape=TapeRow(page=1_000, answer=_subscribed),
    book_levels=1_000,  # changes of levels that were never told are lost
    ticker_params={"name": "ticker"},  # ccxt's habit is the small one, without the best prices
    # It adds up the fees of an order's fills, and stumbles over an asset that it does not know.
    forgets_orders=True,
    keep_alive_ms=10_000,  # ccxt's 180 s would notice a dead socket after six minutes (trap 13)
    trades=True,
    pace=Pace(120, 9.0),
    public_pace=Pace(60, 5.0),
    costs=_COSTS,
    options={
        "fetchMarkets": {"types": ["spot"]},
        "fetchMargins": False,
        "fetchTradesMethod": "publicGetTrades",  # ccxt's habit has numbers of its own
        "recvWindow": 5000,
        "warnOnFetchOpenOrdersWithoutSymbol": False,
        "watchBalance": {"fetchBalanceSnapshot": True, "awaitBalanceSnapshot": True},
    },
    sayings=SAYINGS,
    codes=codes,
    silent_until_us=silent_until_us,
    allowance=partial(allowance, 6_000),
    shapes=SHAPES,
    longest_client_id=36,
    client_id_field="clientOrderId",
    asks_by_client_id=True,
    margins=MARGINS,
    by_symbol=frozenset({"fetch_order", "fetch_orders", "fetch_my_trades"}),
    statuses={"pending_new": None, "canceling": None},
    ended_orders="fetch_orders",
    order_pages=Paging(limit=1000, window_us=DAY_US, newest=True),
    trade_pages=Paging(limit=1000, window_us=DAY_US, newest=True),
    movement_pages={
        "fetch_deposits": Paging(limit=1000, window_us=80 * DAY_US, until="endTime"),
        "fetch_withdrawals": Paging(limit=1000, window_us=80 * DAY_US, until="endTime"),
    },
)

BINANCEUS = replace(
    BINANCE,
    traits=replace(
        BINANCE.traits,
        venue="binanceus",
        sandbox=False,
        account_stream=False,
    ),
    # Measured: ccxt dials ws-api.binance.com.
    why_polled="its stream would send keys of Binance.US to Binance.com",
    margins={},
    why_no_margins="it has no futures",
    pace=Pace(100, 1.8),
    public_pace=Pace(20, 1.5),
    allowance=partial(allowance, 1_200),
)
