"""Tax forms and exports, as `--help` shows them."""

import argparse

from cli.arguments import Commands, Parser, command, count, path

WHAT = ("trades", "balances", "returns", "lots", "ledger")
FORMATS = ("csv", "json", "beancount", "hledger")


def add_tax_commands(commands: "Commands[Parser]") -> None:
    """Tax and export, straight from the ledger's file, engine or no engine."""
    _tax(commands)
    _export(commands)


def _tax(commands: "Commands[Parser]") -> None:
    tax = command(
        commands,
        "tax",
        "Form 8949 of a year, and what could be harvested",
        more="Exit status: 0 complete; 1 a broker's form differs; 3 rows or facts lack a basis, a "
        "date or a price: they are named, and never counted as zero.",
    )
    tax.add_argument("--year", type=int, metavar="YYYY", help="the tax year, like 2025")
    tax.add_argument("--output", type=path, metavar="FILE", help="write the form to a new CSV file")
    tax.add_argument(
        "--dollars", action="store_true", help="every amount in whole dollars, not in cents"
    )
    tax.add_argument(
        "--form-1099da",
        type=path,
        metavar="FILE",
        help="a broker's 1099-DA as CSV, columns named by its boxes: decides our boxes, and is "
        "compared on its own footing, gross or net",
    )
    tax.add_argument("--account", default="", metavar="A", help="whose form it is: kraken/main")
    tax.add_argument(
        "--allocation",
        type=count,
        default=0,
        metavar="N",
        help="read this allocation version (the one the year was filed with, else all of today)",
    )
    actions = tax.add_subparsers(dest="action", metavar="ACTION")
    _file(actions)
    harvest = command(
        actions,
        "harvest",
        "lots that are worth less than they cost, and what selling them would realise",
        more="Nothing is ordered. Prices are the newest that the ledger tells, with their age.",
    )
    harvest.add_argument("--asset", default="", metavar="A", help="only this asset")
    harvest.add_argument(
        "--account", default=argparse.SUPPRESS, metavar="A", help="only in this account"
    )
    harvest.add_argument(
        "--price",
        action="append",
        default=[],
        metavar="A=P",
        help="take this price, like BTC=61000; may be given again",
    )
    harvest.add_argument(
        "--quantity", default="", metavar="QTY", help="sell so much of --asset instead"
    )


def _file(actions: "Commands[Parser]") -> None:
    filed = command(
        actions,
        "file",
        "write down that a year was filed with an allocation version (second factor)",
        more="Once a year, and for good: its form reads that version from then on.",
    )
    filed.add_argument(
        "--year", type=int, default=argparse.SUPPRESS, metavar="YYYY", help="the tax year"
    )
    filed.add_argument(
        "--allocation",
        type=count,
        default=argparse.SUPPRESS,
        metavar="N",
        help="the version it was filed with (the newest)",
    )
    filed.add_argument(
        "--code",
        default=None,
        help="second-factor or recovery code; `-` reads it from standard input; without this "
        "it is asked for",
    )


def _export(commands: "Commands[Parser]") -> None:
    export = command(
        commands,
        "export",
        "trades, daily balances and returns, open lots or the whole ledger, for other programs",
        more="All digits, as they are in the ledger; what nobody knows is empty. Journals hold "
        "every posting and assert what every account holds.",
    )
    export.add_argument("what", choices=WHAT, help="what to export")
    export.add_argument(
        "--format",
        choices=FORMATS,
        help="csv (unless told otherwise), json (the ledger: a line a row), or a journal of the "
        "trades or the ledger",
    )
    export.add_argument(
        "--output", type=path, metavar="FILE", help="a new file, instead of standard output"
    )
