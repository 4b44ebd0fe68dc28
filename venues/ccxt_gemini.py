"""Gemini's dialect: its error reasons, the shapes of its answers, and its row.

Sources: developer.gemini.com (trading/rest-api/orders, error-codes), and `ccxt.pro.gemini`
4.5.90. The one rule: an order is asked for by our id at the endpoint itself, because ccxt sends
an empty `order_id` along, which Gemini takes no second id with.

It has no market orders ("immediate-or-cancel" at a limit instead), and its list of instruments
tells names only: the steps of one are asked for before the first order in it.
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

# An error reads "<reason> <message>"; the first row whose text begins it decides.
SAYINGS = (
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
    Saying("Ineligible", _NO, Cause.REQUEST),
    Saying("OptionsMustBeArray", _NO, Cause.REQUEST),
    Saying("ClientOrderId", _NO, Cause.REQUEST),
    Saying("Endpoint", _NO, Cause.REQUEST),
)


def codes(body: str) -> tuple[str, ...]:
    """The error of an answer, "<reason> <message>"; () when it is none of Gemini's own."""
    answer = object_in(body)
    if answer.get("result") != "error":
        return ()
    return (f"{answer.get('reason') or ''} {answer.get('message') or ''}".strip(),)


def left_open(answer: Any) -> str:
    """Which orders a cancel of all has left open; "" when it has left none."""
    told = answer.get("details") if isinstance(answer, dict) else None
    rejects = told.get("cancelRejects") if isinstance(told, dict) else None
    if not isinstance(rejects, list):
        return "it does not say what it could not cancel"
    return f"{len(rejects)} orders were not cancelled" if rejects else ""


_ORDER = ("order_id", "symbol", "is_live", "is_cancelled", "executed_amount")
SHAPES: Mapping[str, Shape] = {
    "GET v1/symbols/details/{symbol}": Shape(needs=("symbol", "tick_size", "quote_increment")),
    "POST v1/balances": Shape(rows=True, counted=False, needs=("currency", "amount")),
    "POST v1/orders": Shape(rows=True, needs=_ORDER),
    "POST v1/order/status": Shape(either=True, needs=_ORDER),
    "POST v1/order/new": Shape(needs=_ORDER),
    "POST v1/order/cancel": Shape(needs=_ORDER),
    "POST v1/order/cancel/all": Shape(refuses=left_open),
    "POST v1/mytrades": Shape(rows=True, needs=("tid", "order_id", "fee_amount")),
    "POST v1/transfers": Shape(rows=True, needs=("amount", "currency")),
    "GET v1/pricefeed": Shape(rows=True, counted=False),
}

GEMINI = Quirks(
    traits=VenueTraits(
        venue="gemini",
        account_stream=False,
        price_stream=False,
        amends=False,
        sandbox=True,
        # No request carries an expiry: a signed one is good as long as it is on its way.
        recv_window_us=10_000_000,
    ),
    trades=True,
    why_polled="it streams neither fills nor balances",
    nonce=True,
    pace=Pace(5, 5.0),
    public_pace=Pace(5, 1.5),
    sayings=SAYINGS,
    codes=codes,
    shapes=SHAPES,
    longest_client_id=99,
    client_id_field="client_order_id",
    market_orders=False,
    cancels=Cancels.AFTER_A_LOOK,
    cancels_all="private_post_v1_order_cancel_all",
    details=Endpoint(
        path="v1/symbols/details/{symbol}",
        api=("public",),
        verb="GET",
        parameter="symbol",
        parse="parse_market",
    ),
    asks_by_client_id=True,
    asks_as_trader=True,  # "Trader role"; every list is for the Auditor role as well
    by_client_id=Endpoint(
        path="v1/order/status",
        api=("private",),
        verb="POST",
        parameter="client_order_id",
        parse="parse_order",
    ),
    lists_active_only=True,
    by_symbol=frozenset({"fetch_my_trades"}),
    ended_orders="",
    # From a time on it shows the oldest ones; `forward` is the most that it shows at once.
    trade_pages=Paging(forward=500),
    movements=("fetch_deposits_withdrawals",),
    movements_page=50,
)
