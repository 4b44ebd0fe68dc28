"""Raw frames of the sockets: as sparse, as exact and as strict as on the real wire."""

import asyncio
import json
from binascii import crc32
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import aiohttp
import pytest

from tests.wire.fixtures import MakeKraken
from tests.wire.kraken.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt

Frame = dict[str, Any]


class Raw:
    """A plain client of the socket: sends JSON, keeps every frame with exact numbers."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self.frames: list[Frame] = []

    async def ask(self, method: str, **params: object) -> Frame:
        """Send a request and wait for its acknowledgement."""
        number = len(self.frames) + 1000
        await self._socket.send_json({"method": method, "params": params, "req_id": number})
        return await self.wait(lambda frame: frame.get("req_id") == number)

    async def wait(self, fits: Callable[[Frame], bool]) -> Frame:
        """The next frame that fits."""
        async with asyncio.timeout(3):
            while True:
                frame = await self._next()
                if fits(frame):
                    return frame

    async def channel(self, name: str, kind: str = "update") -> Frame:
        """The next frame of a channel."""
        return await self.wait(lambda f: (f.get("channel"), f.get("type")) == (name, kind))

    async def _next(self) -> Frame:
        text = await self._socket.receive_str()
        frame: Frame = json.loads(text, parse_float=Decimal)
        self.frames.append(frame)
        return frame


@asynccontextmanager
async def raw(host: str) -> AsyncGenerator[Raw]:
    async with aiohttp.ClientSession() as session, session.ws_connect(f"wss://{host}/v2") as socket:
        yield Raw(socket)


async def private(client: Any, wire: Raw, channel: str, **params: object) -> Frame:
    token = (await client.private_post_getwebsocketstoken())["result"]["token"]
    return await wire.ask("subscribe", channel=channel, token=token, **params)


async def test_a_connection_begins_with_its_status_and_then_beats(venue: Loopback) -> None:
    async with raw("ws.kraken.com") as wire:
        status = await wire.channel("status")
        assert status["data"][0]["system"] == "online"
        acknowledged = await wire.ask("subscribe", channel="ticker", symbol=["BTC/USD"])
        assert acknowledged["success"] is True
        assert acknowledged["result"] == {
            "channel": "ticker", "snapshot": True, "symbol": "BTC/USD",
        }  # fmt: skip
        await wire.channel("ticker", "snapshot")
        assert await wire.wait(lambda f: f == {"channel": "heartbeat"})
        pong = await wire.ask("ping")
        assert pong["method"] == "pong"


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"channel": "ticker", "symbol": ["DOGE/EUR"]}, "Currency pair not supported DOGE/EUR"),
        ({"channel": "ohlc", "symbol": ["BTC/USD"]}, "Subscription name invalid: ohlc"),
        ({"channel": "book", "symbol": ["BTC/USD"], "depth": 7}, "Subscription depth not"),
        ({"channel": "executions", "token": "stolen"}, "ESession:Invalid session"),
        ({"channel": "balances"}, "ESession:Invalid session"),
    ],
)
async def test_a_subscription_that_cannot_be_is_refused(
    venue: Loopback, params: dict[str, object], error: str
) -> None:
    host = "ws-auth.kraken.com" if "symbol" not in params else "ws.kraken.com"
    async with raw(host) as wire:
        refused = await wire.ask("subscribe", **params)
        assert refused["success"] is False
        assert refused["error"].startswith(error)


async def test_a_token_needs_the_right_permission_and_ends(
    kraken: MakeKraken, venue: Loopback
) -> None:
    with pytest.raises(ccxt.PermissionDenied):
        await (await kraken("trade")).private_post_getwebsocketstoken()
    client = await kraken("read")
    async with raw("ws-auth.kraken.com") as wire:
        token = (await client.private_post_getwebsocketstoken())["result"]["token"]
        venue.ask("skew", seconds=901)
        refused = await wire.ask("subscribe", channel="balances", token=token)
        assert refused["error"] == "ESession:Invalid session"
        assert (await private(client, wire, "balances"))["success"] is True


async def test_only_new_and_traded_rows_carry_the_symbol(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    async with raw("ws-auth.kraken.com") as wire:
        await private(client, wire, "executions")
        ours = {"clientOrderId": "QD-one"}
        placed = await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000", ours)
        venue.ask("fill", order_id=placed["id"], quantity="0.004")
        await client.edit_order(placed["id"], "BTC/USD", "limit", "buy", "0.02", "49000")
        venue.ask("fill", order_id=placed["id"])
        await wire.wait(lambda f: f.get("sequence") == 7)
        rows = [f["data"][0] for f in wire.frames if f.get("channel") == "executions" and f["data"]]
    assert [row["exec_type"] for row in rows] == [
        "pending_new", "new", "trade", "amended", "trade", "filled",
    ]  # fmt: skip
    assert ["symbol" in row for row in rows] == [True, False, True, False, True, False]
    assert [row["order_status"] for row in rows] == [
        "pending_new", "new", "partially_filled", "partially_filled", "partially_filled", "filled",
    ]  # fmt: skip
    assert all(row["cl_ord_id"] == "QD-one" and row["order_id"] == placed["id"] for row in rows)
    assert set(rows[1]) == {"timestamp", "order_status", "exec_type", "cl_ord_id", "order_id"}
    assert (rows[3]["order_qty"], rows[3]["limit_price"]) == (Decimal("0.02"), Decimal("49000.0"))
    assert (rows[5]["cum_qty"], rows[5]["cum_cost"]) == (Decimal("0.02"), Decimal("984.00000"))
    assert rows[2]["fees"] == [{"asset": "USD", "qty": Decimal("0.50000")}]


async def test_a_canceled_row_says_how_much_was_filled_and_nothing_of_the_pair(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    async with raw("ws-auth.kraken.com") as wire:
        await private(client, wire, "executions")
        placed = await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
        venue.ask("fill", order_id=placed["id"], quantity="0.004")
        await client.cancel_order(placed["id"])
        frame = await wire.wait(lambda f: (f.get("data") or [{}])[0].get("exec_type") == "canceled")
    (row,) = frame["data"]
    assert set(row) == {
        "timestamp", "order_status", "exec_type", "order_userref", "order_id", "cum_qty",
        "cum_cost", "fee_usd_equiv", "avg_price", "cancel_reason", "reason",
    }  # fmt: skip
    assert (row["cum_qty"], row["reason"]) == (Decimal("0.004"), "User requested")


async def test_numbers_on_the_wire_keep_their_digits(kraken: MakeKraken, venue: Loopback) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect("wss://ws.kraken.com/v2") as socket,
    ):
        request = {"channel": "book", "symbol": ["BTC/USD"]}
        await socket.send_json({"method": "subscribe", "params": request})
        texts = [await socket.receive_str() for _ in range(3)]
    assert '"price":63993.6,"qty":0.' in texts[2]
    assert len(texts[2].split('"qty":')[1].partition("}")[0]) == len("0.12345678")


@pytest.mark.parametrize("together", [True, False])
async def test_a_snapshot_tells_open_orders_and_the_last_trades(
    kraken: MakeKraken, venue: Loopback, together: bool
) -> None:
    client = await kraken()
    venue.ask("one_snapshot_frame", on=together)
    await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    for _ in range(60):
        venue.ask("place", side="buy", symbol="BTC/USD", quantity="0.001")
    async with raw("ws-auth.kraken.com") as wire:
        await private(client, wire, "executions", snap_orders=True, snap_trades=True)
        await wire.wait(lambda f: f.get("sequence") == (1 if together else 2))
        frames = [f["data"] for f in wire.frames if f.get("channel") == "executions"]
    rows = [row for data in frames for row in data]
    assert [len(data) for data in frames] == ([51] if together else [1, 50])
    assert [row["exec_type"] for row in rows] == ["new", *["trade"] * 50]
    assert {row["order_status"] for row in rows[1:]} == {"filled"}
    assert all("symbol" in row for row in rows)


async def test_balance_updates_are_ledger_entries(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    async with raw("ws-auth.kraken.com") as wire:
        await private(client, wire, "balances")
        snapshot = await wire.channel("balances", "snapshot")
        venue.ask("place", side="sell", symbol="BTC/USD", quantity="0.1")
        base = (await wire.channel("balances"))["data"][0]
        quote = (await wire.channel("balances"))["data"][0]
    totals = {row["asset"]: row["balance"] for row in snapshot["data"]}
    (trade,) = await client.fetch_my_trades(params={"ledgers": "true"})
    assert {base["ledger_id"], quote["ledger_id"]} == set(trade["info"]["ledgers"])
    assert base["ref_id"] == quote["ref_id"] == trade["id"]
    assert base["balance"] == totals["BTC"] + base["amount"] - base["fee"] == Decimal("1.4")
    assert quote["balance"] == totals["USD"] + quote["amount"] - quote["fee"]


class Copy:
    """A client's copy of a book, kept as Kraken's guide says."""

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._sides: dict[str, dict[Decimal, Decimal]] = {"bids": {}, "asks": {}}

    def apply(self, row: Frame) -> None:
        for side, levels in self._sides.items():
            for level in row[side]:
                levels[level["price"]] = level["qty"]
                if not level["qty"]:
                    del levels[level["price"]]
            ordered = sorted(levels.items(), reverse=side == "bids")
            self._sides[side] = dict(ordered[: self._depth])

    def checksum(self) -> int:
        text = "".join(
            f"{value:.{decimals}f}".replace(".", "").lstrip("0")
            for side in ("asks", "bids")
            for level in list(self._sides[side].items())[:10]
            for value, decimals in zip(level, (1, 8), strict=True)
        )
        return crc32(text.encode())


async def test_a_copy_of_the_book_keeps_the_checksum_of_every_frame(venue: Loopback) -> None:
    copy, checked = Copy(10), 0
    async with raw("ws.kraken.com") as wire:
        await wire.ask("subscribe", channel="book", symbol=["BTC/USD"], depth=10)
        copy.apply((await wire.channel("book", "snapshot"))["data"][0])
        for n in range(40):
            venue.ask("step")
            if n % 4 == 0:
                venue.ask("place", side="buy", symbol="BTC/USD", quantity="0.02")
            (row,) = (await wire.channel("book"))["data"]
            copy.apply(row)
            checked += copy.checksum() == row["checksum"]
    assert checked == 40
