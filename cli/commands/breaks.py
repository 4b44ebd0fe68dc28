"""breaks: where two sources contradict each other, what to do about it, and accepting it."""

from argparse import Namespace
from typing import Any

from cli.commands.control import code_for
from cli.render import as_json, moment, money, say
from domain.asks import AcceptBreak
from domain.board import Board, Break
from domain.breaks import remedy
from domain.ports import Desk


async def breaks(desk: Desk, args: Namespace) -> int:
    """The breaks that are open, or one of them accepted by name and with a second factor."""
    if args.action == "accept":
        ask = AcceptBreak(break_id=args.id, code=await code_for(desk, args), reason=args.reason)
        done = await desk.ask(ask)
        say(as_json(done) if args.json else done.detail)
        return 0
    board = desk.board
    known = sorted(board.breaks, key=lambda one: one.at_us)
    if args.json:
        say(as_json([_told(one) for one in known]))
        return 0
    say("\n\n".join(_lines(one, board) for one in known) or "no break is open")
    return 0


def _told(known: Break) -> dict[str, Any]:
    return {
        "break_id": known.break_id,
        "kind": known.kind,
        "account": known.account,
        "detail": known.detail,
        "since": moment(known.at_us),
        "at_us": known.at_us,
        "value": known.value,
        "remedy": remedy(known),
    }


def _lines(known: Break, board: Board) -> str:
    size = "size not known"
    if known.value is not None:
        size = f"{money(known.value)} {board.base_currency}"
    return (
        f"{known.kind}  {known.account}  {size}  since {moment(known.at_us)}\n"
        f"  {known.detail}\n"
        f"  what to do: {remedy(known)}\n"
        f"  looked into: quarterdeck breaks accept '{known.break_id}' --reason WHY"
    )
