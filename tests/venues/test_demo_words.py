"""How demo venues refuse, in their own words, and what they take in their own token."""

from decimal import Decimal

import pytest

from domain.money import ZERO
from domain.orders import Side
from tests.venues.demo_desks import an_order, exchange_of, open_bench, world_of
from venues.dialects import DIALECTS, Objection
from venues.till import OUTSIDE, STREET


@pytest.mark.parametrize("venue", DIALECTS)
def test_every_venue_has_its_own_words_for_every_refusal(venue: str) -> None:
    said = [
        DIALECTS[venue].refusal(objection, limit=Decimal("0.50"), asset="USD")
        for objection in Objection
    ]
    assert all(not each.accepted and each.code and each.reason for each in said)
    assert all("{" not in each.reason for each in said)
    assert len({each.code for each in said}) >= 5


async def test_a_refusal_tells_the_limit_in_the_venues_words() -> None:
    bench = open_bench()
    placement = (
        await bench.venue("gate")
        .traders["main"]
        .place(an_order(Side.BUY, "0.00001", "50000", symbol="BTC/USDT", account="gate/main"))
    )
    assert placement.code == "INVALID_PARAM_VALUE"
    assert placement.reason == "Your order size is too small. The minimum is 3 USDT"


async def test_the_tokens_fee_turns_into_quote_when_the_token_is_gone() -> None:
    bench = open_bench()
    till = exchange_of(bench, "kucoin").till
    trader = bench.venue("kucoin").traders["main"]

    async def fee_asset() -> str:
        order = an_order(Side.BUY, "0.001", None, symbol="BTC/USDT", account="kucoin/main")
        await trader.place(order)
        return next(f.fee_asset for f in till.fills if f.client_id == order.client_id)

    assert await fee_asset() == "KCS"
    till._move("main", OUTSIDE, "KCS", till.free("main", "KCS"))
    assert await fee_asset() == "USDT"
    assert till.holdings["main"]["KCS"] == ZERO


async def test_all_of_the_fee_token_can_be_sold_without_going_below_zero() -> None:
    bench = open_bench()
    till = exchange_of(bench, "kucoin").till
    everything = till.free("main", "KCS") // Decimal("0.0001") * Decimal("0.0001")
    for left in range(20):
        order = an_order(Side.SELL, everything, None, symbol="KCS/USDT", account="kucoin/main")
        assert (await bench.venue("kucoin").traders["main"].place(order)).accepted
        assert till.holdings["main"]["KCS"] >= ZERO
        everything = till.free("main", "KCS") // Decimal("0.0001") * Decimal("0.0001")
        if everything < Decimal("0.01"):
            assert left > 0 or till.fills
            return
        bench.pass_time(2)
    raise AssertionError("the street never bought it all")


def test_the_street_pays_what_clients_receive() -> None:
    bench = open_bench()
    for exchange in world_of(bench).exchanges.values():
        assert exchange.till.balanced
        assert STREET in exchange.till.holdings
