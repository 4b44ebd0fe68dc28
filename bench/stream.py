"""Goal 5: from the socket to the board, against ccxt.pro's own way to the same price.

Another process sends the frames of 1, 4 and 10 venues, each in its own dialect, over loopback
sockets. The peer is what ccxt's manual tells: the venue's ccxt.pro class as it comes, and
`watch_tickers` in a loop. Ours is the program's own path: the guarded stream, the conversion,
the sighting, the board, the marks and the metrics. What is compared is the CPU time of this
process, which another process's load does not lengthen.
"""

import asyncio
import gc
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.harness import Row, at_most
from bench.stream_frames import DIALECTS, FIRST, SENTINEL, market
from bench.stream_other_end import OtherEnd, other_end
from cli.clock import SystemClock, SystemDice
from domain.board import Board, Mode, Phase
from domain.sightings import PriceSeen, Sighting
from engine.connections import Connection, Connections
from engine.desk import Desk
from engine.door import Door
from engine.floor import Floor
from engine.markets import MarketWatch, Marks
from engine.settings import EngineSettings
from engine.stop import Stop
from engine.supervise import Crew
from prometheus.metrics import Metrics
from risk.limits import Limits
from risk.proposal import GateSettings
from storage.marker import FileMarker
from tests.wire.redirect import redirected
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys
from venues.lazy_ccxt import PINNED, exchange_class
from venues.markets_file import Kept, MarketsFile, Stamp

VENUES = tuple(DIALECTS)
SIZES = (1, 4, 10)
MESSAGES, FULL_MESSAGES = 4_000, 20_000
ROUNDS = 3
ON_TOP = 1.15
PATIENCE_S = 60
LAST = f"{SENTINEL}.5"
Run = Callable[[Sequence[str], OtherEnd, int], Awaitable[float]]


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """Prices of 1, 4 and 10 venues at once."""
    return asyncio.run(_measured(FULL_MESSAGES if full else MESSAGES))


async def _measured(messages: int) -> list[Row]:
    with TemporaryDirectory() as folder:
        list_instruments(Path(folder))
        async with other_end() as end:
            with redirected(end.routes):
                return [await _row(VENUES[:size], end, messages, Path(folder)) for size in SIZES]


async def _row(venues: Sequence[str], end: OtherEnd, messages: int, folder: Path) -> Row:
    mine, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(await _ccxt(venues, end, messages))
        mine.append(await _ours(venues, end, messages, folder))
    ours, peer = statistics.median(mine), statistics.median(theirs)
    names = venues[0] if len(venues) == 1 else f"{len(venues)} venues"
    what = f"a price of {names}, socket to board / ccxt.pro's watch_tickers, CPU"
    return at_most("5", what, f"{ours:.1f} µs", f"{peer:.1f} µs", ours / peer, ON_TOP)


def list_instruments(folder: Path, count: int = 1) -> None:
    """Every venue's pair, where a start finds it: no REST call stands before the stream.

    With a `count` above one, so many pairs of the same shape.
    """
    now_us = SystemClock().now_us()
    for venue in VENUES:
        stamp = Stamp(venue=venue, ccxt=PINNED)
        kept = Kept(fetched_us=now_us, markets=[market(venue, n) for n in range(count)])
        MarketsFile(folder / f"{venue}.jsonl", stamp).write(kept)


async def _pumped(end: OtherEnd, messages: int, over: Awaitable[object], count: int) -> float:
    """CPU microseconds a message, from the word to send until `over`."""
    gc.collect()
    begin = time.process_time()
    await end.say("pump", messages)
    async with asyncio.timeout(PATIENCE_S):
        await over
    return (time.process_time() - begin) / (messages * count) * 1e6


# The peer


