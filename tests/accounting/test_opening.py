"""What was imported from before an account's opening is taken out of opening equity."""

from decimal import Decimal

import pytest

from accounting.postings import imbalance, postings_of
from domain.bookings import IMPORTED, IMPORTED_EARLIER, FillBooked, MovementBooked
from domain.instruments import Account
from domain.market import Movement
from domain.orders import Fill, Side

KRAKEN = Account("kraken", "main")
D = Decimal
FILL = Fill(
    account=KRAKEN,
    symbol="BTC/USD",
    trade_id="T1",
    side=Side.BUY,
    quantity=D("0.5"),
    price=D(4000),
    fee=D(3),
    fee_asset="USD",
    at_us=1,
)
GONE = Movement(account=KRAKEN, reference="R1", asset="BTC", amount=D(-1), fee=D("0.1"), at_us=1)


def lines(fact: FillBooked | MovementBooked) -> dict[str, Decimal]:
    return {line.name: line.amount for line in postings_of(fact)}


@pytest.mark.parametrize("source", [IMPORTED, IMPORTED_EARLIER])
def test_every_asset_sums_to_zero(source: str) -> None:
    for fact in (
        FillBooked(at_us=2, actor="me", fill=FILL, source=source),
        MovementBooked(at_us=2, actor="me", movement=GONE, source=source),
    ):
        assert imbalance(postings_of(fact)) == {}


def test_a_trade_before_the_opening_explains_a_part_of_it() -> None:
    fact = FillBooked(at_us=2, actor="me", fill=FILL, source=IMPORTED_EARLIER)
    assert lines(fact) == {
        "equity:opening:BTC": D("0.5"),
        "trading:BTC": D("-0.5"),
        "equity:opening:USD": D(-2003),
        "trading:USD": D(2000),
        "expense:fee:USD": D(3),
    }


def test_a_withdrawal_before_the_opening_explains_a_part_of_it() -> None:
    fact = MovementBooked(at_us=2, actor="me", movement=GONE, source=IMPORTED_EARLIER)
    assert lines(fact) == {
        "equity:opening:BTC": D("-1.1"),
        "equity:external:BTC": D(1),
        "expense:fee:BTC": D("0.1"),
    }


def test_what_came_after_the_opening_is_in_the_account() -> None:
    fact = FillBooked(at_us=2, actor="me", fill=FILL, source=IMPORTED)
    assert lines(fact)["asset:kraken/main:BTC"] == D("0.5")
