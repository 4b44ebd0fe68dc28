"""limits: those in force and those that wait; lowering, raising, and what was changed when."""

import json
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from cli.commands.control import code_for
from cli.render import as_json, moment, say, table
from cli.usage import WrongUsage
from domain.asks import ApproveLimits, CancelLimits, SetLimits
from domain.board import Board
from domain.codec import decode
from domain.controls import LimitsApproved, LimitsProposed, LimitsWithdrawn
from domain.ports import Desk
from domain.queries import LedgerRow, ReadLedger
from domain.registry import kind_of
from domain.scopes import NotAScope
from risk.scoped import AT, limited_scope

KINDS: Mapping[str, Any] = {
    kind_of(fact): fact for fact in (LimitsApproved, LimitsProposed, LimitsWithdrawn)
}
SHORT_SHA = 12
NONE = "off"


async def limits(desk: Desk, args: Namespace) -> int:
    """Show, set, approve, cancel, or tell the history."""
    if args.action == "set":
        name = _named(args.name, args.scope)
        return _done(await desk.ask(SetLimits(values={name: args.value})), args)
    if args.action == "approve":
        if not desk.board.limits_pending:  # what would be refused spends no code
            return _done(await desk.ask(ApproveLimits(code="")), args)
        return _done(await desk.ask(ApproveLimits(code=await code_for(desk, args))), args)
    if args.action == "cancel":
        return _done(await desk.ask(CancelLimits(reason=args.reason)), args)
    if args.action == "history":
        return await _history(desk, args)
    return _show(desk.board, args)


def _named(name: str, scope: str) -> str:
    if not scope:
        return name
    if AT in name:
        raise WrongUsage(f"--scope: {name} has a scope already; give one of the two")
    try:
        return f"{name}{AT}{limited_scope(scope)}"
    except NotAScope as error:
        raise WrongUsage(f"--scope: {error}") from None


def _done(done: object, args: Namespace) -> int:
    say(as_json(done) if args.json else getattr(done, "detail", ""))
    return 0


def _show(board: Board, args: Namespace) -> int:
    pending = board.limits_pending
    if args.json:
        told = {"version": board.limits_version, "limits": board.limits, "pending": pending}
        say(as_json({**told, "usage": list(board.usage)}))
        return 0
    names = sorted({*board.limits, *pending}, key=_scope_last)
    rows = [(n, board.limits.get(n, NONE), _waiting(n, board)) for n in names]
    say(table(("LIMIT", "IN FORCE", "WAITING"), rows, right="WAITING"))
    waits = "; approve: quarterdeck limits approve; or: quarterdeck limits cancel"
    say(f"\nversion {board.limits_version}{waits if pending else ''}")
    return 0


def _scope_last(name: str) -> tuple[str, str]:
    setting, _, scope = name.partition(AT)
    return scope, setting


def _waiting(name: str, board: Board) -> str:
    if not board.limits_pending:
        return ""
    wanted = board.limits_pending.get(name, NONE)
    return "" if wanted == board.limits.get(name, NONE) else wanted


async def _history(desk: Desk, args: Namespace) -> int:
    """Every change, newest first, with the old and the new value of each limit."""
    rows: list[LedgerRow] = []
    for kind in KINDS:
        page = await desk.ask(ReadLedger(kind=kind, limit=args.limit + 1))
        rows.extend(page.rows)
    changes = _changes(sorted(rows, key=lambda row: row.seq))[-args.limit :][::-1]
    if args.json:
        say(as_json(changes))
        return 0
    for change in changes:
        sha = change["settings_sha"][:SHORT_SHA] or "not told"
        say(f"{moment(change['at_us'])} {change['what']} by {change['actor']}, settings {sha}")
        for name, (before, after) in change["changes"].items():
            say(f"  {name}: {before} → {after}")
    return 0


def _changes(rows: list[LedgerRow]) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    in_force: Mapping[str, str] = {}
    for row in rows:
        fact = decode(KINDS[row.kind], _payload(row))
        what, after = _what(fact)
        told.append(
            {
                "seq": row.seq,
                "at_us": row.at_us,
                "what": what,
                "actor": fact.actor,
                "settings_sha": fact.settings_sha,
                "changes": _differing(in_force, after),
            }
        )
        if isinstance(fact, LimitsApproved):
            in_force = dict(fact.values)
    return told


def _payload(row: LedgerRow) -> dict[str, Any]:
    told = json.loads(row.payload, parse_float=str)
    return {**told["fact"], "at_us": row.at_us, "actor": str(told["actor"])}


def _what(fact: Any) -> tuple[str, Mapping[str, str] | None]:
    """What happened, and the limits that it put in force or asked for."""
    if isinstance(fact, LimitsApproved):
        return f"in force (version {fact.version})", fact.values
    if isinstance(fact, LimitsProposed):
        return "asked for", fact.values
    return f"no longer asked for ({fact.reason})", None


def _differing(before: Mapping[str, str], after: Mapping[str, str] | None) -> dict[str, Any]:
    if after is None:
        return {}
    names = sorted(before.keys() | after.keys(), key=_scope_last)
    pairs = {name: (before.get(name, NONE), after.get(name, NONE)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
