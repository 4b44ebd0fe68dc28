"""Fees and swaps: what a trade gives and gets, and that value is the same on both sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.charges import charges_of
from accounting.elections import Elections, Policy, SwapFee
from accounting.entries import Departure, Entry, Income, Spending, Trade
from accounting.trades import Given, Got, Legs, legs_of
from domain.money import exactly
from tests.accounting.ledger_of import KRAKEN, D, buy, sell

PLAIN, APART = Policy(), Policy(fees_apart=True)


def legs(trade: Trade, policy: Policy = PLAIN) -> Legs:
    with exactly():
        return legs_of(trade, policy, "USD")


def test_a_sale_for_a_stablecoin_gives_a_lot_of_it_at_what_it_was_worth() -> None:
    trade = sell("S", "2024-01-01", "1", "30010", quote="USDT", value=D("29979.99"))
    made = legs(trade)
    assert made.got == (Got("USDT", D(30010), D("29979.99")),)
    assert made.given == (Given("BTC", D(1), D("29979.99"), "sale"),)


def test_a_quote_fee_in_a_stablecoin_lowers_the_proceeds_and_what_arrives() -> None:
    trade = sell(
        "S", "2024-01-01", "1", "100", quote="USDT", fee=D(1), fee_asset="USDT", value=D(100)
    )
    made = legs(trade)
    assert made.got == (Got("USDT", D(99), D(99)),)
    assert made.given[0].proceeds == D(99)


def test_a_fee_above_what_a_sale_fetched_is_paid_out_of_other_units() -> None:
    trade = sell("S", "2024-01-01", "1", "1", quote="USDT", fee=D(3), fee_asset="USDT", value=D(1))
    assert legs(trade) == Legs(
        (), (Given("BTC", D(1), D(-2), "sale"), Given("USDT", D(2), D(2), "fee")), ""
    )


def test_a_swap_whose_fee_takes_all_that_was_received_is_no_lot_below_zero() -> None:
    trade = sell("S", "2024-01-01", "1", "2", quote="ETH", fee=D(3), fee_asset="ETH", value=D(200))
    made = legs(trade)
    assert made.got == ()
    assert made.given[1] == Given("ETH", D(1), D(100), "fee")


def test_a_rebate_in_a_third_asset_is_a_lot_and_lowers_the_basis() -> None:
    trade = buy("B", "2024-01-01", "1", "100", fee=D(-2), fee_asset="BNB", fee_value=D(6))
    made = legs(trade)
    assert made.got == (Got("BTC", D(1), D(94)), Got("BNB", D(2), D(6)))


def test_a_rebate_in_the_sold_asset_is_a_lot_at_its_value() -> None:
    trade = sell("S", "2024-01-01", "1", "100", fee=D("-0.1"), fee_asset="BTC")
    made = legs(trade)
    assert made.got == (Got("BTC", D("0.1"), D(10)),)
    assert made.given == (Given("BTC", D(1), D(110), "sale"),)


def test_a_third_fee_without_a_price_is_told_and_goes_with_unknown_proceeds() -> None:
    trade = buy("B", "2024-01-01", "1", "100", fee=D(2), fee_asset="BNB")
    made = legs(trade)
    assert made.got == (Got("BTC", D(1), D(100)),)
    assert made.given == (Given("BNB", D(2), None, "fee"),)
    assert "BNB has no price" in made.wrong


def test_a_trade_that_nobody_can_value_has_no_basis_and_no_proceeds() -> None:
    trade = buy("B", "2024-01-01", "1", "100", quote="XYZ", fee=D(1), fee_asset="XYZ")
    assert legs(trade) == Legs((Got("BTC", D(1), None),), (Given("XYZ", D(101), None, "sale"),), "")


@pytest.mark.parametrize("trade", [buy, sell])
def test_fees_apart_leave_basis_and_proceeds_as_they_were_traded(trade: object) -> None:
    told = trade("T", "2024-01-01", "1", "100", fee=D(2), fee_asset="USD")  # type: ignore[operator]
    made = legs(told, APART)
    values = [leg.basis for leg in made.got] + [leg.proceeds for leg in made.given]
    assert values == [D(100)]


def test_fees_apart_in_a_stablecoin_are_units_of_their_own() -> None:
    told = buy(
        "B", "2024-01-01", "1", "100", quote="USDT", fee=D(2), fee_asset="USDT", value=D(100)
    )
    assert legs(told, APART).given == (
        Given("USDT", D(100), D(100), "sale"),
        Given("USDT", D(2), D(2), "fee"),
    )
    inside = buy("B", "2024-01-01", "1", "100", fee=D("0.1"), fee_asset="BTC")
    assert legs(inside, APART).got == (Got("BTC", D("0.9"), D(90)),)


NUMBERS = st.decimals(min_value="0.001", max_value="1000", places=3)


@given(
    buys=st.booleans(),
    quote=st.sampled_from(["USD", "USDT", "ETH", "EUR"]),
    fee_asset=st.sampled_from(["BTC", "USD", "USDT", "ETH", "EUR", "BNB"]),
    fee=st.decimals(min_value="-0.0005", max_value="0.0005", places=4),
    numbers=st.tuples(NUMBERS, NUMBERS, NUMBERS),
    swap_fee=st.sampled_from(SwapFee),
)
def test_what_is_got_is_worth_what_is_given_and_paid(
    buys: bool,
    quote: str,
    fee_asset: str,
    fee: object,
    numbers: tuple[object, ...],
    swap_fee: SwapFee,
) -> None:
    quantity, cost, value = (D(str(number)) for number in numbers)
    paid_fee = D(str(fee))
    told = (buy if buys else sell)(
        "T",
        "2024-01-01",
        str(quantity),
        str(cost),
        quote=quote,
        fee=paid_fee,
        fee_asset=fee_asset,
        value=value,
        fee_value=abs(paid_fee) * 300,
    )
    made = legs(told, Policy(swap_fee=swap_fee))
    with exactly():
        cash = (cost if buys else -cost) if quote == "USD" else D(0)
        cash += paid_fee if fee_asset == "USD" else D(0)
        basis = sum((leg.basis or D(0) for leg in made.got), D(0))
        proceeds = sum((leg.proceeds or D(0) for leg in made.given), D(0))
        assert basis - proceeds == (cash if fee_asset != "USD" or quote == "USD" else paid_fee)


def test_charges_tell_fees_and_funding_with_their_worth() -> None:
    entries: list[Entry] = [
        buy("B", "2024-01-01", "2", "100", fee=D("0.1"), fee_asset="BTC"),
        buy("C", "2024-01-01", "2", "100", fee=D(1), fee_asset="BNB"),
        buy("D", "2024-01-01", "2", "100"),
        Departure("M", 0, KRAKEN, "BTC", D(1), D("0.1"), D(7)),
        Departure("N", 0, KRAKEN, "BTC", D(1)),
        Income("F", 0, KRAKEN, "USDT", D(5), D("4.9"), "funding"),
        Spending("G", 0, KRAKEN, "USDT", D(5), None, "funding"),
        Income("I", 0, KRAKEN, "SOL", D(5), D(5)),
    ]
    told = [(c.key, c.kind, c.paid_in, c.value) for c in charges_of(entries, Elections())]
    assert told == [
        ("B", "trade fee", "BTC", D(5)),
        ("C", "trade fee", "BNB", None),
        ("M", "transfer fee", "BTC", D(7)),
        ("F", "funding", "USDT", D("-4.9")),
        ("G", "funding", "USDT", None),
    ]
