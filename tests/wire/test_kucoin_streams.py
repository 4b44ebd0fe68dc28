"""What ccxt.pro makes of the loopback KuCoin's sockets, and what the rows leave out."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.wire.fixtures import MakeKucoin, until
from tests.wire.kucoin.frames import BALANCE, ORDERS, ORDERS_V2
from tests.wire.kucoin.loopback import Loopback

Frame = dict[str, Any]


def followed(venue: Loopback, topic: str) -> Callable[[], bool]:
    return lambda: any(topic in socket["private"] for socket in venue.ask("sockets"))


class Raw:
    """A socket spoken to by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.welcome: Frame = {}

    async def next(self) -> Frame:
        message = await self._socket.receive(timeout=3)
        if message.type is not aiohttp.WSMsgType.TEXT:
            return {"type": "over"}
        found: Frame = json.loads(message.data, parse_float=Decimal)
        return found

    async def ask(self, kind: str, topic: str = "", **more: object) -> Frame:
        asked = {"id": "7", "type": kind, "topic": topic, "response": True, **more}
        await self._socket.send_str(json.dumps(asked))
        return await self.next()

    async def types(self, many: int) -> list[str]:
        return [(await self.next())["data"]["type"] for _ in range(many)]


@asynccontextmanager
async def raw(client: Any, *, private: bool = True, token: str = "") -> AsyncGenerator[Raw]:
    ask = client.private_post_bullet_private if private else client.public_post_bullet_public
    data = (await ask())["data"]
    url = f"{data['instanceServers'][0]['endpoint']}?token={token or data['token']}&connectId=me"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        wire = Raw(socket)
        wire.welcome = await wire.next()
        yield wire


async def test_a_socket_is_welcomed_pinged_and_acknowledged(kucoin: MakeKucoin) -> None:
    client = await kucoin()
    async with raw(client) as wire:
        assert (wire.welcome["type"], wire.welcome["id"]) == ("welcome", "me")
        assert (await wire.ask("ping"))["type"] == "pong"
        told = await wire.ask("subscribe", ORDERS, privateChannel=True)
        assert told == {"id": "7", "type": "ack"}


@pytest.mark.parametrize(
    ("kind", "topic", "code"),
    [
        ("subscribe", "/market/weather:BTC-USDT", 404),
        ("subscribe", "/market/ticker:DOGE-USDT", 404),
        ("subscribe", ORDERS, 403),
        ("explode", "", 415),
    ],
)
async def test_what_cannot_be_had_is_refused(
    kucoin: MakeKucoin, kind: str, topic: str, code: int
) -> None:
    client = await kucoin()
    async with raw(client, private=False) as wire:
        told = await wire.ask(kind, topic, privateChannel=True)
        assert (told["type"], told["code"]) == ("error", code)


async def refused(client: Any, token: str) -> str:
    """The words with which a token is refused; the socket is closed after them."""
    async with raw(client, token=token) as wire:
        assert (await wire.next())["type"] == "over"
        words: str = wire.welcome["data"]
        return words