async def _ccxt(venues: Sequence[str], end: OtherEnd, messages: int) -> float:
    apis = []
    for venue in venues:
        api = exchange_class(venue)({"asyncio_loop": asyncio.get_running_loop()})
        api.set_markets([market(venue)])
        apis.append(api)
    tasks = [asyncio.ensure_future(_watched(api)) for api in apis]
    try:
        await _until(lambda: all(DIALECTS[api.id].symbol in api.tickers for api in apis), tasks)
        over = _until(lambda: all(_told_last(api) for api in apis), tasks)
        return await _pumped(end, messages, over, len(venues))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for api in apis:
            await api.close()


async def _watched(api: Any) -> None:
    symbol = DIALECTS[api.id].symbol
    while True:
        await (api.watch_tickers([symbol]) if api.has["watchTickers"] else api.watch_ticker(symbol))


def _told_last(api: Any) -> bool:
    # Asked of its cache: the watcher is not woken for a price that came while it worked.
    return str(api.tickers[DIALECTS[api.id].symbol]["last"]) == LAST


async def _until(true: Callable[[], bool], tasks: Sequence["asyncio.Future[Any]"]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not true():
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.01)


# Ours


class Last:
    """Knows when every venue has told its last price."""

    def __init__(self, venues: Sequence[str]) -> None:
        self._first = set(venues)
        self._open = set(venues)
        self.listening = asyncio.Event()
        self.over = asyncio.Event()

    def fact(self, fact: object, board: Board) -> None:
        """Facts are not waited for."""

    def sighting(self, sighting: Sighting, _: Board) -> None:
        """Follow the newest prices."""
        if not isinstance(sighting, PriceSeen):
            return
        if self._first:
            self._first.discard(sighting.price.venue)
            if not self._first:
                self.listening.set()
        elif sighting.price.last is not None and sighting.price.last > SENTINEL - FIRST:
            self._open.discard(sighting.price.venue)
            if not self._open:
                self.over.set()


async def _ours(venues: Sequence[str], end: OtherEnd, messages: int, folder: Path) -> float:
    async with floor_of(venues, folder) as floor:
        last = Last(venues)
        floor.desk.keep(Marks(floor))
        floor.desk.observe(Metrics(lambda: floor.desk.board))
        floor.desk.observe(last)
        for connection in floor.connections:
            watch = MarketWatch(connection, floor, ())
            await watch.load()
            watch._symbols = (DIALECTS[watch.venue].symbol,)  # noqa: SLF001 - what `choose` does
            floor.run(watch.stream(), watch.venue)
        async with asyncio.timeout(PATIENCE_S):
            await last.listening.wait()
        return await _pumped(end, messages, last.over.wait(), len(venues))


@asynccontextmanager
async def floor_of(
    venues: Sequence[str],
    folder: Path,
    accounts: Mapping[str, Mapping[str, AccountKeys]] | None = None,
) -> AsyncGenerator[Floor]:
    """A desk with these venues opened, without a ledger: nothing here is a fact."""
    clock, dice, stop = SystemClock(), SystemDice(), Stop()
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        crew = Crew(group)
        stack.callback(crew.stop)
        desk = Desk(Board(mode=Mode.PAPER, phase=Phase.READY), clock)
        opened = {}
        for venue in venues:
            settings = VenueSettings(markets_dir=folder)
            opening = open_venue(venue, {}, clock=clock, settings=settings, on_problem=_unexpected)
            live = await stack.enter_async_context(opening)
            # Where prices are only polled so far, the stream is measured all the same.
            opened[venue] = Connection(
                traits=replace(live.traits, price_stream=True),
                market=live.market,
                readers={},
                traders={},
                vitals=live.vitals,
            )
        one = Decimal(1)
        limits = Limits(max_order_value=one, max_daily_volume=one, max_position_size={"": one})
        yield Floor(
            desk=desk,
            door=Door(desk, stop, clock, dice, limits, GateSettings(), "UTC"),
            connections=Connections(opened),
            stop=stop,
            marker=FileMarker(folder / "HALT"),
            clock=clock,
            dice=dice,
            settings=EngineSettings(),
            crew=crew,
        )


def _unexpected(problem: str) -> None:
    raise AssertionError(problem)
