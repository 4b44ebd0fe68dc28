import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.postings import (
    EXACT,
    Posting,
    held_at,
    imbalance,
    moves_money,
    postings_of,
)
from domain.bookings import FillBooked, FillReversed, MovementBooked, OpeningBalance
from domain.events import EngineStopped
from domain.instruments import Account
from domain.market import Movement
from domain.orders import Fill, Side

SHARED = Path(__file__).parents[3] / "shared" / "data" / "golden_cases.json"
BINANCE = Account("binance", "main")
BNB_FEE_BUY = Fill(
    account=BINANCE,
    symbol="BTC/USDT",
    trade_id="T1",
    side=Side.BUY,
    quantity=Decimal("0.5"),
    price=Decimal(60000),
    fee=Decimal("0.04"),
    fee_asset="BNB",
    at_us=1,
)
G27 = {
    "asset:binance:BTC": "0.5",
    "trading:BTC": "-0.5",
    "asset:binance:USDT": "-30000",
    "trading:USDT": "30000",
    "asset:binance:BNB": "-0.04",
    "expense:fee:BNB": "0.04",
}


def booked(fill: Fill) -> FillBooked:
    return FillBooked(at_us=1, actor="test", fill=fill, source="test")


def lines(*postings: Posting) -> dict[str, Decimal]:
    return {posting.name: posting.amount for posting in postings}


def in_golden_names(postings: tuple[Posting, ...]) -> dict[str, Decimal]:
    """The golden case leaves the account's name out."""
    return {p.name.replace("binance/main", "binance"): p.amount for p in postings}


def test_a_fee_in_a_third_asset_makes_the_six_postings_of_g27() -> None:
    expected = {name: Decimal(amount) for name, amount in G27.items()}
    assert in_golden_names(postings_of(booked(BNB_FEE_BUY))) == expected


def test_g27_as_the_shared_golden_cases_have_it() -> None:
    if not SHARED.exists():
        pytest.skip("no golden cases beside the project; G27 is copied above")
    cases = json.loads(SHARED.read_text("utf-8"))["cases"]
    told: Any = next(case for case in cases if case["id"] == "G27")["expected"]
    made = postings_of(booked(BNB_FEE_BUY))
    assert in_golden_names(made) == {name: Decimal(amount) for name, amount in told["postings"]}
    sums = {asset: Decimal(0) for asset in told["sum_by_asset"]}
    for posting in made:
        sums[posting.asset] += posting.amount
    assert sums == {asset: Decimal(total) for asset, total in told["sum_by_asset"].items()}


def test_a_quote_fee_is_paid_on_top_of_a_buy() -> None:
    fill = replace(BNB_FEE_BUY, fee=Decimal(30), fee_asset="USDT")
    made = lines(*postings_of(booked(fill)))
    assert made["asset:binance/main:USDT"] == Decimal(-30030)
    assert made["trading:USDT"] == Decimal(30000)
    assert made["expense:fee:USDT"] == Decimal(30)


def test_a_base_fee_shrinks_what_is_received() -> None:
    fill = replace(BNB_FEE_BUY, fee=Decimal("0.001"), fee_asset="BTC")
    made = lines(*postings_of(booked(fill)))
    assert made["asset:binance/main:BTC"] == Decimal("0.499")
    assert made["trading:BTC"] == Decimal("-0.5")


def test_a_rebate_is_a_negative_expense() -> None:
    fill = replace(BNB_FEE_BUY, side=Side.SELL, fee=Decimal(-3), fee_asset="USDT")
    made = lines(*postings_of(booked(fill)))
    assert made["asset:binance/main:USDT"] == Decimal(30003)
    assert made["expense:fee:USDT"] == Decimal(-3)
    assert made["asset:binance/main:BTC"] == Decimal("-0.5")


def test_a_reversal_undoes_every_line_of_its_fill() -> None:
    there = lines(*postings_of(booked(BNB_FEE_BUY)))
    fact = FillReversed(at_us=2, actor="test", fill=BNB_FEE_BUY, reason="the real one arrived")
    back = lines(*postings_of(fact))
    assert back == {name: -amount for name, amount in there.items()}


