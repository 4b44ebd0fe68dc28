"""Commands that fill in what no venue tells, with their flags: past prices, adopted balances."""

from cli.arguments import Commands, Parser, command, path


def add_adjusting(commands: "Commands[Parser]") -> None:
    """All of them, in the order of the help."""
    prices = command(
        commands,
        "import-prices",
        "prices of the past from a file, for fills and fees that carry no value of their own",
        more="CSV with the columns asset, price and date (2025-01-31: that whole day in UTC) or "
        "time (2025-01-31T14:00Z: the hour from then on). Twice is once. Status 77: a row cannot "
        "be read, and nothing was written down.",
    )
    prices.add_argument("file", type=path, metavar="FILE", help="the CSV file")
    prices.add_argument("--dry-run", action="store_true", help="tell what is new, write nothing")
    reconcile = command(commands, "reconcile", "settle what venue and facts disagree about")
    actions = reconcile.add_subparsers(dest="action", metavar="ACTION", required=True)
    adopt = command(
        actions,
        "adopt",
        "take an unexplained balance into the books for good (second factor)",
        more="It books exactly what venue and facts differ by, as one opening adjustment: no "
        "deposit, no gain. Better where it can be had: `quarterdeck import` of the venue's export.",
    )
    adopt.add_argument("--account", required=True, metavar="A", help="whose it is: kraken/main")
    adopt.add_argument("--asset", required=True, metavar="X", help="of which asset")
    adopt.add_argument("--reason", required=True, help="why, for the ledger")
    adopt.add_argument("--basis", default=None, metavar="COST", help="what units that came cost")
    adopt.add_argument("--acquired", default="", metavar="DATE", help="when they were acquired")
    adopt.add_argument(
        "--wallet", default="", metavar="W", help="it was moved from or to this futures wallet"
    )
    adopt.add_argument("--dry-run", action="store_true", help="tell the difference, book nothing")
    adopt.add_argument(
        "--code",
        default=None,
        help="second-factor or recovery code; `-` reads it from standard input; without this "
        "it is asked for",
    )
