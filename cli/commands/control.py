"""arm, disarm, kill, limits, totp: who may do what, and stopping."""

import asyncio
import sys
from argparse import Namespace
from getpass import getpass

from cli.render import as_json, moment, say, table
from cli.usage import WrongUsage
from domain.asks import (
    ApproveLimits,
    Arm,
    BeginEnrolment,
    ConfirmEnrolment,
    DemoCode,
    Disarm,
    Release,
    ReleasePreview,
    WhoAmI,
)
from domain.board import Mode
from domain.halts import Evidence, HaltState
from domain.ports import Desk

PROOF_S = 40
STATUS_S = 5


async def arm(desk: Desk, args: Namespace) -> int:
    """Let a LIVE engine send orders."""
    account = args.account or _typed("account to arm, in full: ", "ACCOUNT, like kraken/main")
    return _done(await desk.ask(Arm(code=code_of(args), account=account)), args)


async def disarm(desk: Desk, args: Namespace) -> int:
    """Send no new orders."""
    return _done(await desk.ask(Disarm(reason=args.reason)), args)


async def kill(desk: Desk, args: Namespace) -> int:
    """What is halted and proven, or its release."""
    if args.action == "release" or args.deactivate:
        return await _release(desk, args)
    # An engine that was started for this command alone begins to prove the halt anew.
    await _proven(desk, STATUS_S)
    return _kill_status(desk, args)


def _kill_status(desk: Desk, args: Namespace) -> int:
    board = desk.board
    if args.json:
        say(as_json({"level": int(board.level), "halts": list(board.halts)}))
        return 0
    if not board.halts:
        say("KILL READY: nothing is halted")
        last = board.last_halt
        if last is not None:
            say(f"last: {moment(last.at_us)} {last.reason} (by {last.actor})")
        return 0
    for halt in board.halts:
        say(f"KILLED {moment(halt.at_us)} {halt.scope} level {halt.level.name}: {halt.reason}")
        say(f"by {halt.actor}, {halt.state.value}")
        heads = ("ACCOUNT", "PROVEN", "OPEN BEFORE", "STILL OPEN", "UNKNOWN", "TRIES", "ERROR")
        say(table(heads, [_evidence(seen) for seen in halt.evidence], right="TRIES UNKNOWN"))
    return 0


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


async def _release(desk: Desk, args: Namespace) -> int:
    await _proven(desk, PROOF_S)
    preview = await desk.ask(ReleasePreview())
    if not desk.board.halts:
        return _done(preview, args)
    if not args.json:
        say(preview.detail)
    scope = getattr(args, "scope", "") or _typed("type the scope to release it: ", "--scope")
    reason = args.reason or _typed("why is it safe again: ", "--reason")
    accept = getattr(args, "accept_unverified", False)
    code = await code_for(desk, args)
    ask = Release(code=code, reason=reason, scope=scope, accept_unverified=accept)
    return _done(await desk.ask(ask), args)


async def _proven(desk: Desk, patience_s: float) -> None:
    """Give a cancel-all that is still under way the time to prove itself."""
    try:
        async with asyncio.timeout(patience_s):
            async for board in desk.watch():
                if not any(halt.state is HaltState.HALTING for halt in board.halts):
                    return
    except TimeoutError:
        return  # what is shown says what still stands against it


async def limits(desk: Desk, args: Namespace) -> int:
    """The limits in force and those that wait, or their approval."""
    if args.action == "approve":
        return _done(await desk.ask(ApproveLimits(code=code_of(args))), args)
    board = desk.board
    if args.json:
        waiting = dict(board.limits_pending)
        say(
            as_json(
                {"version": board.limits_version, "limits": dict(board.limits), "pending": waiting}
            )
        )
        return 0
    pending = board.limits_pending
    rows = [
        (name, value, pending.get(name, "") if pending.get(name) != value else "")
        for name, value in sorted(board.limits.items())
    ]
    say(table(("LIMIT", "IN FORCE", "WAITING"), rows, right="WAITING"))
    say(
        f"\nversion {board.limits_version}"
        + ("" if not pending else "; approve: quarterdeck limits approve")
    )
    return 0


async def totp(desk: Desk, args: Namespace) -> int:
    """Enrol a second factor."""
    me = await desk.ask(WhoAmI())
    enrolment = await desk.ask(BeginEnrolment(proof=args.proof))
    if args.json:
        say(as_json(enrolment))
    else:
        say(_qr(enrolment.uri))
        say(f"key for {me.operator}: {enrolment.secret}")
        say("\nrecovery codes (each works once; keep them off this machine):")
        for code in enrolment.recovery:
            say(f"  {code}")
    first = _typed("\nfirst code: ", "two codes, a line each, on standard input")
    second = _typed("the next code: ", "a second code on standard input")
    return _done(await desk.ask(ConfirmEnrolment(first=first, second=second)), args)


def _qr(uri: str) -> str:
    import io  # noqa: PLC0415 - only here

    import segno  # noqa: PLC0415 - only here

    drawn = io.StringIO()
    segno.make(uri, error="l").terminal(drawn, compact=True, border=2)
    return drawn.getvalue()


def _done(done: object, args: Namespace) -> int:
    say(as_json(done) if args.json else getattr(done, "detail", ""))
    return 0


async def code_for(desk: Desk, args: Namespace) -> str:
    """As `code_of`; a demo desk that was given none tells its own."""
    if desk.board.mode is not Mode.DEMO or getattr(args, "code", None):
        return code_of(args)
    code = (await desk.ask(DemoCode())).detail
    if not args.json:
        say(f"demo code: {code}")
    return code


def code_of(args: Namespace) -> str:
    """The second-factor code: given, read from standard input, or asked for."""
    told = getattr(args, "code", None)
    if told == "-":
        return sys.stdin.readline().strip()
    if told:
        return str(told)
    if not sys.stdin.isatty():
        raise WrongUsage(
            "nobody is here to be asked; give --code, or --code - to read it from standard input"
        )
    return getpass("code: ")


def _typed(prompt: str, instead: str) -> str:
    if sys.stdin.isatty():
        return input(prompt).strip()
    line = sys.stdin.readline()
    if not line:
        raise WrongUsage(f"nobody is here to be asked; give {instead}")
    return line.strip()
