"""The adapter over the real ccxt class against the loopback KuCoin: what it says is the truth."""

from collections.abc import Awaitable, Callable, Generator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import InDoubt, Unavailable
from domain.orders import Final, Kind, TimeInForce
from domain.ports import AccountReader
from domain.sightings import DepthSeen, FillSeen, OrderSeen, PriceSeen
from tests.venues.ccxt_wire_desk import Clock, Desk, desk_at, finals, listening, state_of
from tests.wire.kucoin.limits import Limits
from tests.wire.kucoin.loopback import Loopback, hosted
from tests.wire.redirect import redirected
from venues import ccxt_kucoin, ccxt_quirks, ccxt_stream
from venues.budget import Pace
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_sayings import Cause

D = Decimal
PLACE, CANCEL = "POST hf/orders", "DELETE hf/orders/{orderId}"


@pytest.fixture
def kucoin(monkeypatch: pytest.MonkeyPatch) -> Generator[Loopback]:
    """The venue without limits, and the adapter without the patience that its pace takes."""
    fast = replace(ccxt_kucoin.KUCOIN, pace=Pace(1000, 1000.0), public_pace=Pace(1000, 1000.0))
    monkeypatch.setitem(ccxt_quirks._KNOWN, "kucoin", fast)
    monkeypatch.setattr(ccxt_stream, "LOOK_EVERY_S", 0.02)
    with hosted(limits=Limits(pool=None)) as running, redirected(running.routes):
        yield running


async def found(desk: Desk, order: Any) -> Any:
    sought = await desk.reader.find(state_of(order))
    assert sought.complete
    return sought


# What is there


async def test_the_market_is_what_the_venue_lists(kucoin: Loopback) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        instruments = {i.symbol: i for i in await desk.venue.market.instruments()}
        prices = {p.symbol: p for p in await desk.venue.market.prices(list(instruments))}
        clock_us = await desk.venue.market.clock_us()
    btc = instruments["BTC/USDT"]
    assert (btc.tick, btc.lot, btc.min_value) == (D("0.1"), D("0.00000001"), D("0.1"))
    assert set(prices) == set(instruments)
    assert all(p.bid < p.ask for p in prices.values() if p.bid and p.ask)
    assert abs(clock_us - Clock().now_us()) < 1_600_000
    assert desk.problems == []


async def test_money_of_both_wallets_is_ours_and_only_one_of_them_trades(kucoin: Loopback) -> None:
    kucoin.ask("deposit", asset="USDT", amount="500")  # deposits arrive where no order reaches
    async with desk_at(kucoin, "kucoin") as desk:
        assert (await desk.trader.place(desk.order())).accepted
        told = (await desk.reader.balances()).assets["USDT"]
        held = D(desk.truth("holds")["USDT"])
    assert (told.total, told.used) == (D(100_500), held + 500)


# The life of orders


async def test_an_order_is_placed_found_and_cancelled_by_either_name(kucoin: Loopback) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        for by_venue_id in (True, False):
            order = desk.order()
            placed = await desk.trader.place(order)
            (listed,) = await desk.reader.open_orders()
            assert (listed.client_id, listed.symbol) == (order.client_id, "BTC/USDT")
            assert (listed.quantity, listed.price) == (order.quantity, order.price)
            state = state_of(order, placed.venue_order_id if by_venue_id else "")
            assert (await desk.trader.cancel(state)).accepted
            again = await desk.trader.cancel(state)
            assert not again.accepted
            assert again.code.startswith("400100 order_not_exist")
            assert (await found(desk, order)).found.final is Final.CANCELED


@pytest.mark.parametrize(
    ("terms", "status"),
    [
        ({"price": D(90_000)}, "closed"),
        ({"kind": Kind.MARKET, "price": None}, "closed"),
        ({"price": D(50_000), "time_in_force": TimeInForce.IOC}, "canceled"),
        ({"price": D(50_000), "time_in_force": TimeInForce.FOK}, "canceled"),
        ({"price": D(90_000), "time_in_force": TimeInForce.IOC}, "closed"),
        ({"price": D(50_000), "post_only": True}, "open"),
        ({"price": D(90_000), "post_only": True}, "canceled"),
    ],
)
async def test_every_kind_that_is_offered_does_what_it_says(
    kucoin: Loopback, terms: dict[str, Any], status: str
) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        order = desk.order(**terms)
        placed = await desk.trader.place(order)
        assert placed.accepted, placed.reason
        (true,) = desk.truth("orders")
        sought = await found(desk, order)
    assert true["status"] == status
    assert sought.found.cumulative == D(true["filled"])
    assert sum(fill.quantity for fill in sought.fills) == D(true["filled"])


