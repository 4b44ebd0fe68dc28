"""The head file: the newest row's number and hash, kept beside the ledger.

The one rule: the ledger may be ahead of its head file, never behind it. A ledger that is shorter
than the file says was cut, or is an old copy; one that has another hash there was rewritten.

A chain alone cannot show either (reliability 4.1). The file is renewed at most once a second and
at close, after the rows are durable; while it contradicts the ledger it is left as evidence.
"""

import json
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from storage.durable import read_small, replace_durably

_MOST = 1024
_HASH_LENGTH = 64


@dataclass(frozen=True, slots=True)
class HeadNote:
    """What the file says: row `seq` has this hash (hexadecimal)."""

    seq: int
    hash: str


def write_head(path: Path, seq: int, row_hash: str) -> None:
    """Renew the file durably.

    Raises:
        OSError: when the disk refuses.
    """
    replace_durably(path, json.dumps({"hash": row_hash, "seq": seq}).encode() + b"\n")


def read_head(path: Path) -> HeadNote | None:
    """What the file says, or None when there is none.

    Raises:
        ValueError: when it is there and cannot be read; that is no reason to believe the ledger.
    """
    try:
        raw = read_small(path, most=_MOST)
        if raw is None:
            return None
        told = json.loads(raw)
        note = HeadNote(told["seq"], told["hash"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read ({type(error).__name__})") from error
    if type(note.seq) is not int or note.seq < 1 or type(note.hash) is not str:
        raise ValueError(f"{path} names no row")
    if len(note.hash) != _HASH_LENGTH:
        raise ValueError(f"{path} holds no hash")
    return note


def head_problem(path: Path, connection: sqlite3.Connection) -> str:
    """Why the head file does not vouch for this ledger; "" when it does.

    A ledger with its genesis alone needs no file yet: a crash may come between the two.
    """
    try:
        note = read_head(path)
    except ValueError as error:
        return str(error)
    (newest,) = connection.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()
    if note is None:
        return "" if newest <= 1 else f"{path} is missing, the ledger has {newest} rows"
    return contradiction(note, connection, newest)


def contradiction(note: HeadNote, connection: sqlite3.Connection, newest: int) -> str:
    """Why the ledger up to row `newest` is not the one that the note was taken from."""
    if note.seq > newest:
        return (
            f"the head file knows row {note.seq}, the ledger ends at {newest}: "
            "its end was cut off, or an old copy was put back"
        )
    row = connection.execute("SELECT hash FROM event WHERE seq = ?", (note.seq,)).fetchone()
    if row is None or row[0].hex() != note.hash:
        return f"row {note.seq} is not the one that the head file knows: it was rewritten"
    return ""
