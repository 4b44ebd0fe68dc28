"""A stream tells everything it hears, and says so when it breaks in any of its silent ways."""

import asyncio
import gc
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from domain.errors import Unavailable
from domain.market import Level
from domain.sightings import (
    DepthSeen,
    FillSeen,
    Heartbeat,
    OrderSeen,
    PriceSeen,
    Sighting,
    TotalsSeen,
)
from tests.venues.ccxt_listening import HEARTBEAT, LINES, Answer, deaf, streaming, then
from tests.venues.ccxt_stub import Opened, acks, error, opened
from venues import ccxt_stream
from venues.ccxt_caches import AnyFrame
from venues.ccxt_quirks import KRAKEN
from venues.ccxt_sayings import Cause
from venues.ccxt_stream import Plan, Stream

D = Decimal


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ccxt_stream, "LOOK_EVERY_S", 0.01)


def account_frames() -> Answer:
    executions = [line for line in LINES if '"channel":"executions","type"' in line]
    balances = [line for line in LINES if '"channel":"balances","type"' in line]
    return then(executions=executions, balances=[*balances, HEARTBEAT])


# What is heard


async def test_an_account_is_told_from_the_real_class_to_the_digit() -> None:
    async with opened() as desk:
        desk.stub.on_frame = account_frames()
        async with streaming(desk, desk.reader.stream) as stream:
            await stream.until(FillSeen, 2)
            await stream.until(TotalsSeen, 2)
            await stream.until(OrderSeen, 7)
    fees = [str(seen.fill.fee) for seen in stream.of(FillSeen)]
    assert fees == ["1.25012500", "1.87518800"]
    assert dict(stream.of(TotalsSeen)[0].totals) == {"BTC": D("1.2000000001"), "USD": D("10.5")}
    assert desk.problems == []


async def test_a_heartbeat_says_that_every_private_channel_is_confirmed() -> None:
    async with opened() as desk:
        desk.stub.on_frame = deaf
        async with streaming(desk, desk.reader.stream) as stream:
            while len(desk.stub.frames) < 2:  # noqa: ASYNC110 - the stub has no event for it
                await asyncio.sleep(0.01)
            first, second = desk.stub.frames
            await stream.send(json.dumps(acks(first)[0]))
            await asyncio.sleep(0.05)
            assert stream.of(Heartbeat) == []
            await stream.send(json.dumps(acks(second)[0]))
            await stream.until(Heartbeat)


async def test_the_subscription_asks_for_open_orders_and_for_no_old_trades() -> None:
    async with opened() as desk:
        async with streaming(desk, desk.reader.stream) as stream:
            await stream.until(Heartbeat)
        params = {f["params"]["channel"]: f["params"] for f in desk.stub.frames if "params" in f}
    assert params["executions"]["snap_orders"] is True
    assert "snap_trades" not in params["executions"]
    assert len(desk.stub.bodies("GetWebSocketsToken")) == 1


async def test_prices_of_every_listed_symbol_are_told() -> None:
    ticker = next(line for line in LINES if '"ticker"' in line)
    eth = ticker.replace("BTC/USD", "ETH/USD")
    async with opened() as desk:
        desk.stub.on_frame = then(ticker=[ticker, eth])
        wanted = ["BTC/USD", "ETH/USD", "NO/PE", "DOGE/USD"]
        async with streaming(desk, lambda h: desk.venue.market.stream_prices(wanted, h)) as stream:
            await stream.until(PriceSeen, 2)
        (asked,) = [f["params"]["symbol"] for f in desk.stub.frames if f["method"] == "subscribe"]
    assert asked == ["BTC/USD", "ETH/USD"]  # one is not listed, one not active
    assert [seen.price.symbol for seen in stream.of(PriceSeen)] == asked
    assert str(stream.of(PriceSeen)[0].price.ask) == "108359.90"


async def test_a_burst_of_frames_loses_none() -> None:
    ticker = next(line for line in LINES if '"ticker"' in line)
    burst = [ticker.replace('"bid":108359.8', f'"bid":{n}') for n in range(1, 301)]
    async with opened() as desk:
        desk.stub.on_frame = then(ticker=burst)
        async with streaming(
            desk, lambda h: desk.venue.market.stream_prices(["BTC/USD"], h)
        ) as stream:
            await stream.until(PriceSeen, 300)
    assert [seen.price.bid for seen in stream.of(PriceSeen)] == [D(n) for n in range(1, 301)]


SNAPSHOT = (
    '{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":60000.0,'
    '"qty":1.50000000},{"price":59999.9,"qty":2}],"asks":[{"price":60000.1,"qty":0.00000001}],'
    '"checksum":1}]}'
)
UPDATE = (
    '{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[{"price":60000.0,'
    '"qty":0}],"asks":[{"price":60000.05,"qty":3}],"checksum":1,'
    '"timestamp":"2023-10-06T17:35:55.440295Z"}]}'
)


