"""Facts straight from the ledger's file, and new files to write answers into.

The one rule: facts are read in one transaction up to the newest row, which every answer names;
the ledger is never written to, and a file that is there already is never written over.
"""

import json
import os
import sqlite3
from collections.abc import Collection, Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from accounting.allocations import Allocation, Made, compute
from accounting.book import LotBook
from accounting.elections import Elections, Policy
from accounting.entries import Entry, Problem
from accounting.ledger_entries import Row
from cli.ground import Ground
from cli.usage import WrongUsage
from cli.version import __version__
from domain.errors import Unavailable
from domain.events import Fact
from domain.registry import kind_of
from engine.elected import elections_of
from engine.livebook import HEARD, read_rows
from engine.threads import unswept
from storage.database import head_of, open_reader, translated
from storage.entries import fact_of

INCOMPLETE = 3
# By their numbers, so that what is sorted is the numbers alone and not the payloads.
_OF_KINDS = (
    "SELECT seq, payload FROM event WHERE seq IN (SELECT seq FROM event"
    " WHERE kind IN (SELECT value FROM json_each(?))) ORDER BY seq"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Ledger rows (seq, fact) of some kinds, up to the newest row and its hash (hexadecimal)."""

    rows: tuple[Row, ...]
    upto_seq: int
    head: str


def ledger_file(ground: Ground) -> Path:
    """Where the book's ledger lies.

    Raises:
        Unavailable: there is none yet.
    """
    path = ground.places.ledger
    if not path.exists():
        raise Unavailable("the ledger", f"there is none yet at {path}")
    return path


def facts_in(ledger: Path, kinds: Collection[type[Fact]]) -> Facts:
    """Every fact of some kinds, oldest first, as the file holds them at this moment.

    Raises:
        Corrupt, Unavailable: when the file or a row of it cannot be read.
    """
    wanted = json.dumps(sorted(kind_of(kind) for kind in kinds))
    try:
        with closing(open_reader(ledger)) as reader:
            reader.execute("BEGIN")
            newest = head_of(reader)
            found = reader.execute(_OF_KINDS, (wanted,))
            rows = tuple((seq, fact_of(seq, payload)) for seq, payload in found)
    except sqlite3.Error as error:
        raise translated(error, f"reading {ledger}") from error
    return Facts(rows=rows, upto_seq=newest.seq, head=newest.hash.hex())


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """All lots of a ledger: the facts, their entries, the book, and what could not be taken."""

    facts: Facts
    entries: tuple[Entry, ...]
    book: LotBook
    problems: tuple[Problem, ...]

    @property
    def elections(self) -> Elections:
        """The elections that the facts hold."""
        return self.book.elections

    def version(self, now_us: int) -> Allocation:
        """What the book says, as rows, computed for this answer: it is no numbered version."""
        made = Made(
            at_us=now_us,
            upto_seq=self.facts.upto_seq,
            policy_sha=self.elections.sha,
            program=__version__,
            head=self.facts.head,
        )
        return compute(self.book, made)


def counted(ground: Ground, now_us: int, beside: Collection[type[Fact]] = ()) -> Counted:
    """The lots of everything that the ledger holds, by the elections in force until now.

    `beside` are kinds of facts that are wanted too.
    """
    settings = ground.loaded.settings
    with unswept():  # a quarter of the time was the search for cycles, and there are none
        facts = facts_in(ledger_file(ground), HEARD.union(beside))
        rules = elections_of(facts.rows, settings.base_currency, settings.time_zone)
        read = read_rows(facts.rows, rules)
        book = LotBook(rules)
        book.extend(read.entries)
        book.until(now_us)
    return Counted(
        facts=facts,
        entries=tuple(read.entries),
        book=book,
        problems=(*read.problems, *book.problems),
    )


def in_words(policy: Policy) -> str:
    """How lots are matched: `FIFO, universal; HIFO for BTC`."""
    apart = [f"{method.value} for {asset}" for asset, method in sorted(policy.methods.items())]
    return "; ".join((f"{policy.method.value}, {policy.scope.value}", *apart))


@contextmanager
def new_file(path: Path) -> Generator[TextIO]:
    """A new file for its owner's eyes, durable at the end; nothing stays of one that failed.

    Raises:
        WrongUsage: something is there already; that is not ours to write over.
        Unavailable: the disk refuses.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise WrongUsage(f"--output: {path} is there already; name a new file") from None
    except OSError as error:
        raise Unavailable(str(path), error.strerror or str(error)) from error
    with _removed_unless_whole(path), os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
        yield out
        out.flush()
        os.fsync(out.fileno())


@contextmanager
def _removed_unless_whole(path: Path) -> Generator[None]:
    whole = False
    try:
        yield
        whole = True
    except OSError as error:
        raise Unavailable(str(path), error.strerror or str(error)) from error
    finally:
        if not whole:
            path.unlink(missing_ok=True)
