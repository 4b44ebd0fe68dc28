"""Goal 4, the reading half: verification against a bare scan, pages, start-up, bytes on disk."""

import asyncio
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.books import fill, filled, movement, size_of
from bench.harness import Row, at_least, at_most, in_turns, milliseconds, percentile, rate, seconds
from domain.queries import FillPage, LedgerPage, ReadFills, ReadLedger
from storage.chain import link
from storage.database import open_reader
from storage.entries import fact_of
from storage.history import History
from storage.pages import fills_query, rows_query
from storage.places import Places
from storage.verify import verify_file

ROUNDS = 5
PAGES = 60
PART = 5_000
PAGE_S = 0.001  # the goal: a page within a millisecond
_CHAIN = "SELECT seq, prev, payload, hash FROM event ORDER BY seq"
_ALL = ("SELECT * FROM event", "SELECT * FROM posting")
Ask = ReadFills | ReadLedger


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the signature every benchmark has
    """Measure; with `full` at a million rows."""
    rows = 1_000_000 if full else 200_000
    with TemporaryDirectory(prefix="qd-bench-") as folder:
        small = filled(Path(folder) / "two postings", map(movement, range(rows // 10)))
        book = filled(Path(folder) / "fills", map(fill, range(rows)))
        return [
            *sizes(small, "deposits, two postings each"),
            *sizes(book, "fills, five postings each"),
            *verification(small, rows // 10, "deposits"),
            *verification(book, rows, "fills"),
            against_hashing(book, rows),
            *start_up(book, min(rows, 50_000)),
            *asyncio.run(pages(book, rows)),
        ]


def sizes(places: Places, what: str) -> list[Row]:
    """Bytes of the file against the bytes of the payloads in it."""
    with closing(open_reader(places.ledger)) as reader:
        (bodies,) = reader.execute("SELECT sum(length(payload)) FROM event").fetchone()
        (count,) = reader.execute("SELECT count(*) FROM event").fetchone()
    size = size_of(places)
    each = f"{size / count:.0f} B/row", f"{bodies / count:.0f} B/row"
    return [at_most("4", f"file / bodies, {what}", *each, size / bodies, 2.5)]


def verification(places: Places, rows: int, what: str) -> list[Row]:
    """The walk along the chain, and the whole check, against reading the same rows."""
    walk, events = in_turns(
        lambda: seconds(lambda: _proven(places, chain_only=True)),
        lambda: seconds(lambda: _scan(places, _CHAIN)),
        ROUNDS,
    )
    whole, tables = in_turns(
        lambda: seconds(lambda: _proven(places, chain_only=False)),
        lambda: seconds(lambda: _scan(places, *_ALL)),
        ROUNDS,
    )
    name = f"verify {rows:,} {what}"
    chain = f"{name}: the chain / scan of its columns"
    every = f"{name}: chain, index, postings, sums, pages / scan of both tables"
    return [
        at_least("4", chain, rate(rows, walk), rate(rows, events), events / walk, 0.4),
        at_least("4", every, rate(rows, whole), rate(rows, tables), tables / whole, 0),
    ]


def against_hashing(places: Places, rows: int) -> Row:
    """The walk along the chain against SHA-256 of the same bytes in the same order, in memory."""
    walk, hashing = in_turns(
        lambda: seconds(lambda: _proven(places, chain_only=True)),
        lambda: _hashed(places),
        ROUNDS,
    )
    what = f"verify {rows:,} fills: the chain / its hashes alone, the rows read beforehand"
    return at_least("4", what, rate(rows, walk), rate(rows, hashing), hashing / walk, 0)


def _hashed(places: Places) -> float:
    """Seconds that the links of the chain take, without the time to read them."""
    taken = 0.0
    with closing(open_reader(places.ledger)) as reader:
        found = reader.execute("SELECT prev, seq, payload FROM event ORDER BY seq")
        while part := found.fetchmany(PART):
            begin = time.perf_counter()
            for previous, seq, payload in part:
                link(previous, seq, payload)
            taken += time.perf_counter() - begin
    return taken


def _proven(places: Places, *, chain_only: bool) -> None:
    report = verify_file(places.ledger, None, chain_only=chain_only)
    if report.result != "OK":
        raise ValueError(report.problem)


def _scan(places: Places, *queries: str) -> None:
    with closing(open_reader(places.ledger)) as reader:
        for query in queries:
            for _ in reader.execute(query):
                pass


def start_up(places: Places, rows: int) -> list[Row]:
    """Facts read back for the fold, against fetching their payloads alone."""
    query = f"SELECT seq, payload FROM event ORDER BY seq LIMIT {rows}"

    def fetched() -> list[tuple[int, bytes]]:
        with closing(open_reader(places.ledger)) as reader:
            return list(reader.execute(query))

    def ours() -> float:
        return seconds(lambda: [fact_of(seq, payload) for seq, payload in fetched()])

    mine, theirs = in_turns(ours, lambda: seconds(fetched), ROUNDS)
    what = "facts of fills read at start-up / payloads alone"
    return [at_least("4", what, rate(rows, mine), rate(rows, theirs), theirs / mine, 0)]


async def pages(places: Places, rows: int) -> list[Row]:
    """First and later pages of 100, by filter: what the query takes, and the whole answer."""
    asks: list[tuple[str, Ask]] = [
        ("rows, first page", ReadLedger()),
        ("rows, a page in the middle", ReadLedger(before_seq=rows // 2)),
        ("rows of a kind", ReadLedger(kind="fill_booked", before_seq=rows // 2)),
        ("fills, first page", ReadFills()),
        ("fills, a page in the middle", ReadFills(before_seq=rows // 2)),
        ("fills of a venue", ReadFills(venue="kraken", before_seq=rows // 3)),
        ("fills of a symbol", ReadFills(symbol="BTC/USD", before_seq=rows // 3)),
        ("fills of venue, symbol, side", ReadFills(venue="gemini", symbol="BTC/EUR", side="buy")),
    ]
    async with History(places.ledger) as history:
        return [await _page_row(places, history, rows, name, ask) for name, ask in asks]


async def _page_row(places: Places, history: History, rows: int, name: str, ask: Ask) -> Row:
    begin = time.perf_counter()
    await _page(history, ask)
    first = time.perf_counter() - begin
    whole = percentile([await _timed(history, ask) for _ in range(PAGES)], 50)
    query = percentile([_queried(places, ask) for _ in range(PAGES)], 50)
    what = (
        f"page of 100 of {rows:,} rows, {name}: the query "
        f"(the whole answer {milliseconds(whole)}, the first one {milliseconds(first)})"
    )
    return at_most("4", what, milliseconds(query), milliseconds(PAGE_S), query / PAGE_S, 1)


def _queried(places: Places, ask: Ask) -> float:
    sql, values = fills_query(ask) if isinstance(ask, ReadFills) else rows_query(ask)
    with closing(open_reader(places.ledger)) as reader:
        reader.execute(sql, values).fetchall()  # the first one also reads the schema
        begin = time.perf_counter()
        reader.execute(sql, values).fetchall()
        return time.perf_counter() - begin


async def _timed(history: History, ask: Ask) -> float:
    begin = time.perf_counter()
    await _page(history, ask)
    return time.perf_counter() - begin


async def _page(history: History, ask: Ask) -> FillPage | LedgerPage:
    if isinstance(ask, ReadFills):
        return await history.fills(ask)
    return await history.rows(ask)
