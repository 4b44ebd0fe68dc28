"""Samples of equity and the mark they are compared with: what counts, what is left out."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.highwater import HighWater, carried, drawdown_pct, unjudgeable
from accounting.sampling import Ages, Sample, sampled
from domain.board import AccountView, Board, Feed, Health, Mode
from domain.instruments import Account
from domain.market import AssetBalance, Balances, Mark
from domain.money import exactly
from domain.table import Table

D = Decimal
NOW = 1_790_000_000_000_000
SECOND = 1_000_000
KRAKEN, MEXC = Account("kraken", "main"), Account("mexc", "main")
AGES = Ages()


def board(
    totals: dict[str, str], *, aged_s: int = 0, heard_s: int = 0, **marks: tuple[str, int]
) -> Board:
    """One account; marks as (value, age in seconds)."""
    at_us = NOW - aged_s * SECOND
    balances = Balances(
        account=KRAKEN,
        assets={asset: AssetBalance(total=D(total)) for asset, total in totals.items()},
        asked_us=at_us,
        at_us=at_us,
    )
    heard = NOW - heard_s * SECOND
    return Board(
        mode=Mode.PAPER,
        accounts=Table({KRAKEN: AccountView(account=KRAKEN, balances=balances)}),
        marks=Table(
            {a: Mark(asset=a, value=D(v), at_us=NOW - age * SECOND, source="")
             for a, (v, age) in marks.items()}
        ),
        feeds=Table(
            {KRAKEN: Feed(venue="kraken", kind="account", account=KRAKEN, health=Health.OK,
                          message_us=heard)}
        ),
    )  # fmt: skip


def sample(shown: Board, held: dict[str, str] | None = None, ages: Ages = AGES) -> Sample:
    view = shown.accounts[KRAKEN]
    assert view.balances is not None
    told = {asset: b.total for asset, b in view.balances.assets.items()}
    books = told if held is None else {asset: D(n) for asset, n in held.items()}
    with exactly():
        return sampled(shown, {KRAKEN: books}, NOW, ages)


# What is a valid sample


def test_equity_is_every_total_at_its_mark_by_the_venues_and_by_the_books() -> None:
    got = sample(board({"USD": "100", "BTC": "2"}, BTC=("50", 0)), {"USD": "90", "BTC": "2"})
    assert (got.venues, got.books, got.doubts) == (D(200), D(190), ())
    assert (got.lower, got.higher) == (D(190), D(200))


@pytest.mark.parametrize(("age_s", "valid"), [(14, True), (15, False), (600, False)])
def test_a_price_of_fifteen_seconds_makes_a_sample_invalid(age_s: int, valid: bool) -> None:
    got = sample(board({"USD": "100", "BTC": "2"}, BTC=("50", age_s)))
    assert (not got.doubts) is valid
    assert valid or "no fresh price of BTC" in got.doubts[0]


def test_an_old_price_of_next_to_nothing_does_not_blind_the_desk() -> None:
    crumbs = board({"USD": "100000", "OLD": "1"}, OLD=("99", 9_999))
    assert not sample(crumbs).doubts
    assert sample(board({"USD": "100000", "OLD": "1"}, OLD=("101", 9_999))).doubts


@pytest.mark.parametrize(
    ("aged_s", "heard_s", "valid"),
    [(29, 999, True), (30, 999, False), (119, 5, True), (120, 5, False), (60, 30, False)],
)
def test_balances_are_young_by_their_stream_or_by_two_polls(
    aged_s: int, heard_s: int, valid: bool
) -> None:
    got = sample(board({"USD": "1"}, aged_s=aged_s, heard_s=heard_s))
    assert (not got.doubts) is valid


def test_an_account_without_balances_or_books_makes_a_sample_invalid() -> None:
    shown = board({"USD": "1"})
    with exactly():
        assert "not reconciled" in sampled(shown, {}, NOW, AGES).doubts[0]
    blind = shown.but(accounts=Table({KRAKEN: AccountView(account=KRAKEN)}))
    with exactly():
        assert "not known" in sampled(blind, {KRAKEN: {}}, NOW, AGES).doubts[0]
        assert sampled(Board(mode=Mode.PAPER), {}, NOW, AGES).doubts


# What has no price


def judged(got: Sample, mark: HighWater | None, *traded: str, settled: bool = True) -> Any:
    return unjudgeable(got, mark, set(traded), settled=settled)


DUST = {"USD": "100", "DUST": "7"}
MARK = HighWater(
    value=D(100), counted=frozenset({"USD"}), left_out=frozenset({"DUST"}),
    accounts=frozenset({KRAKEN}),
)  # fmt: skip


def test_a_token_that_never_had_a_price_is_left_out_of_both_sides_for_good() -> None:
    got = sample(board(DUST))
    assert got.unpriced == {"DUST"}
    assert not judged(got, None)
    mark, _ = carried(None, got, {}, {})
    assert (mark.value, mark.left_out) == (D(100), frozenset({"DUST"}))
    assert not judged(got, mark)
    assert drawdown_pct(got, mark) == 0


def test_a_worthless_token_that_arrives_later_blinds_nobody() -> None:
    mark, _ = carried(None, sample(board({"USD": "100"})), {}, {})
    got = sample(board(DUST))
    assert not judged(got, mark)
    assert carried(mark, got, {}, {})[0].left_out == {"DUST"}


def test_what_was_inside_the_mark_and_lost_its_price_blinds_the_desk() -> None:
    mark, _ = carried(None, sample(board(DUST, DUST=("10", 0))), {}, {})
    assert judged(sample(board(DUST)), mark) == ("DUST has no price any more",)


def test_what_was_paid_for_is_never_left_out() -> None:
    mark, _ = carried(None, sample(board({"USD": "100"})), {}, {})
    assert judged(sample(board({"USD": "10", "NEW": "9"})), mark, "NEW")


def test_prices_get_the_time_to_come_before_the_first_mark() -> None:
    got = sample(board(DUST))
    assert judged(got, None, settled=False) == ("DUST has no price yet",)
    older = HighWater(value=D(1), told=False)
    assert judged(got, older, settled=False)
    assert not judged(got, older, settled=True)


def test_a_price_that_appears_is_a_flow_and_no_profit() -> None:
    got = sample(board(DUST, DUST=("10", 0)))
    mark, shift = carried(MARK, got, {}, {"DUST": D(70)})
    assert (mark.value, shift) == (D(170), D(70))
    assert mark.left_out == frozenset()
    assert "DUST" in mark.counted


# Flows, accounts, and the two ways to see money


def test_an_account_that_joins_or_leaves_is_no_profit_and_no_loss() -> None:
    alone = sample(board({"USD": "100"}))
    both = replace(alone, venues=D(150), books=D(150), accounts={KRAKEN: D(100), MEXC: D(50)})
    mark, _ = carried(None, alone, {}, {})
    joined, shift = carried(mark.shifted(D(20)), both, {}, {})  # at a drawdown of 20
    assert (joined.value, shift) == (D(170), D(50))
    left, shift = carried(joined, alone, {MEXC: D(50)}, {})
    assert (left.value, shift) == (D(120), D(-50))


def test_a_deposit_that_is_not_booked_yet_does_not_raise_the_mark() -> None:
    mark, _ = carried(None, sample(board({"USD": "100"})), {}, {})
    seen = sample(board({"USD": "130"}), {"USD": "100"})
    assert carried(mark, seen, {}, {})[0].value == D(100)


def test_a_withdrawal_that_is_not_booked_yet_is_no_loss() -> None:
    mark, _ = carried(None, sample(board({"USD": "100"})), {}, {})
    assert drawdown_pct(sample(board({"USD": "60"}), {"USD": "100"}), mark) == 0
    assert drawdown_pct(sample(board({"USD": "60"}), {"USD": "60"}), mark) == 40


def test_a_flow_that_could_not_be_valued_when_it_was_booked_shifts_the_mark_later() -> None:
    mark, _ = carried(None, sample(board({"USD": "100"})), {}, {})
    after = sample(board({"USD": "70"}))
    moved, shift = carried(mark, after, {}, {}, D(-30))
    assert (moved.value, shift) == (D(70), D(-30))


money = st.decimals(1, 10_000, places=2)


@given(st.lists(st.tuples(st.sampled_from(["price", "flow", "late"]), money), max_size=12))
@settings(max_examples=150)
def test_flows_alone_never_make_a_drawdown_in_whatever_order_they_are_seen(
    steps: list[tuple[str, Decimal]],
) -> None:
    """A price only rises here, so any drawdown would be a flow that was taken for a loss."""
    with exactly():
        cash, units, price = D(50_000), D(1), D(100)
        mark, _ = carried(None, _of(cash, cash, units, price), {}, {})
        for kind, amount in steps:
            if kind == "price":
                price += amount
            elif kind == "flow":  # booked, then seen
                mark, cash = mark.shifted(-amount), cash - amount
            else:  # seen first, booked a sample later
                seen = _of(cash - amount, cash, units, price)
                mark, _ = carried(mark, seen, {}, {})
                assert drawdown_pct(seen, mark) == 0
                mark, cash = mark.shifted(-amount), cash - amount
            got = _of(cash, cash, units, price)
            mark, _ = carried(mark, got, {}, {})
            assert drawdown_pct(got, mark) == 0


def _of(venue_cash: Decimal, book_cash: Decimal, units: Decimal, price: Decimal) -> Sample:
    worth = units * price
    return Sample(
        at_us=NOW,
        venues=venue_cash + worth,
        books=book_cash + worth,
        priced=frozenset({"USD", "BTC"}),
        accounts={KRAKEN: book_cash + worth},
    )


@given(st.lists(money, min_size=2, max_size=20))
@settings(max_examples=100)
def test_without_flows_the_mark_is_the_highest_sample_and_the_fall_is_measured_from_it(
    values: list[Decimal],
) -> None:
    mark: HighWater | None = None
    with exactly():
        for value in values:
            got = _of(value, value, D(0), D(1))
            mark, shift = carried(mark, got, {}, {})
            assert shift == 0
        assert mark is not None
        assert mark.value == max(values)
        assert drawdown_pct(got, mark) == (max(values) - values[-1]) / max(values) * 100