def test_a_withdrawal_takes_its_amount_and_its_fee() -> None:
    movement = Movement(
        account=BINANCE,
        reference="W1",
        asset="BTC",
        amount=Decimal(-1),
        fee=Decimal("0.1"),
        at_us=1,
    )
    fact = MovementBooked(at_us=1, actor="test", movement=movement, source="test")
    assert lines(*postings_of(fact)) == {
        "asset:binance/main:BTC": Decimal("-1.1"),
        "equity:external:BTC": Decimal(1),
        "expense:fee:BTC": Decimal("0.1"),
    }


def test_an_opening_balance_comes_out_of_opening_equity_and_zero_makes_no_line() -> None:
    assets = {"BTC": Decimal(2), "DUST": Decimal("0.00")}
    fact = OpeningBalance(at_us=1, actor="test", account=BINANCE, assets=assets)
    assert lines(*postings_of(fact)) == {
        "asset:binance/main:BTC": Decimal(2),
        "equity:opening:BTC": Decimal(-2),
    }


def test_a_fact_that_moves_no_money_has_no_postings() -> None:
    assert postings_of(EngineStopped(at_us=1, actor="x", run_id="r", reason="asked")) == ()
    assert not moves_money(EngineStopped)
    assert moves_money(FillBooked)


def test_an_imbalance_names_the_asset_and_what_is_off() -> None:
    off = [Posting(held_at("a/b"), "BTC", Decimal(2)), Posting("trading", "BTC", Decimal(-1))]
    assert imbalance(off) == {"BTC": Decimal(1)}
    assert imbalance([]) == {}


NUMBER = st.decimals(
    min_value=Decimal("-1e30"), max_value=Decimal("1e30"), allow_nan=False, allow_infinity=False
).filter(lambda value: len(str(value)) <= 80 and (not value or abs(value.adjusted()) <= 40))
POSITIVE = NUMBER.map(lambda value: value.copy_abs())
FILLS = st.builds(
    Fill,
    account=st.just(BINANCE),
    symbol=st.sampled_from(["BTC/USDT", "ETH/BTC", "A/A"]),
    trade_id=st.just("T"),
    side=st.sampled_from(Side),
    quantity=POSITIVE,
    price=POSITIVE,
    fee=NUMBER,
    fee_asset=st.sampled_from(["BTC", "USDT", "BNB", "A"]),
    at_us=st.just(1),
)


def exact_sums(postings: tuple[Posting, ...]) -> set[Decimal]:
    sums: dict[str, Decimal] = {}
    for _, asset, amount in postings:
        sums[asset] = EXACT.add(sums.get(asset, Decimal(0)), amount)
    return set(sums.values())


@given(FILLS)
def test_every_asset_of_every_fill_sums_to_exactly_zero(fill: Fill) -> None:
    made = postings_of(booked(fill))
    assert exact_sums(made) <= {Decimal(0)}
    assert imbalance(made) == {}
    assert all(posting.amount for posting in made)
    assert len({(posting.account, posting.asset) for posting in made}) == len(made)


@given(FILLS)
def test_a_fill_and_its_reversal_leave_every_account_where_it_was(fill: Fill) -> None:
    there = postings_of(booked(fill))
    back = postings_of(FillReversed(at_us=2, actor="t", fill=fill, reason="r"))
    after: dict[str, Decimal] = {}
    for posting in (*there, *back):
        after[posting.name] = EXACT.add(after.get(posting.name, Decimal(0)), posting.amount)
    assert not any(after.values())


@given(st.dictionaries(st.sampled_from(["BTC", "USD", "ETH"]), NUMBER))
def test_every_opening_sums_to_zero(assets: dict[str, Decimal]) -> None:
    fact = OpeningBalance(at_us=1, actor="t", account=BINANCE, assets=assets)
    assert imbalance(postings_of(fact)) == {}


@given(amount=NUMBER, fee=NUMBER)
def test_every_movement_sums_to_zero(amount: Decimal, fee: Decimal) -> None:
    movement = Movement(
        account=BINANCE, reference="R", asset="BTC", amount=amount, fee=fee, at_us=1
    )
    fact = MovementBooked(at_us=1, actor="t", movement=movement, source="t")
    assert imbalance(postings_of(fact)) == {}