async def test_a_book_is_kept_in_order_with_exact_levels() -> None:
    async with opened() as desk:
        desk.stub.on_frame = then(book=[SNAPSHOT, UPDATE])
        async with streaming(
            desk, lambda h: desk.venue.market.stream_depth("BTC/USD", h)
        ) as stream:
            await stream.until(DepthSeen, 2)
    depth = stream.of(DepthSeen)[1].depth
    assert depth.bids == (Level(price=D("59999.9"), quantity=D(2)),)
    assert depth.asks == (
        Level(price=D("60000.05"), quantity=D(3)),
        Level(price=D("60000.1"), quantity=D("0.00000001")),
    )


async def test_nothing_to_watch_is_no_reason_to_be_silent() -> None:
    async with opened() as desk:
        start = desk.venue.market.stream_prices
        async with streaming(desk, lambda h: start(["NO/PE"], h)) as stream:
            await stream.until(Heartbeat)
        assert desk.stub.sockets == []


# How it breaks


async def test_a_cut_socket_is_told_at_once() -> None:
    async with opened() as desk, streaming(desk, desk.reader.stream) as stream:
        await stream.until(Heartbeat)
        transport = desk.stub.sockets[0]._req.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()
        ended = await stream.broken()
    assert ended.cause is Cause.NETWORK


async def test_a_socket_that_the_venue_closes_is_told_at_once() -> None:
    async with opened() as desk, streaming(desk, desk.reader.stream) as stream:
        await stream.until(Heartbeat)
        await desk.stub.sockets[0].close(code=1012)
        assert (await stream.broken()).cause is Cause.NETWORK


async def test_a_subscription_that_nobody_answers_does_not_wait_for_ever() -> None:
    async with opened() as desk:
        desk.stub.on_frame = deaf
        async with streaming(desk, desk.reader.stream) as stream:
            while len(desk.stub.frames) < 2:  # noqa: ASYNC110 - the stub has no event for it
                await asyncio.sleep(0.01)
            desk.clock.advance(15_000_001)
            ended = await stream.broken()
    assert ended.why == "balances, executions was not confirmed in 15 s"


async def test_a_socket_without_a_frame_is_not_taken_for_a_quiet_market() -> None:
    async with opened() as desk, streaming(desk, desk.reader.stream) as stream:
        await stream.until(Heartbeat)
        desk.clock.advance(20_500_000)
        ended = await stream.broken()
    assert ended.why == "not one frame in 20 s"


