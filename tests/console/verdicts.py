"""Verdicts for the ticket's tests: the figures of a gate, without the gate."""

from decimal import Decimal
from typing import Any

from domain.board import Board
from domain.orders import Draft
from domain.verdicts import RuleResult, Verdict

D = Decimal
QUIET = ("mode", "halt", "venue_health", "instrument")


def verdict_of(draft: Draft, board: Board) -> Verdict:
    """A verdict that depends on the order's value alone."""
    seen = board.price(draft.account.venue, draft.symbol)
    reference = draft.price or (seen.last if seen and seen.last else D(0))
    value = draft.quantity * reference
    over = value > 5_000
    reason = (
        f"order value {value:,.2f} USD is over 5,000.00 USD (risk.max_order_value)" if over else ""
    )
    passing: tuple[dict[str, Any], ...] = (
        {
            "rule": "balance",
            "reserved": D(900),
            "this": value,
            "limit": D("9412.55"),
            "unit": "USDT",
        },
        {"rule": "max_position_size", "used": D(32_354), "this": value, "limit": D(40_000)},
        {"rule": "max_open_orders", "used": D(7), "this": D(1), "limit": D(200), "unit": "orders"},
        {
            "rule": "max_daily_volume",
            "used": D(27_900),
            "reserved": D(3_300),
            "this": value,
            "limit": D(50_000),
        },
        {"rule": "max_drawdown_pct", "used": D("2.06"), "limit": D(15), "unit": "%"},
    )
    results = (
        *(RuleResult(rule, passed=True) for rule in QUIET),
        RuleResult("max_identical_orders", passed=True, this=D(1), limit=D(3), unit="orders"),
        RuleResult("price_collar_pct", passed=True, this=D("0.16"), limit=D(5), unit="%"),
        RuleResult("max_order_value", not over, reason, this=value, limit=D(5_000), unit="USD"),
        *(RuleResult(passed=True, **{"unit": "USD"} | one) for one in passing),
    )
    return Verdict(
        approved=not over, rule="max_order_value" if over else "", reason=reason, results=results,
        max_quantity=D("0.08051"), value=value, reference=reference, limits_version=14,
    )  # fmt: skip
