"""Goal 5, what must not go wrong: fills of a busy second, and a stream that is poisoned.

A whole engine with its real ledger listens to a Kraken account over a loopback socket; another
process sends 5,000 executions evenly over one second. Then a price stream gets a frame that
nobody can read, in the middle of its life, and is timed until the next price is on the board.
"""

import asyncio
import time
from collections.abc import Awaitable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from bench.harness import Row, at_least, at_most
from bench.stream import PATIENCE_S, floor_of, list_instruments
from bench.stream_frames import DIALECTS
from bench.stream_other_end import OtherEnd, other_end
from cli.clock import SystemClock, SystemDice
from domain.board import Board
from domain.bookings import FillBooked
from domain.events import Fact
from domain.ports import AccountReader, Hear
from domain.sightings import PriceSeen, Sighting
from engine.connections import Connection, Connections
from engine.markets import MarketWatch
from tests.engine.rig import KRAKEN, connections_of, running
from tests.venues.ccxt_stub import READ
from tests.wire.redirect import redirected
from venues.ccxt_venue import CcxtVenue, VenueSettings, open_venue
from venues.demo import DemoDesk, open_demo
from venues.keys import AccountKeys

FILLS = 5_000
TRIES, FULL_TRIES = 3, 5  # a stream that dies more often in a minute is dialled more rarely
BACK_S = 2.0


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """Fills delivered of those sent, and the slowest return of a poisoned stream."""
    return asyncio.run(_measured(FULL_TRIES if full else TRIES))


async def _measured(tries: int) -> list[Row]:
    with TemporaryDirectory() as folder:
        list_instruments(Path(folder))
        async with other_end() as end:
            with redirected(end.routes):
                return [*await _fills(end, Path(folder)), await _poisoned(end, Path(folder), tries)]


# Fills


class Streaming:
    """An account of the demo whose stream is a real one; everything else stays simulated."""

    def __init__(self, demo: AccountReader, real: AccountReader) -> None:
        self._demo = demo
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._demo, name)

    def stream(self, hear: Hear) -> Awaitable[None]:
        """Over the socket."""
        return self._real.stream(hear)


class Booked:
    """Counts the executions that are durable."""

    def __init__(self) -> None:
        self.trades: set[str] = set()
        self.at_s = 0.0
        self.over = asyncio.Event()

    def fact(self, fact: Fact, _: Board) -> None:
        """A fact survives a loss of power now."""
        if isinstance(fact, FillBooked) and fact.source == "stream":
            self.trades.add(fact.fill.trade_id)
            self.at_s = time.monotonic()
            if len(self.trades) == FILLS:
                self.over.set()

    def sighting(self, sighting: Sighting, board: Board) -> None:
        """Sightings are no fills."""


async def _fills(end: OtherEnd, folder: Path) -> list[Row]:
    clock, dice = SystemClock(), SystemDice()
    opening = open_venue(
        "kraken",
        {"main": AccountKeys(read=READ)},
        clock=clock,
        settings=VenueSettings(markets_dir=folder, orders=False),
        on_problem=print,
    )
    async with opening as live:
        connections = _connections(live, open_demo(clock, dice, seed=7))
        async with running(folder / "book", connections=connections) as rig:
            booked = Booked()
            rig.desk.observe(booked)
            await rig.until(lambda board: board.feeds[KRAKEN].heartbeat_us, within_s=PATIENCE_S)
            await end.say("fills", FILLS)
            await end.heard()  # all of them were sent, as late as it could
            sent_at_s = time.monotonic()
            async with asyncio.timeout(PATIENCE_S):
                await booked.over.wait()
            stored = {
                fact.fill.trade_id
                async for _, fact in rig.ledger.facts()
                if isinstance(fact, FillBooked) and fact.source == "stream"
            }
    behind_s = max(0.0, booked.at_s - sent_at_s)
    return [
        at_least(
            "5",
            f"{FILLS:,} fills in one second: in the ledger / sent",
            f"{len(stored):,}",
            f"{FILLS:,}",
            len(stored) / FILLS,
            1,
        ),
        at_least(
            "5",
            "the last of them is durable, after the last was sent / that second",
            f"{behind_s:.3f} s",
            "1 s",
            behind_s,
            0,
        ),
    ]


def _connections(live: CcxtVenue, demo: DemoDesk) -> Connections:
    kraken = connections_of(demo).by_venue("kraken")
    streaming = Streaming(kraken.readers[KRAKEN], live.readers[KRAKEN])
    real = Connection(
        traits=kraken.traits,
        market=kraken.market,
        readers={KRAKEN: cast("AccountReader", streaming)},
        traders={},
    )
    return Connections({"kraken": real})


# Poison


class Heard:
    """Knows when the next price is on the board."""

    def __init__(self) -> None:
        self.price = asyncio.Event()

    def fact(self, fact: Fact, board: Board) -> None:
        """There are none."""

    def sighting(self, sighting: Sighting, _: Board) -> None:
        """A price came."""
        if isinstance(sighting, PriceSeen):
            self.price.set()


async def _poisoned(end: OtherEnd, folder: Path, tries: int) -> Row:
    async with floor_of(["kraken"], folder) as floor:
        heard = Heard()
        floor.desk.observe(heard)
        (connection,) = floor.connections
        watch = MarketWatch(connection, floor, ())
        await watch.load()
        watch._symbols = (DIALECTS["kraken"].symbol,)  # noqa: SLF001 - what `choose` does
        floor.run(watch.stream(), "prices")
        slowest_s = 0.0
        for _ in range(tries):
            async with asyncio.timeout(PATIENCE_S):
                await heard.price.wait()
                slowest_s = max(slowest_s, await _back(end, heard))
    what = f"a poisoned price stream, until the next price, slowest of {tries} / 2 s"
    return at_most("5", what, f"{slowest_s:.2f} s", f"{BACK_S:g} s", slowest_s / BACK_S, 1)


async def _back(end: OtherEnd, heard: Heard) -> float:
    heard.price.clear()
    began_s = time.monotonic()
    await end.say("poison", 1)
    await heard.price.wait()
    return time.monotonic() - began_s
