"""The command line: every flag and command, and nothing that is slow to import.

The one rule: `--help` here is the manual and imports nothing that takes time; a mistake is
answered with exit status 64 and a word on what to write instead.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from cli.version import __version__

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = """\
Quarterdeck is a trading operations console: watch and trade crypto accounts on many exchanges
without losing control of them. Without a command it opens the full-screen console; if an engine
already runs on the same book (another console, or `--daemon`), it attaches to that."""

EPILOG = """\
examples:
  quarterdeck --demo                                 try it: no keys, no network
  quarterdeck --daemon --live                        the engine without a screen
  quarterdeck --kill "position looks wrong"          stop everything, engine or no engine
  quarterdeck order buy BTC/USD 0.01 --price 60000 --venue kraken
  quarterdeck check buy BTC/USD 0.5 --price 60000 --venue kraken    explain, order nothing
  quarterdeck ledger verify                          prove that nobody changed the ledger

exit status: 0 done, 64 usage, 69 not available, 70 corrupt, 75 outcome not known (yet),
77 refused by a rule, 78 configuration. `--kill`: 0 verified, 75 not verified, 69 no venue
reachable. `ledger verify`: 0 OK, 1 FAIL, 3 INCOMPLETE."""


# Whoever is in a hurry types `kill "reason"`; the answer must be the right words at once.
HINTS = {"quarterdeck kill": 'To stop everything: quarterdeck --kill "REASON"\n'}
EVERYWHERE = frozenset({"config", "data_dir", "mode", "scenario", "seed", "json"})


def _path(text: str) -> "Path":
    from pathlib import Path  # noqa: PLC0415 - `--help` needs none

    return Path(text)


class Parser(argparse.ArgumentParser):
    """argparse with the exit status of sysexits(3) for a wrong command line.

    Flags are never guessed from their beginnings: `--l` must not mean `--live`.
    """

    def __init__(self, **told: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=_Short, **told)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, how it is used, and leave with 64; an answer's place stays empty."""
        self.print_usage(sys.stderr)
        hint = HINTS.get(self.prog, "")
        self.exit(64, f"{self.prog}: {message}\n{hint}Try `{self.prog} --help`.\n")


class _Outline:
    """Stands for a command that is listed and not entered: a parser is slow to make."""

    def __init__(self, **_: object) -> None:
        pass

    def __getattr__(self, _: str) -> "Callable[..., _Outline]":
        return lambda *_, **__: self


class _Short(argparse.RawDescriptionHelpFormatter):
    """Help whose usage line leaves out what a command has in common with all others."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        """The usage line, of what is particular to the command."""
        of_a_command = " " in self._prog
        own = [a for a in actions if not (of_a_command and a.dest in EVERYWHERE)]
        super().add_usage(usage, own, groups, prefix)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The parsed command line; leaves the process for --help, --version and mistakes."""
    words = sys.argv[1:] if arguments is None else arguments
    parser = build(whole=any(not word.startswith("-") for word in words))
    told = parser.parse_args(words)
    if told.kill is not None:
        told.kill = " ".join(told.kill)
    if told.kill is not None and told.kill.strip().lower() in ("status", "release", "help", ""):
        parser.error(
            "--kill takes the reason for stopping everything, in quotes. "
            "For the others: `quarterdeck kill status`, `quarterdeck kill release`"
        )
    if told.kill is not None and (told.command or told.daemon):
        parser.error("--kill stands alone: it takes no command and no --daemon")
    if told.daemon and told.command:
        parser.error("--daemon stands alone: give the command beside it, in another terminal")
    return told


def build(*, whole: bool = True) -> Parser:
    """The parser; where it is not `whole` commands have their name and nothing else."""
    parser = Parser(
        prog="quarterdeck",
        description=DESCRIPTION,
        epilog=EPILOG,
    )
    parser.set_defaults(command="", mode=None)
    parser.add_argument(
        "--version",
        action="version",
        version=f"%(prog)s {__version__}",
        help="print the version and exit",
    )
    _globals(parser, top=True)
    parser.add_argument("--daemon", action="store_true", help="run the engine without a screen")
    parser.add_argument(
        "--kill",
        nargs="+",
        metavar="REASON",
        help="halt all trading, cancel every open order, verify it; works with a hung engine "
        "and with none",
    )
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    commands = parser.add_subparsers(
        dest="command",
        metavar="COMMAND",
        title="commands",
        parser_class=Parser if whole else cast("type[Parser]", _Outline),
    )
    _reading(commands)
    _trading(commands)
    _control(commands)
    _ledger(commands)
    return parser


