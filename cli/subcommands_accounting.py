"""Commands about figures with their flags: P&L, net asset value, lots, allocations, elections."""

from cli.arguments import Commands, Parser, command, count

WINDOWS = ("24h", "7d", "30d", "day", "all")
METHODS = ("FIFO", "LIFO", "HIFO", "ACB")
_DEFAULT_LIMIT = 50


def add_accounting(commands: "Commands[Parser]") -> None:
    """All of them, in the order of the help."""
    _figures(commands)
    _allocations(commands)
    _elect(commands)
    _claim(commands)


def _figures(commands: "Commands[Parser]") -> None:
    pnl = command(
        commands,
        "pnl",
        "realised and unrealised profit and loss by asset and window",
        more="Sales are matched on the whole history; what is not known is named, never zero.",
    )
    pnl.add_argument("--asset", default="", metavar="A", help="only this asset")
    pnl.add_argument("--account", default="", metavar="V/N", help="only there: kraken/main")
    pnl.add_argument("--window", choices=WINDOWS, default="", help="only this window")
    command(commands, "nav", "net asset value by asset, venue and account, with price ages")
    command(commands, "accounts", "each account: its value, its feed, since when it is clean")
    lots = command(commands, "lots", "open tax lots, oldest first, with basis and gain")
    lots.add_argument("--asset", default="", metavar="A", help="only this asset")
    lots.add_argument("--account", default="", metavar="V/N", help="only there: kraken/main")
    _paged(lots)
    explain = command(
        commands,
        "explain",
        "what a figure is made of: lots, fills, the venue's trade ids, ledger rows",
    )
    explain.add_argument("figure", choices=("realised", "unrealised"), help="which figure")
    explain.add_argument("asset", metavar="ASSET", help="of which asset")
    explain.add_argument("--account", default="", metavar="V/N", help="only there: kraken/main")
    explain.add_argument("--window", choices=WINDOWS, default="all", help="of sales in it (all)")
    _paged(explain)


def _paged(parser: Parser) -> None:
    parser.add_argument(
        "--limit", type=count, default=_DEFAULT_LIMIT, metavar="N", help="how many (50)"
    )
    parser.add_argument(
        "--skip", type=count, default=0, metavar="N", help="leave out the first N (0)"
    )


def _allocations(commands: "Commands[Parser]") -> None:
    allocations = command(commands, "allocations", "versions of which lot each sale was matched to")
    actions = allocations.add_subparsers(dest="action", metavar="ACTION", required=True)
    compute = command(actions, "compute", "make the next version of all facts of now")
    of = compute.add_mutually_exclusive_group()
    of.add_argument(
        "--symbol",
        action="append",
        default=[],
        metavar="A",
        help="only this asset (BTC, or BTC/USD); may be repeated",
    )
    of.add_argument("--all", action="store_true", help="every asset (this is the default)")
    listed = command(actions, "list", "the versions, newest first")
    listed.add_argument("--limit", type=count, default=20, metavar="N", help="how many (20)")
    show = command(actions, "show", "the rows of a version, and whether its digest is proven")
    show.add_argument("number", type=count, metavar="N", help="which version")
    show.add_argument("--asset", default="", metavar="A", help="only this asset")
    _paged(show)
    diff = command(actions, "diff", "which rows came and went between two versions")
    diff.add_argument("old", type=count, metavar="N", help="the older version")
    diff.add_argument("new", type=count, metavar="M", help="the newer version")
    diff.add_argument(
        "--limit", type=count, default=_DEFAULT_LIMIT, metavar="N", help="how many of each (50)"
    )
    validate = command(
        actions,
        "validate",
        "prove a version: nothing twice, nothing lost, every sale covered or listed",
        more="Exit status 0 if nothing is wrong, else 1.",
    )
    validate.add_argument("number", type=count, metavar="N", help="which version")


def _elect(commands: "Commands[Parser]") -> None:
    elect = command(
        commands,
        "elect",
        "how lots are matched, or another rule from a date on (second factor)",
        more="Without a rule it shows what holds. An election stands in the ledger for good; "
        "a later one takes its place from its own date on.",
    )
    elect.add_argument("--method", choices=METHODS, default="", help="which lot a sale takes")
    elect.add_argument("--asset", default="", metavar="A", help="the method for this asset only")
    elect.add_argument(
        "--scope", choices=("universal", "account"), default="", help="over all accounts, or each"
    )
    elect.add_argument(
        "--accounts",
        default="",
        metavar="A,B",
        help="with --scope account: who gets the oldest lots, in this order",
    )
    elect.add_argument(
        "--transfer-fee",
        choices=("disposal", "carries-basis"),
        default="",
        help="what becomes of units that a transfer uses up",
    )
    elect.add_argument(
        "--swap-fee",
        choices=("shrinks-lot", "reduces-value"),
        default="",
        help="of a fee in the asset that a swap gets",
    )
    elect.add_argument(
        "--fees", choices=("in-basis", "apart"), default="", help="fees in basis, or apart"
    )
    elect.add_argument(
        "--pegged", default=None, metavar="A,B", help="coins that count as one unit each; '' none"
    )
    elect.add_argument(
        "--from", dest="since", default="", metavar="DATE", help="from this date on (now)"
    )
    _code(elect)


def _claim(commands: "Commands[Parser]") -> None:
    claim = command(
        commands,
        "claim",
        "say what a movement was: its basis, its kind, a transfer (second factor)",
        more="REF is a movement's key (`quarterdeck ledger tail --kind movement_booked --json`), "
        "or opening:VENUE/ACCOUNT:ASSET.",
    )
    actions = claim.add_subparsers(dest="action", metavar="ACTION", required=True)
    basis = command(actions, "basis", "what units that came in had cost")
    basis.add_argument("reference", metavar="REF", help="the deposit or opening balance")
    basis.add_argument("value", metavar="COST", help="the whole cost, in the base currency")
    basis.add_argument("--acquired", required=True, metavar="DATE", help="when they were acquired")
    basis.add_argument("--quantity", default=None, metavar="QTY", help="of so many (all of it)")
    transfer = command(actions, "transfer", "a withdrawal and a deposit are one transfer of ours")
    transfer.add_argument("departure", metavar="REF", help="the withdrawal")
    transfer.add_argument("arrival", metavar="REF", help="the deposit")
    transfer.add_argument("--rate", default=None, metavar="P", help="one unit's price, for the fee")
    kind = command(actions, "kind", "what a movement was")
    kind.add_argument("reference", metavar="REF", help="the movement")
    kind.add_argument(
        "kind",
        metavar="KIND",
        help="income, staking, airdrop, interest; payment, gift, loss; funding",
    )
    kind.add_argument("--value", default=None, metavar="V", help="its worth then")
    back = command(actions, "withdraw", "what was said of a movement no longer counts")
    back.add_argument("reference", metavar="REF", help="the movement")
    back.add_argument("--reason", required=True, help="why, for the ledger")
    for parser in (basis, transfer, kind, back):
        _code(parser)


def _code(parser: Parser) -> None:
    parser.add_argument(
        "--code",
        default=None,
        help="second-factor or recovery code; `-` reads it from standard input; without this "
        "it is asked for",
    )
