"""ledger verify, tail, export: proof and pages, straight from the file, engine or no engine."""

import sqlite3
import sys
from argparse import Namespace
from collections.abc import Awaitable, Callable
from contextlib import closing
from difflib import get_close_matches

from cli.commands.control import code_of
from cli.commands.ledger_reading import INCOMPLETE, ledger_file, new_file
from cli.desks import some_desk
from cli.ground import Ground
from cli.render import as_json, moment, say, table
from cli.usage import WrongUsage
from domain.asks import AcceptLedgerLoss, RotateSealKey
from domain.errors import Unavailable
from domain.queries import LedgerRow, ReadLedger, VerifyReport
from domain.registry import facts_by_kind
from domain.sentences import sentence_of
from storage.database import head_of, open_reader
from storage.exports import write_csv, write_jsonl
from storage.history import History
from storage.seal_check import eras
from storage.seals import fingerprint
from storage.verify import Witness, verify_file

_SAID = {"seals", "seal key", "anchors"}
FAILED = 1
WIDEST = 72


async def ledger(ground: Ground, args: Namespace) -> int:
    """Read the ledger's file; nothing here writes to it."""
    ledger_file(ground)
    if args.action == "verify":
        return _verify(ground, args)
    if args.action in _ASYNC:
        return await _ASYNC[args.action](ground, args)
    return _export(ground, args)


def _verify(ground: Ground, args: Namespace) -> int:
    places = ground.places
    report = verify_file(places.ledger, places.head, tail=args.tail, witness=_witness(ground, args))
    incomplete = args.require_evidence and bool(report.unproven) and report.result == "OK"
    result = "INCOMPLETE" if incomplete else report.result
    if args.json:
        say(as_json({"result": result, "report": report}))
    else:
        say(f"{result} ({_proven(report)})")
        say(f"{report.rows} rows checked, head {report.head_seq} {report.head_hash}")
        if report.problem:
            say(f"row {report.bad_seq}: {report.problem}")
    return {"OK": 0, "FAIL": FAILED}.get(result, INCOMPLETE)


def _witness(ground: Ground, args: Namespace) -> Witness:
    """What is known from outside the ledger: by the command line, else the book's anchors."""
    files = tuple(args.anchors)
    for file in files:
        if not file.is_file():
            raise WrongUsage(f"--anchors: there is no file {file}")
    if not files and ground.anchor_file.is_file():
        files = (ground.anchor_file,)
    return Witness(args.public_key or "", files)


def _proven(report: VerifyReport) -> str:
    """What was proven and what was not, said with the result: OK of nothing unseen."""
    lacking = set(report.unproven)
    told = ["chain only", "not sealed"]
    if "seals" not in lacking:
        told = [f"sealed by {fingerprint(report.sealed_by)}"]
    if "seal key" in lacking:
        told.append("not compared with a known key (--public-key)")
    if "anchors" in lacking:
        told.append("not anchored")
    else:
        told.append(f"anchors agree: {report.anchors}, to row {report.anchored_seq}")
    told += [f"not checked: {one}" for one in report.unproven if one not in _SAID]
    return f"{told[0]}; {', '.join(told[1:])}"


async def _key(ground: Ground, args: Namespace) -> int:
    """The public key in force, to be written down where the ledger does not lie."""
    with closing(open_reader(ground.places.ledger)) as reader:
        known = eras(reader, head_of(reader).seq)
    if not known:
        raise Unavailable("the key", "this ledger was never sealed; `quarterdeck doctor` says why")
    rows = [
        (
            str(era.since),
            fingerprint(era.public_key),
            "yes" if era.vouched else "NO",
            era.public_key,
        )
        for era in known
    ]
    if args.json:
        say(
            as_json(
                [dict(zip(("since", "key", "vouched", "public_key"), r, strict=True)) for r in rows]
            )
        )
    else:
        say(table(("FROM ROW", "KEY", "VOUCHED", "PUBLIC KEY"), rows, right="FROM ROW"))
    return 0


async def _rekey(ground: Ground, args: Namespace) -> int:
    """Seal with a new key from now on."""
    async with some_desk(ground, boards=False) as desk:
        done = await desk.ask(RotateSealKey(code=code_of(args)))
    say(as_json(done) if args.json else done.detail)
    return 0


async def _accept_loss(ground: Ground, args: Namespace) -> int:
    """Go on with a ledger that its head file contradicts."""
    async with some_desk(ground, boards=False) as desk:
        done = await desk.ask(AcceptLedgerLoss(code=code_of(args), reason=args.reason))
    say(as_json(done) if args.json else done.detail)
    return 0


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
        with new_file(args.output) as out:
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


_ASYNC: dict[str, Callable[[Ground, Namespace], Awaitable[int]]] = {
    "accept-loss": _accept_loss,
    "tail": _tail,
    "key": _key,
    "rekey": _rekey,
}
