"""The report that `quarterdeck` prints where there is no terminal for a console."""

from argparse import Namespace

from cli.commands import reading
from cli.desks import some_desk
from cli.ground import stand
from cli.render import say


async def report(args: Namespace) -> int:
    """Mode, kill switch, venues and limits; then what every account has."""
    async with some_desk(stand(args)) as desk:
        await reading.status(desk, args)
        if args.json:
            return 0
        say("")
        await reading.balance(desk, args)
        say("\nFor the console itself, run this in a terminal.")
    return 0
