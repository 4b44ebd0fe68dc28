"""secrets set and rotate: a key goes into its store, and a running engine takes it over.

The one rule: what an engine refuses is not left in the store, the old entry is put back; where
it is not known whether the engine took the new key, the new one stays.
"""

import json
import sys
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from getpass import getpass

from cli.commands.control import code_of
from cli.desks import is_running
from cli.ground import Ground
from cli.render import as_json, say
from cli.usage import WrongUsage
from config.kept import Kept
from config.references import Reference, parse_reference
from config.secrets import PARTS
from config.secrets_stores import SecretStores, fields_of
from config.secrets_told import checked, has_key, with_key
from domain.errors import DeskError, InDoubt, Misconfigured, Refused, Unavailable
from domain.instruments import Account
from domain.keys import Purpose
from domain.rekeying import ReloadKey
from engine.remote import attached
from venues.keys import Keys, Secret

EVERY_PURPOSE = "api"
LONGEST = 20_000
ENGINE = "engine"  # who is not available when nobody answers: it may have the new key
SEEN_BY = "`quarterdeck ledger tail --kind key_rotated`"
NOT_IN_USE = "mode"  # the rule by which an engine says that it uses no such key
KEPT_HERE = ("vault", "aws", "keyring", "file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a key goes, and whose it is; `purpose` None: the entry serves every purpose."""

    where: Reference
    account: Account | None
    purpose: Purpose | None

    @property
    def prefix(self) -> str:
        """What the key's fields begin with."""
        return self.purpose.value if self.purpose else EVERY_PURPOSE


async def change(ground: Ground, args: Namespace) -> int:
    """Keep a new key; `rotate` has the engine use it, where one runs."""
    target = target_of(ground, args)
    stores = ground.secrets(ground.places.book)
    before = stores.kept(target.where)
    fields = {} if before is None else fields_of(before, target.where)
    rotates = args.action == "rotate"
    if rotates != has_key(fields, target.prefix):
        raise WrongUsage(_other_command(target, rotates=rotates))
    keys = typed_key()
    told = with_key(fields, keys, target.prefix, ground.clock.now_us())
    checked(stores, told, target.purpose or Purpose.READ, target.where)
    running = rotates and is_running(ground) and bool(target.account and target.purpose)
    code = code_of(args) if running else ""
    stores.keep_at(target.where, json.dumps(told), before)
    detail = "no engine runs: the next start uses it; `quarterdeck test-connection` tries it"
    if running:
        detail = await _taken_over(ground, stores, target, before, code)
    elif not rotates:
        detail = "kept; `quarterdeck test-connection` tries it"
    elif is_running(ground):
        detail = "kept; name --account and --purpose, and the engine takes it over at once"
    _say(target, detail, in_use=running, json_=args.json)
    return 0


def target_of(ground: Ground, args: Namespace) -> Target:
    """Where the key goes, as told and configured.

    Raises:
        WrongUsage: when that is not clear, or no place that can be written.
    """
    purpose = Purpose(args.purpose) if args.purpose else None
    account = _account(ground, args.account) if args.account else None
    text = args.reference
    if not text:
        if account is None or purpose is None:
            raise WrongUsage("name a place (REF), or --account and --purpose of a configured key")
        told = ground.loaded.settings.exchanges[account.venue].accounts[account.name]
        text = told.references[purpose] or ""
        if not text:
            setting = f"exchanges.{account.venue}.accounts.{account.name}.{purpose}"
            raise WrongUsage(f"{setting} names no place yet; write one there, for example keyring:")
    try:
        where = parse_reference(text)
    except ValueError as error:
        raise WrongUsage(str(error)) from None
    if where.scheme not in KEPT_HERE:
        raise WrongUsage("the environment is set outside of this program; keep the key elsewhere")
    if not where.entry:
        if account is None:
            raise WrongUsage(f"{where} is whose? Name --account, or the whole path")
        where = where.of(account)
    return Target(where=where, account=account, purpose=purpose)


def _account(ground: Ground, text: str) -> Account:
    venue, _, name = text.partition("/")
    exchange = ground.loaded.settings.exchanges.get(venue)
    if exchange is None or name not in exchange.accounts:
        raise WrongUsage(f"there is no account {text} in the settings; write it like kraken/main")
    return Account(venue, name)


def _other_command(target: Target, *, rotates: bool) -> str:
    whose = "key for every purpose" if target.purpose is None else f"{target.purpose} key"
    if rotates:
        return f"{target.where} has no {whose} yet; `quarterdeck secrets set` keeps the first one"
    return f"{target.where} has a {whose}; `quarterdeck secrets rotate` puts another in its place"


# What is typed


def typed_key() -> Keys:
    """The key of a person who is asked without echo, or of standard input.

    Raises:
        WrongUsage: when there is no whole key; nothing of it is shown.
    """
    if sys.stdin.isatty():
        told = [getpass("key: "), getpass("secret: "), getpass("passphrase (Enter: none): ")]
    else:
        told = piped(sys.stdin.read(LONGEST + 1))
    key, secret, passphrase = (part.strip() for part in told)
    if not key or not secret:
        raise WrongUsage("a key is two lines or three: key, secret and, if need be, passphrase")
    return Keys(
        key=Secret(key),
        secret=Secret(secret),
        passphrase=Secret(passphrase) if passphrase else None,
    )


def piped(text: str) -> list[str]:
    """Key, secret and passphrase of what came by standard input: lines, or a JSON object."""
    if len(text) > LONGEST:
        raise WrongUsage(f"that is more than {LONGEST:,} characters: no key")
    if text.lstrip().startswith("{"):
        return _of_json(text)
    first, _, rest = text.strip().partition("\n")
    if rest.lstrip().startswith("-----BEGIN"):
        body, end, after = rest.partition("-----END")
        ending, _, passphrase = after.partition("\n")
        return [first, f"{body}{end}{ending}", passphrase]
    lines = [first, *rest.splitlines(), "", ""]
    if any(lines[len(PARTS) :]):
        raise WrongUsage("a key is two lines or three: key, secret and, if need be, passphrase")
    return lines[: len(PARTS)]


def _of_json(text: str) -> list[str]:
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, Mapping) or not all(isinstance(v, str) for v in told.values()):
        raise WrongUsage("this is no JSON object of texts: key, secret and, if need be, passphrase")
    if not set(told) <= set(PARTS):
        raise WrongUsage("the JSON object has other fields than key, secret and passphrase")
    return [told.get(part, "") for part in PARTS]