async def test_a_refused_channel_names_the_missing_permission() -> None:
    async def refuse(socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        words = {"method": "subscribe", "success": False, "error": "EGeneral:Permission denied"}
        await socket.send_str(json.dumps({**words, "req_id": frame.get("req_id")}))

    async with opened() as desk:
        desk.stub.on_frame = refuse
        async with streaming(desk, desk.reader.stream) as stream:
            ended = await stream.broken()
    assert (ended.cause, ended.why) == (Cause.PERMISSION, "EGeneral:Permission denied")
    assert "accounts.main.read" in ended.remedy


async def test_a_refused_token_names_the_missing_permission() -> None:
    async with opened() as desk:
        desk.stub.answer("GetWebSocketsToken", error("EGeneral:Permission denied"))
        async with streaming(desk, desk.reader.stream) as stream:
            ended = await stream.broken()
    assert ended.cause is Cause.PERMISSION


async def test_one_refused_symbol_costs_only_itself() -> None:
    ticker = next(line for line in LINES if '"ticker"' in line)

    async def refuse_one(socket: web.WebSocketResponse, frame: dict[str, Any]) -> None:
        words = {"error": "Currency pair not supported ETH/USD", "symbol": "ETH/USD"}
        await socket.send_str(json.dumps({"method": "subscribe", "success": False, **words}))
        await socket.send_str(json.dumps(acks(frame)[0]))
        await socket.send_str(ticker)

    async with opened() as desk:
        desk.stub.on_frame = refuse_one
        wanted = ["BTC/USD", "ETH/USD"]
        async with streaming(desk, lambda h: desk.venue.market.stream_prices(wanted, h)) as stream:
            await stream.until(PriceSeen)
            assert not stream.task.done()
    assert desk.problems == ["ETH/USD: Currency pair not supported ETH/USD"]


async def test_lost_frames_break_the_stream_so_that_the_gap_is_filled() -> None:
    lines = [line for line in LINES if '"channel":"executions","type"' in line]
    async with opened() as desk:
        desk.stub.on_frame = then(executions=[lines[0], lines[3]])
        async with streaming(desk, desk.reader.stream) as stream:
            ended = await stream.broken()
    assert ended.why == "frames 2 to 3 of executions never came"
    assert len(stream.of(FillSeen)) == 1  # what the frame itself says is heard all the same


@pytest.mark.parametrize("line", ['{"channel":"exec', "{'a':1}", '{"a":NaN}', "[" * 100_000])
async def test_a_garbled_frame_breaks_the_stream(line: str) -> None:
    async with opened() as desk:
        desk.stub.on_frame = then(balances=[line])
        async with streaming(desk, desk.reader.stream) as stream:
            ended = await stream.broken()
    assert ended.cause is Cause.GARBLED


async def test_rows_that_kill_ccxts_own_receive_loop_do_no_harm_here() -> None:
    """A trade with a `filled` row behind it: kraken.handle_my_trades adds None to a text."""
    poison = next(line for line in LINES if '"T2AAAA-AAAAA-AAAAAA"' in line)
    async with opened() as desk:
        desk.stub.on_frame = then(executions=[poison.replace('"sequence":5', '"sequence":1')])
        async with streaming(desk, desk.reader.stream) as stream:
            await stream.until(FillSeen)
            await stream.send(HEARTBEAT)
            await stream.until(Heartbeat, 2)
            assert not stream.task.done()


async def test_a_frame_that_ccxt_cannot_handle_breaks_the_stream_that_needs_it() -> None:
    poison = '{"channel":"book","type":"update","data":[{"symbol":"NEW/USD","bids":[],"asks":[]}]}'
    async with opened() as desk:
        desk.stub.on_frame = then(book=[SNAPSHOT, poison])
        async with streaming(
            desk, lambda h: desk.venue.market.stream_depth("BTC/USD", h)
        ) as stream:
            ended = await stream.broken()
    assert ended.why == "a frame could not be handled (KeyError)"


async def test_a_row_that_cannot_be_read_is_counted_and_left_out() -> None:
    bad = '{"channel":"balances","type":"snapshot","data":[{"asset":"BTC","balance":"much"}]}'
    async with opened() as desk:
        desk.stub.on_frame = then(balances=[bad, HEARTBEAT])
        async with streaming(desk, desk.reader.stream) as stream:
            await stream.until(Heartbeat, 2)
        assert desk.venue.vitals().rejected == 1
    assert desk.problems == ["balance: balance is much"]
    assert stream.of(TotalsSeen) == []


async def run_on_a_fresh_client(desk: Opened, watch: Callable[[Any], Awaitable[object]]) -> None:
    """A stream of one watch, as a class of ccxt might behave."""
    frames = AnyFrame("kraken", "account", desk.clock)
    plan = Plan(watches=[watch], channels=frozenset({"account"}), frames=frames)
    async with desk.reader._opened() as client:
        await desk.reader._markets.lend(client)
        await Stream(client, plan, KRAKEN, desk.clock, lambda _: None).run()


async def test_a_class_that_dials_anew_by_itself_is_found_out() -> None:
    async def forgiving(api: Any) -> None:
        with suppress(Exception):
            await api.watch_balance()

    async with opened() as desk:
        running = asyncio.ensure_future(run_on_a_fresh_client(desk, forgiving))
        async with asyncio.timeout(5):
            while not desk.stub.frames:  # noqa: ASYNC110 - the stub has no event for it
                await asyncio.sleep(0.01)
            await desk.stub.sockets[0].close()
            with pytest.raises(Unavailable, match="dialled anew"):
                await running


async def test_a_stream_that_ccxt_closes_is_no_end_in_silence() -> None:
    async def closing(_: Any) -> None:
        raise asyncio.CancelledError  # what a pending watch gets from ccxt's close()

    async with opened() as desk, asyncio.timeout(5):
        with pytest.raises(Unavailable, match="ccxt closed the stream"):
            await run_on_a_fresh_client(desk, closing)


async def test_a_bug_of_the_desk_is_not_taken_for_a_broken_venue() -> None:
    def buggy(_: Sighting) -> None:
        raise ZeroDivisionError

    async with opened() as desk:
        desk.stub.on_frame = account_frames()
        with pytest.raises(ZeroDivisionError):
            async with asyncio.timeout(5):
                await desk.reader.stream(buggy)


# What is left behind


async def test_each_stream_starts_on_a_new_socket() -> None:
    async with opened() as desk:
        for _ in range(3):
            async with streaming(desk, desk.reader.stream) as stream:
                await stream.until(Heartbeat)
        async with asyncio.timeout(5):
            while not all(socket.closed for socket in desk.stub.sockets):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert len(desk.stub.sockets) == 3


@pytest.mark.parametrize("how", ["cancel", "cut", "refused dial"])
async def test_no_task_and_no_noise_is_left(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noise: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: noise.append(context))
    async with opened() as desk:
        await desk.venue.market.instruments()
        if how == "refused dial":
            monkeypatch.setattr(aiohttp.ClientSession, "ws_connect", _refused)
        async with streaming(desk, desk.reader.stream) as stream:
            if how != "refused dial":
                await stream.until(Heartbeat)
            if how == "cut":
                desk.stub.sockets[0]._req.transport.abort()  # type: ignore[union-attr]
            if how in ("cut", "refused dial"):
                await stream.broken()
    await asyncio.sleep(0.05)
    gc.collect()
    await asyncio.sleep(0)
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    assert left == []
    assert noise == []


def _refused(*_: Any, **__: Any) -> Any:
    raise aiohttp.ClientConnectionError("refused")