async def test_a_token_that_is_wrong_or_old_opens_nothing(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    token = (await client.private_post_bullet_private())["data"]["token"]
    kucoin_venue.ask("expire_tokens")
    assert await refused(client, "nonsense") == "token is invalid"
    assert await refused(client, token) == "token is expired"


async def test_a_token_dies_with_its_key(kucoin: MakeKucoin, kucoin_venue: Loopback) -> None:
    client, other = await kucoin("full"), await kucoin("read")
    token = (await client.private_post_bullet_private())["data"]["token"]
    kucoin_venue.ask("revoke_key", purpose="full")
    assert await refused(other, token) == "token is invalid"


async def test_a_client_that_does_not_ping_is_cut_off(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    kucoin_venue.ask("ping_every", ms=200, patience_ms=100)
    async with raw(client) as wire:
        for _ in range(4):
            await asyncio.sleep(0.1)
            assert (await wire.ask("ping"))["type"] == "pong"
        assert (await wire.next())["type"] == "over"


async def test_the_rows_of_an_order_come_in_the_order_of_the_wire_and_sparse(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    kucoin_venue.ask("empty_book", symbol="BTC/USDT")
    kucoin_venue.ask("open_account", owner="other", balances={"BTC": "5"})
    ask = {"side": "sell", "symbol": "BTC/USDT", "quantity": "0.3", "price": "64000"}
    kucoin_venue.ask("place", owner="other", **ask)
    async with raw(client) as wire:
        await wire.ask("subscribe", ORDERS, privateChannel=True)
        placed = await client.create_order("BTC/USDT", "limit", "buy", "0.5", "64000")
        match, opened = await wire.next(), await wire.next()
        assert (match["data"]["type"], opened["data"]["type"]) == ("match", "open")
        assert match["data"]["matchSize"] == opened["data"]["filledSize"] == "0.3"
        assert opened["data"]["remainSize"] == "0.2"
        assert not {"fee", "feeRate", "feeCurrency"} & set(match["data"])
        assert not {"matchPrice", "tradeId", "liquidity"} & set(opened["data"])
        await client.cancel_order(placed["id"], "BTC/USDT")
        gone = (await wire.next())["data"]
        assert (gone["type"], gone["status"], gone["canceledSize"]) == ("canceled", "done", "0.2")


async def test_the_second_version_tells_when_an_order_was_received(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    async with raw(client) as wire:
        await wire.ask("subscribe", ORDERS_V2, privateChannel=True)
        await client.create_order("BTC/USDT", "market", "buy", "0.1")
        assert await wire.types(3) == ["received", "match", "filled"]
        await client.create_order("BTC/USDT", "limit", "buy", "0.1", "70000", {"postOnly": True})
        assert await wire.types(2) == ["received", "canceled"]


async def test_every_change_of_a_wallet_is_told_and_adds_up(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    async with raw(client) as wire:
        await wire.ask("subscribe", BALANCE, privateChannel=True)
        placed = await client.create_order("BTC/USDT", "limit", "sell", "0.5", "70000")
        held = (await wire.next())["data"]
        assert (held["relationEvent"], held["holdChange"], held["available"]) == (
            "trade.hold", "0.5", "1",
        )  # fmt: skip
        kucoin_venue.ask("fill", order_id=placed["id"], quantity="0.2")
        base, quote = (await wire.next())["data"], (await wire.next())["data"]
        assert (base["currency"], base["total"], base["hold"]) == ("BTC", "1.3", "0.3")
        assert (quote["relationEvent"], quote["total"]) == ("trade.setted", "113986")
        assert quote["availableChange"] == "13986"
        kucoin_venue.ask("deposit", asset="ETH", amount="2")
        arrived = (await wire.next())["data"]
        assert (arrived["relationEvent"], arrived["total"]) == ("main.deposit", "2")


async def test_watch_ticker_follows_the_trades(kucoin: MakeKucoin, kucoin_venue: Loopback) -> None:
    client = await kucoin("")
    first = await client.watch_ticker("BTC/USDT")
    kucoin_venue.ask("price", symbol="BTC/USDT", middle="65000")
    kucoin_venue.ask("place", side="buy", symbol="BTC/USDT", quantity="0.01")
    await until(lambda: Decimal(client.tickers["BTC/USDT"]["last"]) > 65000)
    assert Decimal(first["last"]) < 65000
    assert Decimal(client.tickers["BTC/USDT"]["bid"]) < 65000
    best = {"spotMethod": "/market/ticker"}
    assert (await client.watch_ticker("ETH/USDT", best))["bidVolume"] is not None


async def test_a_fill_is_delivered_without_its_fee(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    watching = asyncio.ensure_future(client.watch_my_trades())
    await until(followed(kucoin_venue, ORDERS))
    placed = await client.create_order("ETH/USDT", "market", "buy", "0.5")
    (mine,) = await watching
    (truth,) = kucoin_venue.ask("truth")["trades"]
    assert (mine["id"], mine["order"]) == (str(truth["trade_id"]), placed["id"])
    assert (mine["amount"], mine["price"], mine["takerOrMaker"]) == (
        truth["quantity"], truth["price"], "taker",
    )  # fmt: skip
    assert mine["fee"]["cost"] is None  # fees are told by REST alone


async def test_watch_orders_hears_how_an_order_ended(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    heard: list[Any] = []

    async def follow() -> None:
        while True:
            heard.extend(await client.watch_orders())

    task = asyncio.ensure_future(follow())
    await until(followed(kucoin_venue, ORDERS))
    ours = {"clientOrderId": "QD-1"}
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.01", "50000", ours)
    await client.cancel_order(placed["id"], "BTC/USDT")
    await until(lambda: any(order["status"] == "canceled" for order in heard))
    task.cancel()
    assert {order["clientOrderId"] for order in heard} == {"QD-1"}
    assert {order["id"] for order in heard} == {placed["id"]}


async def test_watch_balance_says_nothing_until_something_changes_and_then_everything(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    watching = asyncio.ensure_future(client.watch_balance())
    await until(followed(kucoin_venue, BALANCE))
    await asyncio.sleep(0.05)
    assert not watching.done()  # its own snapshot does not answer the first call
    await client.create_order("BTC/USDT", "limit", "buy", "0.5", "60000")
    told = await watching
    assert told["USDT"] == {"free": "69970", "used": "30030", "total": "100000"}
    assert told["BTC"]["total"] == "1.5"


async def test_numbered_changes_make_the_same_book_as_a_snapshot(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin("", number=float)
    watching = asyncio.ensure_future(client.watch_order_book("BTC/USDT"))
    while not watching.done():
        kucoin_venue.ask("step")
        await asyncio.sleep(0.02)
    book = await watching
    for _ in range(5):
        kucoin_venue.ask("step")
    rest = await client.fetch_order_book("BTC/USDT", 100)
    await until(lambda: bool(book["nonce"] == rest["nonce"]))
    for side in ("bids", "asks"):
        assert [level[:2] for level in book[side]] == rest[side]


async def test_the_five_best_levels_come_whole(kucoin: MakeKucoin, kucoin_venue: Loopback) -> None:
    client = await kucoin("", number=float)
    first = await client.watch_order_book("BTC/USDT", 5)
    rest = await client.fetch_order_book("BTC/USDT", 20)
    assert [list(level) for level in first["bids"]] == rest["bids"][:5]
