"""Facts, ledgers and forgeries for the tests of this room."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from domain.bookings import FillBooked, MovementBooked
from domain.controls import AlarmRaised
from domain.events import Fact, LedgerOpened, OrderSent
from domain.instruments import Account
from domain.market import Movement
from domain.orders import Fill, Side
from domain.storage_ports import Appended
from storage.chain import ZERO_HASH, link
from storage.ledger import SqliteLedger
from storage.places import Places

KRAKEN = Account("kraken", "main")
START_US = 1_735_689_600_000_000


def genesis(book: str = "demo", ledger_id: str = "L1") -> LedgerOpened:
    return LedgerOpened(
        at_us=START_US,
        actor="engine",
        ledger_id=ledger_id,
        book=book,
        version="0.1.0",
        install_tag="AB",
    )


def fill(number: int = 1, **changes: Any) -> Fill:
    plain = Fill(
        account=KRAKEN,
        symbol="BTC/USD",
        trade_id=f"T{number}",
        side=Side.BUY,
        quantity=Decimal("0.015"),
        price=Decimal("64123.1"),
        fee=Decimal("0.1"),
        fee_asset="USD",
        at_us=START_US + number,
        venue_order_id="O-1",
        client_id="QDAB0123456789ABCD",
        liquidity="taker",
    )
    return replace(plain, **changes)


def booked(number: int = 1, *, source: str = "stream", **changes: Any) -> FillBooked:
    return FillBooked(
        at_us=START_US + number,
        actor="kraken",
        fill=fill(number, **changes),
        source=source,
        base_rate=Decimal(1),
    )


def moved(number: int = 1, amount: str = "10", fee: str = "0") -> MovementBooked:
    movement = Movement(
        account=KRAKEN,
        reference=f"M{number}",
        asset="USD",
        amount=Decimal(amount),
        fee=Decimal(fee),
        at_us=START_US + number,
    )
    return MovementBooked(
        at_us=START_US + number, actor="kraken", movement=movement, source="history"
    )


def sent(number: int = 1) -> OrderSent:
    return OrderSent(at_us=START_US + number, actor="engine", client_id=f"QDAB{number:014d}")


def alarm(number: int = 1, text: str = "look") -> AlarmRaised:
    return AlarmRaised(
        at_us=START_US + number, actor="engine", alarm="a", severity="info", text=text
    )


class Heard:
    """What `committed` was told, flat and in order."""

    def __init__(self) -> None:
        self.news: list[tuple[Appended, Fact]] = []

    def __call__(self, batch: Sequence[tuple[Appended, Fact]]) -> None:
        self.news.extend(batch)

    @property
    def seqs(self) -> list[int]:
        return [appended.seq for appended, _ in self.news]

    @property
    def facts(self) -> list[Fact]:
        return [fact for _, fact in self.news]


@asynccontextmanager
async def opened(
    folder: Path, heard: Heard | None = None, book: str = "demo"
) -> AsyncGenerator[SqliteLedger]:
    """A ledger under `folder`; its head file is renewed often, so that tests need not wait."""
    places = Places(folder, book)
    ledger = SqliteLedger(places, genesis(book), heard or Heard(), head_every_s=0.02)
    async with ledger:
        yield ledger


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another thread or task will do within five seconds."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - a file tells nobody that it changed
            await asyncio.sleep(0.005)


async def written(folder: Path, facts: Sequence[Fact]) -> Places:
    """A closed ledger that holds these facts behind its genesis."""
    async with opened(folder) as ledger:
        await asyncio.gather(*[ledger.append([fact]) for fact in facts])
    return Places(folder, "demo")


def write(folder: Path, facts: Sequence[Fact]) -> Places:
    """As `written`, for a test without a loop of its own."""
    return asyncio.run(written(folder, facts))


def unguarded(ledger: Path) -> sqlite3.Connection:
    """The file as its owner can have it: every guard dropped (they are not security)."""
    connection = sqlite3.connect(ledger, isolation_level=None)
    guards = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for (name,) in guards.fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def guards_of(ledger: Path) -> list[str]:
    """The SQL of every guard, to be put back after a forgery."""
    with closing(sqlite3.connect(ledger)) as connection:
        rows = connection.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
        return [sql for (sql,) in rows]


def rechained(connection: sqlite3.Connection) -> None:
    """Make every link and hash right again, as a careful forger would."""
    previous = ZERO_HASH
    rows = connection.execute("SELECT seq, payload FROM event ORDER BY seq").fetchall()
    connection.execute("UPDATE event SET hash = randomblob(32)")
    for seq, payload in rows:
        made = link(previous, seq, payload)
        values = (previous, made, seq)
        connection.execute("UPDATE event SET prev = ?, hash = ? WHERE seq = ?", values)
        previous = made
