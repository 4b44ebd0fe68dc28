"""import: a file of history into the book, and every row of it accounted for.

The one rule: nothing is booked while a row of the file cannot be read, unless the person says so;
then those rows are kept in a file of their own first.
"""

import asyncio
import csv
import io
import os
from argparse import Namespace
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from cli.render import as_json, moment, say, table
from cli.usage import WrongUsage
from domain.asks import Imported, ImportHistory
from domain.board import Board
from domain.days import iso
from domain.errors import Unavailable
from domain.instruments import Account
from domain.market import Movement
from domain.orders import Fill
from domain.ports import Desk
from domain.text import clean
from venues.imports.reading import Named, NotUnderstood, Read, read
from venues.imports.row import offset_of

LARGEST_FILE = 256 * 1024 * 1024
AT_ONCE = 1_000  # facts in one ask
SHOWN_LINES = 8
CONTRADICTED = 1
REFUSED = 77


async def import_history(desk: Desk, args: Namespace) -> int:
    """Read the file, tell what is in it, and book it unless this is a dry run."""
    account = _account(args.account, desk.board)
    offset = _offset(args.utc_offset)
    content = await asyncio.to_thread(_content, args.file)
    told = await asyncio.to_thread(_read, args.file, content, account, offset, desk.board.now_us)
    refused = bool(told.bad) and not args.skip_bad
    rejected = ""
    if told.bad and args.skip_bad and not args.dry_run:
        rejected = str(await asyncio.to_thread(_keep_rejected, args.file, told))
    answer = None
    if args.dry_run or not refused:
        answer = await _asked(desk, account, told, args.file, content, dry_run=args.dry_run)
    if args.json:
        say(as_json(_document(told, answer, rejected, dry_run=args.dry_run)))
    else:
        _tell(args.file, told)
        say(_outcome(told, answer, rejected, dry_run=args.dry_run))
    if refused:
        return REFUSED
    return CONTRADICTED if answer is not None and answer.contradicting else 0


def _account(text: str, board: Board) -> Account:
    venue, _, name = text.partition("/")
    account = Account(venue.lower(), name or "main")
    if account not in board.accounts:
        known = ", ".join(sorted(board.accounts)) or "none"
        raise WrongUsage(f"--account: there is no account {account}; configured: {known}")
    return account


def _offset(text: str) -> timedelta | None:
    if not text:
        return None
    bare = text if text[0] in "+-Z" or text == "UTC" else f"+{text}"
    offset = offset_of(bare)
    if offset is None:
        raise WrongUsage(f"--utc-offset: write it like 02:00 or -05:00, not {text[:20]!r}")
    return offset


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise WrongUsage(f"{path} is over {LARGEST_FILE >> 20} MB; split it")
        return path.read_bytes()
    except FileNotFoundError:
        raise WrongUsage(f"there is no file {path}") from None
    except OSError as error:
        raise Unavailable(str(path), error.strerror or str(error)) from error


def _read(
    path: Path, content: bytes, account: Account, offset: timedelta | None, now_us: int
) -> Read:
    try:
        told = read(content, account, offset, now_us)
    except NotUnderstood as problem:
        raise WrongUsage(f"{path}: {problem}") from None
    if told.venues and account.venue not in told.venues:
        raise WrongUsage(
            f"{path} is an export of {' or '.join(told.venues)} ({told.format}), "
            f"and {account} is not there; nothing was booked"
        )
    return told


async def _asked(
    desk: Desk, account: Account, told: Read, path: Path, content: bytes, *, dry_run: bool
) -> Imported:
    """Ask in portions, each answered before the next; what is booked stays booked."""
    digest = sha256(content).hexdigest()
    answers = []
    # A dry run books none, so what stands twice in the file would not be known the second time.
    facts = tuple({fact.key: fact for fact in told.facts}.values()) if dry_run else told.facts
    for first in range(0, len(facts), AT_ONCE):
        some = facts[first : first + AT_ONCE]
        ask = ImportHistory(
            account=account,
            fills=tuple(fact for fact in some if isinstance(fact, Fill)),
            movements=tuple(fact for fact in some if isinstance(fact, Movement)),
            source_name=clean(path.name, longest=100),
            digest=digest,
            dry_run=dry_run,
        )
        answers.append(await desk.ask(ask))
    return Imported(
        booked=sum(answer.booked for answer in answers),
        known=sum(answer.known for answer in answers) + len(told.facts) - len(facts),
        covered=tuple(key for answer in answers for key in answer.covered),
        contradicting=tuple(key for answer in answers for key in answer.contradicting),
    )


