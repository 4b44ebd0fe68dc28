"""Streams over the loopback Kraken, healthy and broken in each of their ways."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

import pytest

from domain.errors import Unavailable
from domain.orders import Final
from domain.sightings import (
    DepthSeen,
    FillSeen,
    OrderSeen,
    PriceSeen,
    Sighting,
)
from tests.venues.ccxt_wire_desk import (
    Desk,
    desk_at,
    finals,
    listening,
    state_of,
    totals,
)
from tests.wire.fixtures import until
from tests.wire.kraken.loopback import Loopback
from tests.wire.kraken.poison import POISONS
from venues import ccxt_reader
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_sayings import Cause

D = Decimal
SECOND = 1_000_000
pytestmark = pytest.mark.usefixtures("unpaced")

# Streams


async def test_everything_that_happens_to_an_account_is_heard_exactly(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk, listening(desk):
        for _ in range(5):
            await desk.trader.place(desk.market(quantity=D("0.003")))
        order = desk.order()
        placed = await desk.trader.place(order)
        await desk.trader.cancel(state_of(order, placed.venue_order_id))
        trades = {t["exec_id"]: t for t in desk.truth("trades")}
        await desk.hears(FillSeen, len(trades))
        await until(lambda: len(finals(desk)) == 6)
        balances = {asset: D(amount) for asset, amount in desk.truth("balances").items()}
        await until(lambda: totals(desk) == balances)
    fills = {s.fill.trade_id: s.fill for s in desk.of(FillSeen)}
    assert {name: (f.quantity, f.price, f.fee) for name, f in fills.items()} == {
        name: (D(t["quantity"]), D(t["price"]), D(t["fee"])) for name, t in trades.items()
    }
    assert sorted(finals(desk).values()) == [Final.CANCELED, *[Final.FILLED] * 5]
    assert desk.problems == []


async def test_open_orders_are_told_when_a_stream_begins(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        order = desk.order()
        placed = await desk.trader.place(order)
        loopback.ask("fill", order_id=placed.venue_order_id, quantity="0.004")
        async with listening(desk):
            await desk.hears(OrderSeen)
    (report,) = {seen.report for seen in desk.of(OrderSeen)}
    assert (report.client_id, report.cumulative) == (order.client_id, D("0.004"))
    assert desk.of(FillSeen) == []  # old fills are history's, not the stream's


async def test_frames_that_come_twice_are_heard_once(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk, listening(desk):
        loopback.ask("frames", action="duplicate", channel="executions", times=6)
        for _ in range(4):
            await desk.trader.place(desk.market(quantity=D("0.002")))
        true = sorted(t["exec_id"] for t in desk.truth("trades"))
        await desk.hears(FillSeen, len(true))
        await asyncio.sleep(0.05)
    assert sorted(s.fill.trade_id for s in desk.of(FillSeen)) == true


async def test_many_rows_in_one_frame_are_all_heard_before_the_skipped_numbers_count(
    loopback: Loopback,
) -> None:
    async with desk_at(loopback) as desk, listening(desk) as stream:
        loopback.ask("frames", action="bundle", channel="executions", times=8)
        for _ in range(2):
            await desk.trader.place(desk.market(quantity=D("0.002")))
        true = sorted(t["exec_id"] for t in desk.truth("trades"))
        await desk.hears(FillSeen, len(true))
        with pytest.raises(Unavailable, match="never came"):
            async with asyncio.timeout(3):
                await stream
    assert sorted(s.fill.trade_id for s in desk.of(FillSeen)) == true


@pytest.mark.parametrize("action", ["drop", "swap"])
async def test_frames_that_are_lost_or_out_of_order_break_the_stream(
    loopback: Loopback, action: str
) -> None:
    async with desk_at(loopback) as desk, listening(desk) as stream:
        loopback.ask("frames", action=action, channel="executions", times=1)
        for _ in range(3):
            await desk.trader.place(desk.market(quantity=D("0.002")))
        with pytest.raises(Unavailable, match="never came"):
            async with asyncio.timeout(3):
                await stream


@pytest.mark.parametrize("fault", ["close_sockets", "cut_sockets"])
async def test_a_broken_socket_is_told_and_the_next_stream_is_whole_again(
    loopback: Loopback, fault: str
) -> None:
    async with desk_at(loopback) as desk:
        async with listening(desk) as stream:
            loopback.ask(fault, side="private")
            with pytest.raises(VenueUnavailable) as broken:
                async with asyncio.timeout(3):
                    await stream
        await desk.trader.place(desk.market())
        desk.heard.clear()
        async with listening(desk):
            await desk.trader.place(desk.market())
            await desk.hears(FillSeen)
    assert broken.value.cause is Cause.NETWORK


async def test_a_venue_that_takes_no_sockets_is_unavailable_at_once(loopback: Loopback) -> None:
    loopback.ask("refuse_sockets")
    async with desk_at(loopback) as desk:
        with pytest.raises(VenueUnavailable):
            async with asyncio.timeout(3):
                await desk.reader.stream(desk.heard.append)


@pytest.mark.parametrize("fault", ["silence", "mute"])
async def test_a_silent_socket_is_found_out(
    loopback: Loopback, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ccxt_reader, "SILENT_US", SECOND // 2)
    async with desk_at(loopback) as desk, listening(desk) as stream:
        loopback.ask(fault, side="private")
        with pytest.raises(Unavailable):
            async with asyncio.timeout(4):
                await stream


PRIVATE = [name for name, (side, _) in POISONS.items() if side == "private"]
PUBLIC = [name for name, (side, _) in POISONS.items() if side == "public"]


@pytest.mark.parametrize("name", PRIVATE)
async def test_poison_for_ccxt_is_a_rejected_row_here(loopback: Loopback, name: str) -> None:
    async with desk_at(loopback) as desk:
        async with listening(desk) as stream:
            loopback.ask("poison", name=name)
            await desk.trader.place(desk.market())
            await desk.hears(FillSeen)
            assert not stream.done()
        assert desk.venue.vitals().rejected == 1


@pytest.mark.parametrize("name", PUBLIC)
async def test_poison_on_the_market_side_is_told_or_harmless(loopback: Loopback, name: str) -> None:
    async with desk_at(loopback) as desk:

        async def depth(hear: Callable[[Sighting], None]) -> None:
            await desk.venue.market.stream_depth("BTC/USD", hear)

        async with listening(desk, depth) as stream:
            await desk.hears(DepthSeen)
            loopback.ask("poison", name=name)
            await asyncio.sleep(0.05)
            seen = len(desk.of(DepthSeen))
            loopback.ask("price", symbol="BTC/USD", middle="61000")
            # Either the book goes on, or the stream has said that it is broken: never neither.
            await until(lambda: stream.done() or len(desk.of(DepthSeen)) > seen)
            assert not stream.done() or isinstance(stream.exception(), VenueUnavailable)


async def test_prices_and_depth_follow_the_market(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:

        async def both(hear: Callable[[Sighting], None]) -> None:
            async with asyncio.TaskGroup() as tasks:
                market = desk.venue.market
                tasks.create_task(market.stream_prices(["BTC/USD", "ETH/USD"], hear))
                tasks.create_task(market.stream_depth("BTC/USD", hear))

        async with listening(desk, both):
            await desk.hears(PriceSeen, 2)
            await desk.hears(DepthSeen)
            loopback.ask("price", symbol="BTC/USD", middle="61234")
            await desk.trader.place(desk.market())
            await until(lambda: near(desk, D(61_234)))
            depth = desk.of(DepthSeen)[-1].depth
    assert list(depth.bids) == sorted(depth.bids, key=lambda level: -level.price)
    assert list(depth.asks) == sorted(depth.asks, key=lambda level: level.price)
    assert len(depth.bids) == len(depth.asks) == 10
    assert depth.bids[0].price < depth.asks[0].price


def near(desk: Desk, price: Decimal) -> bool:
    seen = [s.price for s in desk.of(PriceSeen) if s.price.symbol == "BTC/USD"]
    mid = seen[-1].mid
    return mid is not None and abs(mid - price) < 100
