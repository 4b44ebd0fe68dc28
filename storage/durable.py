"""Small files that survive power loss.

The one rule: written beside, synced, renamed, and the directory synced. A reader sees the old
file or the new one, never half of one.
"""

import os
import stat
import threading
from pathlib import Path

PRIVATE_FILE = 0o600
PRIVATE_DIRECTORY = 0o700


def replace_durably(path: Path, content: bytes) -> None:
    """Put `content` at `path` (mode 0600); durable when this returns.

    Raises:
        OSError: when the disk refuses; the old file is still there then.
    """
    # A name of this thread's own: two that write the same file at once would share the other.
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_native_id()}")
    try:
        with open(beside, "wb", opener=_private) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def remove_durably(path: Path) -> None:
    """Take a file away, if it is there, so that it stays away after power loss."""
    path.unlink(missing_ok=True)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def open_regular(path: Path) -> int:
    """A descriptor of a regular file, to read.

    Neither waits for a pipe nor reads a device: anyone may have put something there.

    Raises:
        OSError: for anything that is not there, or is not a readable regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    # Before it is a file of Python's: of a folder that would fail and leave it open.
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is not a regular file")
    return descriptor


def read_small(path: Path, *, most: int) -> bytes | None:
    """At most `most` bytes of a regular file, or None when nothing is there.

    Raises:
        OSError: for anything that is there and is not a readable regular file.
    """
    try:
        descriptor = open_regular(path)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, PRIVATE_FILE)
