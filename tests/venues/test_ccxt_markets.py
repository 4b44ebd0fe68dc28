"""Instruments across restarts: from the disk at once, from the venue when it can."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Unavailable
from tests.venues.ccxt_stub import ManualClock, Opened, Reply, opened, payload
from tests.venues.conformance.captured import Captured
from venues.ccxt_markets import Markets
from venues.markets_file import MarketsFile, Stamp

HOUR_US = 3_600_000_000
VENUES = (
    "alpaca",
    "binance",
    "binanceus",
    "bitfinex",
    "coinbase",
    "gate",
    "gemini",
    "kucoin",
    "mexc",
)


async def start(directory: Path, loads: int = 1) -> Any:
    """One run of the program that asks for the instruments so often; what it saw."""
    async with opened(markets_dir=directory) as desk:
        for _ in range(loads):
            found = await desk.venue.market.instruments()
        return found, loads_of(desk), desk.problems, desk.venue.vitals().markets_us, desk


def loads_of(desk: Opened) -> int:
    return len(desk.stub.bodies("AssetPairs"))


async def test_the_second_start_lists_the_same_without_asking_the_venue(tmp_path: Path) -> None:
    first, asked, _, told_us, _ = await start(tmp_path)
    assert asked == 1
    second, asked, problems, known_us, _ = await start(tmp_path)
    assert (second, asked, problems) == (first, 0, [])
    assert told_us == known_us > 0


async def test_what_came_from_the_disk_is_asked_for_at_the_next_occasion(tmp_path: Path) -> None:
    await start(tmp_path)
    _, asked, _, _, _ = await start(tmp_path, loads=3)
    assert asked == 1


async def test_without_a_place_on_the_disk_each_start_asks() -> None:
    async with opened() as desk:
        await desk.venue.market.instruments()
        assert loads_of(desk) == 1


async def test_an_account_works_on_what_the_disk_knows(tmp_path: Path) -> None:
    await start(tmp_path)
    async with opened(markets_dir=tmp_path) as desk:
        told = await desk.reader.open_orders()
        assert [order.symbol for order in told] != []
        assert all("/" in order.symbol for order in told)
        assert loads_of(desk) == 0


async def test_a_new_tick_of_the_venue_replaces_the_disks(tmp_path: Path) -> None:
    await start(tmp_path)
    pairs = json.loads(payload("AssetPairs"))
    for row in pairs["result"].values():
        row["tick_size"] = "5"
    async with opened(markets_dir=tmp_path) as desk:
        desk.stub.answer("AssetPairs", json.dumps(pairs))
        old = {known.tick for known in await desk.venue.market.instruments()}
        new = {known.tick for known in await desk.venue.market.instruments()}
        assert [str(tick) for tick in new] == ["5"] != [str(tick) for tick in old]
    found, asked, *_ = await start(tmp_path)
    assert ({str(known.tick) for known in found}, asked) == ({"5"}, 0)


async def test_a_venue_that_does_not_answer_leaves_what_the_disk_knows(tmp_path: Path) -> None:
    await start(tmp_path)
    async with opened(markets_dir=tmp_path) as desk:
        desk.stub.answer("AssetPairs", Reply("{}", status=503))
        first = await desk.venue.market.instruments()
        told_us = desk.venue.vitals().markets_us
        with pytest.raises(Unavailable):
            await desk.venue.market.instruments()
        assert await desk.venue.market.prices([first[0].symbol]) is not None
        assert desk.venue.vitals().markets_us == told_us


async def test_prices_do_not_wait_for_a_list_that_is_being_read_again(tmp_path: Path) -> None:
    await start(tmp_path)
    async with opened(markets_dir=tmp_path) as desk:
        desk.stub.answer("AssetPairs", Reply(payload("AssetPairs"), then="hang"))
        await desk.venue.market.instruments()
        again = asyncio.ensure_future(desk.venue.market.instruments())
        await desk.stub.hanging.wait()
        assert await desk.venue.market.prices(["BTC/USD"])
        assert await desk.reader.open_orders()
        assert not again.done()
        desk.stub.released.set()
        assert await again


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda raw: raw[:-1], "damaged or cut short"),
        (lambda raw: raw.replace(b"BTC", b"BTX", 1), "damaged or cut short"),
        (lambda _: b"", "damaged or cut short"),
    ],
)
async def test_a_spoiled_file_costs_one_line_and_nothing_else(
    tmp_path: Path, spoil: Any, why: str
) -> None:
    first, *_ = await start(tmp_path)
    path = tmp_path / "kraken.jsonl"
    path.write_bytes(spoil(path.read_bytes()))
    second, asked, problems, _, _ = await start(tmp_path)
    assert (second, asked) == (first, 1)
    assert problems == [f"the instruments in kraken.jsonl are not used: it is {why}"]
    _, asked, problems, _, _ = await start(tmp_path)
    assert (asked, problems) == (0, [])  # and it is whole again


async def test_rows_that_ccxt_cannot_take_are_not_used(tmp_path: Path) -> None:
    await start(tmp_path)
    path = tmp_path / "kraken.jsonl"
    file = MarketsFile(path, Stamp(venue="kraken", ccxt="4.5.90"))
    kept = file.read(2**60)
    assert kept is not None
    del kept.markets[0]["id"]
    file.write(kept)
    _, asked, problems, _, _ = await start(tmp_path)
    assert (asked, len(problems)) == (1, 1)


async def test_a_disk_that_takes_nothing_costs_one_line_a_load(tmp_path: Path) -> None:
    place = tmp_path / "a file where the directory should be"
    place.write_text("")
    found, asked, problems, _, _ = await start(place)
    assert found
    assert (asked, len(problems)) == (1, 2)  # it could neither be read nor written


@pytest.mark.parametrize("venue", VENUES)
async def test_ccxt_is_the_same_from_the_disk_as_from_the_venue(venue: str, tmp_path: Path) -> None:
    """Every venue: structures, indices, currencies and our own rows are equal."""
    stamp = Stamp(venue=venue, ccxt="4.5.90")
    runs = []
    for _ in range(2):
        desk = Captured(venue)
        client = desk.market._client
        markets = Markets(client, ManualClock(), file=MarketsFile(tmp_path / venue, stamp))
        desk.market._markets = markets
        runs.append((await desk.market.instruments(), client.api, list(desk.session.sent)))
    (first, asked, sent), (second, read, silent) = runs
    assert first == second
    assert sent
    assert not silent
    for name in ("markets", "currencies", "currencies_by_id", "symbols", "ids", "codes"):
        assert getattr(read, name) == getattr(asked, name), name
    assert read.markets_by_id.keys() == asked.markets_by_id.keys()
