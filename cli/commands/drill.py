"""drill: try the kill switch on canaries, see how fast it was, and when it was last tried."""

import sys
from argparse import Namespace
from typing import Any

from cli.commands.control import code_for
from cli.render import as_json, moment, say, table
from cli.usage import WrongUsage
from domain.asks import Release, WhoAmI
from domain.board import Mode
from domain.drills import (
    REMINDER_DAYS,
    SCOPE,
    DrillCompleted,
    ReadDrills,
    RunDrill,
    days_since,
    overdue,
)
from domain.errors import Refused
from domain.ports import Desk

NOT_PROVEN = 75
MILLISECOND_US = 1_000
STAGES = (
    ("gate closed", "gate_us"),
    ("first cancel sent", "first_cancel_us"),
    ("canaries ended", "cancelled_us"),
    ("verified", "verified_us"),
)


async def drill(desk: Desk, args: Namespace) -> int:
    """Run a drill, or tell of those that were."""
    if args.action == "kill":
        return await _run(desk, args)
    past = await desk.ask(ReadDrills(limit=1 if args.action == "status" else args.limit))
    return _history(past, args) if args.action == "history" else _status(desk, past, args)


async def _run(desk: Desk, args: Namespace) -> int:
    await _can_release(desk, args)
    if not args.json:
        say(_before(desk, args))
    done = await desk.ask(RunDrill(venue=args.venue, live_canaries=args.live_canaries))
    if not args.json:
        say(_told(done))
    released = ""
    if done.proven and not args.keep_halted:
        code = await code_for(desk, args)
        ask = Release(code=code, reason="the drill is over", scope=SCOPE)
        released = (await desk.ask(ask)).detail
    if args.json:
        say(as_json({"drill": done, "proven": done.proven, "released": bool(released)}))
    else:
        say(released or f"{SCOPE} stays halted: quarterdeck kill release --scope {SCOPE}")
    return 0 if done.proven else NOT_PROVEN


async def _can_release(desk: Desk, args: Namespace) -> None:
    """A drill ends with a release: whether one can be given is asked before anything is placed."""
    if args.keep_halted or desk.board.mode is Mode.DEMO:
        return
    me = await desk.ask(WhoAmI())
    if not me.enrolled:
        raise Refused(
            "second_factor",
            "a drill ends with a release, which takes a code; run `quarterdeck totp enrol` first, "
            "or drill with --keep-halted",
        )
    if not getattr(args, "code", None) and not sys.stdin.isatty():
        raise WrongUsage(
            "a drill ends with a release: give --code, --code - to read it from standard input, "
            "or --keep-halted"
        )


def _before(desk: Desk, args: Namespace) -> str:
    where = f"each account at {args.venue}" if args.venue else "each account"
    real = "REAL" if desk.board.mode is Mode.LIVE else "simulated"
    return (
        f"{desk.board.mode.value}: one smallest {real} order away from the market at {where}, then "
        f"a halt over {SCOPE} alone cancels them and is proven; other orders are not touched. "
        "Only a code releases the halt."
    )


def _told(done: DrillCompleted) -> str:
    rows = [(name, _span(getattr(done, field))) for name, field in STAGES]
    lines = [
        table(("STAGE", "AFTER THE TRIP"), rows, right="AFTER"),
        f"{len(done.canaries)} canaries at {', '.join(done.accounts)}",
        *(f"left out: {why}" for why in done.left_out),
        "PROVEN" if done.proven else f"NOT PROVEN: {done.problem}",
    ]
    return "\n".join(lines)


def _span(took_us: int) -> str:
    if took_us < 0:
        return "never"
    return f"{took_us} us" if took_us < MILLISECOND_US else f"{took_us // MILLISECOND_US:,} ms"


def _status(desk: Desk, past: tuple[DrillCompleted, ...], args: Namespace) -> int:
    board = desk.board
    days = days_since(board.drilled_us, board.now_us)
    late = overdue(board.drilled_us, board.now_us)
    if args.json:
        told: dict[str, Any] = {
            "days_since_proven": days,
            "proven": moment(board.drilled_us) if board.drilled_us else None,
            "overdue": bool(late),
            "reminder_days": REMINDER_DAYS,
            "newest": past[0] if past else None,
        }
        say(as_json(told))
        return 0
    if days is not None:
        say(f"last proven drill {moment(board.drilled_us)}, {days} days ago")
    if late:
        say(late)
    if past:
        say(f"\nthe newest, {moment(past[0].at_us)} by {past[0].actor}:\n{_told(past[0])}")
    return 0


def _history(past: tuple[DrillCompleted, ...], args: Namespace) -> int:
    if args.json:
        say(as_json(list(past)))
        return 0
    heads = ("WHEN", "BY", "MODE", "CANARIES", *(name.upper() for name, _ in STAGES), "RESULT")
    rows = [
        (
            moment(one.at_us),
            one.actor,
            one.mode,
            str(len(one.canaries)),
            *(_span(getattr(one, field)) for _, field in STAGES),
            "proven" if one.proven else one.problem or "not verified",
        )
        for one in past
    ]
    say(table(heads, rows, right="CANARIES") if rows else "no drill yet")
    return 0
