"""secrets: which venue keys are kept where, whether they are well, and new ones.

The one rule: a key comes in by a prompt or by standard input, and nothing of it goes out.
"""

import os
import stat
from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from cli.commands.secrets_changing import change
from cli.findings import Finding, tell
from cli.ground import Ground
from cli.render import as_json, moment, say, table
from cli.usage import WrongUsage
from config.secrets_environment import DEVELOPMENT_ONLY
from config.secrets_file import credential_given
from config.secrets_told import KeyTold, State, key_told
from domain.instruments import Account
from domain.keys import Purpose

DAY_US = 86_400_000_000
REMOTE = {"vault": "Vault", "aws": "AWS Secrets Manager", "keyring": "the keyring"}
CREDENTIALS = ("quarterdeck-passphrase", "vault-token", "vault-secret-id")


async def secrets(ground: Ground, args: Namespace) -> int:
    """list, check, set or rotate."""
    if args.action in ("set", "rotate"):
        return await change(ground, args)
    told = list(every_key(ground, args.account))
    if args.action == "list":
        return _list(ground, told, args)
    return tell(list(findings(ground, told)), json=args.json)


def every_key(ground: Ground, account: str = "") -> Iterator[KeyTold]:
    """Every key of every configured account, or of one; the venues that are off as well.

    Raises:
        WrongUsage: when there is no account of this name.
    """
    stores = ground.secrets(ground.places.book)
    known = {
        Account(venue, name): told
        for venue, exchange in ground.loaded.settings.exchanges.items()
        for name, told in exchange.accounts.items()
    }
    if account and account not in known:
        named = ", ".join(known) or "none"
        raise WrongUsage(f"there is no account {account}; configured: {named}")
    for each, told in known.items():
        if account in ("", each):
            for purpose in Purpose:
                yield key_told(stores, each, purpose, told.references[purpose])


def _list(ground: Ground, told: Sequence[KeyTold], args: Namespace) -> int:
    if args.json:
        shown = ("account", "purpose", "reference", "state", "fields", "version", "problem")
        say(
            as_json(
                [
                    {name: getattr(key, name) for name in shown}
                    | {"since": moment(key.since_us), "age_days": _age_days(ground, key)}
                    for key in told
                ]
            )
        )
        return 0
    rows = [
        (
            str(key.account),
            key.purpose.value,
            key.reference or "-",
            ", ".join(key.fields) or ("-" if key.state is State.NONE else key.state.value),
            _age(ground, key),
        )
        for key in told
    ]
    say(table(("ACCOUNT", "PURPOSE", "WHERE", "FIELDS", "AGE"), rows))
    for problem in dict.fromkeys(key.problem for key in told if key.problem):
        say(problem)
    return 0


def _age_days(ground: Ground, key: KeyTold) -> int | None:
    return (ground.clock.now_us() - key.since_us) // DAY_US if key.since_us else None


def _age(ground: Ground, key: KeyTold) -> str:
    days = _age_days(ground, key)
    return "-" if days is None else f"{days} d"


# Checking


def findings(ground: Ground, told: Iterable[KeyTold]) -> Iterator[Finding]:
    """What is well and what is not, of all keys and of how they are kept."""
    known = [key for key in told if key.state is not State.NONE]
    if ground.environment:
        yield Finding("warn", "environment", DEVELOPMENT_ONLY)
    yield from stores_told(known)
    for key in known:
        yield _one(ground, key)
    yield from _shared(known)
    yield from _missing(ground, known)
    yield from _credentials()


def stores_told(known: Iterable[KeyTold]) -> Iterator[Finding]:
    """Whether each store that some key is in answers; keys that are nowhere count for nothing."""
    by_store = defaultdict(list)
    for key in known:
        by_store[key.store].append(key)
    for store, keys in by_store.items():
        down = next((key.problem for key in keys if key.state is State.DOWN), "")
        if down:
            remedy = "an engine that runs goes on with the keys it has; no other can start"
            yield Finding("fail", REMOTE.get(store, store), down, remedy)
        elif store in REMOTE and any(key.state is State.HERE for key in keys):
            yield Finding("ok", REMOTE[store], "answers")


def _one(ground: Ground, key: KeyTold) -> Finding:
    what = f"{key.purpose} key of {key.account}"
    if key.problem:
        return Finding("fail", what, key.problem)
    days, most = _age_days(ground, key), ground.loaded.settings.security.key_reminder_days
    rotate = f"quarterdeck secrets rotate --account {key.account} --purpose {key.purpose}"
    if days is None:
        remedy = "" if key.store == "env" else f"`{rotate}` notes it from then on"
        return Finding("ok", what, f"{key.reference}, its age is not known here", remedy)
    if most and days > most:
        found = f"{key.reference}, {days} days old, over {most}"
        return Finding("warn", what, found, f"make a new one at the venue, then `{rotate}`")
    return Finding("ok", what, f"{key.reference}, {days} days old")


def _shared(known: Iterable[KeyTold]) -> Iterator[Finding]:
    by_key = defaultdict(list)
    for key in known:
        if key.fingerprint:
            by_key[key.account.venue, key.fingerprint].append(key)
    for keys in by_key.values():
        if len(keys) > 1:
            names = ", ".join(f"{key.account} {key.purpose}" for key in keys)
            remedy = "make one for each at the venue: who has the one that reads has them all"
            yield Finding("warn", "one key for several purposes", names, remedy)


def _missing(ground: Ground, known: Iterable[KeyTold]) -> Iterator[Finding]:
    reads = {key.account for key in known if key.purpose is Purpose.READ}
    for venue, told in ground.loaded.settings.enabled.items():
        for name in told.accounts:
            if Account(venue, name) not in reads:
                where = f"exchanges.{venue}.accounts.{name}.read"
                remedy = f"name a place at {where}, then `quarterdeck secrets set`"
                yield Finding("fail", f"read key of {venue}/{name}", "there is none", remedy)


def _credentials() -> Iterator[Finding]:
    """Who else may read what opens the stores; a group may be systemd's way of letting us in."""
    for name in CREDENTIALS:
        path = credential_given(os.environ, name)
        if path is not None and path.stat().st_mode & stat.S_IRWXO:
            yield Finding(
                "warn", f"credential {name}", "everybody can read it", f"chmod 400 {path}"
            )
