"""Reading a file that decides something: opened once, checked, and read up to a bound.

The one rule: what is checked is what is read. Nothing is opened a second time by its name.
"""

import os
import stat
from pathlib import Path

from domain.errors import Misconfigured

LARGEST_BYTES = 1_000_000
SUPERUSER = 0


def read_whole(path: Path, shown: str) -> tuple[bytes, os.stat_result]:
    """A file's bytes, and what the open file is; `shown` is its name in messages.

    Raises:
        FileNotFoundError: when there is none.
        Misconfigured: when it cannot be read, is no ordinary file, or is over a megabyte.
    """
    try:
        # A pipe or a device would block the start for ever; opened like this it does not.
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Misconfigured(shown, f"cannot be read: {error.strerror}") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise Misconfigured(shown, "is not an ordinary file")
        return _up_to_the_bound(handle, shown), status
    finally:
        os.close(handle)


def _up_to_the_bound(handle: int, shown: str) -> bytes:
    raw = b""
    while part := os.read(handle, LARGEST_BYTES + 1 - len(raw)):
        raw += part
    if len(raw) > LARGEST_BYTES:
        raise Misconfigured(shown, f"is larger than {LARGEST_BYTES:,} bytes")
    return raw


def must_be_private(status: os.stat_result, shown: str) -> None:
    """Raise Misconfigured unless a file is the user's (or root's) and nobody else may touch it."""
    if status.st_uid not in (os.geteuid(), SUPERUSER):
        raise Misconfigured(shown, f"belongs to user id {status.st_uid}, not to you")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Misconfigured(shown, "can be read by others; run chmod 600 on it")
