"""The ledger taken outside: JSON lines that verify without us, and CSV for a spreadsheet.

The one rule: a JSON line holds the exact payload text that was hashed, as one JSON string, so
`docs/verify_ledger.py` (or anybody's ten lines) proves the chain from the export alone.
"""

import csv
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, TextIO

from domain.days import iso
from domain.errors import Corrupt
from domain.text import as_cell
from storage.database import open_reader, translated

STEP = 5_000
CSV_COLUMNS = ("seq", "time", "kind", "account", "actor", "key", "payload", "prev", "hash")
_ROWS = (
    "SELECT seq, ts_us, kind, account, idem, payload, prev, hash, seal FROM event "
    "WHERE seq > ? ORDER BY seq LIMIT ?"
)


def write_jsonl(ledger: Path, out: TextIO) -> int:
    """One line a row, oldest first: seq, prev, hash, payload, seal where there is one.

    Answers how many were written.

    `out` must be UTF-8 text.

    Raises:
        Corrupt, Unavailable: when a row cannot be read.
    """
    count = 0
    for seq, _, _, _, _, payload, prev, row_hash, seal in _rows(ledger):
        line: dict[str, object] = {
            "seq": seq,
            "prev": prev.hex(),
            "hash": row_hash.hex(),
            "payload": _text(seq, payload),
        }
        if seal is not None:
            line["seal"] = seal.hex()
        out.write(json.dumps(line, ensure_ascii=False) + "\n")
        count += 1
    return count


def write_csv(ledger: Path, out: TextIO) -> int:
    """The rows for a spreadsheet (RFC 4180, every text cell quoted). Answers how many.

    `out` must be opened with `newline=""`.

    Raises:
        Corrupt, Unavailable: when a row cannot be read.
    """
    table = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC)
    table.writerow(CSV_COLUMNS)
    count = 0
    for seq, ts_us, kind, account, key, payload, prev, row_hash, _ in _rows(ledger):
        text = _text(seq, payload)
        cells = (iso(ts_us), kind, account, _actor(seq, text), key, text, prev.hex())
        table.writerow((seq, *map(as_cell, cells), row_hash.hex()))
        count += 1
    return count


def _rows(ledger: Path) -> Iterator[tuple[Any, ...]]:
    last = 0
    try:
        with closing(open_reader(ledger)) as reader:
            while rows := reader.execute(_ROWS, (last, STEP)).fetchall():
                yield from rows
                last = rows[-1][0]
    except sqlite3.Error as error:
        raise translated(error, f"exporting after row {last}") from error


def _text(seq: int, payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError as error:
        raise Corrupt(f"ledger row {seq} is not text: {error}") from error


def _actor(seq: int, payload: str) -> str:
    try:
        return str(json.loads(payload)["actor"])
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"ledger row {seq} cannot be read: {error}") from error