async def test_the_venues_refusals_are_told_in_its_words(kucoin: Loopback) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        poor = await desk.trader.place(desk.order(quantity=D(50)))
        small = await desk.trader.place(desk.order(quantity=D("0.000001")))
        kucoin.ask("mode", mode="cancel_only")
        closed = await desk.trader.place(desk.order())
    assert [p.code.split()[0] for p in (poor, small, closed)] == ["200004", "400100", "400200"]


@pytest.mark.parametrize(
    "words",
    [
        "102426 clientOid already exists",
        "400100 validation.createOrder.clientOidDuplicated",
        "400100 clientOid already exists",
    ],
)
async def test_an_id_that_exists_already_is_a_doubt_and_never_a_no(
    kucoin: Loopback, words: str
) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        await desk.venue.market.instruments()
        order = desk.order()
        kucoin.ask("fault", endpoint=PLACE, kind="error", text=words)
        with pytest.raises(InDoubt):
            await desk.trader.place(order)
        assert (await found(desk, order)).found.client_id == order.client_id
        again = desk.order(client_id=order.client_id)
        with pytest.raises(InDoubt):
            await desk.trader.place(again)
    assert len(kucoin.ask("truth")["orders"]) == 1


async def test_cancel_all_leaves_nothing_in_any_pair(kucoin: Loopback) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        for _ in range(3):
            await desk.trader.place(desk.order())
        kucoin.ask("place", side="sell", symbol="ETH/USDT", quantity="1", price="9000")
        assert len(await desk.reader.open_orders()) == 4
        await desk.trader.cancel_all()
        assert list(await desk.reader.open_orders()) == []
        assert {o["status"] for o in desk.truth("orders")} == {"canceled"}


async def test_a_kill_in_a_hurry_ends_and_lists_everything(kucoin: Loopback) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        await desk.trader.place(desk.order())
        kucoin.ask("place", side="sell", symbol="ETH/USDT", quantity="1", price="9000")
    async with desk_at(kucoin, "kucoin", hurry=True) as desk:
        assert len(await desk.reader.open_orders()) == 2
        await desk.trader.cancel_all()
        assert list(await desk.reader.open_orders()) == []


# Where orders are open


async def test_an_order_in_a_pair_that_nobody_watches_is_listed_all_the_same() -> None:
    money = {"USDT": "1000"}
    with hosted(limits=Limits(pool=None), balances=money) as venue, redirected(venue.routes):
        venue.ask("place", side="buy", symbol="XRP/USDT", quantity="100", price="0.4")
        async with desk_at(venue, "kucoin") as desk:
            named = await desk.reader.open_orders()
            venue.ask("permit", purpose="trade", permissions=["General"])
            by_holds = await desk.reader.open_orders()  # nobody tells the pairs any more
            venue.ask("permit", purpose="trade", permissions=["General", "Spot"])
    assert [o.symbol for o in named] == [o.symbol for o in by_holds] == ["XRP/USDT"]


