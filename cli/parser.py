"""The command line: every flag and command, and nothing that is slow to import.

The one rule: `--help` here is the manual and imports nothing that takes time; a mistake is
answered with exit status 64 and a word on what to write instead.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import cast

from cli.arguments import Outline, Parser, common_flags, kill_terms
from cli.subcommands import add_commands
from cli.version import __version__

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


KILL_TERMS = ("GLOBAL", "HALT_CANCEL", "")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The parsed command line; leaves the process for --help, --version and mistakes."""
    words = sys.argv[1:] if arguments is None else arguments
    parser = build(whole=any(not word.startswith("-") for word in words))
    told = parser.parse_args(words)
    if told.kill is not None:
        told.kill = " ".join(told.kill) or told.kill_reason
    if told.kill is not None and told.kill.strip().lower() in ("status", "release", "help", ""):
        parser.error(
            "--kill takes the reason for stopping everything, in quotes. "
            "For the others: `quarterdeck kill status`, `quarterdeck kill release`"
        )
    narrowed = (told.kill_scope, told.kill_level, told.kill_reason) != KILL_TERMS
    if told.kill is None and narrowed and told.command != "kill":
        parser.error("--scope, --level and --reason belong to --kill")
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
    common_flags(parser, top=True)
    parser.add_argument("--daemon", action="store_true", help="run the engine without a screen")
    parser.add_argument(
        "--kill",
        nargs="*",
        metavar="REASON",
        help="halt all trading, cancel every open order, verify it; works with a hung engine "
        "and with none",
    )
    kill_terms(parser, top=True)
    parser.add_argument("--reason", dest="kill_reason", default="", help="with --kill: why")
    parser.add_argument(
        "--new-seal-key",
        action="store_true",
        help="the key that sealed the ledger is lost: adopt a new one (--observe, not --live)",
    )
    parser.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    commands = parser.add_subparsers(
        dest="command",
        metavar="COMMAND",
        title="commands",
        parser_class=Parser if whole else cast("type[Parser]", Outline),
    )
    add_commands(commands)
    return parser
