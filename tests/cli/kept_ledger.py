"""Ledgers that tests write fact by fact, and the command line on them; no engine runs."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.bookings import FillBooked, MovementBooked
from domain.days import to_us
from domain.events import Fact, LedgerOpened
from domain.instruments import Account
from domain.market import Movement
from domain.orders import Fill, Side
from storage.batch import plan
from storage.database import COLUMNS, head_of, prepare
from storage.entries import entry_of
from storage.places import Places

D = Decimal
KRAKEN = Account("kraken", "main")
COINBASE = Account("coinbase", "main")
INSERT = f"INSERT INTO event VALUES ({', '.join('?' * len(COLUMNS))})"


def on(day: str, hour: int = 12) -> int:
    """Microseconds of a UTC date at noon, or at another hour."""
    return to_us(datetime.fromisoformat(day).replace(hour=hour, tzinfo=UTC))


class Kept:
    """A book's ledger in a folder; the demo book's, unless another is named."""

    def __init__(self, folder: Path, book: str = "demo") -> None:
        self.places = Places(folder, book)
        self.places.prepare()
        genesis = LedgerOpened(
            at_us=on("2019-01-01"),
            actor="test",
            ledger_id="ab" * 16,
            book=book,
            version="0",
            install_tag="AB",
        )
        prepare(self.places.ledger, genesis)

    def append(self, *facts: Fact) -> None:
        """Facts behind the newest row."""
        with closing(sqlite3.connect(self.places.ledger, isolation_level=None)) as connection:
            connection.execute("PRAGMA recursive_triggers = ON")
            planned = plan([[entry_of(fact) for fact in facts]], head_of(connection), {})
            connection.executemany(INSERT, planned.rows)

    @property
    def head(self) -> tuple[int, str]:
        with closing(sqlite3.connect(self.places.ledger)) as connection:
            newest = head_of(connection)
        return newest.seq, newest.hash.hex()


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "data")


def buy(trade_id: str, day: str, quantity: str, price: str, **more: Any) -> FillBooked:
    return filled(trade_id, day, Side.BUY, quantity, price, **more)


def sell(trade_id: str, day: str, quantity: str, price: str, **more: Any) -> FillBooked:
    return filled(trade_id, day, Side.SELL, quantity, price, **more)


def filled(  # noqa: PLR0913 - the terms of a trade
    trade_id: str,
    day: str,
    side: Side,
    quantity: str,
    price: str,
    *,
    symbol: str = "BTC/USD",
    account: Account = KRAKEN,
    fee: str = "0",
    fee_asset: str = "USD",
    rate: str | None = None,
    **more: Any,
) -> FillBooked:
    told = Fill(
        account=account,
        symbol=symbol,
        trade_id=trade_id,
        side=side,
        quantity=D(quantity),
        price=D(price),
        fee=D(fee),
        fee_asset=fee_asset,
        at_us=on(day),
        **more,
    )
    worth = None if rate is None else D(rate)
    return FillBooked(
        at_us=on(day) + 1, actor="kraken", fill=told, source="history", base_rate=worth
    )


def moved(reference: str, day: str, amount: str, asset: str = "BTC", **more: Any) -> MovementBooked:
    told: dict[str, Any] = {"account": KRAKEN, "fee": D(0), **more}
    movement = Movement(reference=reference, asset=asset, amount=D(amount), at_us=on(day), **told)
    return MovementBooked(at_us=on(day) + 1, actor="kraken", movement=movement, source="history")
