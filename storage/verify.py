"""Verification from the stored bytes: what the chain proves, and nothing it does not.

The one rule: every exception is a FAIL, and OK is never said of what was not looked at: that is
named in `unproven`. The file is opened for reading only and judged up to the row that was newest
at the beginning, so a running engine may go on appending.

Several threads share the work. This one walks the chain: numbers without gaps, links, hashes,
sums of postings. Beside it SQLite, outside Python, compares index columns and postings with the
payloads (storage.comparisons), and for a whole ledger checks its own pages and indexes, whose
uniqueness makes a duplicate impossible.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from decimal import localcontext
from hashlib import sha256
from pathlib import Path
from struct import Struct
from threading import Event

from accounting.postings import EXACT
from domain.queries import VerifyReport
from storage.anchors import NONE_SEEN, AnchorsSeen, compared
from storage.batch import EMPTY, Head
from storage.chain import DOMAIN, link
from storage.comparisons import (
    Finding,
    columns,
    file_problem,
    postings,
    schema_problem,
    stray_postings,
    unbalanced,
)
from storage.database import head_of, open_reader
from storage.head import HeadNote, contradiction, read_head
from storage.seal_check import (
    Era,
    eras,
    key_findings,
    not_vouched,
    seal_problems,
)

OK = "OK"
FAIL = "FAIL"
NOT_SEALED = "seals"
NOT_ANCHORED = "anchors"
NOT_OURS = "seal key"  # by whom it was sealed, nobody has told us
NOT_COMPARED = ("index columns", "postings")
NOT_CHECKED = ("pages and indexes",)
STEP = 10_000  # rows looked at in one read, so that a long check never holds back a checkpoint
_WALK = "SELECT seq, prev, payload, hash FROM event WHERE seq > ? AND seq <= ? ORDER BY seq"
_NUMBER = Struct(">Q").pack  # as `storage.chain.link` spells a row's number
_ChainRow = tuple[int, bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Witness:
    """What is known from outside the ledger: the key that seals it, and files with anchors."""

    public_key: str = ""
    anchors: tuple[Path, ...] = ()


NOBODY = Witness()


@dataclass(frozen=True, slots=True)
class _Job:
    """Which rows are judged (those after `start`, up to `end`), and how thoroughly.

    `known` are the keys that sealed them.
    """

    ledger: Path
    start: Head
    end: Head
    chain_only: bool
    stopped: Event
    known: tuple[Era, ...] = ()

    @property
    def whole(self) -> bool:
        return self.start == EMPTY

    def steps(self) -> Iterator[tuple[int, int]]:
        """(above, up to) of each read."""
        for above in range(self.start.seq, self.end.seq, STEP):
            if self.stopped.is_set():
                raise InterruptedError("the check was stopped before its end")
            yield above, min(above + STEP, self.end.seq)


def verify_file(
    ledger: Path,
    head: Path | None,
    *,
    tail: int = 0,
    chain_only: bool = False,
    stopped: Event | None = None,
    witness: Witness = NOBODY,
) -> VerifyReport:
    """Check a ledger, all of it or its newest `tail` rows, against itself and its head file.

    `chain_only` looks at numbers, links and hashes alone, several times as fast. Without a
    `head` path (a copy, an archive) the head file is not looked at. `witness` is what is known
    from outside: the key that seals, and files with anchors. What was not looked at is `unproven`.
    Never raises: what cannot be read is a FAIL. Setting `stopped` ends the check, as a FAIL.
    """
    try:
        # Before the rows are read: a running engine may renew it at any time.
        note = None if head is None else read_head(head)
        with closing(open_reader(ledger)) as reader:
            start, end = _span(reader, tail)
            known = eras(reader, end.seq)
            job = _Job(ledger, start, end, chain_only, stopped or Event(), known)
            rows, findings = _judged(reader, job)
            findings += [Finding(0, text) for text in _of_the_file(reader, job, head, note) if text]
            seen = compared(reader, witness.anchors, known)
            findings += [seen.finding] if seen.finding else []
            findings += key_findings(reader, known, end.seq, witness.public_key)
        return _report(job, rows, findings, _unproven(job, head, witness, seen), seen)
    except Exception as error:  # noqa: BLE001
        # Boundary: whatever goes wrong inside a verifier, the ledger is not proven.
        nothing = _Job(ledger, EMPTY, EMPTY, chain_only, Event())
        return _report(nothing, 0, [Finding(0, _described(error))], ())


def _unproven(job: _Job, head: Path | None, witness: Witness, seen: AnchorsSeen) -> tuple[str, ...]:
    missing = [] if head is not None else ["head file"]
    if job.chain_only:
        missing += NOT_COMPARED
    if not job.whole:
        missing.append(f"rows 1 to {job.start.seq}")
    if job.chain_only or not job.whole:
        missing += NOT_CHECKED
    if job.chain_only or not job.known:
        missing.append(NOT_SEALED)
    elif not witness.public_key:
        missing.append(NOT_OURS)
    missing += not_vouched(job.known)
    if not seen.agreed:
        missing.append(NOT_ANCHORED)
    return tuple(missing)


def _span(reader: sqlite3.Connection, tail: int) -> tuple[Head, Head]:
    end = head_of(reader)
    above = max(0, end.seq - tail) if tail > 0 else 0
    if above == 0:
        return EMPTY, end
    row = reader.execute("SELECT seq, hash FROM event WHERE seq = ?", (above,)).fetchone()
    if row is None:
        raise ValueError(f"gap: row {above} is not there")
    return Head(*row), end


def _of_the_file(
    reader: sqlite3.Connection, job: _Job, head: Path | None, note: HeadNote | None
) -> Iterator[str]:
    yield schema_problem(reader)
    if note is not None:
        yield contradiction(note, reader, job.end.seq)
    elif head is not None and job.end.seq > 1:
        yield f"{head} is missing"


def _judged(reader: sqlite3.Connection, job: _Job) -> tuple[int, list[Finding]]:
    with ExitStack() as stack:
        stack.enter_context(localcontext(EXACT))
        compared = []
        if not job.chain_only:
            beside = stack.enter_context(ThreadPoolExecutor(len(_BESIDE), "ledger comparisons"))
            compared = [beside.submit(_first_finding, job, compare) for compare in _BESIDE]
        rows, finding = _walked(reader, job)
        findings = [finding, *(part.result() for part in compared)]
    return rows, [found for found in findings if found is not None]


# The chain


def _walked(reader: sqlite3.Connection, job: _Job) -> tuple[int, Finding | None]:
    newest = job.start
    finding: Finding | None = None
    try:
        (first,) = reader.execute("SELECT min(seq) FROM event").fetchone()
        if first != 1:
            return 0, Finding(1, f"gap: the first row is {first}, not 1")
        for above, upto in job.steps():
            newest, finding = _walk(reader.execute(_WALK, (above, upto)), newest, job)
            if finding is None and newest.seq < upto:
                finding = Finding(newest.seq + 1, "gap: the row is not there")
            if finding is not None:
                break
    except Exception as error:  # noqa: BLE001
        # Boundary: a row that cannot be read fails the ledger, and is named.
        finding = Finding(newest.seq + 1, _described(error))
    return newest.seq - job.start.seq, finding


def _walk(rows: Iterable[_ChainRow], newest: Head, job: _Job) -> tuple[Head, Finding | None]:
    good, previous = newest
    balances = _not_asked if job.chain_only else unbalanced
    for seq, prev, payload, row_hash in rows:
        good += 1
        if (
            seq == good
            and prev == previous
            and sha256(b"".join((DOMAIN, prev, _NUMBER(seq), payload))).digest() == row_hash
            and not balances(payload)
        ):
            previous = row_hash
            continue
        text = _wrong(good, previous, (seq, prev, payload, row_hash)) or balances(payload)
        return Head(good - 1, previous), Finding(good, text)
    return Head(good, previous), None


def _wrong(expected: int, previous: bytes, row: _ChainRow) -> str:
    seq, prev, payload, row_hash = row
    if seq != expected:
        return f"gap: next comes {seq}"
    if prev != previous:
        return "link: not behind the row before it"
    return "" if link(prev, seq, payload) == row_hash else "hash: not that of the payload"


def _not_asked(_: bytes) -> str:
    return ""


# Beside the chain


def _columns(reader: sqlite3.Connection, job: _Job) -> Iterator[Finding]:
    for above, upto in job.steps():
        yield from columns(reader, above, upto)


def _postings(reader: sqlite3.Connection, job: _Job) -> Iterator[Finding]:
    for above, upto in job.steps():
        yield from postings(reader, above, upto)
    if text := stray_postings(reader, job.end.seq):
        yield Finding(0, text)


def _pages(reader: sqlite3.Connection, job: _Job) -> Iterator[Finding]:
    if job.whole and (text := file_problem(reader)):
        yield Finding(0, text)


def _seals(reader: sqlite3.Connection, job: _Job) -> Iterator[Finding]:
    for above, upto in job.steps():
        yield from seal_problems(reader, job.known, above, upto)


_Compare = Callable[[sqlite3.Connection, _Job], Iterator[Finding]]
_BESIDE: tuple[_Compare, ...] = (_columns, _postings, _pages, _seals)


def _first_finding(job: _Job, compare: _Compare) -> Finding | None:
    try:
        with closing(open_reader(job.ledger)) as reader:
            # SQLite asks this every so often, and ends the statement when it answers true.
            reader.set_progress_handler(job.stopped.is_set, 100_000)
            return next(compare(reader, job), None)
    except Exception as error:  # noqa: BLE001
        # Boundary: as above.
        return Finding(0, _described(error))


def _report(
    job: _Job,
    rows: int,
    findings: list[Finding],
    unproven: tuple[str, ...],
    seen: AnchorsSeen = NONE_SEEN,
) -> VerifyReport:
    # The first bad row says most; what concerns the file as a whole comes after it.
    worst = min(findings, key=lambda finding: (finding.seq == 0, finding.seq), default=None)
    return VerifyReport(
        result=OK if worst is None else FAIL,
        rows=rows,
        head_seq=job.end.seq,
        head_hash=job.end.hash.hex(),
        problem="" if worst is None else worst.text,
        bad_seq=0 if worst is None else worst.seq,
        unproven=unproven,
        sealed_by=job.known[-1].public_key if job.known else "",
        anchors=seen.agreed,
        anchored_seq=seen.newest_seq,
    )


def _described(error: Exception) -> str:
    return f"unreadable: {type(error).__name__}: {error}"
