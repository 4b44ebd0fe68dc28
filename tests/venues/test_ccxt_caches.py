"""Venues whose frames are not read here: ccxt's caches are swept (Kraken stands in for one)."""

import asyncio
import importlib
import json
from decimal import Decimal
from typing import Any

from domain.sightings import FillSeen, Heartbeat, OrderSeen, PriceSeen, TotalsSeen
from tests.venues.ccxt_listening import HEARTBEAT, LINES, streaming, then
from tests.venues.ccxt_stub import opened
from venues.ccxt_caches import Tail
from venues.lazy_ccxt import exchange_class

D = Decimal


async def test_the_sweep_of_ccxts_caches_finds_every_fill_of_a_burst() -> None:
    trade = next(line for line in LINES if '"T1AAAA-AAAAA-AAAAAA"' in line and "partially" in line)
    burst = [trade.replace("T1AAAA", f"T{n:05}") for n in range(40)]
    async with opened(quirks={"frames": "", "client_id_field": ""}) as desk:
        desk.stub.on_frame = then(executions=burst)
        async with streaming(desk, desk.reader.stream) as stream:
            await stream.until(FillSeen, 40)
            await stream.send(burst[0])  # Kraken's cache does not know its own duplicates
            await stream.send(HEARTBEAT)
            await asyncio.sleep(0.05)
    fills = stream.of(FillSeen)
    assert len({seen.fill.trade_id for seen in fills}) == len(fills) == 40
    assert str(fills[0].fill.fee) == "1.25012500"


async def test_many_fills_in_one_frame_are_all_found() -> None:
    trade = next(line for line in LINES if '"T1AAAA-AAAAA-AAAAAA"' in line and "partially" in line)
    frame = json.loads(trade)
    row = frame["data"][0]
    frame["data"] = [{**row, "exec_id": f"T{n:05}-AAAAA-AAAAAA"} for n in range(7)]
    async with opened(quirks={"frames": "", "client_id_field": ""}) as desk:
        desk.stub.on_frame = then(executions=[json.dumps(frame)])
        async with streaming(desk, desk.reader.stream) as stream:
            await stream.until(FillSeen, 7)
    assert len({seen.fill.trade_id for seen in stream.of(FillSeen)}) == 7


async def test_the_sweep_tells_orders_totals_prices_and_life() -> None:
    order = next(line for line in LINES if '"pending_new"' in line)
    total = next(line for line in LINES if '"balances","type":"snapshot"' in line)
    ticker = next(line for line in LINES if '"ticker"' in line)
    quirks = {"frames": "", "client_id_field": ""}
    async with opened(quirks=quirks) as desk:
        desk.stub.on_frame = then(executions=[order, order], balances=[total], ticker=[ticker])
        async with streaming(desk, desk.reader.stream) as stream:
            await stream.until(OrderSeen)
            await stream.until(TotalsSeen)
            await stream.until(Heartbeat)
        prices = desk.venue.market.stream_prices
        async with streaming(desk, lambda h: prices(["BTC/USD"], h)) as market:
            await market.until(PriceSeen)
    assert [seen.report.venue_order_id for seen in stream.of(OrderSeen)] == ["O1AAAA-AAAAA-AAAAAA"]
    assert dict(stream.of(TotalsSeen)[0].totals)["USD"] == D("10.5")
    assert market.of(PriceSeen)[0].price.bid == D("108359.8")


def cached_orders(*rows: dict[str, Any]) -> Any:
    exchange_class("kraken")  # ccxt's own cache, as its classes fill it
    cache = importlib.import_module("ccxt.async_support.base.ws.cache").ArrayCacheBySymbolById(100)
    for row in rows:
        cache.append(row)
    return cache


def test_rows_are_told_once_in_the_order_in_which_they_came() -> None:
    first, second = {"symbol": "A/B", "id": "1"}, {"symbol": "A/B", "id": "2"}
    cache, tail = cached_orders(first, second), Tail()
    assert tail.of(None) == []
    assert [row["id"] for row in tail.of(cache)] == ["1", "2"]
    assert tail.of(cache) == []
    cache.append({"symbol": "A/B", "id": "3"})
    assert [row["id"] for row in tail.of(cache)] == ["3"]


def test_two_changes_of_one_order_between_two_looks_are_both_told() -> None:
    cache, tail = cached_orders({"symbol": "A/B", "id": "1", "filled": "0"}), Tail()
    tail.of(cache)
    cache.append({"symbol": "A/B", "id": "1", "filled": "1"})
    cache.append({"symbol": "A/B", "id": "1", "status": "closed"})
    assert [(row["filled"], row.get("status")) for row in tail.of(cache)] == [
        ("1", None),
        ("1", "closed"),
    ]


def test_a_cache_that_ccxt_made_anew_is_looked_through() -> None:
    tail = Tail()
    tail.of(cached_orders({"symbol": "A/B", "id": "1"}))
    assert [row["id"] for row in tail.of(cached_orders({"symbol": "A/B", "id": "2"}))] == ["2"]
