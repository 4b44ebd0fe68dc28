"""Fees of the demo venues: in the right asset, and never more than an order held for them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import MONEY, ZERO, exactly
from domain.orders import Side
from venues.demo_catalogue import PROFILES
from venues.fees import FeeKind, Fees

QUOTE = Fees(maker=Decimal("0.0016"), taker=Decimal("0.0026"))
RECEIVED = Fees(maker=Decimal("0.001"), taker=Decimal("0.002"), kind=FeeKind.RECEIVED)
KCS = "KCS"


@pytest.mark.parametrize(
    ("fees", "side", "liquidity", "asset", "fee"),
    [
        (QUOTE, Side.BUY, "taker", "USD", "0.26"),
        (QUOTE, Side.SELL, "maker", "USD", "0.16"),
        (RECEIVED, Side.BUY, "taker", "BTC", "0.000004"),
        (RECEIVED, Side.SELL, "taker", "USD", "0.2"),
    ],
)
def test_a_fee_is_a_share_of_what_the_venue_charges_in(
    fees: Fees, side: Side, liquidity: str, asset: str, fee: str
) -> None:
    charged = fees.charge(side, "BTC/USD", Decimal("0.002"), Decimal(50_000), liquidity)
    assert charged == (asset, Decimal(fee))


def test_a_fee_in_the_token_is_cheaper_and_at_the_tokens_price() -> None:
    token = PROFILES["kucoin"].fees
    assert (token.kind, token.token, token.token_pct) == (FeeKind.TOKEN, KCS, 80)
    assert token.in_token(Decimal(10), Decimal(8)) == Decimal(1)


def test_who_sells_holds_the_base_and_who_buys_the_quote_and_the_dearest_fee() -> None:
    quantity, price = Decimal("0.5"), Decimal(1_000)
    assert QUOTE.held(Side.SELL, "BTC/USD", quantity, price) == ("BTC", quantity)
    assert QUOTE.held(Side.BUY, "BTC/USD", quantity, price) == ("USD", Decimal("501.3"))
    assert RECEIVED.held(Side.BUY, "BTC/USD", quantity, price) == ("USD", Decimal(500))


@given(
    venue=st.sampled_from(sorted(PROFILES)),
    pieces=st.lists(st.integers(1, 10**7), min_size=1, max_size=30),
    ticks=st.integers(1, 10**7),
    liquidity=st.sampled_from(["maker", "taker"]),
)
def test_the_pieces_of_an_order_never_cost_more_than_the_whole_held(
    venue: str, pieces: list[int], ticks: int, liquidity: str
) -> None:
    fees = PROFILES[venue].fees
    lot, price = Decimal("0.000001"), ticks * Decimal("0.01")
    with exactly():
        asset, held = fees.held(Side.BUY, "BTC/USD", sum(pieces) * lot, price)
        spent = ZERO
        for piece in pieces:
            fee_asset, fee = fees.charge(Side.BUY, "BTC/USD", piece * lot, price, liquidity)
            spent += MONEY.multiply(piece * lot, price) + (fee if fee_asset == asset else ZERO)
            assert fee_asset == asset or fee < piece * lot
        assert spent <= held
