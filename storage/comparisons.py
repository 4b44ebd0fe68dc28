"""What SQLite compares for the verifier: index columns and postings with the payload, the schema.

The one rule: SQL only names suspects, at the speed of C; whether a suspect is guilty is decided
row by row in Python, from the parsed payload and with exact numbers.

What SQL cannot see at that speed is left to `docs/verify_ledger.py`: keys of a payload that are
out of order or stand twice. Only somebody who recomputes the whole chain could put them there.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from domain.days import iso
from storage.chain import canonical
from storage.migrate import expected_schema, migrations, schema


class Finding(NamedTuple):
    """Something is wrong at row `seq` (0: with the file as a whole)."""

    seq: int
    text: str


_UNLIKE_COLUMNS = """
SELECT seq FROM event WHERE seq > ? AND seq <= ? AND (
  json(CAST(payload AS TEXT)) IS NOT CAST(payload AS TEXT)
  OR json_extract(
    CAST(payload AS TEXT),
    '$.v', '$.kind', '$.key', '$.account', '$.ts', '$.fact.fill.symbol', '$.fact.fill.side'
  ) IS NOT json_array(
    1, kind, idem, nullif(account, ''),
    strftime('%Y-%m-%dT%H:%M:%S', ts_us / 1000000, 'unixepoch')
      || printf('.%06dZ', ts_us % 1000000),
    nullif(symbol, ''), nullif(side, '')
  )
)
"""
_NO_JSON = (
    "SELECT seq FROM event WHERE seq > ? AND seq <= ? AND NOT json_valid(CAST(payload AS TEXT))"
)
_UNLIKE_POSTINGS = """
SELECT seq FROM event WHERE seq > ? AND seq <= ?
AND coalesce(json_extract(CAST(payload AS TEXT), '$.postings'), '{}') IS NOT (
  SELECT json_group_object(asset, json(lines)) FROM (
    SELECT asset, json_group_object(account, amount) AS lines
    FROM posting WHERE posting.seq = event.seq GROUP BY asset
  )
)
"""
_STRAYS = """
SELECT seq FROM posting WHERE seq < 1 UNION ALL
SELECT posting.seq FROM posting LEFT JOIN event ON event.seq = posting.seq
WHERE posting.seq > ? AND event.seq IS NULL
"""
_AMOUNT = re.compile(r':"(-?[0-9.]+)"')
_ROW = "SELECT ts_us, kind, account, symbol, side, idem, payload FROM event WHERE seq = ?"
_LINES = "SELECT asset, account, amount FROM posting WHERE seq = ?"


def columns(connection: sqlite3.Connection, above: int, upto: int) -> Iterator[Finding]:
    """Rows whose payload is not canonical JSON, or whose index columns say something else."""
    for seq in _suspects(connection, _UNLIKE_COLUMNS, above, upto):
        text = _column_problem(connection.execute(_ROW, (seq,)).fetchone())
        if text:
            yield Finding(seq, text)


def _suspects(connection: sqlite3.Connection, query: str, above: int, upto: int) -> list[int]:
    """The rows that a query names; those that are no JSON at all, where it fails on them."""
    try:
        return [seq for (seq,) in connection.execute(query, (above, upto))]
    except sqlite3.OperationalError:
        broken = [seq for (seq,) in connection.execute(_NO_JSON, (above, upto))]
        if not broken:
            raise
        return broken


def _column_problem(row: Any) -> str:
    ts_us, kind, account, symbol, side, key, raw = row
    try:
        payload = json.loads(raw)
        if canonical(payload) != raw:
            return "the payload is not in canonical form"
        fill = payload["fact"].get("fill", {})
        told = {
            "ts_us": (iso(ts_us), payload["ts"]),
            "kind": (kind, payload["kind"]),
            "account": (account, payload.get("account", "")),
            "symbol": (symbol, fill.get("symbol", "")),
            "side": (side, fill.get("side", "")),
            "idem": (key, payload["key"]),
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return f"unreadable payload: {type(error).__name__}: {error}"
    for column, (stored, meant) in told.items():
        if stored != meant:
            return f"index column {column} is {stored!r}, the payload says {meant!r}"
    return ""


def postings(connection: sqlite3.Connection, above: int, upto: int) -> Iterator[Finding]:
    """Rows whose postings are not those of the payload (one that is missing is a gap)."""
    for seq in _suspects(connection, _UNLIKE_POSTINGS, above, upto):
        (raw,) = connection.execute("SELECT payload FROM event WHERE seq = ?", (seq,)).fetchone()
        stored: dict[str, dict[str, str]] = {}
        for asset, account, amount in connection.execute(_LINES, (seq,)):
            stored.setdefault(asset, {})[account] = amount
        if json.loads(raw).get("postings", {}) != stored:
            yield Finding(seq, "postings are not those of the payload")


def unbalanced(payload: bytes) -> str:
    """Which asset's postings do not sum to zero; "" when every one does.

    The text is read first, which is quick and only raises suspicion; a suspect is parsed.
    """
    begin = payload.rfind(b'"postings":{')
    if begin < 0:
        return ""
    text = payload[begin : payload.find(b"}}", begin)].decode()
    if not any(sum(map(Decimal, _AMOUNT.findall(lines))) for lines in text.split("},")):
        return ""
    told = json.loads(payload).get("postings", {})
    for asset, lines in told.items():
        off = sum(map(Decimal, lines.values()))
        if off:
            return f"postings of {asset} sum to {off}, not to zero"
    return ""


def stray_postings(connection: sqlite3.Connection, end: int) -> str:
    """Postings outside the rows 1 to `end`, where no event stands; "" when there are none."""
    row = connection.execute(_STRAYS, (end,)).fetchone()
    return "" if row is None else f"postings without an event, at row {row[0]}"


def schema_problem(connection: sqlite3.Connection) -> str:
    """Which table, index or guard is not as the migrations made it; "" when all are."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    steps = migrations()
    if not 1 <= version <= len(steps):
        return f"schema {version} is not one that this program knows"
    expected, found = expected_schema(steps[:version]), schema(connection)
    for what in sorted(expected.keys() | found.keys()):
        kind, name = what
        if what not in found:
            return f"the {kind} {name} was taken away"
        if what not in expected:
            return f"the {kind} {name} was added"
        if found[what] != expected[what]:
            return f"the {kind} {name} was changed"
    return ""


def file_problem(connection: sqlite3.Connection) -> str:
    """What SQLite's own integrity check says of pages and indexes; "" when it says ok."""
    (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    return "" if said == "ok" else f"integrity check: {said}"
