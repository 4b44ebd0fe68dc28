"""The adapter over the real ccxt class against the loopback Kraken: what it says is the truth."""

from decimal import Decimal
from typing import Any

import pytest

from domain.errors import InDoubt, Unavailable
from domain.orders import Amendment, Final, Kind, TimeInForce
from domain.sightings import FillSeen
from tests.venues.ccxt_wire_desk import Clock, desk_at, listening, state_of
from tests.wire.fixtures import until
from tests.wire.kraken.loopback import Loopback

D = Decimal
SECOND = 1_000_000
pytestmark = pytest.mark.usefixtures("unpaced")

# What is there


async def test_the_market_is_what_the_venue_lists(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        instruments = {i.symbol: i for i in await desk.venue.market.instruments()}
        prices = {p.symbol: p for p in await desk.venue.market.prices(list(instruments))}
        clock_us = await desk.venue.market.clock_us()
    assert {"BTC/USD", "ETH/USD"} <= set(instruments)
    assert instruments["BTC/USD"].fits_tick(D("60000.1"))
    assert set(prices) == set(instruments)
    assert all(p.bid < p.ask for p in prices.values() if p.bid and p.ask)
    assert abs(clock_us - Clock().now_us()) < 1_600_000
    assert desk.problems == []


async def test_balances_and_holds_are_the_venues_own(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        assert (await desk.trader.place(desk.order())).accepted
        balances = await desk.reader.balances()
        totals = {asset: D(amount) for asset, amount in desk.truth("balances").items()}
        holds = {asset: D(amount) for asset, amount in desk.truth("holds").items()}
    assert {a: b.total for a, b in balances.assets.items()} == totals
    assert {a: b.used for a, b in balances.assets.items() if b.used} == holds


# The life of orders


async def test_an_order_is_placed_changed_and_cancelled_under_one_id(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        order = desk.order()
        placed = await desk.trader.place(order)
        state = state_of(order, placed.venue_order_id)
        change = Amendment(client_id="x", quantity=D("0.02"), price=D(50_100), at_us=0)
        assert (await desk.trader.amend(state, change)).venue_order_id == placed.venue_order_id
        (found,) = await desk.reader.open_orders()
        assert (found.quantity, found.price) == (D("0.02"), D(50_100))
        assert (found.client_id, found.symbol) == (order.client_id, "BTC/USD")
        assert (await desk.trader.cancel(state)).accepted
        assert list(await desk.reader.open_orders()) == []
        again = await desk.trader.cancel(state)
        sought = await desk.reader.find(state)
    assert (again.accepted, again.code) == (False, "EOrder:Unknown order")
    assert sought.found is not None
    assert sought.found.final is Final.CANCELED


@pytest.mark.parametrize(
    ("terms", "status"),
    [
        ({"price": D(90_000)}, "closed"),
        ({"kind": Kind.MARKET, "price": None}, "closed"),
        ({"price": D(50_000), "time_in_force": TimeInForce.IOC}, "canceled"),
        ({"price": D(50_000), "time_in_force": TimeInForce.FOK}, "canceled"),
        ({"price": D(90_000), "time_in_force": TimeInForce.IOC}, "closed"),
        ({"price": D(50_000), "post_only": True}, "open"),
    ],
)
async def test_every_kind_that_is_offered_does_what_it_says(
    loopback: Loopback, terms: dict[str, Any], status: str
) -> None:
    async with desk_at(loopback) as desk:
        order = desk.order(**terms)
        placed = await desk.trader.place(order)
        assert placed.accepted, placed.reason
        (true,) = desk.truth("orders")
        sought = await desk.reader.find(state_of(order))
    assert true["status"] == status
    assert sought.found is not None
    assert sought.found.cumulative == D(true["filled"])
    assert sum(fill.quantity for fill in sought.fills) == D(true["filled"])


async def test_the_venues_refusals_are_told_in_its_words(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        poor = await desk.trader.place(desk.order(quantity=D(50)))
        small = await desk.trader.place(desk.order(quantity=D("0.00001")))
        crossing = await desk.trader.place(desk.order(price=D(90_000), post_only=True))
        loopback.ask("mode", mode="cancel_only")
        with pytest.raises(InDoubt):
            await desk.trader.place(desk.order())
    assert [p.code for p in (poor, small, crossing)] == [
        "EOrder:Insufficient funds",
        "EOrder:Order minimum not met",
        "EOrder:Post only order",
    ]


async def test_cancel_all_leaves_nothing_and_the_dead_man_does_the_same(
    loopback: Loopback,
) -> None:
    async with desk_at(loopback) as desk:
        for _ in range(3):
            await desk.trader.place(desk.order())
        loopback.ask("place", side="sell", symbol="ETH/USD", quantity="1", price="9000")
        assert len(await desk.reader.open_orders()) == 4
        await desk.trader.cancel_all()
        assert list(await desk.reader.open_orders()) == []
        await desk.trader.place(desk.order())
        await desk.trader.dead_man(1)
        await until(lambda: all(o["status"] != "open" for o in desk.truth("orders")))
        await desk.trader.dead_man(0)


async def test_a_kill_works_with_nothing_but_a_trade_and_a_read_key(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        await desk.trader.place(desk.order())
    loopback.ask("fault", endpoint="AssetPairs", kind="hang", times=99)
    async with desk_at(loopback, hurry=True) as desk:
        assert len(await desk.reader.open_orders()) == 1
        await desk.trader.cancel_all()
        assert list(await desk.reader.open_orders()) == []


# History


async def test_the_history_is_complete_over_many_pages(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        started_us = Clock().now_us()
        for _ in range(57):
            await desk.trader.place(desk.market(quantity=D("0.001")))
        for _ in range(3):
            order = desk.order()
            placed = await desk.trader.place(order)
            await desk.trader.cancel(state_of(order, placed.venue_order_id))
        loopback.ask("deposit", asset="BTC", amount="0.25")
        loopback.ask("withdrawal", asset="USD", amount="100", fee="4")
        history = await desk.reader.history(started_us)
        trades = {t["exec_id"]: t for t in desk.truth("trades")}
        orders = {o["order_id"]: o for o in desk.truth("orders")}
        transfers = {t["reference"]: t for t in desk.truth("transfers")}
    assert len(trades) >= 57
    assert {f.trade_id: (f.quantity, f.price, f.fee) for f in history.fills} == {
        name: (D(t["quantity"]), D(t["price"]), D(t["fee"])) for name, t in trades.items()
    }
    assert all(f.client_id == orders[f.venue_order_id]["client_id"] for f in history.fills)
    assert {o.venue_order_id: o.cumulative for o in history.orders} == {
        name: D(o["filled"]) for name, o in orders.items()
    }
    done = {name: t for name, t in transfers.items() if t["status"] == "Success"}
    assert {m.reference: abs(m.amount) for m in history.movements} == {
        name: D(t["amount"]) for name, t in done.items()
    }


async def test_a_fill_is_the_same_from_the_stream_from_a_look_up_and_from_history(
    loopback: Loopback,
) -> None:
    async with desk_at(loopback) as desk:
        async with listening(desk):
            order = desk.order(price=D(59_000))
            placed = await desk.trader.place(order)
            loopback.ask("fill", order_id=placed.venue_order_id, quantity="0.004")
            loopback.ask("fill", order_id=placed.venue_order_id, quantity="0.006")
            await desk.hears(FillSeen, 2)
        sought = await desk.reader.find(state_of(order))
        history = await desk.reader.history(order.at_us)
    streamed = {seen.fill for seen in desk.of(FillSeen)}
    assert streamed == set(sought.fills) == set(history.fills)


async def test_a_trade_whose_order_is_not_listed_yet_is_waited_for(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        await desk.trader.place(desk.market())
        loopback.ask("lag", what="orders", seconds=60)
        with pytest.raises(Unavailable, match="not listed yet"):
            await desk.reader.history(0)
        loopback.ask("calm")
        assert len((await desk.reader.history(0)).fills) >= 1


async def test_an_order_that_lists_hide_for_a_while_is_not_proven_absent_by_one_search(
    loopback: Loopback,
) -> None:
    async with desk_at(loopback) as desk:
        order = desk.market()
        await desk.trader.place(order)
        loopback.ask("lag", what="orders", seconds=60)
        with pytest.raises(Unavailable, match="hidden"):
            await desk.reader.find(state_of(order))