async def test_too_many_pairs_for_a_key_without_the_permission_are_told_not_guessed(
    kucoin: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venues.ccxt_open.MOST_SYMBOLS", 2)
    async with desk_at(kucoin, "kucoin", orders=False) as desk:
        assert list(await desk.reader.open_orders()) == []  # no money is held: none is open
        kucoin.ask("place", side="buy", symbol="XRP/USDT", quantity="100", price="0.4")
        with pytest.raises(VenueUnavailable) as refused:
            await desk.reader.open_orders()
    assert refused.value.cause is Cause.PERMISSION
    assert "exchanges.kucoin.accounts.main.read" in refused.value.remedy


# History


async def test_the_history_is_complete_over_many_pages(kucoin: Loopback) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        started_us = Clock().now_us()
        for _ in range(230):  # at one time, and a page of either list is a hundred
            kucoin.ask("place", side="buy", symbol="BTC/USDT", quantity="0.0001")
        order = desk.order()
        placed = await desk.trader.place(order)
        await desk.trader.cancel(state_of(order, placed.venue_order_id))
        kucoin.ask("deposit", asset="BTC", amount="0.25")
        history = await desk.reader.history(started_us)
        trades = {str(t["trade_id"]): t for t in desk.truth("trades")}
        orders = {o["order_id"]: o for o in desk.truth("orders")}
    assert len(trades) >= 230
    assert {f.trade_id: (f.quantity, f.price, f.fee, f.fee_asset) for f in history.fills} == {
        name: (D(t["quantity"]), D(t["price"]), D(t["fee"]), "USDT") for name, t in trades.items()
    }
    assert {o.venue_order_id: o.cumulative for o in history.orders} == {
        name: D(o["filled"]) for name, o in orders.items()
    }
    assert [m.amount for m in history.movements if m.asset == "BTC"][-1] == D("0.25")


READS: dict[str, Callable[[AccountReader], Awaitable[object]]] = {
    "GET hf/orders/active": lambda reader: reader.open_orders(),
    "GET hf/orders/active/symbols": lambda reader: reader.open_orders(),
    "GET accounts": lambda reader: reader.balances(),
    "GET hf/orders/done": lambda reader: reader.history(Clock().now_us() - 60_000_000),
    "GET hf/fills": lambda reader: reader.history(Clock().now_us() - 60_000_000),
    "GET deposits": lambda reader: reader.history(Clock().now_us() - 60_000_000),
    "GET withdrawals": lambda reader: reader.history(Clock().now_us() - 60_000_000),
}
SPOILED: list[dict[str, Any]] = [
    {"kind": "page", "status": 200},
    {"kind": "empty"},
    {"kind": "truncated"},
    {"kind": "short"},
    {"kind": "garbled"},
    {"kind": "odd", "text": "{}"},
    {"kind": "odd", "text": "[]"},
    {"kind": "odd", "text": '{"code":"200000"}'},
    {"kind": "odd", "text": '{"code":"200000","data":null}'},
    {"kind": "odd", "text": '{"code":"200000","data":{}}'},
    {"kind": "error", "text": "230005 The system is busy"},
]


@pytest.mark.parametrize("endpoint", READS)
async def test_a_spoiled_list_is_never_taken_for_an_empty_one(
    kucoin: Loopback, endpoint: str
) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        await desk.trader.place(desk.order())
        await desk.trader.place(desk.market())
        for fault in SPOILED:
            kucoin.ask("fault", endpoint=endpoint, **fault)
            with pytest.raises(Unavailable):
                await READS[endpoint](desk.reader)
        await READS[endpoint](desk.reader)  # and the next one is read again


# Streams


async def test_a_stream_tells_orders_and_leaves_fills_to_requests_that_know_the_fee(
    kucoin: Loopback,
) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        async with listening(desk):
            order = desk.market()
            await desk.trader.place(order)
            await desk.hears(OrderSeen, 2)
        sought = await found(desk, order)
        true = desk.truth("trades")
    assert finals(desk) == {order.client_id: Final.FILLED}
    assert desk.of(FillSeen) == []
    assert desk.venue.vitals().rejected == 0
    assert [(f.quantity, f.fee, f.fee_asset) for f in sought.fills] == [
        (D(t["quantity"]), D(t["fee"]), "USDT") for t in true
    ]


async def test_prices_and_books_come_with_every_digit(kucoin: Loopback) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        market = desk.venue.market
        async with listening(desk, lambda hear: market.stream_prices(["BTC/USDT"], hear)):
            await desk.hears(PriceSeen)
        async with listening(desk, lambda hear: market.stream_depth("BTC/USDT", hear)):
            await desk.hears(DepthSeen)
    depth = desk.of(DepthSeen)[-1].depth
    assert len(depth.bids) == len(depth.asks) == 10
    assert depth.bids[0].price < depth.asks[0].price
    assert all(isinstance(step.price, Decimal) for step in (*depth.bids, *depth.asks))
    assert desk.problems == []


@pytest.mark.parametrize(
    ("frame", "cause"),
    [
        ({"code": 401, "data": "token is expired"}, Cause.NETWORK),
        ({"code": 403, "data": "access denied"}, Cause.PERMISSION),
        ({"code": 404, "data": "topic /x is not found"}, Cause.REQUEST),
    ],
)
async def test_a_refusal_on_a_socket_is_told_at_once(
    kucoin: Loopback, frame: dict[str, Any], cause: Cause
) -> None:
    async with desk_at(kucoin, "kucoin") as desk, listening(desk) as stream:
        kucoin.ask("send", frame={"id": "1", "type": "error", **frame})
        with pytest.raises(VenueUnavailable) as told:
            await stream
    assert told.value.cause is cause
    assert str(frame["data"]) in str(told.value)


# Sent once


@pytest.mark.parametrize("name", ["slow then cut", "cut"])
async def test_a_cut_cancel_is_not_sent_again_behind_our_back(kucoin: Loopback, name: str) -> None:
    async with desk_at(kucoin, "kucoin") as desk:
        order = desk.order()
        placed = await desk.trader.place(order)
        state = state_of(order, placed.venue_order_id)
        kucoin.ask("fault", endpoint=CANCEL, kind="lost" if name == "cut" else "short")
        with pytest.raises(InDoubt):
            await desk.trader.cancel(state)
        assert (await found(desk, order)).found.final is Final.CANCELED
    assert kucoin.ask("counts")[CANCEL] == 1
