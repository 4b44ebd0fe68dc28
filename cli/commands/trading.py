"""check, order, cancel: what the desk is asked to do with orders."""

from argparse import Namespace
from decimal import Decimal

from cli.commands.control import code_for
from cli.render import as_json, money, plain, say, table
from cli.usage import WrongUsage
from domain.asks import (
    CancelAll,
    CancelOrder,
    Check,
    MarkLost,
    ModifyOrder,
    SubmitOrder,
    Submitted,
)
from domain.board import Board
from domain.instruments import Account
from domain.money import NotANumber, number
from domain.orders import Draft, Kind, Side, Status, TimeInForce
from domain.ports import Desk
from domain.verdicts import RuleResult

EXPIRY_US = 10_000_000
NOT_KNOWN = 75
REFUSED = 77


async def check(desk: Desk, args: Namespace) -> int:
    """Explain what the gate would say, rule by rule."""
    verdict = await desk.ask(Check(draft=draft_of(args, desk.board)))
    if args.json:
        say(as_json(verdict))
    else:
        say(
            table(
                ("", "RULE", "USED", "RESERVED", "THIS", "LIMIT", "HEADROOM", "UNIT"),
                [_rule(r) for r in verdict.results],
                right="USED RESERVED THIS LIMIT HEADROOM",
            )
        )
        for result in verdict.results:
            if not result.passed:
                say(f"\n✗ {result.name}: {result.reason}")
        say(f"\n{'would pass' if verdict.approved else f'would be refused by {verdict.rule}'}")
        say(f"largest quantity that would pass: {plain(verdict.max_quantity)}")
    return 0 if verdict.approved else REFUSED


def _rule(result: RuleResult) -> tuple[str, ...]:
    sign = "✓" if result.passed else "✗"
    if result.limit is None:
        return (sign, result.name, "", "", "", "", "", "")
    figures = (result.used, result.reserved, result.this, result.limit, result.headroom)
    return (sign, result.name, *(money(figure) for figure in figures), result.unit)


async def order(desk: Desk, args: Namespace) -> int:
    """Place an order, change one, or give one up."""
    if args.action == "lost":
        code = await code_for(desk, args)
        lost = await desk.ask(MarkLost(client_id=args.id, code=code, reason=args.reason))
        return _answered(lost, json=args.json)
    expires_us = desk.board.now_us + EXPIRY_US
    if args.action == "modify":
        answer = await desk.ask(
            ModifyOrder(
                client_id=args.id,
                quantity=_number(args.quantity, "--quantity"),
                price=_number(args.price, "--price"),
                expires_us=expires_us,
            )
        )
    else:
        draft = draft_of(args, desk.board)
        answer = await desk.ask(SubmitOrder(draft=draft, expires_us=expires_us))
    return _answered(answer, json=args.json)


async def cancel(desk: Desk, args: Namespace) -> int:
    """Cancel one order, or all of ours."""
    if args.all == bool(args.id):
        raise WrongUsage("give one order's id, or --all")
    if args.all:
        venue = args.venue.lower()
        if venue and venue not in _venues(desk.board):
            raise WrongUsage(
                f"nothing was cancelled: there is no venue {venue}{_known(desk.board)}"
            )
        done = await desk.ask(CancelAll(venue=venue))
        say(as_json(done) if args.json else done.detail)
        return 0
    return _answered(await desk.ask(CancelOrder(client_id=args.id)), json=args.json)


def _answered(answer: Submitted, *, json: bool) -> int:
    if json:
        say(as_json(answer))
    else:
        venue = f" ({answer.venue_order_id})" if answer.venue_order_id else ""
        reason = f": {answer.reason}" if answer.reason else ""
        say(f"{answer.client_id}{venue} {answer.status.value}{reason}")
    if answer.status is Status.UNKNOWN:
        return NOT_KNOWN
    return REFUSED if answer.status is Status.REJECTED else 0


def draft_of(args: Namespace, board: Board) -> Draft:
    """The order that a command line describes.

    Raises:
        WrongUsage: naming the argument that does not fit.
    """
    price = _number(args.price, "--price")
    quantity = _number(args.quantity, "QTY")
    if quantity is None:
        raise WrongUsage("QTY is missing")
    return Draft(
        account=_account(args, board),
        symbol=_symbol(args.symbol),
        side=Side(args.side),
        kind=Kind.MARKET if price is None else Kind.LIMIT,
        quantity=quantity,
        price=price,
        time_in_force=TimeInForce(args.tif),
        post_only=args.post_only,
        strategy=args.strategy,
    )


def _symbol(text: str) -> str:
    base, _, quote = text.upper().partition("/")
    if not base or not quote:
        raise WrongUsage(f"SYMBOL: write BASE/QUOTE, like BTC/USD, instead of {text[:40]!r}")
    return f"{base}/{quote}"


def _account(args: Namespace, board: Board) -> Account:
    venue = (args.venue or "").lower()
    if not venue:
        venues = _venues(board)
        if len(venues) != 1:
            raise WrongUsage(f"say at which venue: --venue NAME{_known(board)}")
        venue = venues[0]
    return Account(venue, args.account or "main")


def _venues(board: Board) -> list[str]:
    return sorted({Account.parse(account).venue for account in board.accounts})


def _known(board: Board) -> str:
    return f" (configured: {', '.join(_venues(board)) or 'none'})"


def _number(text: str | None, where: str) -> Decimal | None:
    if text is None:
        return None
    try:
        return number(text)
    except NotANumber as error:
        raise WrongUsage(f"{where}: {error}; write it like 0.25 or 60000") from None
