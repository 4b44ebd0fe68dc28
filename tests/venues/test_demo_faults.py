"""Faults on the way to a demo venue, and its streams: what is lost is lost, the venue is right."""

import asyncio

import pytest

from domain.errors import InDoubt, Unavailable
from domain.orders import Amendment, Final, Side
from domain.sightings import FillSeen, Heartbeat, OrderSeen, PriceSeen, Sighting, TotalsSeen
from tests.venues.demo_desks import an_order, open_bench, state_of
from venues import switchboard as wire
from venues.demo import DemoVenue


async def breathe() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


# Requests


async def test_a_lost_reply_is_in_doubt_and_the_order_is_there() -> None:
    venue = open_bench().venue()
    venue.faults.lost_replies = 1
    order = an_order(Side.BUY, "0.01", "50000")
    with pytest.raises(InDoubt) as doubt:
        await venue.traders["main"].place(order)
    assert doubt.value.reference == order.client_id
    found = (await venue.readers["main"].find(state_of(order))).found
    assert found is not None
    assert found.final is None
    assert (await venue.traders["main"].cancel(state_of(order))).accepted


async def test_a_lost_request_is_in_doubt_and_proven_absent() -> None:
    venue = open_bench().venue()
    venue.faults.lost_requests = 1
    order = an_order(Side.BUY, "0.01", "50000")
    with pytest.raises(InDoubt):
        await venue.traders["main"].place(order)
    sought = await venue.readers["main"].find(state_of(order))
    assert sought.found is None
    assert sought.complete


async def test_lost_replies_to_amend_and_cancel_name_what_is_in_doubt() -> None:
    venue = open_bench().venue()
    trader = venue.traders["main"]
    await trader.place(order := an_order(Side.BUY, "0.01", "50000"))
    venue.faults.lost_replies = 2
    wish = Amendment(client_id="qdA", quantity=order.quantity * 2, price=None, at_us=0)
    with pytest.raises(InDoubt, match="qdA"):
        await trader.amend(state_of(order), wish)
    with pytest.raises(InDoubt, match=order.client_id):
        await trader.cancel(state_of(order))
    found = (await venue.readers["main"].find(state_of(order))).found
    assert found is not None
    assert (found.quantity, found.final) == (wish.quantity, Final.CANCELED)


async def test_a_reply_that_hangs_does_so_until_the_caller_gives_up() -> None:
    venue = open_bench().venue()
    venue.faults.hang_us = 60_000_000
    venue.faults.lost_replies = 1
    order = an_order(Side.BUY, "0.01", "50000")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await venue.traders["main"].place(order)
    assert (await venue.readers["main"].find(state_of(order))).found is not None


async def test_refused_cancels_leave_the_order_alone() -> None:
    venue = open_bench().venue()
    trader = venue.traders["main"]
    await trader.place(order := an_order(Side.BUY, "0.01", "50000"))
    venue.faults.refused_cancels = 2
    refused = await trader.cancel(state_of(order))
    assert (refused.accepted, refused.code) == (False, "EOrder:Unknown order")
    with pytest.raises(Unavailable):
        await trader.cancel_all()
    assert len(await venue.readers["main"].open_orders()) == 1
    await trader.cancel_all()
    assert await venue.readers["main"].open_orders() == []


async def test_a_garbled_list_is_never_an_empty_one() -> None:
    venue = open_bench().venue()
    reader = venue.readers["main"]
    order = an_order(Side.BUY, "0.01", "50000")
    reads = (
        reader.balances,
        reader.open_orders,
        lambda: reader.history(0),
        lambda: reader.find(state_of(order)),
    )
    venue.faults.garbled_lists = len(reads)
    for read in reads:
        with pytest.raises(Unavailable, match="cut off"):
            await read()
    for read in reads:
        await read()


async def test_an_unreachable_venue_says_so_to_everything_and_breaks_its_streams() -> None:
    venue = open_bench().venue()
    reader, trader, market = venue.readers["main"], venue.traders["main"], venue.market
    order = an_order(Side.BUY, "0.01", "50000")
    stream = asyncio.ensure_future(reader.stream(lambda _: None))
    await breathe()
    venue.faults.unreachable = True
    with pytest.raises(Unavailable, match="reset by peer"):
        await stream
    for call in (
        reader.balances,
        reader.open_orders,
        lambda: reader.history(0),
        lambda: reader.find(state_of(order)),
        lambda: reader.stream(lambda _: None),
        lambda: trader.place(order),
        lambda: trader.cancel(state_of(order)),
        trader.cancel_all,
        market.instruments,
        lambda: market.prices(["BTC/USD"]),
        market.clock_us,
        lambda: market.stream_depth("BTC/USD", lambda _: None),
    ):
        with pytest.raises(Unavailable):
            await call()
    venue.faults.unreachable = False
    assert (await reader.find(state_of(order))).found is None
    assert await market.instruments()


