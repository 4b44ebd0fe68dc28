"""The flags of `quarterdeck alerts`."""

from cli.arguments import Commands, Parser, command


def add_alerts(commands: "Commands[Parser]") -> None:
    """test-mail."""
    alerts = command(commands, "alerts", "how the desk tells people who are not looking")
    actions = alerts.add_subparsers(dest="action", metavar="ACTION", required=True)
    tried = command(
        actions,
        "test-mail",
        "send a mail that only tries the way",
        more="Through the server of alerts.mail; to every operator with an email, or to --to.",
    )
    tried.add_argument("--to", default="", metavar="ADDRESS", help="only to this address")
