"""The running sums: always equal to the claims added up from scratch."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from domain.instruments import Account
from domain.market import AssetBalance, Balances
from domain.money import ZERO
from domain.orders import Amendment, Fill, OrderState, Side
from risk import exposure as module
from risk.exposure import BALANCE_LAG_US, SURELY_INSIDE_US, Claim, Exposure, changes_of, claim_of
from tests.risk.desks import MAIN, NOW_US, balances, draft, state, unknown

D = Decimal
OTHER = Account("kucoin", "main")


def summed(claims: Iterable[Claim]) -> tuple[dict[str, Decimal], dict[str, Decimal], Decimal]:
    incoming: dict[str, Decimal] = {}
    outgoing: dict[str, Decimal] = {}
    value = ZERO
    for claim in claims:
        incoming[claim.incoming_asset] = incoming.get(claim.incoming_asset, ZERO) + claim.incoming
        outgoing[claim.outgoing_asset] = outgoing.get(claim.outgoing_asset, ZERO) + claim.outgoing
        value += claim.value
    return incoming, outgoing, value


class Sums(RuleBasedStateMachine):
    """Orders come, change, fill and go in any order; balances arrive in between."""

    def __init__(self) -> None:
        super().__init__()
        self.exposure = Exposure()
        self.model: dict[str, Claim] = {}
        self.now_us = NOW_US
        self.drift: list[tuple[int, str, Decimal]] = []
        self.total = D(100)
        self.number = 0

    @rule(
        name=st.sampled_from("abcd"),
        side=st.sampled_from(Side),
        size=st.integers(1, 9),
        lost=st.booleans(),
    )
    def order(self, name: str, side: Side, size: int, *, lost: bool) -> None:
        wanted = draft(side, str(size))
        known = replace(state(wanted, name), acked=True, acked_us=self.now_us)
        claim = claim_of(unknown(wanted, name) if lost else known)
        assert claim is not None
        self.exposure.claim(name, claim)
        self.model[name] = claim

    @rule(name=st.sampled_from("abcd"))
    def release(self, name: str) -> None:
        self.exposure.claim(name, None)
        self.model.pop(name, None)

    @rule(side=st.sampled_from(Side), size=st.integers(1, 9))
    def fill(self, side: Side, size: int) -> None:
        self.number += 1
        done = Fill(
            account=MAIN,
            symbol="BTC/USD",
            trade_id=f"T{self.number}",
            side=side,
            quantity=D(size),
            price=D(1),
            fee=D(0),
            fee_asset="USD",
            at_us=self.now_us,
        )
        self.exposure.filled(done, self.now_us)
        sign = 1 if side is Side.BUY else -1
        self.drift.append((self.now_us, "BTC", D(sign * size)))

    @rule(total=st.integers(0, 500), back_us=st.integers(0, 2 * BALANCE_LAG_US))
    def snapshot(self, total: int, back_us: int) -> None:
        asked = self.now_us - back_us
        self.exposure.balances_seen(replace(balances(BTC=str(total)), asked_us=asked))
        self.total = D(total)
        self.drift = [d for d in self.drift if d[0] > asked - BALANCE_LAG_US]
        self.seen = True

    @rule(later_us=st.integers(0, 3 * BALANCE_LAG_US))
    def time_passes(self, later_us: int) -> None:
        self.now_us += later_us

    @invariant()
    def the_sums_equal_the_claims_added_up(self) -> None:
        incoming, outgoing, value = summed(self.model.values())
        assert self.exposure.incoming == incoming
        assert self.exposure.outgoing == outgoing
        assert self.exposure.value == value
        assert self.exposure.count == len(self.model)

    @invariant()
    def what_may_have_arrived_is_known_by_its_place(self) -> None:
        for side in Side:
            place = (MAIN, "BTC/USD", side)
            there = {name for name, claim in self.model.items() if claim.unknown == place}
            assert set(self.exposure.unknown(*place)) == there

    @invariant()
    def positions_are_the_worst_that_could_be_true(self) -> None:
        if self.exposure.balances(MAIN) is None:
            return
        gains = sum((change for _, _, change in self.drift if change > 0), ZERO)
        losses = sum((change for _, _, change in self.drift if change < 0), ZERO)
        assert self.exposure.most("BTC") == self.total + gains
        assert self.exposure.least("BTC") == self.total + losses

    @invariant()
    def what_is_available_never_counts_a_coin_twice(self) -> None:
        available = self.exposure.available(MAIN, "BTC")
        if available is not None:
            assert available <= self.total - self.exposure.held(MAIN, "BTC")


def test_running_sums_equal_the_claims_added_up_from_scratch() -> None:
    run_state_machine_as_test(
        Sums,
        settings=settings(
            max_examples=60, stateful_step_count=30, deadline=None, report_multiple_bugs=False
        ),
    )


def _forgets_release(self: Exposure, client_id: str, claim: Claim | None) -> None:
    if claim is not None:
        AS_IT_IS(self, client_id, claim)


def _adds_without_removing(self: Exposure, client_id: str, claim: Claim | None) -> None:
    self.claims.pop(client_id, None)
    AS_IT_IS(self, client_id, claim)


def _keeps_what_was_unknown(self: Exposure, client_id: str, claim: Claim | None) -> None:
    places = {side: set(self.unknown(MAIN, "BTC/USD", side)) for side in Side}
    AS_IT_IS(self, client_id, claim)
    for side, names in places.items():
        for name in names:
            self._doubt((MAIN, "BTC/USD", side), name, standing=True)


AS_IT_IS = Exposure.claim


@pytest.mark.parametrize(
    "bug",
    [_forgets_release, _adds_without_removing, _keeps_what_was_unknown],
    ids=["no release", "double count", "unknown for ever"],
)
def test_the_properties_find_a_planted_bug(bug: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Exposure, "claim", bug)
    with pytest.raises(AssertionError):
        test_running_sums_equal_the_claims_added_up_from_scratch()


def test_the_property_finds_a_snapshot_that_forgets_late_fills(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BALANCE_LAG_US", -(10**9))
    with pytest.raises(AssertionError):
        test_running_sums_equal_the_claims_added_up_from_scratch()


def test_a_buy_claims_its_cost_with_fee_and_a_sale_its_quantity() -> None:
    buy, sale = claim_of(state(draft(Side.BUY, "2"))), claim_of(state(draft(Side.SELL, "2")))
    assert buy is not None
    assert sale is not None
    assert (buy.outgoing_asset, buy.outgoing) == ("USD", D("120312.0000"))
    assert (buy.incoming_asset, buy.incoming, buy.value) == ("BTC", D(2), D(120000))
    assert (sale.outgoing_asset, sale.outgoing) == ("BTC", D(2))
    assert (sale.incoming_asset, sale.incoming) == ("USD", D(120000))


def test_a_pending_amendment_claims_the_dearer_terms() -> None:
    wanted = Amendment(client_id="x", quantity=D(3), price=D(61000), at_us=1)
    claim = claim_of(replace(state(draft(Side.BUY, "2")), amendment=wanted))
    assert claim is not None
    assert claim.value == D(183000)


def test_a_lowered_price_is_claimed_at_the_old_one_while_fills_at_it_may_be_untold() -> None:
    lowered = replace(state(draft(Side.BUY, "2")), price=D(50000), former_price=D(60000))
    claim = claim_of(lowered)
    assert claim is not None
    assert claim.value == D(120000)


def test_available_is_total_less_what_the_venue_holds_and_cannot_hold_yet() -> None:
    exposure = Exposure()
    held = {"USD": AssetBalance(total=D(100_000), used=D(10_000))}
    exposure.balances_seen(Balances(account=MAIN, assets=held, asked_us=NOW_US, at_us=NOW_US))
    acked_before = _acked(state(draft(Side.BUY, "0.1"), "old"), NOW_US - 10 * BALANCE_LAG_US)
    acked_after = _acked(state(draft(Side.BUY, "0.1"), "new"), NOW_US + 1)
    exposure.claim("old", claim_of(acked_before))
    assert exposure.available(MAIN, "USD") == D(90_000)
    exposure.claim("new", claim_of(acked_after))
    assert exposure.available(MAIN, "USD") == D(90_000) - D("6015.600")
    assert exposure.available(OTHER, "USD") is None


def _acked(made: OrderState, at_us: int) -> OrderState:
    return replace(made, acked=True, acked_us=at_us)


def test_history_that_is_read_after_a_balance_is_inside_it_already() -> None:
    exposure = Exposure()
    exposure.balances_seen(replace(balances(USD="1000", BTC="1"), asked_us=NOW_US))
    old = Fill(
        account=MAIN,
        symbol="BTC/USD",
        trade_id="T1",
        side=Side.BUY,
        quantity=D("0.01"),
        price=D(60_000),
        fee=D(0),
        fee_asset="USD",
        at_us=NOW_US - SURELY_INSIDE_US,
    )
    exposure.filled(old, NOW_US + 1)
    assert (exposure.most("BTC"), exposure.available(MAIN, "USD")) == (D(1), D(1000))
    exposure.filled(replace(old, trade_id="T2", at_us=old.at_us + 1), NOW_US + 1)
    assert (exposure.most("BTC"), exposure.available(MAIN, "USD")) == (D("1.01"), D(400))


@given(st.sampled_from(Side), st.sampled_from(["BTC", "USD", "BNB"]))
def test_a_fill_changes_base_quote_and_fee_asset(side: Side, fee_asset: str) -> None:
    done = Fill(
        account=MAIN,
        symbol="BTC/USD",
        trade_id="T",
        side=side,
        quantity=D(2),
        price=D(50),
        fee=D("0.1"),
        fee_asset=fee_asset,
        at_us=1,
    )
    sums: dict[str, Decimal] = {}
    for asset, change in changes_of(done):
        sums[asset] = sums.get(asset, ZERO) + change
    sign = 1 if side is Side.BUY else -1
    expected = {"BTC": D(2 * sign), "USD": D(-100 * sign)}
    expected[fee_asset] = expected.get(fee_asset, ZERO) - D("0.1")
    assert sums == expected