def _globals(parser: argparse.ArgumentParser, *, top: bool = False) -> None:
    """Flags that mean the same before and after the command."""
    unset = None if top else argparse.SUPPRESS
    flags = parser.add_argument_group("everywhere")
    flags.add_argument("--config", type=_path, default=unset, metavar="FILE", help="settings file")
    flags.add_argument(
        "--data-dir", type=_path, default=unset, metavar="DIR", help="where the books are kept"
    )
    modes = flags.add_mutually_exclusive_group()
    for mode, meaning in (
        ("demo", "generated market, no keys, no network"),
        ("paper", "live prices, simulated orders (not there yet)"),
        ("observe", "live accounts, no orders at all: no key that trades is read"),
        ("live", "real orders; starts disarmed, and the settings must say `mode: live` too"),
    ):
        modes.add_argument(
            f"--{mode}",
            dest="mode",
            action="store_const",
            const=mode.upper(),
            default=argparse.SUPPRESS,
            help=meaning,
        )
    flags.add_argument(
        "--scenario",
        choices=("bull", "bear", "crash", "sideways", "volatile"),
        default=unset,
        help="the demo market's weather",
    )
    flags.add_argument("--seed", type=int, default=unset, help="the demo market's seed")
    flags.add_argument(
        "--json",
        action="store_true",
        default=False if top else argparse.SUPPRESS,
        help="answer with one JSON document",
    )


Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse gives this type no public name


def _command(commands: "Commands[Parser]", name: str, meaning: str, *, more: str = "") -> Parser:
    parser = commands.add_parser(
        name,
        help=meaning,
        description=f"{meaning[0].upper()}{meaning[1:]}. {more}".strip(),
    )
    _globals(parser)
    return parser


def _reading(commands: "Commands[Parser]") -> None:
    _command(commands, "status", "mode, venues, feeds, kill switch, limits, open breaks")
    _command(commands, "balance", "balances per asset and account, valued")
    orders = _command(commands, "orders", "working orders")
    orders.add_argument("--all", action="store_true", help="finished ones too")
    fills = _command(commands, "fills", "executions, newest first")
    fills.add_argument("--limit", type=_count, default=20, metavar="N", help="how many (20)")
    fills.add_argument("--venue", default="", help="only of this venue")
    fills.add_argument("--symbol", default="", help="only of this symbol")


def _trading(commands: "Commands[Parser]") -> None:
    check = _command(commands, "check", "what the gate would say to an order, without ordering")
    _order_terms(check)
    order = _command(commands, "order", "place or change an order")
    kinds = order.add_subparsers(dest="action", metavar="ACTION", required=True)
    for side in ("buy", "sell"):
        placed = _command(kinds, side, f"place a {side} order; a market order without --price")
        placed.set_defaults(side=side)
        _terms(placed)
    modify = _command(kinds, "modify", "change quantity or price of a working order")
    modify.add_argument("id", help="the order's id (`quarterdeck orders`)")
    modify.add_argument("--quantity", metavar="QTY", help="the new whole quantity")
    modify.add_argument("--price", metavar="P", help="the new limit price")
    cancel = _command(commands, "cancel", "cancel one order, or all of ours")
    cancel.add_argument("id", nargs="?", default="", help="the order's id")
    cancel.add_argument("--all", action="store_true", help="every working order of ours")
    cancel.add_argument("--venue", default="", help="with --all: only at this venue")


def _order_terms(parser: Parser) -> None:
    parser.add_argument("side", choices=("buy", "sell"), help="which way")
    _terms(parser)


