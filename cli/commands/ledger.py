"""ledger verify, tail, export: proof and pages, straight from the file, engine or no engine."""

import os
import sqlite3
import sys
from argparse import Namespace
from difflib import get_close_matches
from pathlib import Path

from cli.ground import Ground
from cli.render import as_json, moment, say, table
from cli.usage import WrongUsage
from domain.errors import Unavailable
from domain.queries import LedgerRow, ReadLedger
from domain.registry import facts_by_kind
from domain.sentences import sentence_of
from storage.exports import write_csv, write_jsonl
from storage.history import History
from storage.verify import verify_file

FAILED = 1
INCOMPLETE = 3
WIDEST = 72


async def ledger(ground: Ground, args: Namespace) -> int:
    """Read the ledger's file; nothing here writes to it."""
    if not ground.places.ledger.exists():
        raise Unavailable("the ledger", f"there is none yet at {ground.places.ledger}")
    if args.action == "verify":
        return _verify(ground, args)
    if args.action == "tail":
        return await _tail(ground, args)
    return _export(ground, args)


def _verify(ground: Ground, args: Namespace) -> int:
    places = ground.places
    report = verify_file(places.ledger, places.head, tail=args.tail)
    incomplete = args.require_evidence and bool(report.unproven) and report.result == "OK"
    result = "INCOMPLETE" if incomplete else report.result
    if args.json:
        say(as_json({"result": result, "report": report}))
    else:
        say(f"{result}{_not_proven(report.unproven)}")
        say(f"{report.rows} rows checked, head {report.head_seq} {report.head_hash}")
        if report.problem:
            say(f"row {report.bad_seq}: {report.problem}")
    return {"OK": 0, "FAIL": FAILED}.get(result, INCOMPLETE)


def _not_proven(unproven: tuple[str, ...]) -> str:
    """What was not checked, said with the result: never OK for what was not proven."""
    if not unproven:
        return ""
    words = {"seals": "not sealed", "anchors": "not anchored"}
    told = ", ".join(words.get(one, f"not checked: {one}") for one in unproven)
    return f" (chain only; {told})"


async def _tail(ground: Ground, args: Namespace) -> int:
    if args.kind and args.kind not in facts_by_kind():
        near = get_close_matches(args.kind, facts_by_kind(), 3, 0.5) or sorted(facts_by_kind())[:3]
        raise WrongUsage(f"--kind: there is no kind {args.kind!r}; for example {', '.join(near)}")
    async with History(ground.places.ledger) as history:
        page = await history.rows(ReadLedger(limit=min(args.limit, 1_000), kind=args.kind))
    if args.json:
        say(as_json(page))
        return 0
    rows = [
        (str(r.seq), moment(r.at_us), r.kind, r.account or r.actor, _what(r), r.hash[:12])
        for r in reversed(page.rows)
    ]
    say(table(("SEQ", "TIME", "KIND", "WHO", "WHAT", "HASH"), rows, right="SEQ"))
    say(f"\n{len(rows)} of {page.total} rows")
    return 0


def _what(row: LedgerRow) -> str:
    told = sentence_of(row.kind, row.payload) or row.key
    return told if len(told) <= WIDEST else f"{told[: WIDEST - 1]}…"


def _export(ground: Ground, args: Namespace) -> int:
    write = write_jsonl if args.format == "jsonl" else write_csv
    try:
        if args.output is None:
            write(ground.places.ledger, sys.stdout)
            return 0
        handle = _new(args.output)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            count = write(ground.places.ledger, out)
    except BrokenPipeError:
        raise
    except (OSError, sqlite3.Error) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise Unavailable(str(args.output or "standard output"), told) from error
    if args.json:
        say(as_json({"rows": count, "output": str(args.output)}))
    else:
        say(f"{count} rows written to {args.output}")
    return 0


def _new(path: Path) -> int:
    """A new file for its owner's eyes. What is there already is not ours to write over."""
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise WrongUsage(f"--output: {path} is there already; name a new file") from None
