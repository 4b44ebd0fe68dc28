"""Ledgers to measure: facts of a plausible desk, and files filled with them."""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from itertools import islice
from pathlib import Path

from domain.bookings import FillBooked, MovementBooked
from domain.events import Fact, LedgerOpened, OrderApproved
from domain.instruments import Account
from domain.market import Movement
from domain.orders import Fill, Kind, Order, Side
from domain.verdicts import Verdict, measured
from storage.batch import Row, plan
from storage.database import COLUMNS, head_of, prepare
from storage.entries import entry_of
from storage.places import Places

INSERT = f"INSERT INTO event VALUES ({', '.join('?' * len(COLUMNS))})"
_SYMBOLS = ("BTC/USD", "ETH/USD", "SOL/USD", "BTC/EUR", "ADA/USD")
_ACCOUNTS = tuple(Account(venue, "main") for venue in ("kraken", "coinbase", "binance", "gemini"))
_RULES = (
    *("mode", "halt", "health", "instrument", "duplicate", "price_collar", "max_order_value"),
    *("balance", "max_position_size", "max_open_orders", "max_daily_volume", "rate"),
)
_START_US = 1_735_689_600_000_000
_STEP = 250

GENESIS = LedgerOpened(
    at_us=_START_US,
    actor="bench",
    ledger_id="be" * 16,
    book="demo",
    version="0",
    install_tag="BE",
)


def fill(number: int) -> FillBooked:
    """Fill `number` of a desk on four venues; five postings each."""
    account = _ACCOUNTS[number % len(_ACCOUNTS)]
    symbol = _SYMBOLS[number * 7 % len(_SYMBOLS)]
    told = Fill(
        account=account,
        symbol=symbol,
        trade_id=f"T{number:09d}",
        side=Side.BUY if number % 3 else Side.SELL,
        quantity=Decimal(number % 997 + 1).scaleb(-4),
        price=Decimal(6_400_000 + number % 9_973).scaleb(-2),
        fee=Decimal(number % 89 + 1).scaleb(-2),
        fee_asset=symbol.partition("/")[2],
        at_us=_START_US + number * 1000,
        venue_order_id=f"O{number // 3:09d}",
        client_id=f"QDBE{number // 3:014d}",
        liquidity="taker",
    )
    return FillBooked(at_us=told.at_us + 40_000, actor=account.venue, fill=told, source="stream")


def movement(number: int) -> MovementBooked:
    """A deposit: the smallest money fact, with two postings."""
    moved = Movement(
        account=_ACCOUNTS[number % len(_ACCOUNTS)],
        reference=f"0x{number:064x}",
        asset="USD",
        amount=Decimal(number % 9_973 + 1),
        fee=Decimal(0),
        at_us=_START_US + number,
    )
    return MovementBooked(at_us=moved.at_us, actor="bench", movement=moved, source="history")


def intent(number: int) -> OrderApproved:
    """An order's intent as the gate writes it, with the figures of a dozen rules."""
    order = Order(
        client_id=f"QDBE{number:014d}",
        account=_ACCOUNTS[number % len(_ACCOUNTS)],
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=Decimal("0.015"),
        price=Decimal("64123.1"),
        reference=Decimal("64123.1"),
        base_rate=Decimal(1),
        fee_rate=Decimal("0.0026"),
        actor="bench",
        at_us=_START_US + number,
    )
    results = tuple(
        measured(rule, "", Decimal("812.5"), Decimal(0), order.value, Decimal(5000), "USD")
        for rule in _RULES
    )
    verdict = Verdict(approved=True, results=results, value=order.value, limits_version=3)
    return OrderApproved(at_us=order.at_us, actor="bench", order=order, verdict=verdict)


def new_book(folder: Path) -> Places:
    """An empty book with its genesis."""
    places = Places(folder, "demo")
    places.prepare()
    prepare(places.ledger, GENESIS)
    return places


def raw(places: Places) -> sqlite3.Connection:
    """Plain sqlite3 on a book, as durable as ours."""
    connection = sqlite3.connect(places.ledger, isolation_level=None)
    for pragma in (
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",
        "trusted_schema = OFF",
        "wal_autocheckpoint = 4000",
        "cache_size = -16000",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def chained(places: Places, facts: Sequence[Fact]) -> list[Row]:
    """The rows that these facts would become behind the book's head, built beforehand."""
    with closing(raw(places)) as connection:
        head = head_of(connection)
    return plan([[entry_of(fact) for fact in facts]], head, {}).rows


def filled(folder: Path, facts: Iterator[Fact]) -> Places:
    """A book that holds these facts, written as fast as SQLite goes and then made durable."""
    places = new_book(folder)
    with closing(raw(places)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        head = head_of(connection)
        while part := [entry_of(fact) for fact in islice(facts, _STEP)]:
            planned = plan([part], head, {})
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(INSERT, planned.rows)
            connection.execute("COMMIT")
            head = planned.head
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return places


def size_of(places: Places) -> int:
    """Bytes of the file with its log."""
    names = (places.ledger, places.ledger.with_name("ledger.db-wal"))
    return sum(path.stat().st_size for path in names if path.exists())


def synced_plainly(path: Path, body: bytes, count: int) -> list[float]:
    """How long each of `count` appends to a plain file takes with `fdatasync`, in seconds."""
    taken = []
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for _ in range(count):
            begin = time.perf_counter()
            os.write(descriptor, body)
            os.fdatasync(descriptor)
            taken.append(time.perf_counter() - begin)
    finally:
        os.close(descriptor)
    return taken
