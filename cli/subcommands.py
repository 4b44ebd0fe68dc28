"""Every command with its flags, as `--help` shows them."""

import argparse

from cli.arguments import Commands, Parser, command, count, kill_terms, path, public_key, scope
from cli.subcommands_accounting import add_accounting
from cli.subcommands_adjusting import add_adjusting
from cli.subcommands_alerts import add_alerts
from cli.subcommands_drill import add_drill
from cli.subcommands_performance import add_performance
from cli.subcommands_secrets import add_secrets
from cli.subcommands_tax import add_tax_commands
from cli.subcommands_withdrawals import add_withdrawals


def add_commands(commands: "Commands[Parser]") -> None:
    """All of them, in the order of the help."""
    _reading(commands)
    _trading(commands)
    add_withdrawals(commands)
    add_alerts(commands)
    _control(commands)
    add_drill(commands)
    add_secrets(commands)
    _ledger(commands)
    _import(commands)
    add_accounting(commands)
    add_performance(commands)
    add_adjusting(commands)
    add_tax_commands(commands)


def _reading(commands: "Commands[Parser]") -> None:
    command(commands, "status", "mode, venues, feeds, kill switch, limits, open breaks")
    command(commands, "balance", "balances per asset and account, valued")
    orders = command(commands, "orders", "working orders")
    orders.add_argument("--all", action="store_true", help="finished ones too")
    fills = command(commands, "fills", "executions, newest first")
    fills.add_argument("--limit", type=count, default=20, metavar="N", help="how many (20)")
    fills.add_argument("--venue", default="", help="only of this venue")
    fills.add_argument("--symbol", default="", help="only of this symbol")


def _trading(commands: "Commands[Parser]") -> None:
    check = command(commands, "check", "what the gate would say to an order, without ordering")
    _order_terms(check)
    order = command(commands, "order", "place, change or give up an order")
    kinds = order.add_subparsers(dest="action", metavar="ACTION", required=True)
    for side in ("buy", "sell"):
        placed = command(kinds, side, f"place a {side} order; a market order without --price")
        placed.set_defaults(side=side)
        _terms(placed)
    modify = command(kinds, "modify", "change quantity or price of a working order")
    modify.add_argument("id", help="the order's id (`quarterdeck orders`)")
    modify.add_argument("--quantity", metavar="QTY", help="the new whole quantity")
    modify.add_argument("--price", metavar="P", help="the new limit price")
    lost = command(
        kinds,
        "lost",
        "give up an order that no search can settle (second factor)",
        more="For one that is UNKNOWN, or has vanished from its venue. Look at the venue first: "
        "should it live after all, its fills are booked when they come.",
    )
    lost.add_argument("id", help="the order's id (`quarterdeck orders`)")
    lost.add_argument("--reason", required=True, help="why you are certain, for the ledger")
    _code(lost)
    cancel = command(commands, "cancel", "cancel one order, or all of ours")
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
    arm = command(commands, "arm", "let a LIVE engine send orders")
    arm.add_argument("account", nargs="?", default="", help="the account in full, like kraken/main")
    _code(arm)
    disarm = command(commands, "disarm", "send no new orders; open orders stay")
    disarm.add_argument("--reason", default="asked for", help="why, for the ledger")
    _kill(commands)
    _limits(commands)
    totp = command(commands, "totp", "the second factor")
    enrol = command(
        totp.add_subparsers(dest="action", metavar="ACTION", required=True),
        "enrol",
        "make a second factor: QR code, two codes, recovery codes",
    )
    enrol.add_argument(
        "--proof",
        default="",
        help="to enrol again: a code or a recovery code; `-` reads it from standard input",
    )
    broken = command(commands, "breaks", "where two sources contradict each other")
    answers = broken.add_subparsers(dest="action", metavar="ACTION")
    command(answers, "list", "what is open, since when, how large, and what to do about it")
    accepted = command(
        answers,
        "accept",
        "close a break that you have looked into (second factor)",
        more="It changes no figure: what is booked stays booked.",
    )
    accepted.add_argument("id", metavar="ID", help="the break's id (`quarterdeck breaks`)")
    accepted.add_argument("--reason", required=True, help="what you found, for the ledger")
    _code(accepted)
    command(commands, "doctor", "check this installation and say what to mend")
    known = command(commands, "venues", "what each exchange can and cannot, and what then")
    known.add_argument("venue", nargs="?", default="", help="only this one, with the reasons")
    tried = command(
        commands,
        "test-connection",
        "ask every venue something, and say what does not work and why",
        more="Where an engine runs, it tells what it sees; nothing is placed or changed.",
    )
    tried.add_argument("--venue", default="", help="only this venue")
    tried.add_argument(
        "--withdraw-keys",
        action="store_true",
        help="load the keys that withdraw, too, and ask what they may do",
    )


