"""Anchors: the newest seal, written where whoever changes the ledger does not reach.

The one rule: an anchor is one line that proves itself. It is found in any text, a log, a
journal or a mail among them, so every place that ever saw one is a witness:

    quarterdeck-anchor/1 LEDGER-ID ROW HASH PUBLIC-KEY SEAL

(hexadecimal but for the row's number; the seal holds its time). Ours is the head of a chain,
not the root of a transparency log.
"""

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from storage.batch import Head
from storage.comparisons import Finding
from storage.durable import PRIVATE_DIRECTORY, PRIVATE_FILE, open_regular, sync_directory
from storage.seal_check import Era, eras, ledger_id_of
from storage.seals import seal_fits, sealed_at_us

_MARK = "quarterdeck-anchor/1"
_LINE = re.compile(
    rf"{_MARK} ([0-9a-f]{{32}}) ([0-9]{{1,18}}) ([0-9a-f]{{64}}) ([0-9a-f]{{64}}) ([0-9a-f]{{144}})"
)
_NEWEST = "SELECT seq, hash, seal FROM event ORDER BY seq DESC LIMIT 1"
_HASH = "SELECT hash FROM event WHERE seq = ?"


class Anchor(NamedTuple):
    """One line: this row had this hash when its seal was made."""

    ledger_id: str
    head: Head
    public_key: str
    seal: bytes

    @property
    def at_us(self) -> int:
        """When it was sealed."""
        return sealed_at_us(self.seal)

    def line(self) -> str:
        """The anchor as one line of text, without its end."""
        seq, row_hash = self.head
        parts = (_MARK, self.ledger_id, seq, row_hash.hex(), self.public_key, self.seal.hex())
        return " ".join(map(str, parts))


def anchors_in(lines: Iterable[str]) -> Iterator[Anchor]:
    """Every anchor that stands anywhere in the lines."""
    for line in lines:
        for told in _LINE.finditer(line):
            ledger_id, seq, row_hash, key, seal = told.groups()
            head = Head(int(seq), bytes.fromhex(row_hash))
            yield Anchor(ledger_id, head, key, bytes.fromhex(seal))


class AnchorFile:
    """A file that is only ever appended to; on another disk, or another owner's, it is worth more.

    `chattr +a` (as root) makes the kernel keep that promise.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, anchor: Anchor) -> None:
        """Add one line, durably.

        Raises:
            OSError: when the disk refuses.
        """
        is_new = not self.path.exists()
        if is_new:
            self.path.parent.mkdir(mode=PRIVATE_DIRECTORY, parents=True, exist_ok=True)
        # A pipe that nobody reads is an error, not something to wait for.
        how = os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        flags = os.O_WRONLY | os.O_APPEND | how
        descriptor = os.open(self.path, flags, PRIVATE_FILE)
        try:
            os.write(descriptor, f"{anchor.line()}\n".encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_directory(self.path.parent)


class AnchorsSeen(NamedTuple):
    """What the files proved: how many anchors of this ledger, and up to which row."""

    agreed: int
    newest_seq: int
    finding: Finding | None


def newest_anchor(reader: sqlite3.Connection) -> Anchor | None:
    """The anchor of a ledger's newest row; None when that row has no seal."""
    row = reader.execute(_NEWEST).fetchone()
    known = eras(reader, row[0]) if row else ()
    if not known or row[2] is None:
        return None
    return Anchor(ledger_id_of(reader), Head(row[0], row[1]), known[-1].public_key, row[2])


def ends_sealed(reader: sqlite3.Connection) -> bool:
    """Whether the newest row has a good seal, as the last row of each commit of ours has."""
    end = newest_anchor(reader)
    return end is not None and seal_fits(end.ledger_id, end.public_key, end.head, end.seal)


NONE_SEEN = AnchorsSeen(0, 0, None)


def compared(
    reader: sqlite3.Connection, files: Sequence[Path], known: Sequence[Era]
) -> AnchorsSeen:
    """Hold the ledger against every anchor of it in the files.

    A file that cannot be read proves nothing, which the count says.
    """
    if not files:
        return NONE_SEEN
    ledger_id = ledger_id_of(reader)
    keys = {era.public_key for era in known}
    count = newest = 0
    for path in files:
        for anchor in told_by(path):
            if anchor.ledger_id != ledger_id:
                continue
            problem = _problem(reader, anchor, keys)
            if problem:
                return AnchorsSeen(count, newest, Finding(anchor.head.seq, problem))
            count, newest = count + 1, max(newest, anchor.head.seq)
    return AnchorsSeen(count, newest, None)


def told_by(path: Path) -> Iterator[Anchor]:
    """Every anchor in a file; none in one that cannot be read."""
    with (
        suppress(OSError),
        os.fdopen(open_regular(path), encoding="utf-8", errors="replace") as lines,
    ):
        yield from anchors_in(lines)


def _problem(reader: sqlite3.Connection, anchor: Anchor, keys: set[str]) -> str:
    seq = anchor.head.seq
    if not seal_fits(anchor.ledger_id, anchor.public_key, anchor.head, anchor.seal):
        return f"anchor: the line for row {seq} was changed, its seal does not fit"
    row = reader.execute(_HASH, (seq,)).fetchone()
    if row is None:
        return f"anchor: row {seq} was there once; the ledger's end was cut off"
    if row[0] != anchor.head.hash:
        return f"anchor: row {seq} is not the one that was anchored; it was rewritten"
    if anchor.public_key not in keys:
        return f"anchor: row {seq} was sealed by a key that the ledger does not know"
    return ""
