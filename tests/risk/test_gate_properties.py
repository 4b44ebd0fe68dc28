"""Properties of the gate: whatever passes, no fill of any subset breaks a limit."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import Phase as HypothesisPhase
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.orders import Draft, Kind, OrderState, Side
from domain.verdicts import RuleResult, Verdict, passes
from risk import gate, rules
from risk.conditions import unknown_order
from risk.exposure import Exposure, claim_of
from risk.gate import judge, largest
from risk.proposal import Proposal, View
from tests.risk.desks import MAIN, NOW_US, balances, board, draft, order, result, state, view

D = Decimal

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


# Nothing is sent twice


@st.composite
def doubts(draw: st.DrawFn) -> tuple[View, list[OrderState], Draft]:
    """A rich desk with orders of which some may have arrived, and one more wish."""
    seen = view(
        board(balances(USD="9000000", BTC="9", ETH="90")),
        max_daily_volume=D(10**9),
        max_position_size={"default": D(10**9)},
    )
    there = []
    for number in range(draw(st.integers(1, 4))):
        made = _unknown(_wish(draw, "w"), f"w{number}", lost=draw(st.booleans()))
        seen.exposure.claim(made.client_id, claim_of(made))
        there.append(made)
    return seen, there, _wish(draw, draw(st.sampled_from(("w", "grid"))))


def _wish(draw: st.DrawFn, strategy: str) -> Draft:
    symbol, price_ = draw(st.sampled_from((("BTC/USD", "60000"), ("ETH/BTC", "0.05"))))
    lots = draw(st.integers(10, 1_000))
    made = draft(draw(sides), str(D(lots).scaleb(-5)), price_, symbol=symbol)
    return replace(made, strategy=strategy)


def _unknown(wanted: Draft, name: str, *, lost: bool) -> OrderState:
    return replace(state(wanted, name), sent=True, outcome_unknown=lost, acked=not lost)


@settings(max_examples=150)
@given(doubts())
def test_nothing_passes_that_could_be_an_unknown_wish_again_and_nothing_else_is_held_up(
    situation: tuple[View, list[OrderState], Draft],
) -> None:
    _never_twice(*situation)


def _never_twice(seen: View, there: list[OrderState], wanted: Draft) -> None:
    place = (wanted.account, wanted.symbol, wanted.side)
    lost = [s.order for s in there if s.outcome_unknown]
    same = [o for o in lost if (o.account, o.symbol, o.side) == place]
    sells_for_cash = wanted.side is Side.SELL and wanted.symbol == "BTC/USD"
    assert result(judge(wanted, seen), "unknown_order").passed == (not same or sells_for_cash)


def _only_the_same_quantity(order: Proposal, seen: View) -> RuleResult:
    alike = [c for c in seen.exposure.claims.values() if c.unknown and c.outgoing == order.quantity]
    return unknown_order(order, seen) if alike else passes("unknown_order")


def _only_the_same_strategy(order: Proposal, seen: View) -> RuleResult:
    same = order.strategy == "w"
    return unknown_order(order, seen) if same else passes("unknown_order")


def _either_side(order: Proposal, seen: View) -> RuleResult:
    for side in Side:
        if seen.exposure.unknown(order.account, order.symbol, side) and not order.reducing:
            return RuleResult("unknown_order", passed=False)
    return passes("unknown_order")


def _reducing_too(order: Proposal, seen: View) -> RuleResult:
    there = seen.exposure.unknown(order.account, order.symbol, order.side)
    return RuleResult("unknown_order", passed=not there)


SENT_TWICE = {
    "only the same quantity": _only_the_same_quantity,
    "only the same strategy": _only_the_same_strategy,
    "either side": _either_side,
    "reducing orders too": _reducing_too,
    "no rule at all": lambda order, seen: passes("unknown_order"),
}


@pytest.mark.parametrize("bug", sorted(SENT_TWICE))
def test_the_property_finds_a_planted_way_to_send_twice_or_to_hold_up(
    bug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = SENT_TWICE[bug]
    patched = tuple(planted if r.__name__ == "unknown_order" else r for r in rules.RULES)
    monkeypatch.setattr(gate, "decide", _with(patched))
    searching = settings(max_examples=600, phases=[HypothesisPhase.generate], database=None)

    def sent(situation: tuple[View, list[OrderState], Draft]) -> None:
        _never_twice(*situation)

    with pytest.raises(AssertionError):
        searching(given(doubts())(sent))()
