"""Alpaca's dialect (crypto only): its error codes, answers without a word, and its row.

Sources: docs.alpaca.markets (orders, crypto orders, crypto fees), and `ccxt.pro.alpaca` 4.5.90.
The one rule: a cancel is accepted with HTTP 204 and an empty body; anything else is no yes.
"""

from collections.abc import Mapping
from typing import Any

from domain.ports import VenueTraits
from venues.budget import Pace
from venues.ccxt_row import Cancels, Endpoint, Paging, Quirks
from venues.ccxt_sayings import Cause, Saying, Verdict
from venues.ccxt_shapes import Shape
from venues.ccxt_words import object_in

_NO, _DOUBT = Verdict.REJECTED, Verdict.IN_DOUBT
_CANCELLED = ("200", "204")

# An error reads "<code> <message>"; the first row whose text begins it decides.
SAYINGS = (
    Saying("40110000", _NO, Cause.KEY, pause_s=30),
    Saying("40410000", _NO, Cause.NOT_FOUND),
    Saying("40310000 insufficient", _NO, Cause.FUNDS),
    Saying("40310000 cost basis", _NO, Cause.REQUEST),
    Saying("40310000 new orders are rejected by user", _NO, Cause.ACCOUNT),
    Saying("40310000", _NO, Cause.PERMISSION),
    Saying("40010001 client_order_id must be unique", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("408", _DOUBT, Cause.TIMEOUT),
    Saying("42210000 order is already", _NO, Cause.NOT_FOUND),
    Saying("42910000", _DOUBT, Cause.RATE, pause_s=10),
    Saying("unauthorized", _NO, Cause.KEY, pause_s=30),
    Saying("forbidden", _NO, Cause.KEY, pause_s=30),
    Saying("too many requests", _DOUBT, Cause.RATE, pause_s=10),
    Saying("4", _NO, Cause.REQUEST),
    Saying("5", _DOUBT, Cause.MAINTENANCE),
)


def codes(body: str) -> tuple[str, ...]:
    """The error of an answer, "<code> <message>"; () when it is none of Alpaca's own."""
    answer = object_in(body)
    if not isinstance(answer.get("message"), str):
        return ()
    return (f"{answer.get('code') or ''} {answer['message']}".strip(),)


def left_open(answer: Any) -> str:
    """Which orders a cancel of all has left open: each has a status of its own (HTTP 207)."""
    rows = answer if isinstance(answer, list) else [None]
    told = [str(row.get("status")) if isinstance(row, dict) else "none" for row in rows]
    refused = [status for status in told if status not in _CANCELLED]
    return f"{len(refused)} orders were not cancelled (first: {refused[0]})" if refused else ""


_ORDER = ("id", "symbol", "status", "client_order_id")
SHAPES: Mapping[str, Shape] = {
    "GET v2/assets": Shape(rows=True, counted=False),
    "GET v2/account": Shape(needs=("cash", "currency")),
    "GET v2/positions": Shape(rows=True, counted=False),
    "GET v2/orders": Shape(rows=True, needs=("id", "symbol", "status")),
    "GET v2/orders/{order_id}": Shape(needs=("id", "symbol", "status")),
    "GET v2/orders:by_client_order_id": Shape(needs=_ORDER),
    "POST v2/orders": Shape(needs=_ORDER),
    "DELETE v2/orders": Shape(rows=True, counted=False, refuses=left_open),
    "DELETE v2/orders/{order_id}": Shape(silent=True),
    "GET v2/account/activities/{activity_type}": Shape(rows=True, counted=False),
    "GET v2/wallets/transfers": Shape(rows=True, counted=False),
}

ALPACA = Quirks(
    traits=VenueTraits(
        venue="alpaca",
        account_stream=False,
        price_stream=False,
        amends=False,
        sandbox=True,
        # No request carries an expiry: one is good as long as it is on its way.
        recv_window_us=10_000_000,
    ),
    trades=True,
    caution="its fills tell no fees: what they cost is a break of the balance, a day later",
    why_polled="it streams no balances, and fills without fees",
    pace=Pace(50, 3.0),  # 200 calls a minute
    public_pace=Pace(50, 3.0),
    public_needs_keys=True,
    sayings=SAYINGS,
    codes=codes,
    shapes=SHAPES,
    longest_client_id=48,
    client_id_field="client_order_id",
    post_only=False,
    fill_or_kill=False,  # not for crypto
    cancels=Cancels.AFTER_A_LOOK,
    asks_by_client_id=True,
    by_client_id=Endpoint(
        path="v2/orders:by_client_order_id",
        api=("trader", "private"),
        verb="GET",
        parameter="client_order_id",
        parse="parse_order",
    ),
    withdraws=False,  # its endpoint was closed on 2026-10-09
    fees_apart=True,
    free_is_all=True,
    open_page=500,
    statuses={"canceling": None},
    # `after` and `until` both leave their own moment out.
    order_pages=Paging(limit=500, overlap_ms=1_000),
    trade_pages=Paging(limit=100, overlap_ms=1_000),
    movements=("fetch_deposits_withdrawals",),
    movement_pages={"fetch_deposits_withdrawals": Paging()},
)
