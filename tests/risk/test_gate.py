"""The gate: worst case counts, equality passes, one unit more does not, exceptions deny."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import Phase as HypothesisPhase
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.board import Break, Feed, Health, Mode, Phase, VenueView, at
from domain.halts import Level
from domain.market import Mark, Price
from domain.orders import Draft, Kind, Side
from domain.verdicts import RuleResult, Verdict
from risk import gate, rules
from risk.exposure import Exposure, claim_of
from risk.gate import RULE_NAMES, judge, largest
from risk.proposal import Proposal, View, propose
from tests.risk.desks import MAIN, NOW_US, balances, board, draft, order, price, state, view

D = Decimal


def result(verdict: Verdict, rule: str) -> RuleResult:
    return next(found for found in verdict.results if found.rule == rule)


def denied_by(rule: str, wanted: Draft, seen: View) -> str:
    verdict = judge(wanted, seen)
    assert not verdict.approved
    assert verdict.rule == rule, verdict.reason
    return verdict.reason


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


# Conditions


@pytest.mark.parametrize(
    ("mode", "phase", "armed", "word"),
    [
        (Mode.OBSERVE, Phase.READY, True, "OBSERVE"),
        (Mode.DEMO, Phase.RECONCILE, False, "GATEWAY_NOT_READY"),
        (Mode.DEMO, Phase.DRAINING, False, "GATEWAY_NOT_READY"),
        (Mode.LIVE, Phase.READY, False, "NOT_ARMED"),
    ],
)
def test_the_mode_denies(mode: Mode, phase: Phase, armed: bool, word: str) -> None:
    seen = view(board().but(mode=mode, phase=phase, armed=armed))
    assert word in denied_by("mode", draft(), seen)


def test_an_armed_live_desk_trades() -> None:
    assert judge(draft(), view(board().but(mode=Mode.LIVE, phase=Phase.ARMED, armed=True))).approved


@pytest.mark.parametrize("level", [Level.HALT, Level.HALT_CANCEL, Level.FLATTEN])
def test_a_halt_denies_everything(level: Level) -> None:
    for wanted in (draft(), draft(Side.SELL, "0.1")):
        seen = view()
        seen.level = level
        denied_by("halt", wanted, seen)


def test_reduce_only_lets_sales_of_holdings_pass_and_nothing_else() -> None:
    seen = view()
    seen.level = Level.REDUCE_ONLY
    assert judge(draft(Side.SELL, "0.1"), seen).approved
    denied_by("halt", draft(), seen)
    denied_by("halt", draft(Side.SELL, "0.1", "0.05", symbol="ETH/BTC"), seen)
    seen.exposure.claim("other", claim_of(state(draft(Side.SELL, "0.45"))))
    denied_by("halt", draft(Side.SELL, "0.1"), seen)


def test_a_reducing_order_skips_the_limits_that_only_growth_can_break() -> None:
    seen = view(max_daily_volume=D(1), max_position_size={"default": D(1)})
    seen.drawdown_pct = D(50)
    assert judge(draft(Side.SELL, "0.1"), seen).approved
    denied_by("max_position_size", draft(), seen)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("STALE", lambda b: b.but(accounts=_view(b, age_us=90_000_001))),
        ("NOT_RECONCILED", lambda b: b.but(accounts=_view(b, reconciled=0))),
        (
            "STALE",
            lambda b: b.but(
                feeds=b.feeds.put(
                    MAIN, Feed(venue="kraken", kind="account", health=Health.DOWN, account=MAIN)
                )
            ),
        ),
        (
            "BREAK",
            lambda b: b.but(
                breaks=(
                    Break(
                        break_id="x",
                        kind="BALANCE_UNEXPLAINED",
                        account=MAIN,
                        detail="",
                        at_us=0,
                        value=D(-101),
                    ),
                )
            ),
        ),
        ("CLOCK", lambda b: b.but(venues=b.venues.put("kraken", _skewed(2_500_001)))),
        ("INSTRUMENTS", lambda b: b.but(venues=b.venues.put("kraken", _listed(25)))),
    ],
)
def test_what_is_not_healthy_denies(name: str, change: Callable[..., object]) -> None:
    seen = view(change(board()))  # type: ignore[arg-type]
    seen.settings = replace(seen.settings, skew_limits_us={"kraken": 2_500_000})
    assert denied_by("venue_health", draft(), seen).startswith(name)


def _view(b: object, *, age_us: int = 0, reconciled: int = NOW_US) -> object:
    accounts = b.accounts  # type: ignore[attr-defined]
    old = accounts[MAIN]
    aged = replace(old.balances, at_us=NOW_US - age_us)
    return accounts.put(MAIN, replace(old, balances=aged, reconciled_us=reconciled))


def _skewed(skew_us: int) -> VenueView:
    return VenueView(venue="kraken", skew_us=skew_us)


def _listed(age_h: int | None) -> VenueView:
    told_us = None if age_h is None else NOW_US - age_h * 3_600_000_000
    return VenueView(venue="kraken", markets_us=told_us)


@pytest.mark.parametrize("age_h", [None, 0, 24])
def test_what_the_venue_listed_within_a_day_is_judged_by(age_h: int | None) -> None:
    known = board()
    seen = view(known.but(venues=known.venues.put("kraken", _listed(age_h))))
    assert judge(draft(), seen).approved


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        (draft(symbol="DOGE/USD"), "does not list DOGE/USD"),
        (draft(quantity="0.100001"), "not in lots of 0.00001"),
        (draft(price_="60000.05"), "not in ticks of 0.1"),
        (draft(quantity="0.00009"), "under the minimum 0.0001"),
        (draft(quantity="0"), "not over zero"),
        (draft(quantity="-1"), "not over zero"),
        (draft(price_="-1"), "not over zero"),
        (replace(MARKET, price=D(1)), "a market order has no price"),
        (replace(draft(), price=None), "a limit order needs a price"),
    ],
)
def test_what_the_venue_does_not_allow_is_denied_before_it_leaves(
    wanted: Draft, reason: str
) -> None:
    verdict = judge(wanted, view())
    assert not verdict.approved
    assert reason in " ".join(found.reason for found in verdict.results)


def test_an_unknown_limit_of_the_venue_is_not_zero() -> None:
    known = board()
    bare = replace(known.instruments["kraken BTC/USD"], min_quantity=None, lot=None, tick=None)
    seen = view(known.but(instruments=known.instruments.put("kraken BTC/USD", bare)))
    assert judge(draft(quantity="0.0000001", price_="60000.001"), seen).approved


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
    seen.board = seen.board.but(prices=board().prices, accounts=_view(seen.board))
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


# Properties

quantities = st.integers(1, 40_000).map(lambda lots: D(lots).scaleb(-5))
sides = st.sampled_from(Side)
kinds = st.booleans()


@st.composite
def situations(draw: st.DrawFn) -> tuple[View, Draft]:
    """A desk on which one limit is tight, drawn first, so that each one binds often."""
    tight = draw(st.sampled_from(("funds", "order", "volume", "position", "all")))

    def upto(most: int, what: str) -> int:
        return draw(st.integers(1, most)) if tight in (what, "all") else 10_000_000

    funds = balances(USD=str(upto(60_000, "funds")), BTC=str(draw(quantities)))
    seen = view(
        board(funds),
        max_order_value=D(upto(20_000, "order")),
        max_daily_volume=D(upto(40_000, "volume")),
        max_position_size={"default": D(upto(50_000, "position"))},
    )
    for number in range(draw(st.integers(0, 4))):
        working = state(draft(draw(sides), str(draw(quantities))), f"w{number}")
        seen.exposure.claim(f"w{number}", claim_of(working))
    seen.turnover.executed(D(draw(st.integers(0, 10_000))), NOW_US, NOW_US)
    limit_price = None if draw(kinds) else str(D(draw(st.integers(590_000, 610_000))) / 10)
    return seen, draft(draw(sides), str(draw(quantities)), limit_price)


@settings(max_examples=150, report_multiple_bugs=False)
@given(situations())
def test_the_largest_quantity_passes_and_one_lot_more_does_not(
    situation: tuple[View, Draft],
) -> None:
    seen, wanted = situation
    most = largest(wanted, seen)
    lot = D("0.00001")
    if most is None:
        assert not judge(replace(wanted, quantity=D("0.0001")), seen).approved
        return
    assert judge(replace(wanted, quantity=most), seen).approved
    assert not judge(replace(wanted, quantity=most + lot), seen).approved


ASKED = st.lists(st.tuples(sides, quantities, kinds), min_size=4, max_size=30)


@settings(max_examples=120)
@given(situations(), ASKED)
def test_whatever_passes_the_gate_no_fill_of_any_subset_breaks_a_limit(
    situation: tuple[View, Draft], asked: list[tuple[Side, Decimal, bool]]
) -> None:
    _passes_together(situation[0], asked)


def _passes_together(seen: View, asked: list[tuple[Side, Decimal, bool]]) -> None:
    for number, (side, quantity, market) in enumerate(asked):
        wanted = draft(side, str(quantity), None if market else "60000")
        verdict = judge(wanted, seen)
        if not verdict.approved:
            continue
        made = order(wanted, f"n{number}", reference=str(verdict.reference))
        held = replace(state(wanted, f"n{number}"), order=made)
        seen.exposure.claim(f"n{number}", claim_of(held))
        _nothing_can_break(seen, side)


def _nothing_can_break(seen: View, side: Side) -> None:
    """If everything that is open fills now: no limit, and no balance, is passed by it."""
    exposure, limits = seen.exposure, seen.limits
    balance = seen.board.accounts[MAIN].balances
    assert balance is not None
    if side is Side.BUY:  # a sale of what is held may always leave
        assert seen.turnover.today(NOW_US) + exposure.value <= limits.max_daily_volume
        bought = exposure.most("BTC") + exposure.incoming["BTC"]
        assert bought * 60_000 <= limits.position_limit("BTC")
    asset = "USD" if side is Side.BUY else "BTC"
    assert exposure.held(MAIN, asset) <= balance.assets[asset].total


def _ignores_open_orders(order: Proposal, seen: View) -> RuleResult:
    bare = replace(seen, exposure=Exposure())
    for account in seen.board.accounts.values():
        assert account.balances is not None
        bare.exposure.balances_seen(account.balances)
    return rules.max_position_size(order, bare)


def _skips_market_orders(order: Proposal, seen: View) -> RuleResult:
    if order.kind is Kind.MARKET:
        return RuleResult("max_daily_volume", passed=True)
    return rules.max_daily_volume(order, seen)


def _off_by_one(order: Proposal, seen: View) -> RuleResult:
    found = rules.available_balance(order, seen)
    return found._replace(passed=found.this <= (found.limit or D(0)) * 2)


PLANTED = {
    "open orders ignored": ("max_position_size", _ignores_open_orders),
    "market orders skipped": ("max_daily_volume", _skips_market_orders),
    "balance counted twice": ("available_balance", _off_by_one),
}


@pytest.mark.parametrize("bug", sorted(PLANTED))
def test_the_property_finds_a_planted_bug(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, planted = PLANTED[bug]
    patched = tuple(planted if rule.__name__ == name else rule for rule in rules.RULES)
    monkeypatch.setattr(gate, "decide", _with(patched))
    # Found is found: making the example small would take longer than finding it.
    searching = settings(max_examples=600, phases=[HypothesisPhase.generate], database=None)
    search = searching(given(situations(), ASKED)(_finds))
    with pytest.raises(AssertionError):
        search()


def _finds(situation: tuple[View, Draft], asked: list[tuple[Side, Decimal, bool]]) -> None:
    _passes_together(situation[0], asked)


def _with(patched: tuple[rules.Rule, ...]) -> Callable[..., Verdict]:
    as_it_is = gate.decide
    return lambda order, seen, _=None: as_it_is(order, seen, patched)


def test_a_price_of_nothing_values_nothing() -> None:
    bare = Price(venue="kraken", symbol="BTC/USD", bid=None, ask=None, last=None, at_us=NOW_US)
    assert "shows no price" in " ".join(
        found.reason for found in judge(MARKET, view(board(prices=(bare,)))).results
    )