async def test_requests_take_the_venues_latency_and_can_be_given_up_on_the_way() -> None:
    venue = open_bench().venue()
    venue.faults.latency_us = 40_000_000
    order = an_order(Side.BUY, "0.01", "50000")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await venue.traders["main"].place(order)
    venue.faults.latency_us = 0
    assert (await venue.readers["main"].find(state_of(order))).found is None


# Streams


class Listener:
    """An account stream in a task, and what it said."""

    def __init__(self, venue: DemoVenue) -> None:
        self.heard: list[Sighting] = []
        self.task = asyncio.ensure_future(venue.readers["main"].stream(self.heard.append))

    async def fills(self) -> int:
        await breathe()
        return sum(isinstance(each, FillSeen) for each in self.heard)

    async def stop(self) -> None:
        self.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await self.task


async def test_a_broken_stream_raises_once_and_can_be_opened_again() -> None:
    venue = open_bench().venue()
    listener = Listener(venue)
    await breathe()
    venue.faults.break_streams()
    with pytest.raises(Unavailable, match="closed by the venue"):
        await listener.task
    again = Listener(venue)
    await breathe()
    await venue.traders["main"].place(an_order(Side.BUY, "0.001", None))
    assert await again.fills() == 1
    await again.stop()


async def test_a_silent_stream_stays_open_and_says_nothing() -> None:
    venue = open_bench().venue()
    listener = Listener(venue)
    await breathe()
    listener.heard.clear()
    venue.faults.silence_streams()
    await venue.traders["main"].place(order := an_order(Side.BUY, "0.001", None))
    await breathe()
    assert listener.heard == []
    assert not listener.task.done()
    assert (await venue.readers["main"].find(state_of(order))).fills
    venue.faults.silence_streams(on=False)
    await venue.traders["main"].place(an_order(Side.BUY, "0.001", None))
    assert await listener.fills() == 1
    await listener.stop()


async def test_lost_stream_messages_are_still_in_the_history() -> None:
    venue = open_bench().venue()
    listener = Listener(venue)
    await breathe()
    venue.faults.lose_stream_messages(2)
    await venue.traders["main"].place(order := an_order(Side.BUY, "0.001", None))
    kinds = {type(each) for each in listener.heard}
    await breathe()
    assert await listener.fills() == 0
    assert {type(each) for each in listener.heard} - kinds >= {OrderSeen, TotalsSeen}
    assert (await venue.readers["main"].find(state_of(order))).fills
    await listener.stop()


async def test_a_listener_that_falls_behind_is_cut_not_thinned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire, "LONGEST_QUEUE", 10)
    venue = open_bench().venue()
    listener = Listener(venue)
    await breathe()
    for _ in range(6):  # no answer has to be waited for, so the stream cannot read in between
        await venue.traders["main"].place(an_order(Side.BUY, "0.001", None))
    with pytest.raises(Unavailable, match="10 messages behind"):
        await listener.task


async def test_a_quiet_stream_tells_that_it_is_alive() -> None:
    switchboard = wire.Switchboard("kraken")
    with switchboard.listening(wire.ACCOUNT, ["main"]) as channel:
        assert await channel.next(1_000) == []
        switchboard.tell(wire.ACCOUNT, "other", Heartbeat(venue="", feed="", at_us=1))
        assert await channel.next(1_000) == []
        switchboard.tell(wire.ACCOUNT, "main", Heartbeat(venue="", feed="", at_us=2))
        assert await channel.next(1_000) == [Heartbeat(venue="", feed="", at_us=2)]
    assert switchboard.wanted(wire.ACCOUNT) == set()


async def test_a_slow_listener_gets_the_newest_price_only() -> None:
    bench = open_bench()
    venue = bench.venue()
    heard: list[Sighting] = []
    stream = asyncio.ensure_future(
        venue.market.stream_prices(["BTC/USD", "NOSUCHCOIN/USD"], heard.append)
    )
    await breathe()
    heard.clear()
    bench.pass_time(10)
    await breathe()
    (seen,) = heard
    assert isinstance(seen, PriceSeen)
    (now,) = await venue.market.prices(["BTC/USD"])
    assert (seen.price.bid, seen.price.ask) == (now.bid, now.ask)
    stream.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stream
