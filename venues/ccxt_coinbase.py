"""Coinbase's dialect (Advanced Trade): its error words, the shapes of its answers, its row.

Sources: docs.cdp.coinbase.com/api-reference/advanced-trade-api (REST, error reasons), and the
class `ccxt.pro.coinbase` 4.5.90. The one rule: our id goes out as `client_order_id`, since
ccxt drops `clientOrderId` here without a word and sends one of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.ports import VenueTraits
from venues.budget import Pace
from venues.ccxt_row import DAY_US, Cancels, Paging, Quirks
from venues.ccxt_sayings import Cause, Saying, Verdict
from venues.ccxt_shapes import Shape
from venues.ccxt_words import object_in

_NO, _DOUBT = Verdict.REJECTED, Verdict.IN_DOUBT

# An error reads "<reason> <message>"; the first row whose text begins it decides.
SAYINGS = (
    Saying("UNKNOWN_CANCEL_ORDER", _NO, Cause.NOT_FOUND),
    Saying("DUPLICATE_CANCEL_REQUEST", _NO, Cause.NOT_FOUND),
    Saying("INVALID_CANCEL_REQUEST", _NO, Cause.REQUEST),
    Saying("ORDER_IS_FULLY_FILLED", _NO, Cause.NOT_FOUND),
    Saying("COMMANDER_REJECTED_CANCEL_ORDER", _NO, Cause.REQUEST),
    Saying("ORDER_NOT_FOUND", _NO, Cause.NOT_FOUND),
    Saying("not_found", _NO, Cause.NOT_FOUND),
    Saying("NOT_FOUND", _NO, Cause.NOT_FOUND),
    Saying("INSUFFICIENT_FUND", _NO, Cause.FUNDS),
    Saying("PREVIEW_INSUFFICIENT_FUND", _NO, Cause.FUNDS),
    Saying("PREVIEW_", _NO, Cause.REQUEST),
    Saying("INVALID_", _NO, Cause.REQUEST),
    Saying("UNSUPPORTED_ORDER_CONFIGURATION", _NO, Cause.REQUEST),
    Saying("ORDER_ENTRY_DISABLED", _DOUBT, Cause.MAINTENANCE),
    Saying("DUPLICATE_CLIENT_ORDER_ID", Verdict.DUPLICATE, Cause.REQUEST),
    Saying("INELIGIBLE_PAIR", _NO, Cause.REQUEST),
    Saying("UNKNOWN_FAILURE_REASON", _DOUBT, Cause.OTHER),
    Saying("UNTRADABLE_", _NO, Cause.REQUEST),
    Saying("unauthorized", _NO, Cause.KEY),
    Saying("Unauthorized", _NO, Cause.KEY),
    Saying("invalid_token", _NO, Cause.KEY),
    Saying("expired_token", _NO, Cause.CLOCK),
    Saying("revoked_token", _NO, Cause.KEY),
    Saying("authentication_error request timestamp expired", _NO, Cause.CLOCK),
    Saying("authentication_error", _NO, Cause.KEY),
    Saying("UNAUTHENTICATED", _NO, Cause.KEY),
    Saying("invalid_authentication_method", _NO, Cause.ACCOUNT),
    Saying("two_factor_required", _NO, Cause.ACCOUNT),
    Saying("unverified_email", _NO, Cause.ACCOUNT),
    Saying("invalid_scope", _NO, Cause.PERMISSION),
    Saying("PERMISSION_DENIED", _NO, Cause.PERMISSION),
    Saying("personal_details_required", _NO, Cause.ACCOUNT),
    Saying("identity_verification_required", _NO, Cause.ACCOUNT),
    Saying("jumio_", _NO, Cause.ACCOUNT),
    Saying("rate_limit_exceeded", _DOUBT, Cause.RATE, pause_s=5),
    Saying("RESOURCE_EXHAUSTED", _DOUBT, Cause.RATE, pause_s=5),
    Saying("resource_exhausted", _DOUBT, Cause.RATE, pause_s=5),
    Saying("DEADLINE_EXCEEDED", _DOUBT, Cause.TIMEOUT),
    Saying("invalid_request", _NO, Cause.REQUEST),
    Saying("param_required", _NO, Cause.REQUEST),
    Saying("unknown order with this orderID was not found", _NO, Cause.NOT_FOUND),
    Saying("validation_error", _NO, Cause.REQUEST),
    Saying("internal_server_error", _DOUBT, Cause.MAINTENANCE),
    Saying("internal", _DOUBT, Cause.MAINTENANCE),
    Saying("INTERNAL", _DOUBT, Cause.MAINTENANCE),
    Saying("UNAVAILABLE", _DOUBT, Cause.MAINTENANCE),
)

SHAPES: Mapping[str, Shape] = {
    "GET brokerage/market/products": Shape(at="products", rows=True, counted=False),
    "GET brokerage/accounts": Shape(
        at="accounts", rows=True, counted=False, needs=("available_balance", "hold")
    ),
    "GET accounts": Shape(at="data", rows=True, counted=False),
    "GET brokerage/orders/historical/batch": Shape(
        at="orders", rows=True, needs=("order_id", "status")
    ),
    "GET brokerage/orders/historical/fills": Shape(
        at="fills", rows=True, needs=("trade_id", "order_id", "commission")
    ),
    "GET brokerage/orders/historical/{order_id}": Shape(at="order", needs=("order_id", "status")),
    "GET accounts/{account_id}/transactions": Shape(
        at="data", rows=True, counted=False, needs=("id", "amount")
    ),
    "POST brokerage/orders": Shape(needs=("success",)),
    "POST brokerage/orders/batch_cancel": Shape(at="results", rows=True, needs=("order_id",)),
}


def codes(body: str) -> tuple[str, ...]:
    """The reasons in an answer, "<reason> <message>"; () when it is none of Coinbase's own."""
    return tuple(_reasons(object_in(body)))


