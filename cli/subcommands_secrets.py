"""The flags of `quarterdeck secrets`."""

import argparse

from cli.arguments import Commands, Parser, command

PURPOSES = ("read", "trade", "withdraw")
_TYPED = (
    "The key is asked for without being shown, or read from standard input: key, secret and, "
    "where the venue gives one, passphrase, each on a line; or one JSON object with key, secret "
    "and passphrase. It is never given as an argument: other users see those."
)


def add_secrets(commands: "Commands[Parser]") -> None:
    """list, check, set, rotate."""
    secrets = command(commands, "secrets", "venue keys: where they are, how old, new ones")
    actions = secrets.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = command(actions, "list", "every configured key: store, fields, age; no value")
    _account(listed, "only of this account: kraken/main")
    checked = command(
        actions,
        "check",
        "whether every key can be had, is kept safely, and is not too old",
        more="Nothing is asked of a venue: `quarterdeck test-connection` does that.",
    )
    _account(checked, "only of this account: kraken/main")
    given = command(actions, "set", "keep a key where there is none yet", more=_TYPED)
    _target(given)
    changed = command(
        actions,
        "rotate",
        "put a new key in the place of an old one; a running engine tries it and takes it over",
        more=f"{_TYPED} If the engine cannot use it, the old key is put back. Delete the old key "
        "at the venue afterwards.",
    )
    _target(changed)
    changed.add_argument(
        "--code",
        default=argparse.SUPPRESS,
        help="second-factor or recovery code for the engine; without this it is asked for",
    )


def _account(parser: Parser, meaning: str) -> None:
    parser.add_argument("--account", default="", metavar="A", help=meaning)


def _target(parser: Parser) -> None:
    parser.add_argument(
        "reference",
        nargs="?",
        default="",
        metavar="REF",
        help="where to keep it (vault:…, aws:…, keyring:…, file:…); not needed where the "
        "settings name a place for the account and purpose",
    )
    _account(parser, "whose key it is: kraken/main")
    parser.add_argument(
        "--purpose",
        choices=PURPOSES,
        help="what it is for; without this the entry serves every purpose (with REF only)",
    )
