"""One engine a book: an exclusive lock that the kernel lets go when the process dies.

The one rule: the lock is taken before the ledger is looked at and given back after it is closed.

A second engine is `Unavailable` (exit status 69): nothing is configured wrongly and no rule of
the desk said no; somebody else has the book, nothing happened, and asking again once it is free
is harmless. That is what the family means.
"""

import contextlib
import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from domain.errors import Misconfigured, Unavailable
from storage.durable import PRIVATE_FILE

_LONGEST_NOTE = 64


def owner(book: str) -> str:
    """Who is `Unavailable` when another process has this book."""
    return f"the {book} book"


class BookLock:
    """The lock file of a book, held from `acquire` to `release`."""

    def __init__(self, path: Path, book: str) -> None:
        self._path = path
        self._book = book
        self._descriptor = -1

    def acquire(self) -> None:
        """Take the lock, at once.

        Raises:
            Unavailable: when another process has it; the message names that process.
            Misconfigured: when the lock file cannot be opened.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            descriptor = os.open(self._path, flags, PRIVATE_FILE)
        except OSError as error:
            raise Misconfigured(str(self._path), f"cannot be opened: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
            os.close(descriptor)
            raise Unavailable(
                owner(self._book),
                f"another engine{holder} holds {self._path}; attach instead, "
                "or stop that engine first",
            ) from None
        self._descriptor = descriptor
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock back, if it is held."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _holder(descriptor: int) -> str:
    with contextlib.suppress(OSError):
        note = os.pread(descriptor, _LONGEST_NOTE, 0).decode("ascii", "replace").strip()
        if note.isdigit():
            return f" (process {note})"
    return ""
