"""kill status, release and flatten: what is halted and proven, and the ways out of it.

The one rule: what a release or a flattening does is shown before anything is typed.
"""

import asyncio
from argparse import Namespace

from cli.commands.control import code_for, done, typed
from cli.render import as_json, moment, money, say, table
from domain.asks import FlattenPreview, Release, ReleasePreview, Trip
from domain.board import Board
from domain.flatten import Flattening, FlattenPlan
from domain.halts import Evidence, Halt, Level, scope_of
from domain.money import canonical
from domain.ports import Desk

PROOF_S = 40
STATUS_S = 5
HEADS = ("ACCOUNT", "PROVEN", "OPEN BEFORE", "STILL OPEN", "UNKNOWN", "TRIES", "ERROR")


async def kill(desk: Desk, args: Namespace) -> int:
    """What is halted and proven, a release, or a flattening."""
    if args.action == "release" or args.deactivate:
        return await _release(desk, args)
    if args.action == "flatten":
        return await _flatten(desk, args)
    # An engine that was started for this command alone begins to prove the halts anew.
    await _proven(desk, STATUS_S, "")
    return _kill_status(desk, args)


def _kill_status(desk: Desk, args: Namespace) -> int:
    board = desk.board
    if args.json:
        levels = {halt.scope: halt.standing.name for halt in board.halts}
        told = {"level": int(board.level), "levels": levels, "halts": list(board.halts)}
        say(as_json(told))
        return 0
    if not board.halts:
        say("KILL READY: nothing is halted")
        last = board.last_halt
        if last is not None:
            say(f"last: {moment(last.at_us)} {last.reason} (by {last.actor})")
        return 0
    for halt in board.halts:
        _tell(halt)
    return 0


def _tell(halt: Halt) -> None:
    word = "KILLED" if halt.level >= Level.HALT_CANCEL else "HALTED"
    say(f"{word} {moment(halt.at_us)} {halt.scope} level {halt.level.name}: {halt.reason}")
    proof = "; its cancels are not verified yet" if halt.cancels else ""
    say(f"by {halt.actor}, {halt.state.value}{proof}")
    if halt.level is not Level.HALT:
        say(table(HEADS, [_evidence(seen) for seen in halt.evidence], right="TRIES UNKNOWN"))
    for seen in halt.flattened:
        say(_flattened(seen))


def _evidence(seen: Evidence) -> tuple[str, ...]:
    proven = f"{seen.verified_ms} ms" if seen.verified else "no"
    still = "-" if seen.still_open < 0 else str(seen.still_open)
    before = "-" if seen.open_before < 0 else str(seen.open_before)
    return (
        str(seen.account),
        proven,
        before,
        still,
        str(seen.unknown),
        str(seen.attempts),
        seen.error,
    )


def _flattened(seen: Flattening) -> str:
    told = f"flatten {seen.account}: {seen.state}, {seen.slices} sales, {money(seen.sold)} sold"
    told += f"; {seen.detail}" if seen.detail else ""
    kept = "; ".join(f"{canonical(left.quantity)} {left.asset}: {left.why}" for left in seen.left)
    return f"{told}\n  left: {kept}" if kept else told


# Releasing


async def _release(desk: Desk, args: Namespace) -> int:
    wanted = getattr(args, "scope", "")
    await _proven(desk, PROOF_S, wanted)
    preview = await desk.ask(ReleasePreview(scope=wanted))
    if not desk.board.halts:
        return done(preview, args)
    if not args.json:
        say(preview.detail)
    scope = wanted or typed("type the scope to release it: ", "--scope")
    reason = args.reason or typed("why is it safe again: ", "--reason")
    code = await code_for(desk, args)
    ask = Release(
        code=code,
        reason=reason,
        scope=scope,
        accept_unverified=getattr(args, "accept_unverified", False),
        acknowledge=getattr(args, "acknowledge", False),
        reset_high_water=getattr(args, "reset_high_water", False),
    )
    return done(await desk.ask(ask), args)


async def _proven(desk: Desk, patience_s: float, scope: str) -> None:
    """Give a cancel-all that is still under way the time to prove itself."""
    try:
        async with asyncio.timeout(patience_s):
            async for board in desk.watch():
                if not _under_way(board, scope):
                    return
    except TimeoutError:
        return  # what is shown says what still stands against it


def _under_way(board: Board, scope: str) -> bool:
    wanted = scope_of(scope) if scope else None
    return any(
        halt.cancels and wanted in (None, halt.reach)
        for halt in board.halts
        if halt.state != "HALTED_UNVERIFIED"
    )


# Flattening


async def _flatten(desk: Desk, args: Namespace) -> int:
    plan = await desk.ask(FlattenPreview(scope=args.scope))
    if args.preview or not args.json:
        say(as_json(plan) if args.json else _planned(plan, desk.board.base_currency))
    if args.preview:
        return 0
    confirm = args.confirm or typed(f"type {plan.scope} to sell all of this: ", "--confirm")
    reason = args.reason or "flattened by hand"
    ask = Trip(reason=reason, level=Level.FLATTEN, scope=args.scope, confirm=confirm)
    return done(await desk.ask(ask), args)


def _planned(plan: FlattenPlan, currency: str) -> str:
    rows = [
        (str(s.account), s.asset, s.symbol, canonical(s.quantity), money(s.value), str(s.slices))
        for s in plan.sales
    ]
    heads = ("ACCOUNT", "ASSET", "SOLD AS", "QUANTITY", f"VALUE {currency}", "SALES")
    lines = [table(heads, rows, right=" ".join(heads[3:]))] if rows else ["nothing to sell"]
    for place in plan.left:
        at = f"at {place.account}"
        lines.extend(f"stays: {canonical(k.quantity)} {k.asset} {at}: {k.why}" for k in place.left)
    collar = canonical(plan.collar_pct)
    lines.append(
        f"FLATTEN {plan.scope}: every order is cancelled first; then "
        f"{money(plan.value)} {currency} are sold, none more than {collar} % below the market"
    )
    return "\n".join(lines)
