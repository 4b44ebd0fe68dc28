"""Commands about withdrawals and the address book with their flags."""

from cli.arguments import Commands, Parser, command, count

_DEFAULT_LIMIT = 20


def add_withdrawals(commands: "Commands[Parser]") -> None:
    """All of them, in the order of the help."""
    _withdraw(commands)
    _address(commands)


def _withdraw(commands: "Commands[Parser]") -> None:
    withdraw = command(
        commands,
        "withdraw",
        "ask for a withdrawal, approve it, follow it",
        more="The policy (withdrawals.policy) says who must approve what; nothing is sent twice.",
    )
    actions = withdraw.add_subparsers(dest="action", metavar="ACTION", required=True)
    request = command(actions, "request", "ask for a withdrawal")
    _terms(request)
    request.add_argument("--note", default="", help="what it is for")
    request.add_argument(
        "--key",
        default="",
        metavar="KEY",
        help="a name of yours: the same key with the same terms is the same request",
    )
    _terms(command(actions, "check", "what the policy would say, without asking for anything"))
    listed = command(actions, "list", "requests, open ones first")
    listed.add_argument(
        "--limit", type=count, default=_DEFAULT_LIMIT, metavar="N", help="how many (20)"
    )
    listed.add_argument("--open", action="store_true", help="only what is not over")
    listed.add_argument("--account", default="", metavar="V/N", help="only from kraken/main")
    _policy(command(actions, "policy", "the policy in force, and how the settings' differs"))
    _id(command(actions, "show", "one request in full"))
    approve = _id(
        command(actions, "approve", "approve what is shown (second factor)", more=_APPROVE)
    )
    approve.add_argument(
        "--hash",
        default="",
        metavar="HASH",
        help="the hash that you saw (12 digits do); without it you are shown and asked",
    )
    _code(approve)
    reject = _id(command(actions, "reject", "say no"))
    reject.add_argument("--reason", required=True, help="why, for the ledger")
    cancel = _id(command(actions, "cancel", "take a request back before it is sent"))
    cancel.add_argument("--reason", default="", help="why, for the ledger")
    _id(
        command(
            actions,
            "link",
            "a link to the approval page for yourself; good once and for 10 minutes",
            more="Where withdrawals.approval_method is email; see docs/approvals.md.",
        )
    )
    resolve = _id(
        command(
            actions,
            "resolve",
            "say whether a request that no search finds was sent (second factor)",
            more="Look at the venue first. Should it be there after all, its row counts.",
        )
    )
    said = resolve.add_mutually_exclusive_group(required=True)
    said.add_argument("--sent", metavar="VENUE_ID", default="", help="it was; the venue's id")
    said.add_argument("--not-sent", action="store_true", help="it was not")
    resolve.add_argument("--reason", required=True, help="how you know, for the ledger")
    _code(resolve)


def _policy(policy: Parser) -> None:
    actions = policy.add_subparsers(dest="policy_action", metavar="ACTION")
    approve = command(
        actions,
        "approve",
        "put the settings' policy in force after its cool-down (second factor)",
        more="You are shown what differs. What is surely tighter is in force at the start.",
    )
    approve.add_argument(
        "--version",
        dest="policy_version",
        default="",
        metavar="VERSION",
        help="the version that you saw; without it what waits is shown",
    )
    _code(approve)
    cancel = command(actions, "cancel", "let the settings' policy wait no more")
    cancel.add_argument("--reason", default="", help="why, for the ledger")


_APPROVE = "The code approves this hash and nothing else; a changed request needs another one."


def _terms(parser: Parser) -> None:
    parser.add_argument("amount", metavar="AMOUNT", help="how much, in the asset")
    parser.add_argument("asset", metavar="ASSET", help="like USDT")
    parser.add_argument(
        "--from", dest="account", required=True, metavar="V/N", help="kraken, or kraken/main"
    )
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", default="", metavar="NAME", help="an entry of the address book")
    where.add_argument("--address", default="", help="an address, which the book must hold")
    parser.add_argument("--network", default="", help="with --address: in the venue's words")
    parser.add_argument("--tag", default="", help="with --address: its tag or memo")


def _address(commands: "Commands[Parser]") -> None:
    address = command(commands, "address", "the places that money may be sent to")
    actions = address.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = command(actions, "add", "propose an entry; it must be confirmed, and then waits")
    add.add_argument("name", metavar="NAME", help="a name of your choice")
    add.add_argument("address", metavar="ADDRESS", help="the address, to the letter")
    add.add_argument("--venue", required=True, help="the venue that the money leaves")
    add.add_argument("--asset", required=True, help="what is sent, like USDT")
    add.add_argument("--network", default="", help="what carries it, in the venue's words")
    add.add_argument("--tag", default="", help="the tag or memo, where the recipient asks for one")
    add.add_argument(
        "--saved-as", default="", help="the venue's own name of it, where it needs one (Kraken)"
    )
    confirm = command(actions, "confirm", "confirm an entry (second factor)")
    confirm.add_argument("id", metavar="ID", help="the entry's id or name")
    _code(confirm)
    listed = command(actions, "list", "every entry, whole")
    listed.add_argument("--revoked", action="store_true", help="revoked ones too")
    revoke = command(actions, "revoke", "let nothing more go there, at once")
    revoke.add_argument("id", metavar="ID", help="the entry's id or name")
    revoke.add_argument("--reason", default="", help="why, for the ledger")


def _id(parser: Parser) -> Parser:
    parser.add_argument("id", metavar="ID", help="the request's id (`quarterdeck withdraw list`)")
    return parser


def _code(parser: Parser) -> None:
    parser.add_argument(
        "--code",
        default=None,
        help="second-factor or recovery code; `-` reads it from standard input; without this "
        "it is asked for",
    )