def _limits(commands: "Commands[Parser]") -> None:
    limits = command(
        commands,
        "limits",
        "the limits in force; lower them, raise them, and what was changed",
        more="docs/limits.md tells what each one counts, of the whole desk and within a scope.",
    )
    actions = limits.add_subparsers(dest="action", metavar="ACTION")
    command(actions, "show", "the limits in force and those that wait")
    changed = command(
        actions,
        "set",
        "change one limit: lower at once, higher after a cool-down and with a code",
        more="`off` takes a limit away, which is higher than any.",
    )
    changed.add_argument("name", metavar="NAME", help="like max_order_value; `limits` lists them")
    changed.add_argument("value", metavar="VALUE", help="the new value, or off")
    changed.add_argument("--scope", default="", help="of which part: VENUE:kraken, SYMBOL:BTC/USD")
    _code(command(actions, "approve", "put the waiting, looser limits in force (second factor)"))
    gone = command(actions, "cancel", "ask no longer for the looser limits that wait")
    gone.add_argument("--reason", default="asked for", help="why, for the ledger")
    past = command(actions, "history", "who changed what when, from the ledger, newest first")
    past.add_argument("--limit", type=count, default=20, metavar="N", help="how many (20)")


def _kill(commands: "Commands[Parser]") -> None:
    kill = command(
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
    kill_terms(kill)
    actions = kill.add_subparsers(dest="action", metavar="ACTION")
    command(actions, "status", "what is halted, since when, and what is proven")
    flatten = command(
        actions,
        "flatten",
        "stop, cancel, and then sell what is held for cash",
        more="It shows what would be sold; nothing happens before the scope is typed once more.",
    )
    flatten.add_argument("--scope", type=scope, default="GLOBAL", help="what to flatten")
    flatten.add_argument("--reason", default=argparse.SUPPRESS, help="why")
    flatten.add_argument("--preview", action="store_true", help="only show what would be sold")
    flatten.add_argument("--confirm", default="", help="the scope, typed once more")
    release = command(actions, "release", "release the halt with a second factor")
    _code(release)
    release.add_argument("--reason", default=argparse.SUPPRESS, help="why it is safe again")
    release.add_argument("--scope", default="", help="the scope of the halt, typed in full")
    release.add_argument(
        "--accept-unverified", action="store_true", help="though not every order is proven gone"
    )
    release.add_argument(
        "--acknowledge", action="store_true", help="though what tripped it is still true"
    )
    release.add_argument(
        "--reset-high-water", action="store_true", help="count drawdown from today's value on"
    )


def _code(parser: Parser) -> None:
    parser.add_argument(
        "--code",
        default=argparse.SUPPRESS,
        help="second-factor or recovery code; `-` reads it from standard input; without this "
        "it is asked for",
    )


def _ledger(commands: "Commands[Parser]") -> None:
    ledger = command(commands, "ledger", "verify, read or export the ledger")
    actions = ledger.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = command(actions, "verify", "prove the chain: 0 OK, 1 FAIL, 3 INCOMPLETE")
    verify.add_argument("--tail", type=count, default=0, metavar="N", help="only the newest N")
    verify.add_argument(
        "--require-evidence",
        action="store_true",
        help="INCOMPLETE unless sealed by --public-key and anchored",
    )
    verify.add_argument(
        "--public-key",
        type=public_key,
        metavar="KEY",
        help="the key that should have sealed it, 64 hexadecimal digits or a file with them",
    )
    verify.add_argument(
        "--anchors",
        type=path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="files with anchors: the anchor file, logs, mails (the book's own anchor file)",
    )
    command(actions, "key", "the public keys that sealed it, to be written down elsewhere")
    rekey = command(actions, "rekey", "seal with a new key from now on (second factor)")
    _code(rekey)
    loss = command(actions, "accept-loss", "go on without lost rows (second factor)")
    loss.add_argument("--reason", required=True, help="what happened, for the ledger")
    _code(loss)
    tail = command(actions, "tail", "the newest rows")
    tail.add_argument("--limit", type=count, default=20, metavar="N", help="how many (20)")
    tail.add_argument("--kind", default="", help="only of this kind")
    export = command(actions, "export", "every row, to verify outside (docs/verify_ledger.py)")
    export.add_argument(
        "--format", choices=("jsonl", "csv"), default="jsonl", help="what to write (jsonl)"
    )
    export.add_argument(
        "--output", type=path, metavar="FILE", help="a new file, instead of standard output"
    )


def _import(commands: "Commands[Parser]") -> None:
    taken = command(
        commands,
        "import",
        "book history from a file: a venue's own export, or the plain format",
        more="docs/import.md lists the formats. Twice is once: what is known is left alone.",
    )
    taken.add_argument("file", type=path, metavar="FILE", help="CSV, or JSON lines")
    taken.add_argument("--account", required=True, metavar="A", help="whose it is: kraken/main")
    taken.add_argument("--dry-run", action="store_true", help="tell what is in it, book nothing")
    taken.add_argument(
        "--skip-bad",
        action="store_true",
        help="book the good rows; the others go to FILE.rejected.csv",
    )
    taken.add_argument(
        "--utc-offset",
        default="",
        metavar="HH:MM",
        help="what the file's clock is ahead of UTC, where it does not say (--utc-offset=-05:00)",
    )
