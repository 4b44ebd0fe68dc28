"""The SQL of a page of history, and of how many there are.

The one rule: what a person typed is only ever a value. Conditions and index names are constants
of this file, written as the first migration writes them, so that each finds its index.
"""

from dataclasses import dataclass

from domain.queries import ReadFills, ReadLedger

LARGEST_PAGE = 1_000
Query = tuple[str, tuple[object, ...]]

_EVERY_ROW = 2**62
_BEFORE = "e.seq < ?"
_EARLIER = "(e.fill_us, e.seq) < ((SELECT c.fill_us FROM event AS c WHERE c.seq = ?), ?)"
_IS_FILL = "e.kind = 'fill_booked'"
_VENUE = "substr(e.account, 1, instr(e.account, '/') - 1) = ?"
_TEXT = r"CAST(e.payload AS TEXT) LIKE ? ESCAPE '\'"
_ROWS = (
    "SELECT seq, ts_us, kind, json_extract(CAST(payload AS TEXT), '$.actor'), account, idem, "
    "payload, prev, hash FROM event AS e WHERE {} ORDER BY seq DESC LIMIT ?"
)
_FILLS = (
    "SELECT seq, payload FROM event AS e INDEXED BY fill_time WHERE {} AND NOT EXISTS "
    "(SELECT 1 FROM event AS r WHERE r.idem = 'reversal:' || e.idem) "
    "ORDER BY fill_us DESC, seq DESC LIMIT ?"
)
_BOOKED = "SELECT count(*) FROM event AS e INDEXED BY {} WHERE {} AND e.seq > ? AND e.seq <= ?"
_TAKEN_BACK = (
    "SELECT count(*) FROM event AS r JOIN event AS e ON e.idem = substr(r.idem, 10) "
    "WHERE {} AND r.kind = 'fill_reversed' AND r.seq > ? AND r.seq <= ?"
)


@dataclass(frozen=True, slots=True)
class Fills:
    """Which fills are wanted: SQL conditions and the values of their question marks."""

    conditions: tuple[str, ...]
    values: tuple[str, ...]
    index: str

    def booked(self, above: int, upto: int) -> Query:
        """How many of them were booked in the rows above one and up to another."""
        sql = _BOOKED.format(self.index, " AND ".join(self.conditions))
        return sql, (*self.values, above, upto)

    def taken_back(self, above: int, upto: int) -> Query:
        """How many of them were reversed in those rows."""
        return _TAKEN_BACK.format(" AND ".join(self.conditions)), (*self.values, above, upto)


def rows_query(ask: ReadLedger) -> Query:
    """A page of rows, newest first; one row more than asked for tells whether there are older."""
    conditions, values = _given(("e.kind = ?", ask.kind), (_TEXT, pattern(ask.text)))
    sql = _ROWS.format(" AND ".join((*conditions, _BEFORE)))
    return sql, (*values, *_span(ask))


def fills_query(ask: ReadFills) -> Query:
    """A page of fills that were not reversed, by when they happened, newest first; one more.

    `before_seq` is the row of the last fill of the page before.
    """
    wanted, most = fills_wanted(ask), bounded(ask.limit) + 1
    if ask.before_seq <= 0:
        return _FILLS.format(" AND ".join(wanted.conditions)), (*wanted.values, most)
    sql = _FILLS.format(" AND ".join((*wanted.conditions, _EARLIER)))
    return sql, (*wanted.values, ask.before_seq, ask.before_seq, most)


def fills_wanted(ask: ReadFills) -> Fills:
    """What an ask narrows the fills to."""
    conditions, values = _given(
        (_VENUE, ask.venue),
        ("e.symbol = ?", ask.symbol),
        ("e.side = ?", ask.side),
        (_TEXT, pattern(ask.text)),
    )
    return Fills((_IS_FILL, *conditions), values, _index(ask))


def _index(ask: ReadFills) -> str:
    # In each of them the rows since the last count are a range. Left to itself, SQLite takes
    # the one on kind and reads the rows for all the rest.
    if ask.symbol:
        return "fill_symbol"
    return "fill_venue" if ask.venue else "event_kind"


def pattern(text: str) -> str:
    """The text anywhere in a payload, letter case ignored (ASCII), taken literally."""
    escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%" if text else ""


def bounded(limit: int) -> int:
    """At least one row, at most a thousand."""
    return max(1, min(limit, LARGEST_PAGE))


def _given(*wanted: tuple[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    given = [(condition, value) for condition, value in wanted if value]
    return tuple(condition for condition, _ in given), tuple(value for _, value in given)


def _span(ask: ReadLedger) -> tuple[int, int]:
    before = ask.before_seq if ask.before_seq > 0 else _EVERY_ROW
    return before, bounded(ask.limit) + 1