def _terms(parser: Parser) -> None:
    parser.add_argument("symbol", metavar="SYMBOL", help="like BTC/USD")
    parser.add_argument("quantity", metavar="QTY", help="in the base asset")
    parser.add_argument("--price", metavar="P", help="limit price; without it a market order")
    parser.add_argument("--venue", help="which venue; not needed when only one is configured")
    parser.add_argument("--account", default="", help="which account there (main)")
    parser.add_argument(
        "--tif", choices=("GTC", "IOC", "FOK"), default="GTC", help="time in force (GTC)"
    )
    parser.add_argument("--post-only", action="store_true", help="never take liquidity")
    parser.add_argument("--strategy", default="manual", help="a name for the books (manual)")


def _control(commands: "Commands[Parser]") -> None:
    arm = _command(commands, "arm", "let a LIVE engine send orders")
    arm.add_argument("account", nargs="?", default="", help="the account in full, like kraken/main")
    _code(arm)
    disarm = _command(commands, "disarm", "send no new orders; open orders stay")
    disarm.add_argument("--reason", default="asked for", help="why, for the ledger")
    _kill(commands)
    limits = _command(commands, "limits", "the limits in force, or approve looser ones")
    actions = limits.add_subparsers(dest="action", metavar="ACTION")
    _command(actions, "show", "the limits in force and those that wait")
    _code(_command(actions, "approve", "put the waiting, looser limits in force"))
    totp = _command(commands, "totp", "the second factor")
    enrol = _command(
        totp.add_subparsers(dest="action", metavar="ACTION", required=True),
        "enrol",
        "make a second factor: QR code, two codes, recovery codes",
    )
    enrol.add_argument("--proof", default="", help="to enrol again: a code or a recovery code")
    _command(commands, "doctor", "check this installation and say what to mend")
    tried = _command(
        commands,
        "test-connection",
        "ask every venue something, and say what does not work and why",
        more="Where an engine runs, it tells what it sees; nothing is placed or changed.",
    )
    tried.add_argument("--venue", default="", help="only this venue")


def _kill(commands: "Commands[Parser]") -> None:
    kill = _command(
        commands,
        "kill",
        "the kill switch: status and release",
        more='To engage it: quarterdeck --kill "reason".',
    )
    kill.add_argument("--activate", action="store_true", help='the same as --kill "REASON"')
    kill.add_argument("--status", action="store_true", help="the same as `kill status`")
    kill.add_argument("--deactivate", action="store_true", help="the same as `kill release`")
    kill.add_argument("--auth-code", dest="code", help="the code, for --deactivate")
    kill.add_argument("--reason", default="", help="why")
    actions = kill.add_subparsers(dest="action", metavar="ACTION")
    _command(actions, "status", "what is halted, since when, and what is proven")
    release = _command(actions, "release", "release the halt with a second factor")
    _code(release)
    release.add_argument("--reason", default=argparse.SUPPRESS, help="why it is safe again")
    release.add_argument("--scope", default="", help="the scope, typed in full (GLOBAL)")
    release.add_argument(
        "--accept-unverified", action="store_true", help="though not every order is proven gone"
    )


def _code(parser: Parser) -> None:
    parser.add_argument(
        "--code",
        default=argparse.SUPPRESS,
        help="second-factor or recovery code; `-` reads it from standard input; without this "
        "it is asked for",
    )


def _ledger(commands: "Commands[Parser]") -> None:
    ledger = _command(commands, "ledger", "verify, read or export the ledger")
    actions = ledger.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = _command(actions, "verify", "prove the chain: 0 OK, 1 FAIL, 3 INCOMPLETE")
    verify.add_argument("--tail", type=_count, default=0, metavar="N", help="only the newest N")
    verify.add_argument(
        "--require-evidence", action="store_true", help="without seals and anchors: INCOMPLETE"
    )
    tail = _command(actions, "tail", "the newest rows")
    tail.add_argument("--limit", type=_count, default=20, metavar="N", help="how many (20)")
    tail.add_argument("--kind", default="", help="only of this kind")
    export = _command(actions, "export", "every row, to verify outside (docs/verify_ledger.py)")
    export.add_argument(
        "--format", choices=("jsonl", "csv"), default="jsonl", help="what to write (jsonl)"
    )
    export.add_argument(
        "--output", type=_path, metavar="FILE", help="a new file, instead of standard output"
    )


def _count(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number over 0")
    return int(text)
