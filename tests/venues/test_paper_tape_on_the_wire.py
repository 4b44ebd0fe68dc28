"""Resting paper orders and the public trades of loopback venues, through the real ccxt classes."""

import asyncio
from collections.abc import Generator
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from pathlib import Path

import pytest

from domain.errors import Unavailable
from domain.market import PublicTrade
from domain.sightings import Heartbeat, Sighting, TradesSeen
from tests.venues.paper_wire import Wired, wired_to
from tests.wire.fixtures import until
from venues import ccxt_quirks
from venues.ccxt_tape import CcxtTape

pytestmark = pytest.mark.timeout(60)
D = Decimal
PIECE = D("0.004")


@pytest.fixture(params=["kraken", "kucoin"])
def wired(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[Wired]:
    with wired_to(request.param, monkeypatch) as made:
        yield made


async def test_a_maker_is_filled_once_by_what_comes_past_its_queue_and_again_after_a_restart(
    wired: Wired, tmp_path: Path
) -> None:
    price, displayed = wired.best_bid()
    async with wired.paper(tmp_path) as paper:
        state = await paper.buy("0.01", price)
        assert paper.ahead(state) == displayed
        await wired.follows_trades()
        wired.sell(displayed / 2)
        await paper.so(lambda: paper.ahead(state) == displayed / 2)
        assert paper.fills == []
        wired.sell(displayed / 2 + PIECE)
        await paper.so(lambda: len(paper.fills) == 1)
        (fill,) = paper.fills
        assert (fill.price, fill.quantity, fill.liquidity) == (price, PIECE, "maker")
        rate = paper.venue.desk.fees.known[wired.symbol].maker
        assert fill.fee == (fill.cost * rate).quantize(D("1e-8"), ROUND_DOWN)
    wired.sell(PIECE)  # while the desk is away
    async with wired.paper(tmp_path) as again:
        await again.so(lambda: len(again.fills) == 2)
        await wired.follows_trades()
        wired.loopback.ask("cut_sockets", side="public")
        await wired.follows_trades()
        wired.sell(D("0.001"))
        await again.so(lambda: len(again.fills) == 3)
        assert [fill.quantity for fill in again.fills] == [PIECE, PIECE, D("0.001")]
        assert len({fill.key for fill in again.fills}) == 3
    assert wired.problems == []


async def test_what_traded_before_an_order_rested_is_not_its(wired: Wired, tmp_path: Path) -> None:
    price, displayed = wired.best_bid()
    for _ in range(3):
        wired.sell(PIECE)
    async with wired.paper(tmp_path) as paper:
        state = await paper.buy("0.01", price)
        assert paper.ahead(state) == displayed - 3 * PIECE
        await wired.follows_trades()
        wired.sell(PIECE)
        await paper.so(lambda: paper.venue.desk.pits[wired.symbol].cursor is not None)
        await paper.so(lambda: paper.ahead(state) != displayed - 3 * PIECE)
        assert paper.ahead(state) == displayed - 4 * PIECE
        assert paper.fills == []


async def test_the_stream_and_the_list_tell_the_same_trades(wired: Wired) -> None:
    heard: list[Sighting] = []

    def streamed() -> list[PublicTrade]:
        seen = (each for each in heard if isinstance(each, TradesSeen))
        return [trade for each in seen for trade in each.trades]

    async with wired.live() as live:
        assert isinstance(live.tape, CcxtTape)
        stream = asyncio.ensure_future(live.tape.stream_trades(wired.symbol, heard.append))
        await until(lambda: any(isinstance(each, Heartbeat) for each in heard), within_s=15)
        before = len(streamed())
        for number in range(1, 4):
            wired.sell(number * PIECE)
        await until(lambda: len(streamed()) >= before + 3, within_s=15)
        stream.cancel()
        listed = await live.tape.trades(wired.symbol, 0)
        newest = (await live.tape.trades(wired.symbol, streamed()[-1].at_us)).trades
    assert listed.whole
    assert listed.trades[-3:] == tuple(streamed()[-3:])
    assert [trade.quantity for trade in listed.trades[-3:]] == [PIECE, 2 * PIECE, 3 * PIECE]
    assert newest[-1] == listed.trades[-1]
    truth = wired.loopback.ask("tape", symbol=wired.symbol)
    assert [(t.number, t.price, t.quantity, t.side) for t in listed.trades] == [
        (row["trade_id"], row["price"], row["quantity"], row["side"]) for row in truth
    ]
    assert wired.problems == []


async def test_a_list_that_does_not_reach_back_is_not_whole(wired: Wired) -> None:
    async with wired.live() as live:
        assert live.tape is not None
        since_us = (await live.tape.trades(wired.symbol, 0)).trades[-1].at_us - 5_000_000
        page = 100
        for _ in range(page):
            wired.sell(D("0.0001"))
        told = await live.tape.trades(wired.symbol, since_us)
        assert len(told.trades) >= page
        assert told.whole is (wired.name == "kraken")  # KuCoin shows the newest hundred


async def test_krakens_list_is_followed_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    with wired_to("kraken", monkeypatch) as wired:
        kraken = ccxt_quirks._KNOWN["kraken"]
        assert kraken.tape is not None
        row = replace(kraken, tape=replace(kraken.tape, page=10))
        monkeypatch.setitem(ccxt_quirks._KNOWN, "kraken", row)
        async with wired.live() as live:
            assert live.tape is not None
            for seconds in range(3, 15, 3):
                wired.loopback.ask("skew", seconds=seconds)
                for _ in range(7):
                    wired.sell(D("0.0001"))
            truth = wired.loopback.ask("tape", symbol=wired.symbol)
            told = await live.tape.trades(wired.symbol, 0)
            assert told.whole
            assert {t.number for t in told.trades} == {row["trade_id"] for row in truth}
            for _ in range(12):  # more in one second than fill a page: who knows what is behind
                wired.sell(D("0.0001"))
            assert not (await live.tape.trades(wired.symbol, told.trades[-1].at_us)).whole


NO_LIST = {
    "kraken": '{"error":[],"result":{"last":"1"}}',
    "kucoin": '{"code":"200000","data":{}}',
}


@pytest.mark.parametrize("kind", ["empty", "truncated", "garbled", "page", "odd"])
async def test_a_spoiled_list_of_trades_is_never_an_empty_one(wired: Wired, kind: str) -> None:
    endpoint = "Trades" if wired.name == "kraken" else "GET market/histories"
    async with wired.live() as live:
        assert live.tape is not None
        await live.market.instruments()
        text = NO_LIST[wired.name]
        wired.loopback.ask("fault", endpoint=endpoint, kind=kind, times=9, status=200, text=text)
        with pytest.raises(Unavailable):
            await live.tape.trades(wired.symbol, 0)
