"""The venue ports, whatever stands behind them: public data, refusals, streams.

What becomes of orders is in `test_venue_orders`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from decimal import Decimal

import pytest

from domain.errors import Unavailable
from domain.orders import Side
from domain.ports import Hear
from domain.sightings import (
    DepthSeen,
    FillSeen,
    Heartbeat,
    OrderSeen,
    PriceSeen,
    Sighting,
    TotalsSeen,
)
from tests.contracts.venue_rigs import Terms, VenueRig, placed, state_of, totals

UNLISTED = "NOSUCHCOIN/USD"


@asynccontextmanager
async def hearing(
    stream: Callable[[Hear], Coroutine[None, None, None]],
) -> AsyncIterator[list[Sighting]]:
    """What a stream tells while the block runs; it is open when the block begins."""
    heard: list[Sighting] = []
    opened = asyncio.Event()

    def hear(sighting: Sighting) -> None:
        heard.append(sighting)
        opened.set()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(stream(hear))
        async with asyncio.timeout(5):
            await opened.wait()
        yield heard
        task.cancel()


# Public data


async def test_every_instrument_names_its_venue_and_steps_once(rig: VenueRig) -> None:
    instruments = await rig.market.instruments()
    assert len({each.symbol for each in instruments}) == len(instruments) > 0
    for each in instruments:
        assert each.venue == rig.traits.venue
        assert each.tick is not None
        assert each.lot is not None
        assert each.tick > 0 < each.lot


async def test_prices_are_those_of_listed_symbols_and_bids_are_below_asks(rig: VenueRig) -> None:
    listed = [each.symbol for each in await rig.market.instruments()]
    prices = await rig.market.prices([*listed, UNLISTED])
    assert {price.symbol for price in prices} == set(listed)
    for price in prices:
        assert price.bid is not None
        assert price.ask is not None
        assert 0 < price.bid < price.ask


async def test_the_venue_tells_its_own_time(rig: VenueRig) -> None:
    (price,) = await rig.market.prices([rig.symbol])
    assert abs(await rig.market.clock_us() - price.at_us) < rig.traits.skew_limit_us


async def test_a_price_stream_begins_with_life_and_every_price(rig: VenueRig) -> None:
    async with hearing(lambda hear: rig.market.stream_prices([rig.symbol], hear)) as heard:
        await rig.pass_time(2)
    assert isinstance(heard[0], Heartbeat)
    told = [each.price for each in heard if isinstance(each, PriceSeen)]
    assert told
    assert {price.symbol for price in told} == {rig.symbol}
    assert [price.at_us for price in told] == sorted(price.at_us for price in told)


async def test_a_depth_stream_tells_both_sides_best_first(rig: VenueRig) -> None:
    async with hearing(lambda hear: rig.market.stream_depth(rig.symbol, hear)) as heard:
        await rig.pass_time(2)
    depths = [each.depth for each in heard if isinstance(each, DepthSeen)]
    assert depths
    for depth in depths:
        bids, asks = [b.price for b in depth.bids], [a.price for a in depth.asks]
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        assert bids[0] < asks[0]
        assert all(level.quantity > 0 for level in (*depth.bids, *depth.asks))


# Refusals


@pytest.mark.parametrize("fault", ["symbol", "tick", "lot", "minimum", "funds"])
async def test_a_refused_order_has_a_code_and_leaves_no_trace(
    rig: VenueRig, terms: Terms, fault: str
) -> None:
    good = terms.resting_buy()
    assert good.price is not None
    bad = {
        "symbol": replace(good, symbol=UNLISTED),
        "tick": replace(good, price=good.price + terms.tick / 2),
        "lot": replace(good, quantity=good.quantity + Decimal("1e-12")),
        "minimum": replace(good, quantity=Decimal("1e-8")),
        "funds": replace(good, quantity=Decimal(1_000)),
    }[fault]
    before = await rig.reader.balances()
    placement = await rig.trader.place(bad)
    assert not placement.accepted
    assert placement.code
    assert placement.reason
    assert (await rig.reader.find(state_of(bad))).found is None
    assert (await rig.reader.balances()).assets == before.assets


# Streams


async def test_a_stream_tells_orders_fills_and_totals_as_they_happen(
    rig: VenueRig, terms: Terms
) -> None:
    if not rig.traits.account_stream:
        with pytest.raises(Unavailable):
            await rig.reader.stream(lambda _: None)
        return
    async with hearing(rig.reader.stream) as heard:
        state = await placed(rig, terms.order(Side.BUY, terms.small, None))
        sought = await rig.reader.find(state)
        await rig.pass_time(1)
    assert isinstance(heard[0], Heartbeat)
    assert [each.fill for each in heard if isinstance(each, FillSeen)] == list(sought.fills)
    reports = [each.report for each in heard if isinstance(each, OrderSeen)]
    assert reports[-1] == sought.found
    told: dict[str, Decimal] = {}
    for each in heard:
        if isinstance(each, TotalsSeen):
            told.update(each.totals)
    now = totals(await rig.reader.balances())
    assert {state.order.base, state.order.quote} <= told.keys()
    assert told == {asset: now[asset] for asset in told}
