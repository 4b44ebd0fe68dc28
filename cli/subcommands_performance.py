"""Commands about value over time with their flags: pull, history, returns, benchmark."""

from cli.arguments import Commands, Parser, command, count

_DEFAULT_LIMIT = 30


def add_performance(commands: "Commands[Parser]") -> None:
    """All of them, in the order of the help."""
    pull = command(
        commands,
        "pull",
        "read every account whole now, and take the snapshot that is due",
        more="Status 0: all is read and adds up; 1: there are open breaks; 3: an account could "
        "not be read, or the snapshot waits for something (--partial takes it without).",
    )
    pull.add_argument(
        "--partial", action="store_true", help="take the snapshot though it lacks something"
    )
    _limited(command(commands, "history", "daily snapshots of value, newest first"))
    returns = command(
        commands,
        "returns",
        "daily returns adjusted for deposits and withdrawals, TWR, XIRR, modified Dietz",
        more="A day reaches from its snapshot to the next one. The newest alone: --limit 1.",
    )
    _limited(returns)
    benchmark = command(
        commands,
        "benchmark",
        "the account's return beside that of fixed parts of some assets, day by day",
        more="The same deposits and withdrawals go into both (setting: benchmark.weights).",
    )
    _limited(benchmark)


def _limited(parser: Parser) -> None:
    parser.add_argument(
        "--limit", type=count, default=_DEFAULT_LIMIT, metavar="N", help="how many (30)"
    )
    parser.add_argument(
        "--account", default="", metavar="V/N", help="only kraken/main; without: all together"
    )
