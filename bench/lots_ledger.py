"""From the ledger's file to a digest of all gains: ours through facts and entries, and plainly.

The plain way reads the payloads of the same file, trusts every text of them, and keeps gains
alone. The one rule: both tell the same digest, or the run ends.
"""

import gc
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from accounting.lots import gain_of
from bench.books import filled
from bench.harness import Row, at_least, rate
from bench.lots_input import fills
from bench.lots_ours import plainly, trade
from cli.commands.ledger_reading import facts_in
from domain.bookings import FillBooked
from domain.instruments import Account
from domain.orders import Fill, Side
from engine.livebook import HEARD, book_of
from engine.threads import unswept

COUNT, FULL_COUNT = 20_000, 200_000
ROUNDS = 3
LEAST = 0.75
KRAKEN = Account("kraken", "main")
_FILLS = ("fill_booked",)


def rows(*, full: bool) -> list[Row]:
    """One row: SQLite → FIFO → digest, in turns with the plain loop."""
    count = FULL_COUNT if full else COUNT
    with TemporaryDirectory() as folder:
        ledger = filled(Path(folder), _booked(count)).ledger
        taken = [(_cpu_s(ours, ledger), _cpu_s(plain, ledger)) for _ in range(ROUNDS)]
        assert ours(ledger) == plain(ledger), "two digests of one ledger"
    mine, floor = (min(each) for each in zip(*taken, strict=True))
    what = f"ledger of {count:,} fills → FIFO → digest / payloads in a plain loop"
    return [at_least("3", what, rate(count, mine), rate(count, floor), floor / mine, LEAST)]


def ours(ledger: Path) -> str:
    """As the program's commands read a ledger."""
    with unswept():
        book = book_of(facts_in(ledger, HEARD).rows, "USD", "UTC", 0)
        return _digest(map(gain_of, book.disposals))


def plain(ledger: Path) -> str:
    """Every payload's fill as it stands there."""
    return _digest(plainly(_told(ledger)))


class _Line:
    """What the plain loop asks of an entry."""

    __slots__ = ("buys", "cost", "fee", "quantity")

    def __init__(self, told: Mapping[str, str]) -> None:
        self.buys = told["side"] == "buy"
        self.quantity, self.fee = Decimal(told["quantity"]), Decimal(told["fee"])
        self.cost = self.quantity * Decimal(told["price"])


def _told(ledger: Path) -> Iterator[_Line]:
    with closing(sqlite3.connect(ledger)) as connection:
        found = connection.execute("SELECT payload FROM event WHERE kind = ? ORDER BY seq", _FILLS)
        for (payload,) in found:
            yield _Line(json.loads(payload)["fact"]["fill"])


def _booked(count: int) -> Iterator[FillBooked]:
    for told in map(trade, fills(count, growing=False)):
        fill = Fill(
            account=KRAKEN,
            symbol="BTC/USD",
            trade_id=told.trade_id,
            side=Side.BUY if told.buys else Side.SELL,
            quantity=told.quantity,
            price=told.cost / told.quantity,
            fee=told.fee,
            fee_asset="USD",
            at_us=told.at_us,
        )
        yield FillBooked(at_us=told.at_us, actor="kraken", fill=fill, source="stream")


def _digest(gains: Iterable[Decimal]) -> str:
    digest = sha256()
    for gain in gains:
        digest.update(f"{gain:f}\n".encode())
    return digest.hexdigest()


def _cpu_s(work: Callable[[Path], str], ledger: Path) -> float:
    gc.collect()
    begin = time.process_time()
    work(ledger)
    return time.process_time() - begin