# Rows that could not be read


def _keep_rejected(path: Path, told: Read) -> Path:
    """FILE.rejected.csv: the bad rows under the file's own header, with line and reason.

    It is there and says the same: good. It is there and says something else: not ours to touch.
    """
    kept = path.with_name(f"{path.name}.rejected.csv")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow((*told.header, "line", "why"))
    for row in told.bad:
        padding = [""] * (len(told.header) - len(row.cells))
        writer.writerow((*row.cells, *padding, row.line, row.why))
    content = out.getvalue().encode("utf-8", "surrogateescape")
    try:
        _create(kept, content)
    except FileExistsError:
        if kept.read_bytes() != content:
            raise WrongUsage(f"{kept} is there already; move it away first") from None
    except OSError as error:
        raise Unavailable(str(kept), error.strerror or str(error)) from error
    return kept


def _create(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


# Telling


def _kinds(told: Read) -> dict[str, list[int]]:
    kinds: dict[str, list[int]] = {"fills": [], "deposits": [], "withdrawals": []}
    for fact in told.facts:
        if isinstance(fact, Fill):
            kinds["fills"].append(fact.at_us)
        else:
            kinds["deposits" if fact.amount > 0 else "withdrawals"].append(fact.at_us)
    return kinds


def _tell(path: Path, told: Read) -> None:
    rows = len(told.facts) + len(told.left_out) + len(told.bad)
    say(f"{clean(path.name)}: {told.format}, {rows} rows")
    kinds = [
        (kind, str(len(times)), moment(min(times, default=0)), moment(max(times, default=0)))
        for kind, times in _kinds(told).items()
    ]
    say(table(("KIND", "ROWS", "FIRST", "LAST"), kinds, right="ROWS"))
    reasons: dict[str, list[int]] = {}
    for row in told.left_out:
        reasons.setdefault(row.why, []).append(row.line)
    for why, lines in reasons.items():
        say(f"left out: {why} ({_lines(lines)})")
    for row in told.bad:
        say(f"line {row.line}: {row.why}")


def _outcome(told: Read, answer: Imported | None, rejected: str, *, dry_run: bool) -> str:
    parts = []
    if told.bad:
        kept = f"; kept in {rejected}" if rejected else ""
        rows = "1 row" if len(told.bad) == 1 else f"{len(told.bad)} rows"
        parts.append(f"{rows} cannot be read{kept}")
    if answer is None:
        parts.append("nothing was booked; mend them, or leave them out with --skip-bad")
    else:
        booked = "would be booked" if dry_run else "booked"
        parts.append(f"{answer.booked} {booked}, {answer.known} known already")
        if answer.covered:
            lines = _lines(_lines_of(told, answer.covered))
            parts.append(f"not booked: the venue's own history reaches there ({lines})")
        if answer.contradicting:
            lines = _lines(_lines_of(told, answer.contradicting))
            parts.append(f"known with other numbers, a break is open ({lines})")
    return "\n".join(parts)


def _lines(lines: Sequence[int]) -> str:
    shown = ", ".join(map(str, lines[:SHOWN_LINES]))
    more = f" and {len(lines) - SHOWN_LINES} more" if len(lines) > SHOWN_LINES else ""
    return f"{'line' if len(lines) == 1 else 'lines'} {shown}{more}"


def _lines_of(told: Read, keys: Sequence[str]) -> list[int]:
    wanted = frozenset(keys)
    told_by = zip(told.facts, told.lines, strict=True)
    return [line for fact, line in told_by if fact.key in wanted]


def _document(
    told: Read, answer: Imported | None, rejected: str, *, dry_run: bool
) -> dict[str, Any]:
    kinds = {
        kind: {
            "rows": len(times),
            "first": iso(min(times)) if times else None,
            "last": iso(max(times)) if times else None,
        }
        for kind, times in _kinds(told).items()
    }
    return {
        "format": told.format,
        "dry_run": dry_run,
        **kinds,
        "left_out": [_named(row) for row in told.left_out],
        "bad": [_named(row) for row in told.bad],
        "rejected": rejected,
        "booked": 0 if answer is None else answer.booked,
        "known": 0 if answer is None else answer.known,
        "covered": _lines_of(told, answer.covered if answer else ()),
        "contradicting": _lines_of(told, answer.contradicting if answer else ()),
    }


def _named(row: Named) -> dict[str, Any]:
    return {"line": row.line, "why": row.why}
