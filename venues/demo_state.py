"""The demo exchanges' own memory on disk: one file of JSON lines, exact text, append only.

The one rule: what a client is told has been written before. A line is written whole by one
call, so a process that is killed loses at most a line that nobody was told about; power loss
may lose more, which a demo accepts. Lines are applied in order and newer rows replace older
ones, so a file that has grown is shortened by dropping its older half and saying once more
what still stands.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path

from domain.codec import decode, encode
from domain.errors import Unavailable
from venues.demo_till import Change

FILE_NAME = "venue-state.jsonl"
VERSION = 1
LARGEST = 4 * 1024 * 1024
KEPT = 2 * 1024 * 1024  # how much of a file that has grown too large is kept

_OWNER_ONLY = 0o600
_DISK_FULL = "the disk took only a part of it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Whose file this is: `book` is the ledger that it belongs to, `life` counts the openings."""

    version: int
    book: str
    seed: int
    life: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """The world's levels at a full hour (nano-log by asset)."""

    at_us: int
    levels: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldState:
    """Where the prices stood, and when; `hours` are those that were not told before."""

    at_us: int
    levels: Mapping[str, int]
    hours: tuple[Hour, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file: what changed together."""

    header: Header | None = None
    changes: tuple[Change, ...] = ()
    world: WorldState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A whole file, read: every change in order, and where the prices stood last."""

    header: Header
    changes: tuple[Change, ...]
    world: WorldState


class StateUnreadable(Exception):
    """The file is missing, damaged, or another book's; the text says which."""


def read_state(path: Path, book: str | None) -> Saved:
    """What a demo desk left behind.

    Raises:
        StateUnreadable: when there is nothing that one could go on from.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise StateUnreadable("there is no earlier state") from None
    except OSError as error:
        raise StateUnreadable(f"{path.name} cannot be read: {error.strerror}") from None
    lines = [_parsed(text, path) for text in raw.split(b"\n")[:-1]]
    headers = [line.header for line in lines if line.header]
    worlds = [line.world for line in lines if line.world]
    if not headers or not worlds or headers[-1].version != VERSION:
        raise StateUnreadable(f"{path.name} has no beginning that this version understands")
    header = headers[-1]
    if book is not None and header.book != book:
        raise StateUnreadable(f"{path.name} belongs to another book")
    changes = tuple(change for line in lines for change in line.changes)
    hours = {hour.at_us: hour for world in worlds for hour in world.hours}
    world = replace(worlds[-1], hours=tuple(hours[at_us] for at_us in sorted(hours)))
    return Saved(header=header, changes=changes, world=world)


def put_aside(path: Path) -> None:
    """Keep a file that could not be used, as evidence, where it is not read again."""
    with suppress(OSError):
        path.replace(path.with_suffix(".unreadable"))


def _parsed(text: bytes, path: Path) -> Line:
    try:
        return decode(Line, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise StateUnreadable(f"{path.name} is damaged: {error}") from None


class StateFile:
    """Where the state is kept. Without a path nothing is, and everything counts as written.

    Raises (every method): Unavailable, when the file cannot be written; what was to be appended
    is tried again with the next line.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._unwritten = b""
        self._size = 0

    @property
    def grown(self) -> bool:
        """Whether it is time to shorten the file."""
        return self._size > LARGEST

    def begin(self, everything: Line) -> None:
        """Start a new file with one line that says everything."""
        if self._path is not None:
            self._replace(self._path, _text(everything))

    def resume(self, standing: Line) -> None:
        """Go on with the file that was read; a line torn by a kill is cut off first."""
        if self._path is not None:
            with _writing(self._path) as file:
                self._size = _end_of_last_line(self._path)
                file.truncate(self._size)
            self.append(standing)

    def shorten(self, standing: Line) -> None:
        """Forget the older lines; `standing` says what is still true of them."""
        if self._path is not None:
            header = _text(Line(header=standing.header))
            self._replace(self._path, header + _newest_lines(self._path) + _text(standing))

    def append(self, line: Line | None) -> None:
        """Write a line, and those that could not be written before."""
        if self._path is None:
            return
        if line is not None:
            self._unwritten += _text(line)
        if not self._unwritten:
            return
        with _writing(self._path) as file:
            if file.write(self._unwritten) != len(self._unwritten):
                file.truncate(self._size)
                raise OSError(_DISK_FULL)
        self._size += len(self._unwritten)
        self._unwritten = b""

    def _replace(self, path: Path, text: bytes) -> None:
        fresh = path.with_suffix(".new")
        with _writing(fresh) as file:
            file.truncate(0)
            if file.write(text) != len(text):
                raise OSError(_DISK_FULL)
            fresh.replace(path)
        self._unwritten = b""
        self._size = len(text)


@contextmanager
def _writing(path: Path) -> Iterator[FileIO]:
    try:
        with FileIO(path, "ab", opener=_private) as file:
            yield file
    except OSError as error:
        why = f"cannot write {FILE_NAME}: {error.strerror or error}"
        raise Unavailable("the demo venues", why) from error


def _end_of_last_line(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


def _newest_lines(path: Path) -> bytes:
    with _writing(path):
        raw = path.read_bytes()
    return raw[raw.find(b"\n", max(0, len(raw) - KEPT)) + 1 :]


def _text(line: Line) -> bytes:
    return json.dumps(encode(line), separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _OWNER_ONLY)
