"""Pages of history: `domain.storage_ports.LedgerReader` on a read-only connection of its own.

The one rule: a page is found by key (`seq < …`), never by counting rows away, so the millionth
page costs what the first one does.

Totals are exact and cheap because the ledger only grows: the first count of a filter walks its
index once, after which only the rows since then are counted. A fill that was reversed is neither
shown nor counted. A search for text has no index: it reads every row that the other filters
leave, and is given up after five seconds.
"""

import asyncio
import sqlite3
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiosqlite

from domain.errors import Unavailable
from domain.queries import FillPage, LedgerPage, LedgerRow, ReadFills, ReadLedger
from storage.database import open_async_reader, translated
from storage.entries import fill_of
from storage.pages import Fills, Query, bounded, fills_query, fills_wanted, rows_query

PATIENCE_S = 5.0
REMEMBERED = 64  # filters whose totals are kept


class History:
    """The ledger's pages, open inside `async with`. The ledger must exist already."""

    def __init__(self, ledger: Path, *, patience_s: float = PATIENCE_S) -> None:
        self._ledger = ledger
        self._patience_s = patience_s
        self._totals: OrderedDict[Fills, tuple[int, int]] = OrderedDict()

    async def __aenter__(self) -> Self:
        """Open the connection.

        Raises:
            Unavailable: when the ledger cannot be opened.
        """
        try:
            self._connection: aiosqlite.Connection = await open_async_reader(self._ledger)
        except sqlite3.Error as error:
            raise translated(error, f"opening {self._ledger}") from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._connection.close()

    async def rows(self, ask: ReadLedger) -> LedgerPage:
        """A page of raw rows, newest first; `total` is the whole ledger's count.

        Raises:
            Unavailable: when a search for text took more than five seconds.
        """
        found = await self._read(rows_query(ask))
        limit = bounded(ask.limit)
        rows = tuple(_row(*row) for row in found[:limit])
        return LedgerPage(rows=rows, total=await self._newest(), older=len(found) > limit)

    async def fills(self, ask: ReadFills) -> FillPage:
        """A page of fills, newest first; `total` counts all that match.

        Raises:
            Unavailable: when a search for text took more than five seconds.
            Corrupt: naming the row that cannot be read.
        """
        found = await self._read(fills_query(ask))
        limit = bounded(ask.limit)
        fills = tuple(fill_of(seq, payload) for seq, payload in found[:limit])
        total = await self._total(fills_wanted(ask))
        return FillPage(fills=fills, total=total, older=len(found) > limit)

    async def holds(self, key: str) -> bool:
        """Whether a row with this idempotency key exists."""
        return bool(await self._read(("SELECT 1 FROM event WHERE idem = ?", (key,))))

    async def _total(self, wanted: Fills) -> int:
        known, total = self._totals.get(wanted, (0, 0))
        newest = await self._newest()
        if newest > known:
            [(booked,)] = await self._read(wanted.booked(known, newest))
            [(taken,)] = await self._read(wanted.taken_back(known, newest))
            total += booked - taken
            self._totals[wanted] = newest, total
        self._totals.move_to_end(wanted)
        if len(self._totals) > REMEMBERED:
            self._totals.popitem(last=False)
        return total

    async def _newest(self) -> int:
        [(newest,)] = await self._read(("SELECT coalesce(max(seq), 0) FROM event", ()))
        return int(newest)

    async def _read(self, query: Query) -> list[Any]:
        try:
            async with asyncio.timeout(self._patience_s):
                return list(await self._connection.execute_fetchall(*query))
        except TimeoutError:
            await self._connection.interrupt()
            raise Unavailable(
                "the ledger's history",
                f"the search took over {self._patience_s} s; add a venue, a symbol or a kind",
            ) from None
        except sqlite3.Error as error:
            raise translated(error, "reading history") from error


def _row(  # noqa: PLR0913, PLR0917 - one argument a column
    seq: int,
    at_us: int,
    kind: str,
    actor: str,
    account: str,
    key: str,
    payload: bytes,
    previous: bytes,
    row_hash: bytes,
) -> LedgerRow:
    return LedgerRow(
        seq=seq,
        at_us=at_us,
        kind=kind,
        actor=actor,
        account=account,
        key=key,
        payload=payload.decode("utf-8", "replace"),
        previous=previous.hex(),
        hash=row_hash.hex(),
    )
