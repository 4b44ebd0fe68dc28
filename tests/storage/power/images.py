"""What a disk may hold after a power loss, made from a recording of what a process did to it.

The model is a journalled file system (reliability 3.3). What was written before the last
finished sync of a file is there. Of what was written after it, the disk kept everything,
nothing, a beginning whose last write is torn, or any set of 512-byte sectors. Names (create,
unlink, rename) are durable with the next sync of anything, else up to some point in their order.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_HEADER = struct.Struct("<cIqQ")
SECTOR = 512
ACKS = "acks"


@dataclass(frozen=True, slots=True)
class Record:
    """One change or sync; `path` is absolute, `offset` where the data goes or the new length."""

    op: str
    path: str
    offset: int
    data: bytes


def records(log: Path) -> list[Record]:
    """Every record of the recorder's log, in the order in which they happened."""
    raw, at, found = log.read_bytes(), 0, []
    while at < len(raw):
        op, named, offset, length = _HEADER.unpack_from(raw, at)
        at += _HEADER.size
        path = raw[at : at + named].decode()
        data = raw[at + named : at + named + length]
        found.append(Record(op.decode(), path, offset, data))
        at += named + length
    return found


@dataclass(slots=True)
class _File:
    """One inode: what is surely on the disk, and the writes that no sync has followed yet."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[Record] = field(default_factory=list)

    def sync(self) -> None:
        for record in self.pending:
            _apply(self.synced, record)
        self.pending.clear()


class Disk:
    """The disk under a recording, as far as it was played; `acknowledged` is the newest row."""

    def __init__(self) -> None:
        self._names: dict[str, _File] = {}  # as the process sees them
        self._kept: dict[str, _File] = {}  # as of the last sync of anything
        self._renaming: list[Record] = []  # what happened to names since
        self._made: list[_File] = []
        self.acknowledged = 0

    def play(self, record: Record) -> None:
        """One record more."""
        if record.op == "w" and Path(record.path).name == ACKS:
            self.acknowledged = max(self.acknowledged, int(record.data))
        elif record.op in "cur":
            self._rename(record)
        elif record.op == "s":
            if record.path in self._names:
                self._names[record.path].sync()
            self._kept = dict(self._names)
            self._renaming, self._made = [], []
        else:
            self._names[record.path].pending.append(record)

    def _rename(self, record: Record) -> None:
        made = _File()
        _named(self._names, record, made)
        self._renaming.append(record)
        self._made.append(made if record.op == "c" else _NONE)

    def image(self, dice: random.Random) -> Iterator[tuple[str, bytes]]:
        """Path and content of each file that a disk could hold if the power went now."""
        names = dict(self._kept)
        upto = dice.randint(0, len(self._renaming))
        for record, made in zip(self._renaming[:upto], self._made, strict=False):
            _named(names, record, made)
        for path, file in names.items():
            yield path, _torn(file, dice)


_NONE = _File()


def _named(names: dict[str, _File], record: Record, made: _File) -> None:
    if record.op == "c":
        names[record.path] = made
    elif record.op == "u":
        names.pop(record.path, None)
    elif record.path in names:
        names[record.data.decode()] = names.pop(record.path)


def _torn(file: _File, dice: random.Random) -> bytes:
    content, pending = bytearray(file.synced), file.pending
    kind = dice.choice(("all", "none", "beginning", "sectors"))
    if kind == "all":
        kept = pending
    elif kind == "none":
        kept = []
    elif kind == "beginning":
        cut = dice.randint(0, len(pending))
        kept = pending[:cut]
        if cut and kept[-1].op == "w":
            last = kept[-1]
            whole = dice.randint(0, len(last.data) // SECTOR) * SECTOR
            kept = [*kept[:-1], Record("w", last.path, last.offset, last.data[:whole])]
    else:
        kept = [part for record in pending for part in _sectors(record) if dice.random() < 1 / 2]
    for record in kept:
        _apply(content, record)
    return bytes(content)


def _sectors(record: Record) -> Iterator[Record]:
    if record.op != "w":
        yield record
        return
    at = 0
    while at < len(record.data):
        size = SECTOR - (record.offset + at) % SECTOR
        part = record.data[at : at + size]
        yield Record("w", record.path, record.offset + at, part)
        at += len(part)


def _apply(content: bytearray, record: Record) -> None:
    if record.op == "t":
        del content[record.offset :]
        content.extend(bytes(record.offset - len(content)))
        return
    end = record.offset + len(record.data)
    if len(content) < record.offset:
        content.extend(bytes(record.offset - len(content)))
    content[record.offset : end] = record.data
