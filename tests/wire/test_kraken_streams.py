"""What ccxt.pro makes of the loopback venue's sockets."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from tests.wire.fixtures import MakeKraken, until
from tests.wire.kraken.loopback import Loopback


async def test_watch_ticker_follows_the_trades(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    first = await client.watch_ticker("BTC/USD")
    venue.ask("price", symbol="BTC/USD", middle="65000")
    venue.ask("place", side="buy", symbol="BTC/USD", quantity="0.01")
    second = await client.watch_ticker("BTC/USD")
    assert Decimal(first["last"]) < 65000 < Decimal(second["last"])
    assert Decimal(second["bid"]) < 65000 < Decimal(second["ask"])


async def test_watch_trades_and_my_trades_tell_the_same_execution(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    await client.watch_trades("ETH/USD")
    watching = asyncio.ensure_future(client.watch_my_trades())
    await until(lambda: any(s["private"] for s in venue.ask("sockets")))
    placed = await client.create_order("ETH/USD", "market", "buy", "0.5")
    (mine,) = await watching
    (truth,) = venue.ask("truth")["trades"]
    await until(lambda: client.trades["ETH/USD"][-1]["id"] == str(truth["trade_id"]))
    assert (mine["id"], mine["order"], mine["symbol"]) == (
        truth["exec_id"],
        placed["id"],
        "ETH/USD",
    )
    assert (mine["takerOrMaker"], mine["fee"]["currency"]) == ("taker", "USD")
    assert Decimal(mine["fee"]["cost"]) == Decimal(truth["fee"])


async def test_watch_orders_by_symbol_never_hears_how_an_order_ended(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    seen: list[Any] = []

    async def follow() -> None:
        while True:
            seen.extend(await client.watch_orders("BTC/USD"))

    task = asyncio.ensure_future(follow())
    await until(lambda: any(s["private"] for s in venue.ask("sockets")))
    placed = await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    await client.cancel_order(placed["id"])
    await until(lambda: any(o["status"] == "canceled" for o in client.orders or []))
    task.cancel()
    assert {(order["id"], order["status"]) for order in seen} == {(placed["id"], "open")}
    ended = next(order for order in client.orders if order["status"] == "canceled")
    assert (ended["id"], ended["symbol"], ended["clientOrderId"]) == (placed["id"], None, "0")


async def test_watch_balance_tells_totals_only(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    first = await client.watch_balance()
    assert first["USD"] == {"free": None, "used": None, "total": "100000.0"}
    venue.ask("deposit", asset="BTC", amount="0.5")
    second = await client.watch_balance()
    assert second["BTC"]["total"] == "2.0"


async def test_watch_order_book_works_with_numbers_that_are_numbers(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken("", number=float)
    book = await client.watch_order_book("BTC/USD", 10)
    venue.ask("step", times=3)
    await client.watch_order_book("BTC/USD", 10)
    await asyncio.sleep(0.05)
    rest = await client.fetch_order_book("BTC/USD", 10)
    assert [price for price, _ in book["bids"]] == [price for price, *_ in rest["bids"]]
    assert [price for price, _ in book["asks"]] == [price for price, *_ in rest["asks"]]


async def test_watch_order_book_kills_the_public_socket_when_numbers_are_text(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken("")
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
    await client.watch_ticker("BTC/USD")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.watch_order_book("BTC/USD"), 0.3)
    venue.ask("place", side="buy", symbol="BTC/USD", quantity="0.01")
    with pytest.raises(TimeoutError):  # the ticker on the same socket is dead too
        await asyncio.wait_for(client.watch_ticker("BTC/USD"), 0.3)
    (socket,) = client.clients.values()
    assert (socket.error, socket.closed()) == (None, False)
