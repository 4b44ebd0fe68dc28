"""Bitfinex, Gemini and Alpaca: venues that are watched here and not traded, and why.

Sources: docs.bitfinex.com (rest), docs.gemini.com/rest, docs.alpaca.markets, and their classes
in `ccxt.pro` 4.5.90. The one rule: an order that could be lost from sight is not placed.
"""

from collections.abc import Mapping

from domain.ports import VenueTraits
from venues.budget import Pace
from venues.ccxt_row import DAY_US, Paging, Quirks
from venues.ccxt_sayings import Cause, Saying, Verdict
from venues.ccxt_shapes import Shape
from venues.ccxt_words import object_in, parsed

_NO, _DOUBT = Verdict.REJECTED, Verdict.IN_DOUBT
_BITFINEX_ERROR = 3  # ["error", 10100, "apikey: invalid"]


def bitfinex_codes(body: str) -> tuple[str, ...]:
    """The error of an answer, "<code> <words>"; () when it is none of Bitfinex's own."""
    answer = parsed(body)
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        return (answer["error"],)  # what stands before its API speaks so: {"error": "ERR_…"}
    if not isinstance(answer, list) or len(answer) != _BITFINEX_ERROR or answer[0] != "error":
        return ()
    return (f"{answer[1]} {answer[2]}",)


def gemini_codes(body: str) -> tuple[str, ...]:
    """The error of an answer, "<reason> <message>"; () when it is none of Gemini's own."""
    answer = object_in(body)
    if answer.get("result") != "error":
        return ()
    return (f"{answer.get('reason') or ''} {answer.get('message') or ''}".strip(),)


def alpaca_codes(body: str) -> tuple[str, ...]:
    """The error of an answer, "<code> <message>"; () when it is none of Alpaca's own."""
    answer = object_in(body)
    if not isinstance(answer.get("message"), str):
        return ()
    return (f"{answer.get('code') or ''} {answer['message']}".strip(),)


BITFINEX = Quirks(
    traits=VenueTraits(
        venue="bitfinex",
        account_stream=False,
        price_stream=False,
        cancel_all=False,
        amends=False,
        dead_man=False,
    ),
    why_polled="its streams were never tried here",
    why_watched="it knows orders by numbers of ours only, and an id of ours is no number",
    nonce=True,
    book_levels=25,  # 25 or 100
    pace=Pace(10, 0.75),  # 45 to 90 calls a minute, by endpoint
    public_pace=Pace(10, 0.5),
    sayings=(
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
        Saying("10001 ", _DOUBT, Cause.OTHER),
        Saying("10020 ", _NO, Cause.REQUEST),
        Saying("11000 ", _DOUBT, Cause.MAINTENANCE),
        # An address that asks too often is blocked for a minute, with every key.
        Saying("11010 ", _DOUBT, Cause.RATE, pause_s=60, for_all=True),
        Saying("ERR_RATE_LIMIT", _DOUBT, Cause.RATE, pause_s=60, for_all=True),
        Saying("20060 ", _DOUBT, Cause.MAINTENANCE),
        Saying("temporarily_unavailable", _DOUBT, Cause.MAINTENANCE),
    ),
    codes=bitfinex_codes,
    shapes={
        "POST auth/r/wallets": Shape(rows=True, lists=True, counted=False),
        "POST auth/r/orders": Shape(rows=True, lists=True),
        "POST auth/r/orders/{symbol}": Shape(rows=True, lists=True, absent=True),
        "POST auth/r/orders/hist": Shape(rows=True, lists=True),
        "POST auth/r/trades/hist": Shape(rows=True, lists=True),
        "POST auth/r/movements/hist": Shape(rows=True, lists=True),
        "GET tickers": Shape(rows=True, lists=True, counted=False),
    },
    order_pages=Paging(limit=2500, until="end"),
    trade_pages=Paging(limit=2500, until="end"),
    movements=("fetch_deposits_withdrawals",),
    movement_pages={"fetch_deposits_withdrawals": Paging(limit=1000, until="end")},
    movements_back_us=30 * DAY_US,
    unused=(),
)

_GEMINI_ROWS: Mapping[str, Shape] = {
    "POST v1/balances": Shape(rows=True, counted=False, needs=("currency", "amount")),
    "POST v1/orders": Shape(rows=True, needs=("order_id", "symbol")),
    "POST v1/order/status": Shape(needs=("order_id", "symbol")),
    "POST v1/mytrades": Shape(rows=True, needs=("tid", "order_id", "fee_amount")),
    "POST v1/transfers": Shape(rows=True, needs=("amount", "currency")),
    "GET v1/pricefeed": Shape(rows=True, counted=False),
}

