"""Reducing orders: verified against what the venue says is there, never across zero."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.halts import Level
from domain.market import AssetBalance, Balances
from domain.money import ZERO
from domain.orders import Side
from risk import proposal
from risk.exposure import BALANCE_LAG_US, claim_of
from risk.gate import judge
from risk.proposal import View
from tests.risk.desks import (
    MAIN,
    NOW_US,
    D,
    balances,
    board,
    draft,
    order,
    result,
    state,
    unknown,
    view,
)
from tests.risk.scopes import filled


def desk(held: str = "0.5", used: str = "0") -> View:
    """A desk at REDUCE_ONLY whose venue reports so much BTC, of which orders hold a part."""
    seen = view(board(balances(USD="50000", BTC=held)), max_order_value=D(10**6))
    told = {
        "USD": AssetBalance(total=D(50_000), used=D(0)),
        "BTC": AssetBalance(total=D(held), used=D(used)),
    }
    seen.exposure.balances_seen(Balances(account=MAIN, assets=told, asked_us=NOW_US, at_us=NOW_US))
    seen.level = Level.REDUCE_ONLY
    return seen


def test_at_reduce_only_a_sale_of_all_that_is_held_passes_and_a_lot_more_does_not() -> None:
    seen = desk()
    assert judge(draft(Side.SELL, "0.5"), seen).approved
    assert result(judge(draft(Side.SELL, "0.50001"), seen), "halt").passed is False
    assert judge(draft(Side.BUY, "0.01"), seen).rule == "halt"


def test_two_reducing_orders_at_once_cannot_cross_zero_together() -> None:
    seen = desk()
    first = draft(Side.SELL, "0.3")
    assert judge(first, seen).approved
    seen.exposure.claim("first", claim_of(state(first, "first")))
    assert not judge(draft(Side.SELL, "0.20001"), seen).approved
    assert judge(draft(Side.SELL, "0.2"), seen).approved


@pytest.mark.parametrize("there", ["open", "unknown", "foreign"])
def test_every_open_sale_counts_wherever_it_comes_from(there: str) -> None:
    seen = desk(used="0.3" if there == "foreign" else "0")
    if there != "foreign":
        made = (unknown if there == "unknown" else state)(draft(Side.SELL, "0.3"), "w")
        seen.exposure.claim("w", claim_of(made))
    # An UNKNOWN sale stands in nobody's way that is verified to reduce: it is counted.
    assert judge(draft(Side.SELL, "0.2"), seen).approved
    assert not judge(draft(Side.SELL, "0.20001"), seen).approved


def test_a_fill_that_the_balance_may_not_contain_is_gone_already() -> None:
    seen = desk()
    seen.exposure.filled(filled(draft(Side.SELL, "0.3"), "T1"), NOW_US)
    assert not judge(draft(Side.SELL, "0.20001"), seen).approved
    bought = desk()
    bought.exposure.filled(filled(draft(Side.BUY, "0.3"), "T2"), NOW_US)
    assert not judge(draft(Side.SELL, "0.50001"), bought).approved


def test_without_a_balance_nothing_is_known_to_reduce() -> None:
    seen = desk()
    seen.exposure = type(seen.exposure)()
    assert (
        judge(draft(Side.SELL, "0.01"), seen).rule == "venue_health"
        or not judge(draft(Side.SELL, "0.01"), seen).approved
    )


def test_a_sale_for_another_coin_buys_and_so_reduces_nothing() -> None:
    seen = desk()
    wanted = draft(Side.SELL, "1", "0.05", symbol="ETH/BTC")
    assert judge(wanted, seen).rule == "halt"


def test_an_amendment_of_a_sale_may_use_what_the_venue_holds_for_it() -> None:
    seen = desk(used="0.4")
    resting = replace(
        state(draft(Side.SELL, "0.4")), acked=True, acked_us=NOW_US - 10 * BALANCE_LAG_US
    )
    seen.exposure.claim("QD01", claim_of(resting))
    seen.exposure.lift("QD01")
    assert judge(draft(Side.SELL, "0.5", "60001"), seen, filled=ZERO).approved
    assert not judge(draft(Side.SELL, "0.50001", "60001"), seen, filled=ZERO).approved
    seen.exposure.claim("QD01", claim_of(resting))
    assert seen.exposure.available(MAIN, "BTC") == D("0.1")


def test_an_amendment_frees_only_its_own_part_of_what_the_venue_holds() -> None:
    seen = desk(used="0.4")
    for name, quantity in (("mine", "0.1"), ("other", "0.3")):
        resting = replace(state(draft(Side.SELL, quantity), name), acked=True, acked_us=1)
        seen.exposure.claim(name, claim_of(resting))
    seen.exposure.lift("mine")
    assert judge(draft(Side.SELL, "0.2"), seen, filled=ZERO).approved
    assert not judge(draft(Side.SELL, "0.20001"), seen, filled=ZERO).approved


lots = st.integers(1, 40_000).map(lambda n: D(n).scaleb(-5))
steps = st.lists(st.tuples(lots, st.sampled_from(("open", "unknown", "fill", "told"))), max_size=25)


@settings(max_examples=120, database=None)
@given(lots, steps)
def test_whatever_is_approved_to_reduce_all_of_it_together_is_there(
    held: Decimal, asked: list[tuple[Decimal, str]]
) -> None:
    _never_crosses(held, asked)


def _never_crosses(held: Decimal, asked: list[tuple[Decimal, str]]) -> None:
    seen, left, open_ = desk(str(held)), held, ZERO
    for number, (quantity, fate) in enumerate(asked):
        wanted = draft(Side.SELL, str(quantity))
        if not judge(wanted, seen).approved:
            continue
        name = f"n{number}"
        assert order(wanted, name).quantity <= left - open_, "it would cross zero"
        if fate in ("open", "unknown"):
            made = unknown(wanted, name) if fate == "unknown" else state(wanted, name)
            seen.exposure.claim(name, claim_of(made))
            open_ += quantity
        else:
            left -= quantity
            seen.exposure.filled(filled(wanted, name), NOW_US)
        if fate == "told":  # and the venue's balance has it
            later = NOW_US + 2 * BALANCE_LAG_US
            told = {"BTC": AssetBalance(total=left, used=ZERO)}
            seen.exposure.balances_seen(
                Balances(account=MAIN, assets=told, asked_us=later, at_us=NOW_US)
            )


def _by_the_total(order: proposal.Proposal, seen: View) -> bool:
    """Planted: what is promised elsewhere is forgotten."""
    known = seen.exposure.balances(order.account)
    held = known.assets.get(order.base) if known is not None else None
    return order.side is Side.SELL and held is not None and held.total >= order.quantity


def test_the_property_finds_a_check_against_the_total_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(proposal, "_reduces", _by_the_total)
    monkeypatch.setattr("risk.exposure.Exposure.available", lambda *_: D(10**9))
    with pytest.raises(AssertionError, match="cross zero"):
        _never_crosses(D("0.3"), [(D("0.2"), "open"), (D("0.2"), "open")])
