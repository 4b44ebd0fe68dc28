"""The gate: worst case counts, equality passes, one unit more does not, exceptions deny."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.board import at
from domain.market import Mark, Price
from domain.orders import Draft, Side
from domain.verdicts import RuleResult
from risk import gate, rules
from risk.exposure import claim_of
from risk.gate import RULE_NAMES, judge
from risk.proposal import Proposal, View, propose
from tests.risk.desks import (
    MAIN,
    NOW_US,
    aged_accounts,
    balances,
    board,
    denied_by,
    draft,
    price,
    result,
    state,
    view,
)

D = Decimal


def test_an_ordinary_order_passes_every_rule_and_shows_every_figure() -> None:
    verdict = judge(draft(), view())
    assert verdict.approved
    assert tuple(found.rule for found in verdict.results) == RULE_NAMES
    volume = result(verdict, "max_daily_volume")
    figures = (volume.used, volume.reserved, volume.this, volume.headroom)
    assert figures == (D(0), D(0), D(6000), D(94000))
    assert (verdict.value, verdict.reference) == (D(6000), D(60000))


# Each limit: equality passes, one more does not

EQUALITY: list[tuple[str, dict[str, object], Draft, Draft]] = [
    ("max_order_value", {"max_order_value": D(6000)}, draft(), draft(quantity="0.10001")),
    ("max_daily_volume", {"max_daily_volume": D(6000)}, draft(), draft(quantity="0.10001")),
    (
        "max_position_size",
        {"max_position_size": {"default": D(36000)}},
        draft(),
        draft(quantity="0.10001"),
    ),
    (
        "max_position_size",
        {"max_position_size": {"default": D(1), "BTC": D(36000)}},
        draft(),
        draft(quantity="0.10001"),
    ),
    (
        "price_collar_pct",
        {"price_collar_pct": D(5)},
        draft(quantity="0.01", price_="63000"),
        draft(quantity="0.01", price_="63000.1"),
    ),
    (
        "price_collar_pct",
        {"price_collar_pct": D(5)},
        draft(quantity="0.01", price_="57000"),
        draft(quantity="0.01", price_="56999.9"),
    ),
]


@pytest.mark.parametrize(("rule", "limits", "fits", "over"), EQUALITY)
def test_equality_passes_and_one_unit_more_does_not(
    rule: str, limits: dict[str, object], fits: Draft, over: Draft
) -> None:
    seen = view(**limits)  # type: ignore[arg-type]
    assert judge(fits, seen).approved
    assert "over" in denied_by(rule, over, seen)


def test_a_denial_names_the_value_the_limit_and_the_unit() -> None:
    reason = denied_by("max_order_value", draft(), view(max_order_value=D(500)))
    assert reason == "order value 6,000.00 USD is over 500.00 USD"


def test_open_orders_count_against_every_limit_they_could_still_use() -> None:
    seen = view(max_daily_volume=D(12000))
    seen.exposure.claim("a", claim_of(state(draft())))
    assert judge(draft(), seen).approved
    seen.exposure.claim("b", claim_of(state(draft(quantity="0.00001"))))
    denied_by("max_daily_volume", draft(), seen)


def test_opposite_orders_do_not_net_in_the_worst_case() -> None:
    seen = view(max_position_size={"default": D(36000)})
    seen.exposure.claim("sale", claim_of(state(draft(Side.SELL, "0.3"))))
    assert judge(draft(), seen).approved
    denied_by("max_position_size", draft(quantity="0.10001"), seen)


def test_both_legs_of_a_pair_count_for_positions() -> None:
    seen = view(board(balances(ETH="20", USD="0")), max_position_size={"default": D(50_000)})
    verdict = judge(draft(Side.SELL, "10", "0.05", symbol="ETH/BTC"), seen)
    assert result(verdict, "max_position_size").this == D("0.5") * 60_000


def test_the_position_of_an_asset_is_the_sum_over_all_venues() -> None:
    seen = view(max_position_size={"default": D(50_000)})
    elsewhere = replace(balances(BTC="0.3"), account=type(MAIN)("mexc", "main"))
    seen.exposure.balances_seen(elsewhere)
    denied_by("max_position_size", draft(quantity="0.04"), seen)


@pytest.mark.parametrize(
    ("told", "configured", "reckoned"),
    [("0.001", "0.004", "0.001"), (None, "0.004", "0.004"), (None, None, "0.005")],
)
def test_the_fee_is_the_venues_own_else_the_operators_else_a_cautious_guess(
    told: str | None, configured: str | None, reckoned: str
) -> None:
    made = board()
    known = made.instruments[at("kraken", "BTC/USD")]
    without = replace(known, fee_rate=None if told is None else D(told))
    seen = view(made.but(instruments=made.instruments.put(at("kraken", "BTC/USD"), without)))
    rates = {} if configured is None else {"kraken": D(configured)}
    seen.settings = replace(seen.settings, fee_rates=rates)
    assert propose(draft(), seen).fee_rate == D(reckoned)


def test_the_fee_is_part_of_what_must_be_available() -> None:
    seen = view(board(balances(USD="6015.60")))
    assert judge(draft(), seen).approved
    denied_by("available_balance", draft(), view(board(balances(USD="6015.59"))))


def test_a_sale_needs_what_it_sells() -> None:
    assert judge(draft(Side.SELL, "0.5"), view(max_order_value=D(10**6))).approved
    denied_by("available_balance", draft(Side.SELL, "0.50001"), view(max_order_value=D(10**6)))


# Market orders are always valued

MARKET = draft(price_=None)


def test_a_market_order_is_valued_at_the_worse_side_plus_the_collar() -> None:
    verdict = judge(MARKET, view(max_order_value=D(6300)))
    assert verdict.approved
    assert verdict.value == D("6300.000")
    denied_by("max_order_value", MARKET, view(max_order_value=D("6299.99")))


@pytest.mark.parametrize("side", list(Side))
def test_without_a_fresh_price_no_order_passes(side: Side) -> None:
    stale = replace(price(), at_us=NOW_US - 5_000_001)
    for wanted in (draft(side, "0.01", None), draft(side, "0.01")):
        seen = view(board(prices=(stale,)))
        verdict = judge(wanted, seen)
        assert not verdict.approved
        assert "NO_PRICE" in verdict.reason


def test_a_quote_without_a_fresh_mark_is_denied_no_price() -> None:
    pairs = (price("BTC/EUR", "55000"), price())
    wanted = draft(quantity="0.01", price_="55000", symbol="BTC/EUR")
    reason = denied_by("max_order_value", wanted, view(board(prices=pairs)))
    assert reason.startswith("NO_PRICE: no mark for EUR")
    marked = board(prices=pairs)
    euro = Mark(asset="EUR", value=D("1.1"), at_us=NOW_US, source="test")
    funded = marked.but(marks=marked.marks.put("EUR", euro))
    assert result(judge(wanted, view(funded)), "max_order_value").this == D("605.00")


def test_a_price_of_nothing_values_nothing() -> None:
    bare = Price(venue="kraken", symbol="BTC/USD", bid=None, ask=None, last=None, at_us=NOW_US)
    assert "shows no price" in " ".join(
        found.reason for found in judge(MARKET, view(board(prices=(bare,)))).results
    )


# Pace


def test_the_fourth_identical_order_within_the_window_is_denied() -> None:
    seen = view()
    terms = (MAIN, "BTC/USD", Side.BUY, D("0.1"), D(60000))
    for _ in range(3):
        assert judge(draft(), seen).approved
        seen.pace.submitted(terms, seen.now_us)
        seen.now_us += 1_000_000
    denied_by("max_identical_orders", draft(), seen)
    assert judge(draft(quantity="0.11"), seen).approved
    seen.now_us = NOW_US + 10_000_001
    seen.board = seen.board.but(prices=board().prices, accounts=aged_accounts(seen.board))
    assert result(judge(draft(), seen), "max_identical_orders").passed


def test_a_runaway_strategy_is_denied_and_others_are_not() -> None:
    seen = view()
    for _ in range(60):
        seen.pace.executed("grid", NOW_US)
    for _ in range(50):
        seen.pace.denied("dca", NOW_US)
    denied_by("max_executions_per_minute", draft(strategy="grid"), seen)
    denied_by("max_denials_per_5min", draft(strategy="dca"), seen)
    assert judge(draft(), seen).approved


def test_more_orders_a_second_than_allowed_are_denied() -> None:
    seen = view()
    for number in range(10):
        seen.pace.submitted((MAIN, "X/USD", Side.BUY, D(number), None), NOW_US)
    denied_by("max_orders_per_second", draft(), seen)


def test_drawdown_and_daily_loss_stop_orders_that_add_risk() -> None:
    seen = view(max_daily_loss=D(100))
    seen.drawdown_pct = D("14.99")
    assert judge(draft(), seen).approved
    seen.drawdown_pct = D(15)
    denied_by("max_drawdown_pct", draft(), seen)
    seen.drawdown_pct, seen.daily_loss = D(0), D(100)
    denied_by("max_daily_loss", draft(), seen)


# Failing closed


@pytest.mark.parametrize("name", RULE_NAMES)
def test_an_exception_inside_any_rule_denies(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(order: Proposal, seen: View) -> RuleResult:
        raise ZeroDivisionError("planted")

    broken.__name__ = name
    patched = tuple(broken if rule.__name__ == name else rule for rule in rules.RULES)
    monkeypatch.setattr(gate, "RULES", patched)
    verdict = gate.decide(propose(draft(), view()), view(), patched)
    assert not verdict.approved
    assert (verdict.rule, "RULE_ERROR" in verdict.reason) == (name, True)


# Amendments


def test_an_amendment_is_judged_by_what_could_still_fill() -> None:
    seen = view(max_order_value=D(6000))
    assert judge(draft(quantity="0.15"), seen, filled=D("0.05")).approved
    verdict = judge(draft(quantity="0.15001"), seen, filled=D("0.05"))
    assert verdict.rule == "max_order_value"
    assert result(judge(draft(), seen, filled=D(0)), "max_open_orders").this == 0
