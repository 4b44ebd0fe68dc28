"""Bitfinex's dialect (v2): errors and notifications that are lists, orders known by numbers.

Sources: docs.bitfinex.com (rest-auth-submit-order, rest-auth-cancel-order, order statuses), and
`ccxt.pro.bitfinex` 4.5.90. The one rule: what is sent is answered by a notification whose
seventh part decides; ccxt looks at it after a create and ignores it after a cancel.

A cancel by our own number (`cid`) must name the day in UTC that Bitfinex booked the order on,
which an order sent around midnight does not tell; so the open orders are looked at first.
"""

from collections.abc import Mapping
from typing import Any

from domain.orders import Final
from domain.ports import VenueTraits
from venues.budget import Pace
from venues.ccxt_row import DAY_US, Cancels, Paging, Quirks
from venues.ccxt_sayings import Cause, Saying, Verdict
from venues.ccxt_shapes import Shape
from venues.ccxt_words import parsed

_NO, _DOUBT = Verdict.REJECTED, Verdict.IN_DOUBT
_ERROR = 3  # ["error", 10100, "apikey: invalid"]
_NOTICE = 8  # [time, kind, -, -, the order, a code, "SUCCESS", words]
_GENERAL = 10001  # the code of an error that has none of its own

# An error reads "<code> <words>"; the first row whose text begins it decides.
SAYINGS = (
    Saying("10100 ", _NO, Cause.KEY, pause_s=30),
    Saying("10111 ", _NO, Cause.KEY, pause_s=30),
    Saying("10112 ", _NO, Cause.KEY, pause_s=30),
    Saying("10113 ", _NO, Cause.KEY, pause_s=30),
    Saying("10114 ", _NO, Cause.NONCE),
    # 10001 is anything: its words decide.
    Saying("10001 api_key: permission", _NO, Cause.PERMISSION),
    Saying("10001 Invalid order: not enough", _NO, Cause.FUNDS),
    Saying("10001 Invalid order", _NO, Cause.REQUEST),
    Saying("10001 Order not found", _NO, Cause.NOT_FOUND),
    Saying("10001 cid: invalid", _NO, Cause.REQUEST),
    Saying("10001 symbol: invalid", _NO, Cause.REQUEST),
    Saying("10001 amount: invalid", _NO, Cause.REQUEST),
    Saying("10001 price: invalid", _NO, Cause.REQUEST),
    Saying("10001 type: invalid", _NO, Cause.REQUEST),
    Saying("10001 ", _DOUBT, Cause.OTHER),
    Saying("10020 ", _NO, Cause.REQUEST),
    Saying("11000 ", _DOUBT, Cause.MAINTENANCE),
    # An address that asks too often is blocked for a minute, with every key.
    Saying("11010 ", _DOUBT, Cause.RATE, pause_s=60, for_all=True),
    Saying("ERR_RATE_LIMIT", _DOUBT, Cause.RATE, pause_s=60, for_all=True),
    Saying("20060 ", _DOUBT, Cause.MAINTENANCE),
    Saying("temporarily_unavailable", _DOUBT, Cause.MAINTENANCE),
)


def codes(body: str) -> tuple[str, ...]:
    """The error of an answer, "<code> <words>"; () when it is none of Bitfinex's own."""
    answer = parsed(body)
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        return (answer["error"],)  # what stands before its API speaks so: {"error": "ERR_…"}
    if isinstance(answer, list) and len(answer) == _ERROR and answer[0] == "error":
        return (f"{answer[1]} {answer[2]}",)
    if _is_notice(answer) and answer[6] != "SUCCESS":
        return (f"{answer[5] or _GENERAL} {answer[7]}",)
    return ()


def _is_notice(answer: Any) -> bool:
    """Whether it is a notification about an order ("on-req", "oc-req", "oc_multi-req")."""
    is_whole = isinstance(answer, list) and len(answer) >= _NOTICE
    return is_whole and isinstance(answer[1], str) and isinstance(answer[6], str)


def refusal(answer: Any) -> str:
    """Why an answer to something sent is no yes; "" when it is one."""
    if not _is_notice(answer):
        return "no notification"
    return "" if answer[6] == "SUCCESS" else f"{answer[6]}: {answer[7]}"


SHAPES: Mapping[str, Shape] = {
    "POST auth/r/wallets": Shape(rows=True, lists=True, counted=False),
    "POST auth/r/orders": Shape(rows=True, lists=True),
    "POST auth/r/orders/{symbol}": Shape(rows=True, lists=True, absent=True),
    "POST auth/r/orders/hist": Shape(rows=True, lists=True),
    "POST auth/r/trades/hist": Shape(rows=True, lists=True),
    "POST auth/r/movements/hist": Shape(rows=True, lists=True),
    "POST auth/w/order/submit": Shape(notice=True, refuses=refusal),
    "POST auth/w/order/cancel": Shape(notice=True, refuses=refusal),
    "POST auth/w/order/cancel/multi": Shape(notice=True, refuses=refusal),
    "GET tickers": Shape(rows=True, lists=True, counted=False),
}

BITFINEX = Quirks(
    traits=VenueTraits(
        venue="bitfinex",
        account_stream=False,
        price_stream=False,
        amends=False,
        # No request carries an expiry: a signed one is good as long as it is on its way.
        recv_window_us=10_000_000,
    ),
    trades=True,
    caution="an order of ours that the ledger lacks looks like anybody else's there",
    why_polled="its streams were never tried here",
    nonce=True,
    book_levels=25,  # 25 or 100
    pace=Pace(10, 0.75),  # 45 to 90 calls a minute, by endpoint
    public_pace=Pace(10, 0.5),
    sayings=SAYINGS,
    codes=codes,
    shapes=SHAPES,
    numbered=True,
    cancels=Cancels.AFTER_A_LOOK,
    # One order is asked for in the list of its symbol: there nothing means that it is not open.
    by_symbol=frozenset({"fetch_order"}),
    statuses=dict.fromkeys(
        ("postonly canceled", "ioc canceled", "fillorkill canceled"), Final.CANCELED
    ),
    order_pages=Paging(limit=2500, until="end"),
    trade_pages=Paging(limit=2500, until="end"),
    why_no_margins="its margin wallet does not tell what open positions have gained",
    movements=("fetch_deposits_withdrawals",),
    movement_pages={"fetch_deposits_withdrawals": Paging(limit=1000, until="end")},
    movements_back_us=30 * DAY_US,
    unused=(),
)