GEMINI = Quirks(
    traits=VenueTraits(
        venue="gemini",
        account_stream=False,
        price_stream=False,
        cancel_all=False,
        amends=False,
        sandbox=True,
    ),
    why_polled="it streams neither fills nor balances",
    why_watched="it lists no ended orders, so one whose answer was lost could not be found",
    nonce=True,
    pace=Pace(5, 5.0),
    public_pace=Pace(5, 1.5),
    sayings=(
        Saying("InvalidSignature", _NO, Cause.KEY, pause_s=30),
        Saying("InvalidApiKey", _NO, Cause.KEY, pause_s=30),
        Saying("MissingApikeyHeader", _NO, Cause.KEY),
        Saying("MissingPayloadHeader", _NO, Cause.KEY),
        Saying("MissingSignatureHeader", _NO, Cause.KEY),
        Saying("MissingRole", _NO, Cause.PERMISSION),
        Saying("InvalidNonce", _NO, Cause.NONCE),
        Saying("RateLimit", _DOUBT, Cause.RATE, pause_s=10),
        Saying("Maintenance", _DOUBT, Cause.MAINTENANCE),
        Saying("System", _DOUBT, Cause.MAINTENANCE),
        Saying("MarketNotOpen", _NO, Cause.MAINTENANCE),
        Saying("OrderNotFound", _NO, Cause.NOT_FOUND),
        Saying("InsufficientFunds", _NO, Cause.FUNDS),
        Saying("Invalid", _NO, Cause.REQUEST),
        Saying("Missing", _NO, Cause.REQUEST),
        Saying("Unsupported", _NO, Cause.REQUEST),
        Saying("Conflicting", _NO, Cause.REQUEST),
        Saying("ClientOrderId", _NO, Cause.REQUEST),
        Saying("Endpoint", _NO, Cause.REQUEST),
    ),
    codes=gemini_codes,
    shapes=_GEMINI_ROWS,
    client_id_field="client_order_id",
    lists_active_only=True,
    by_symbol=frozenset({"fetch_my_trades"}),
    ended_orders="",
    trade_pages=Paging(),
    movements=("fetch_deposits_withdrawals",),
    movements_page=50,
)

ALPACA = Quirks(
    traits=VenueTraits(
        venue="alpaca",
        account_stream=False,
        price_stream=False,
        cancel_all=False,
        amends=False,
        sandbox=True,
    ),
    why_polled="it streams no balances, and fills without fees",
    why_watched="its fills tell no fees, so what an order cost is not known when it fills",
    pace=Pace(50, 3.0),  # 200 calls a minute
    public_pace=Pace(50, 3.0),
    public_needs_keys=True,
    sayings=(
        Saying("40110000", _NO, Cause.KEY, pause_s=30),
        Saying("40410000", _NO, Cause.NOT_FOUND),
        Saying("40310000 insufficient", _NO, Cause.FUNDS),
        Saying("40310000 cost basis", _NO, Cause.REQUEST),
        Saying("40310000 new orders are rejected by user", _NO, Cause.ACCOUNT),
        Saying("40310000", _NO, Cause.PERMISSION),
        Saying("40010001 client_order_id must be unique", Verdict.DUPLICATE, Cause.REQUEST),
        Saying("42910000", _DOUBT, Cause.RATE, pause_s=10),
        Saying("unauthorized", _NO, Cause.KEY, pause_s=30),
        Saying("forbidden", _NO, Cause.KEY, pause_s=30),
        Saying("too many requests", _DOUBT, Cause.RATE, pause_s=10),
        Saying("4", _NO, Cause.REQUEST),
        Saying("5", _DOUBT, Cause.MAINTENANCE),
    ),
    codes=alpaca_codes,
    shapes={
        "GET v2/assets": Shape(rows=True, counted=False),
        "GET v2/account": Shape(needs=("cash", "currency")),
        "GET v2/positions": Shape(rows=True, counted=False),
        "GET v2/orders": Shape(rows=True, needs=("id", "symbol", "status")),
        "GET v2/orders/{order_id}": Shape(needs=("id", "symbol", "status")),
        "GET v2/account/activities/{activity_type}": Shape(rows=True, counted=False),
        "GET v2/wallets/transfers": Shape(rows=True, counted=False),
    },
    client_id_field="client_order_id",
    withdraws=False,  # its endpoint was closed on 2026-10-09
    fees_apart=True,
    free_is_all=True,
    open_page=500,
    statuses={"canceling": None},
    order_pages=Paging(limit=500),
    trade_pages=Paging(limit=100),
    movements=("fetch_deposits_withdrawals",),
    movement_pages={"fetch_deposits_withdrawals": Paging()},
)
