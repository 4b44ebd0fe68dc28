"""arm, disarm, totp: who may do what, and how the second factor is given."""

import sys
from argparse import Namespace
from getpass import getpass

from cli.render import as_json, say
from cli.usage import WrongUsage
from domain.asks import (
    Arm,
    BeginEnrolment,
    ConfirmEnrolment,
    DemoCode,
    Disarm,
    WhoAmI,
)
from domain.board import Mode
from domain.ports import Desk


async def arm(desk: Desk, args: Namespace) -> int:
    """Let a LIVE engine send orders."""
    account = args.account or typed("account to arm, in full: ", "ACCOUNT, like kraken/main")
    return done(await desk.ask(Arm(code=code_of(args), account=account)), args)


async def disarm(desk: Desk, args: Namespace) -> int:
    """Send no new orders."""
    return done(await desk.ask(Disarm(reason=args.reason)), args)


async def totp(desk: Desk, args: Namespace) -> int:
    """Enrol a second factor."""
    me = await desk.ask(WhoAmI())
    proof = sys.stdin.readline().strip() if args.proof == "-" else args.proof
    enrolment = await desk.ask(BeginEnrolment(proof=proof))
    if args.json:
        say(as_json(enrolment))
    else:
        say(_qr(enrolment.uri))
        say(f"key for {me.operator}: {enrolment.secret}")
        say("\nrecovery codes (each works once; keep them off this machine):")
        for code in enrolment.recovery:
            say(f"  {code}")
    first = typed("\nfirst code: ", "two codes, a line each, on standard input")
    second = typed("the next code: ", "a second code on standard input")
    return done(await desk.ask(ConfirmEnrolment(first=first, second=second)), args)


def _qr(uri: str) -> str:
    import io  # noqa: PLC0415 - only here

    import segno  # noqa: PLC0415 - only here

    drawn = io.StringIO()
    segno.make(uri, error="l").terminal(drawn, compact=True, border=2)
    return drawn.getvalue()


def done(answer: object, args: Namespace) -> int:
    """What an ask was answered, as a sentence or as JSON."""
    say(as_json(answer) if args.json else getattr(answer, "detail", ""))
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


def typed(prompt: str, instead: str) -> str:
    """What a person types, or the next line of standard input.

    Raises:
        WrongUsage: with `instead`, what to give on the command line.
    """
    if sys.stdin.isatty():
        return input(prompt).strip()
    line = sys.stdin.readline()
    if not line:
        raise WrongUsage(f"nobody is here to be asked; give {instead}")
    return line.strip()
