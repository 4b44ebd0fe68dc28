"""Names for what a file tells without the venue's id: of the content, the same in any file."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from domain.instruments import Account
from domain.market import Movement
from domain.names import is_made_here, named
from domain.orders import Fill, Side

KRAKEN = Account("kraken", "main")
FILL = Fill(
    account=KRAKEN,
    symbol="BTC/USD",
    trade_id="",
    side=Side.BUY,
    quantity=Decimal("0.5"),
    price=Decimal(4000),
    fee=Decimal(1),
    fee_asset="USD",
    at_us=1_500_000_000_000_000,
)
DEPOSIT = Movement(
    account=KRAKEN,
    reference="",
    asset="USD",
    amount=Decimal(5),
    fee=Decimal(0),
    at_us=1_500_000_000_000_000,
)
OTHERS: list[Fill | Movement] = [
    replace(FILL, symbol="ETH/USD"),
    replace(FILL, side=Side.SELL),
    replace(FILL, quantity=Decimal("0.6")),
    replace(FILL, price=Decimal(4001)),
    replace(FILL, fee=Decimal(2)),
    replace(FILL, fee_asset="BTC"),
    replace(FILL, at_us=FILL.at_us + 1),
    replace(FILL, venue_order_id="O1"),
    replace(DEPOSIT, amount=Decimal(-5)),
    replace(DEPOSIT, fee=Decimal(1)),
    replace(DEPOSIT, asset="EUR"),
    replace(DEPOSIT, at_us=DEPOSIT.at_us + 1),
]


def test_whatever_differs_has_another_name_and_equal_rows_are_numbered() -> None:
    every: list[Fill | Movement] = [FILL, DEPOSIT, *OTHERS, FILL]
    keys = [fact.key for fact in named(every)]
    assert len(set(keys)) == len(keys)
    assert keys[-1] == keys[0].removesuffix("1") + "2"


def test_a_venues_own_id_stays() -> None:
    kept: list[Fill | Movement] = [replace(FILL, trade_id="T1"), replace(DEPOSIT, reference="R1")]
    assert named(kept) == kept
    assert not any(is_made_here(name) for name in ("T1", "R1"))


@given(st.permutations([FILL, FILL, DEPOSIT, *OTHERS]))
def test_the_order_of_a_file_changes_no_name(facts: list[Fill | Movement]) -> None:
    assert set(named(facts)) == set(named([FILL, FILL, DEPOSIT, *OTHERS]))


def test_how_a_number_is_written_changes_no_name() -> None:
    (first,) = named([FILL])
    (again,) = named([replace(FILL, quantity=Decimal("0.500"))])
    assert first.key == again.key
    assert first.key.startswith("kraken:main:BTC/USD:import-")
