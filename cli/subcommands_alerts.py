"""The flags of `quarterdeck alerts`."""

from cli.arguments import Commands, Parser, command


def add_alerts(commands: "Commands[Parser]") -> None:
    """test-mail, test-webhook."""
    alerts = command(commands, "alerts", "how the desk tells people who are not looking")
    actions = alerts.add_subparsers(dest="action", metavar="ACTION", required=True)
    tried = command(
        actions,
        "test-mail",
        "send a mail that only tries the way",
        more="Through the server of alerts.mail; to every operator with an email, or to --to.",
    )
    tried.add_argument("--to", default="", metavar="ADDRESS", help="only to this address")
    posted = command(
        actions,
        "test-webhook",
        "post a message that only tries the way",
        more="To the webhook NAME of alerts.webhooks, or to each of them.",
    )
    posted.add_argument("name", nargs="?", default="", metavar="NAME", help="only this one")