# A running engine


async def _taken_over(
    ground: Ground, stores: SecretStores, target: Target, before: Kept | None, code: str
) -> str:
    """Have the engine use the new key; put the old one back where it cannot."""
    assert target.account is not None
    assert target.purpose is not None
    ask = ReloadKey(account=target.account, purpose=target.purpose, code=code)
    try:
        async with attached(ground.places.socket(), hz=0) as desk:
            return (await desk.ask(ask)).detail
    except Refused as error:
        if error.rule == NOT_IN_USE:
            return f"kept; {error.reason}"
        _put_back(stores, target, before)
        raise
    except DeskError as error:
        if isinstance(error, Unavailable) and error.who == ENGINE:
            why = f"{error.why}; the new key stays where it is kept: see {SEEN_BY}"
            raise InDoubt(str(target.where), why) from error
        _put_back(stores, target, before)
        raise


def _put_back(stores: SecretStores, target: Target, before: Kept | None) -> None:
    assert before is not None
    try:
        stores.keep_at(target.where, before.text, stores.kept(target.where))
    except DeskError as error:
        hint = (
            f"the engine does not use the new key, and the old one could not be put back: {error}"
        )
        raise Misconfigured(str(target.where), hint) from error


def _say(target: Target, detail: str, *, in_use: bool, json_: bool) -> None:
    if json_:
        whose = {"account": target.account, "purpose": target.purpose}
        say(as_json({"reference": str(target.where), **whose, "in_use": in_use, "detail": detail}))
        return
    say(f"{target.where}: {detail}")
