"""Two tellings of a history: every difference explains its part of the balance."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.reconcile import Kind, Report, reconcile
from domain.instruments import Account
from domain.market import History, Movement
from domain.money import ZERO
from domain.orders import Fill, Side

D = Decimal
KRAKEN = Account("kraken", "main")
RATES = {"USD": D(1), "BTC": D(100)}


def fill(trade_id: str = "T1") -> Fill:
    return Fill(
        account=KRAKEN,
        symbol="BTC/USD",
        trade_id=trade_id,
        side=Side.BUY,
        quantity=D(2),
        price=D(100),
        fee=D(1),
        fee_asset="USD",
        at_us=1,
    )


def moved(reference: str, amount: str, fee: str = "0") -> Movement:
    return Movement(
        account=KRAKEN, reference=reference, asset="BTC", amount=D(amount), fee=D(fee), at_us=1
    )


def told(
    fills: list[Fill], theirs: list[Fill], ours: list[Movement], venue: list[Movement]
) -> Report:
    history = History(
        account=KRAKEN, since_us=0, until_us=9, fills=tuple(theirs), movements=tuple(venue)
    )
    return reconcile(fills, ours, history, RATES)


def unexplained(report: Report) -> dict[str, Decimal]:
    return {asset: rest for asset, rest in report.residual.items() if rest}


@pytest.mark.parametrize(
    ("changes", "kinds", "value"),
    [
        ({}, [], "0"),
        ({"quantity": D(3)}, [Kind.QTY_MISMATCH], "100"),
        ({"price": D(90)}, [Kind.PRICE_MISMATCH], "20"),
        ({"fee": D(4)}, [Kind.FEE_MISMATCH], "3"),
        ({"fee": D("0.5"), "fee_asset": "BTC"}, [Kind.FEE_MISMATCH], "50"),
        (
            {"quantity": D(3), "price": D(90), "fee": D(2)},
            [Kind.QTY_MISMATCH, Kind.PRICE_MISMATCH, Kind.FEE_MISMATCH],
            "131",
        ),
    ],
)
def test_each_field_that_differs_is_named_and_explains_its_part(
    changes: dict[str, object], kinds: list[Kind], value: str
) -> None:
    report = told([fill()], [replace(fill(), **changes)], [], [])  # type: ignore[arg-type]
    assert [issue.kind for issue in report.issues] == kinds
    assert report.discrepancy == D(value)
    assert unexplained(report) == {}


def test_a_movement_that_one_side_lacks_or_tells_otherwise_is_named() -> None:
    """R-C8."""
    ours = [moved("same", "1"), moved("ours", "2"), moved("differs", "5")]
    venue = [moved("same", "1"), moved("out", "-3", "0.1"), moved("differs", "5", "0.5")]
    report = told([], [], ours, venue)
    assert [(issue.kind, issue.value) for issue in report.issues] == [
        (Kind.QTY_MISMATCH, D("50.0")),
        (Kind.PHANTOM_MOVEMENT, D(200)),
        (Kind.MISSING_WITHDRAWAL, D(300)),
    ]
    assert unexplained(report) == {}


def test_a_list_that_was_not_read_whole_proves_nothing() -> None:
    report = reconcile([fill()], [], None, RATES)
    assert [issue.kind for issue in report.issues] == [Kind.FETCH_INCOMPLETE]
    assert report.residual == {}


def test_a_difference_in_an_asset_without_a_price_has_no_value() -> None:
    report = reconcile([], [moved("X", "1")], EMPTY, {})
    assert [issue.value for issue in report.issues] == [None]
    assert report.discrepancy == ZERO


EMPTY = History(account=KRAKEN, since_us=0, until_us=9)
TRADES = st.lists(
    st.builds(
        replace,
        st.sampled_from([fill("A"), fill("B"), fill("C")]),
        quantity=st.sampled_from([D(1), D(2), D("0.5")]),
        price=st.sampled_from([D(90), D(100)]),
        fee=st.sampled_from([ZERO, D("0.3")]),
        fee_asset=st.sampled_from(["USD", "BTC", "BNB"]),
    ),
    max_size=5,
)


@settings(max_examples=60)
@given(TRADES, TRADES)
def test_the_differences_always_explain_the_whole_balance(
    ours: list[Fill], theirs: list[Fill]
) -> None:
    once = {trade.key: trade for trade in theirs}
    same = {trade.key: trade for trade in ours}
    report = told([same[trade.key] for trade in ours], list(once.values()), [], [])
    assert unexplained(report) == {}
