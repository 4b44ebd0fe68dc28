"""What is kept where, told to a person: names, ages, versions, and never a value.

The one rule: neither a value nor its length leaves this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from config.references import Reference, parse_reference
from config.secrets import CHANGED, PARTS, keys_from, names_of
from config.secrets_stores import SecretStores, fields_of
from domain.days import iso
from domain.errors import DeskError, Unavailable
from domain.instruments import Account
from domain.keys import Purpose
from venues.keys import Keys


class State(StrEnum):
    """How it stands with one configured key."""

    HERE = "here"
    NONE = "none"  # not configured, and not in the environment
    WRONG = "wrong"  # it cannot be used as it is: somebody must mend it
    DOWN = "down"  # its store does not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTold:
    """One key of one account. `since_us` is when it was given (UTC microseconds), 0: unknown.

    `fields` are the names of the entry's fields that make up the key, `version` the store's
    name of it. `problem` says what is wrong, `fingerprint` tells the key from others.
    """

    account: Account
    purpose: Purpose
    reference: str = ""
    state: State = State.NONE
    fields: tuple[str, ...] = ()
    version: str = ""
    since_us: int = 0
    problem: str = ""
    fingerprint: str = ""

    @property
    def store(self) -> str:
        """The scheme of the store."""
        return self.reference.partition(":")[0]


def key_told(
    stores: SecretStores, account: Account, purpose: Purpose, reference: str | None
) -> KeyTold:
    """Everything that may be told of a key; what goes wrong is told, too."""
    known = KeyTold(account=account, purpose=purpose)
    if reference is not None:
        known = replace(known, reference=str(parse_reference(reference).of(account)))
    try:
        return _found(stores, known, reference)
    except DeskError as error:
        state = State.DOWN if isinstance(error, Unavailable) else State.WRONG
        return replace(known, state=state, problem=str(error))


def _found(stores: SecretStores, known: KeyTold, reference: str | None) -> KeyTold:
    if reference is None:
        place = stores.environment.place(known.account, known.purpose)
        if not place or known.purpose is Purpose.WITHDRAW:  # that one is used by reference alone
            return known
        known = replace(known, reference=f"env:{place}")
    keys = stores.venue_key(known.account, known.purpose, reference)
    assert keys is not None  # a reference that names nothing is refused
    told = replace(known, state=State.HERE, since_us=keys.since_us, fingerprint=keys.fingerprint)
    where = parse_reference(known.reference)
    if where.scheme == "env":
        return replace(told, fields=stores.environment.names(where.place))
    kept = stores.kept(where)
    if kept is None:
        return told
    fields = fields_of(kept, where)
    present = tuple(name for name in names_of(fields, known.purpose) if fields.get(name))
    return replace(told, fields=present, version=kept.version)


# Writing


def with_key(fields: Mapping[str, str], keys: Keys, prefix: str, now_us: int) -> dict[str, str]:
    """An entry's fields with this key under `<prefix>_…`, and when it was given."""
    mine = {f"{prefix}_{part}" for part in PARTS}
    others = {name: text for name, text in fields.items() if name not in mine}
    parts = zip(PARTS, (keys.key, keys.secret, keys.passphrase), strict=True)
    told = {f"{prefix}_{part}": secret.reveal() for part, secret in parts if secret is not None}
    return {**others, **told, f"{prefix}{CHANGED}": iso(now_us)}


def has_key(fields: Mapping[str, str], prefix: str) -> bool:
    """Whether an entry has a key under `<prefix>_…`."""
    return any(fields.get(f"{prefix}_{part}") for part in PARTS)


def checked(
    stores: SecretStores, fields: Mapping[str, str], purpose: Purpose, where: Reference
) -> Keys:
    """The key that these fields would be; Misconfigured when they are none."""
    return keys_from(fields, purpose, str(where), stores.redaction)
