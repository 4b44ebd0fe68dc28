"""A venue's instruments on disk: written after each good load, read at the next start.

Lines of JSON: a stamp that says whose they are, the rows in batches, and last the SHA-256 of
all that stands before it. The one rule: a file that is not whole, or not exactly ours, is no
file: the venue is asked as if nothing had been there.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

FORMAT = 1
LARGEST = 256 * 1024 * 1024
BATCH = 200  # rows a line: the names of fields are kept once a line, and no line blocks for long
DIGEST = 64
_OWNER_ONLY = 0o600


class Unusable(Exception):
    """There is a file and it is not used; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """Whose instruments a file holds. Anything that differs makes it another's file."""

    venue: str
    ccxt: str
    sandbox: bool = False
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Instruments as ccxt keeps them, and when the venue told them (UTC microseconds).

    `options` are those of ccxt's own options that it names as part of its markets.
    """

    fetched_us: int
    markets: Sequence[Any]
    currencies: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


class MarketsFile:
    """One venue's file. It blocks: ask it from a thread."""

    def __init__(self, path: Path, stamp: Stamp) -> None:
        self.path = path
        self._stamp = stamp

    def read(self, latest_us: int) -> Kept | None:
        """What the file holds; None when there is none.

        Raises:
            Unusable: it is damaged, cut short, another venue's or version's, or claims to have
            been told after `latest_us`.
        """
        try:
            if self.path.stat().st_size > LARGEST:
                raise Unusable("it is larger than any list of instruments")
            raw = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unusable(f"it cannot be read: {error.strerror}") from error
        lines = _proven(raw)
        try:
            head, *rows, last = (json.loads(line) for line in lines)
            return self._checked(head, rows, last, latest_us)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Unusable("it is not what this program writes") from error

    def _checked(self, head: Any, rows: Sequence[Any], last: Any, latest_us: int) -> Kept:
        ours = asdict(self._stamp)
        differs = [name for name, value in ours.items() if head.get(name) != value]
        if differs:
            told = ", ".join(f"{name} {head.get(name)!r}" for name in differs)
            raise Unusable(f"it is of another origin ({told})")
        markets = [row for batch in rows for row in batch]
        if len(markets) != head["rows"] or not all(isinstance(row, dict) for row in markets):
            raise Unusable("it does not hold the rows that it tells")
        fetched_us = _whole(head["fetched_us"])
        if fetched_us > latest_us:
            raise Unusable("it was written in the future")
        return Kept(
            fetched_us=fetched_us,
            markets=markets,
            currencies=dict(last["currencies"]),
            options=dict(last["options"]),
        )

    def write(self, kept: Kept) -> None:
        """Replace the file as one, so that a reader finds the old or the new one.

        Raises:
            Unusable: it could not be written; the old one stands.
        """
        fresh = self.path.with_name(f"{self.path.name}.{os.getpid()}")
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                fresh.unlink()
            self._write(fresh, kept)
            fresh.replace(self.path)
        except (OSError, TypeError, ValueError) as error:
            with suppress(OSError):
                fresh.unlink()
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise Unusable(f"it cannot be written: {why}") from error

    def _write(self, path: Path, kept: Kept) -> None:
        digest = hashlib.sha256()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, _OWNER_ONLY), "wb") as file:
            for line in self._lines(kept):
                digest.update(line)
                file.write(line)
            file.write(digest.hexdigest().encode())
            file.flush()
            os.fsync(file.fileno())

    def _lines(self, kept: Kept) -> Iterator[bytes]:
        head = {**asdict(self._stamp), "fetched_us": kept.fetched_us, "rows": len(kept.markets)}
        yield _line(head)
        for start in range(0, len(kept.markets), BATCH):
            yield _line(kept.markets[start : start + BATCH])
        yield _line({"currencies": kept.currencies, "options": kept.options})


def _proven(raw: bytes) -> list[bytes]:
    body, digest = raw[:-DIGEST], raw[-DIGEST:]
    if not body.endswith(b"\n") or hashlib.sha256(body).hexdigest().encode() != digest:
        raise Unusable("it is damaged or cut short")
    return body[:-1].split(b"\n")


def _whole(value: object) -> int:
    if type(value) is not int or value <= 0:
        raise ValueError(value)
    return value


def _line(value: object) -> bytes:
    # NaN and infinity are no JSON, and no limit either: such a list is not kept.
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode() + b"\n"
