"""A simulated venue's memory on disk: one file of JSON lines, exact text, append only.

The one rule: what a client is told has been written before. A line is written whole by one
call, so a process that is killed loses at most a line that nobody was told about. Lines are
applied in order and newer rows replace older ones, so a file that has grown is shortened by
dropping its older half and saying once more what still stands.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import TypeVar

from domain.codec import decode, encode
from domain.errors import Unavailable

LARGEST = 4 * 1024 * 1024
KEPT = 2 * 1024 * 1024  # how much of a file that has grown too large is kept

_OWNER_ONLY = 0o600
_DISK_FULL = "the disk took only a part of it"
L = TypeVar("L")


class StateUnreadable(Exception):
    """The file is missing, damaged, or another book's; the text says which."""


class NoState(StateUnreadable):
    """There is no file yet."""


def read_lines(path: Path, shape: type[L]) -> tuple[list[L], int]:
    """The file's whole lines, and how many bytes of a torn one stand behind them.

    Raises:
        StateUnreadable: a line is damaged, or the file cannot be read.
        NoState: there is none.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise NoState("there is no earlier state") from None
    except OSError as error:
        raise StateUnreadable(f"{path.name} cannot be read: {error.strerror}") from None
    *lines, torn = raw.split(b"\n")
    return [_parsed(text, shape, path) for text in lines], len(torn)


def put_aside(path: Path) -> None:
    """Keep a file that could not be used, as evidence, where it is not read again."""
    with suppress(OSError):
        path.replace(path.with_suffix(".unreadable"))


def _parsed(text: bytes, shape: type[L], path: Path) -> L:
    try:
        return decode(shape, json.loads(text))
    except (ValueError, RecursionError) as error:
        raise StateUnreadable(f"{path.name} is damaged: {error}") from None


class StateFile:
    """Where the state of `who` is kept. Without a path nothing is, and all counts as written.

    A `strict` file is on the disk before a write returns, so that it survives a loss of power,
    and is not written any more once another process has written it.

    Raises (every method): Unavailable, when the file cannot be written; what was to be appended
    is tried again with the next line.
    """

    def __init__(self, path: Path | None, who: str, *, strict: bool = False) -> None:
        self._path = path
        self._who = who
        self._strict = strict
        self._unwritten = b""
        self._size = 0

    @property
    def grown(self) -> bool:
        """Whether it is time to shorten the file."""
        return self._size > LARGEST

    def begin(self, everything: object) -> None:
        """Start a new file with one line that says everything."""
        if self._path is not None:
            self._replace(self._path, _text(everything))

    def resume(self, standing: object) -> None:
        """Go on with the file that was read; a line torn by a kill is cut off first."""
        if self._path is not None:
            with self._writing(self._path) as file:
                self._size = _end_of_last_line(self._path)
                file.truncate(self._size)
            self.append(standing)

    def shorten(self, header: object, standing: object) -> None:
        """Forget the older lines; `standing` says what is still true of them."""
        if self._path is not None:
            self._refuse_a_foreign_hand(self._path)
            newest = self._newest_lines(self._path)
            self._replace(self._path, _text(header) + newest + _text(standing))

    def append(self, line: object | None) -> None:
        """Write a line, and those that could not be written before."""
        if self._path is None:
            return
        if line is not None:
            self._unwritten += _text(line)
        if not self._unwritten:
            return
        self._refuse_a_foreign_hand(self._path)
        with self._writing(self._path) as file:
            try:
                self._write(file, self._unwritten)
            except OSError:
                file.truncate(self._size)
                raise
        self._size += len(self._unwritten)
        self._unwritten = b""

    def _replace(self, path: Path, text: bytes) -> None:
        fresh = path.with_suffix(".new")
        with self._writing(fresh) as file:
            file.truncate(0)
            self._write(file, text)
            fresh.replace(path)
            if self._strict:
                _sync_directory(path.parent)
        self._unwritten = b""
        self._size = len(text)

    def _write(self, file: FileIO, text: bytes) -> None:
        if file.write(text) != len(text):
            raise OSError(_DISK_FULL)
        if self._strict:
            os.fsync(file.fileno())

    def _refuse_a_foreign_hand(self, path: Path) -> None:
        if self._strict:
            with self._writing(path) as file:
                if os.fstat(file.fileno()).st_size != self._size:
                    raise OSError("another process has written it; start this one again")

    @contextmanager
    def _writing(self, path: Path) -> Iterator[FileIO]:
        try:
            with FileIO(path, "ab", opener=_private) as file:
                yield file
        except OSError as error:
            why = f"cannot write {path.name}: {error.strerror or error}"
            raise Unavailable(self._who, why) from error

    def _newest_lines(self, path: Path) -> bytes:
        with self._writing(path):
            raw = path.read_bytes()
        return raw[raw.find(b"\n", max(0, len(raw) - KEPT)) + 1 :]


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _end_of_last_line(path: Path) -> int:
    return path.read_bytes().rfind(b"\n") + 1


def _text(line: object) -> bytes:
    return json.dumps(encode(line), separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, _OWNER_ONLY)
