"""Goal 7, headless: from the command to READY, with 10,000 orders in the ledger.

`quarterdeck --daemon --observe` runs as a process of its own against the loopback Kraken, which
is another; what counts is the CPU time that it has used when it says that it is ready: verifying
the ledger's tail, replaying it, importing one venue, reading history, orders and balances. The
peers have done no more than import.
"""

import asyncio
import os
import statistics
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import chain, islice
from pathlib import Path

from bench.books import GENESIS, intent
from bench.harness import Row, at_least
from bench.peers import BOT, CCXT, against_freqtrade, cost_of, freqtrade
from cli.clock import SystemClock
from domain import bookings, events
from domain.instruments import Account
from domain.orders import Fill, Side
from storage.ledger import SqliteLedger
from storage.places import Places
from tests.cli.wire_home import Home, at_home, running_daemon

ORDERS = 10_000
ROUNDS, FULL_ROUNDS = 3, 9
MOST = 0.35
KRAKEN = Account("kraken", "main")
_BATCH = 250
_FEE = Decimal("0.015")
_TICKS = os.sysconf("SC_CLK_TCK")


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """With 10,000 orders, with none, and two imports, in turns."""
    # Without byte code on the disk every start would compile the program anew, and so would a peer.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with at_home() as empty, at_home() as stored:
        asyncio.run(_stored(Places(stored.folder / "data", "live")))
        cost_of(CCXT)  # the byte code, of everything
        ready(stored), ready(empty)
        rounds = [_round(stored, empty) for _ in range(FULL_ROUNDS if full else ROUNDS)]
    many, none, ccxt, bot = (statistics.median(each) for each in zip(*rounds, strict=True))
    told = f"{many:.2f} s"
    what = f"headless READY with {ORDERS:,} orders stored, CPU"
    return [
        against_freqtrade("7", what, told, f"{bot:.2f} s", many / bot if bot else 0, MOST),
        at_least("7", f"{what} / import ccxt.pro", told, f"{ccxt:.2f} s", many / ccxt, 0),
        at_least("7", f"{what} / with none", told, f"{none:.2f} s", many / none, 0),
    ]


async def _stored(places: Places) -> None:
    """A live book as a desk that has lived would have left it, at one with its venue."""
    facts = chain(_opening(), lives(ORDERS), _checkpoint())
    genesis = replace(GENESIS, book=places.book)
    async with SqliteLedger(places, genesis, lambda _: None) as ledger:
        while part := list(islice(facts, _BATCH)):
            await ledger.append(part)


def _round(stored: Home, empty: Home) -> tuple[float, float, float, float]:
    bot = cost_of(BOT, freqtrade()).cpu_s if freqtrade() else 0.0
    return ready(stored), ready(empty), cost_of(CCXT).cpu_s, bot


def ready(place: Home) -> float:
    """CPU seconds of a daemon until it says that it is ready."""
    place.mode = "--observe"
    (place.folder / "daemon.log").unlink(missing_ok=True)
    with running_daemon(place) as daemon:
        words = Path(f"/proc/{daemon.pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / _TICKS  # utime and stime, proc(5)


def _opening() -> Iterator[events.Fact]:
    """What the account had before: the fees that it pays here. The venue tells the rest."""
    assets = {"USD": ORDERS * _FEE}
    at_us = GENESIS.at_us
    yield bookings.OpeningBalance(at_us=at_us, actor="engine", account=KRAKEN, assets=assets)


def _checkpoint() -> Iterator[events.Fact]:
    now_us = SystemClock().now_us()
    yield bookings.Checkpoint(
        at_us=now_us, actor="engine", account=KRAKEN, watermark_us=now_us, balances={}
    )


def lives(count: int) -> Iterator[events.Fact]:
    """Orders of one account from intent to filled, buys and sells in turn."""
    for number in range(count):
        approved = intent(number)
        side = Side.SELL if number % 2 else Side.BUY
        order = replace(approved.order, account=KRAKEN, side=side)
        name, at_us, venue_id = order.client_id, order.at_us, f"O{number:05}-BENCH-BENCHS"
        yield replace(approved, order=order)
        yield events.OrderSent(at_us=at_us + 1, actor="engine", client_id=name)
        yield events.OrderAcked(
            at_us=at_us + 2, actor="kraken", client_id=name, venue_order_id=venue_id
        )
        price = order.price
        assert price is not None
        fill = Fill(
            account=KRAKEN,
            symbol=order.symbol,
            trade_id=f"T{number:05}-BENCH-BENCHS",
            side=side,
            quantity=order.quantity,
            price=price,
            fee=_FEE,
            fee_asset="USD",
            at_us=at_us,
            venue_order_id=venue_id,
            client_id=name,
        )
        yield bookings.FillBooked(at_us=at_us + 3, actor="kraken", fill=fill, source="stream")