def _reasons(answer: Mapping[str, Any]) -> Iterator[str]:
    inner = answer.get("error_response")
    if isinstance(inner, dict):
        # A preview's reason is exact where the other one is "unknown".
        names = ("preview_failure_reason", "new_order_failure_reason", "error")
        told = [inner.get(name) for name in names]
        exact = [name for name in told if isinstance(name, str) and not _is_vague(name)]
        yield from _with_words(exact[0] if exact else inner.get("error"), inner.get("message"))
    for row in answer.get("results") or ():
        if isinstance(row, dict) and row.get("success") is False:
            yield from _with_words(row.get("failure_reason"), "")
    for row in answer.get("errors") or ():
        if isinstance(row, dict):
            yield from _with_words(row.get("id"), row.get("message"))
    words = answer.get("error_description") or answer.get("message")
    yield from _with_words(answer.get("error"), words)


def _is_vague(name: str) -> bool:
    return name.startswith("UNKNOWN") or not name


def _with_words(reason: object, words: object) -> Iterator[str]:
    if isinstance(reason, str) and reason:
        yield f"{reason} {words}".strip() if isinstance(words, str) else reason


COINBASE = Quirks(
    traits=VenueTraits(
        venue="coinbase",
        account_stream=False,
        cancel_all=False,
        amends=False,
        # A signed request is good for two minutes.
        recv_window_us=120_000_000,
    ),
    why_polled="it streams neither fills nor balances",
    trades=True,
    pace=Pace(30, 20.0),
    public_pace=Pace(10, 8.0),
    # The accounts of the other version have no holds: everything would look free.
    options={"fetchBalance": "v3PrivateGetBrokerageAccounts"},
    why_no_margins="its futures are told by other companies, with rules and keys of their own",
    sayings=SAYINGS,
    codes=codes,
    shapes=SHAPES,
    longest_client_id=36,
    client_id_field="client_order_id",
    client_id_parameter="client_order_id",
    market_buys=False,
    cancels=Cancels.AFTER_A_LOOK,
    open_page=1000,
    statuses={"pending": None, "queued": None, "cancel_queued": None, "edit_queued": None},
    ended_orders="fetch_orders",
    order_pages=Paging(limit=1000, window_us=30 * DAY_US),
    trade_pages=Paging(limit=1000, window_us=30 * DAY_US),
    movements=("fetch_deposits_withdrawals",),
    movement_pages={
        "fetch_deposits_withdrawals": Paging(limit=100, cursor="starting_after"),
    },
    movements_by_asset=True,
    fills_in_movements=frozenset({"advanced_trade_fill"}),
    opens_24h_ago=False,
)
