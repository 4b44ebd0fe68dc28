"""What the command line is made of: the parser, the flags of every command, kinds of values.

The one rule: nothing here imports what takes time; `--help` is read more often than anything.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from pathlib import Path

# Whoever is in a hurry types `kill "reason"`; the answer must be the right words at once.
HINTS = {"quarterdeck kill": 'To stop everything: quarterdeck --kill "REASON"\n'}
EVERYWHERE = frozenset({"config", "data_dir", "mode", "scenario", "seed", "json"})


_KEY = re.compile(r"[0-9a-f]{64}")


def path(text: str) -> "Path":
    """A path as it was typed."""
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


class Outline:
    """Stands for a command that is listed and not entered: a parser is slow to make."""

    def __init__(self, **_: object) -> None:
        pass

    def __getattr__(self, _: str) -> "Callable[..., Outline]":
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


def common_flags(parser: argparse.ArgumentParser, *, top: bool = False) -> None:
    """Flags that mean the same before and after the command."""
    unset = None if top else argparse.SUPPRESS
    flags = parser.add_argument_group("everywhere")
    flags.add_argument("--config", type=path, default=unset, metavar="FILE", help="settings file")
    flags.add_argument(
        "--data-dir", type=path, default=unset, metavar="DIR", help="where the books are kept"
    )
    modes = flags.add_mutually_exclusive_group()
    for mode, meaning in (
        ("demo", "generated market, no keys, no network"),
        ("paper", "live prices, simulated orders and accounts; no keys"),
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


def command(commands: "Commands[Parser]", name: str, meaning: str, *, more: str = "") -> Parser:
    """One command (or its action) with the flags of all."""
    parser = commands.add_parser(
        name,
        help=meaning,
        description=f"{meaning[0].upper()}{meaning[1:]}. {more}".strip(),
    )
    common_flags(parser)
    return parser


def public_key(text: str) -> str:
    """64 hexadecimal digits, or the first ones in a file of that name."""
    told = text.strip().lower()
    if not _KEY.fullmatch(told):
        try:
            found = _KEY.search(path(text).read_text(encoding="utf-8", errors="replace").lower())
        except OSError:
            found = None
        if found is None:
            raise argparse.ArgumentTypeError(
                f"{text!r} is neither 64 hexadecimal digits nor a file with them"
            )
        told = found.group()
    return told


def scope(text: str) -> str:
    """A scope as `domain.scopes` writes it."""
    from domain.scopes import NotAScope, Scope  # noqa: PLC0415 - `--help` needs none

    try:
        return str(Scope.parse(text))
    except NotAScope as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def kill_terms(parser: argparse.ArgumentParser, *, top: bool = False) -> None:
    """What a kill stops and how far; GLOBAL HALT_CANCEL where nothing is said."""
    parser.add_argument(
        "--scope",
        dest="kill_scope",
        type=scope,
        default="GLOBAL" if top else argparse.SUPPRESS,
        metavar="SCOPE",
        help="with --kill: GLOBAL, VENUE:kraken, ACCOUNT:kraken/main, STRATEGY:x, SYMBOL:BTC/USD",
    )
    parser.add_argument(
        "--level",
        dest="kill_level",
        choices=("REDUCE_ONLY", "HALT", "HALT_CANCEL"),
        default="HALT_CANCEL" if top else argparse.SUPPRESS,
        help="with --kill: only sales of what is held; nothing new, orders stay; all cancelled",
    )


def count(text: str) -> int:
    """A whole number over 0."""
    if not text.isdigit() or not 0 < int(text) <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number over 0")
    return int(text)
