"""Venue keys out of what a store holds: found whole, known to the redaction, never shown.

The one rule: what was read is known to the `Redaction` before anything else sees it, and
travels on as `venues.keys.Keys`, which shows itself to nobody.
"""

from collections.abc import Mapping
from datetime import datetime

from config.redaction import Redaction
from domain.errors import Misconfigured
from domain.keys import Purpose
from venues.keys import Keys, Secret

PARTS = ("key", "secret", "passphrase")
CHANGED = "_changed"  # the end of the field that says when a key was given; no secret


def keys_from(
    fields: Mapping[str, str],
    purpose: Purpose,
    source: str,
    redaction: Redaction,
    *,
    kept_us: int = 0,
) -> Keys:
    """The key for one purpose out of an entry's fields; `source` is for messages.

    `kept_us` is when the store got the entry, for a key whose own date is not noted in it.

    `<purpose>_key`, `<purpose>_secret` and `<purpose>_passphrase` where the entry has any of
    them, else `api_key`, `api_secret` and `api_passphrase`, which serve every purpose.

    Raises:
        Misconfigured: when the key or the secret is missing; no value is shown.
    """
    redaction.learn(*secret_values(fields))
    names = names_of(fields, purpose)
    key, secret, passphrase = (_usable(fields.get(name, "")) for name in names)
    for name, text in zip(names, (key, secret), strict=False):
        if not text:
            raise Misconfigured(source, f"has no {name}; a venue key is {names[0]} and {names[1]}")
    if any(not letter.isprintable() or letter.isspace() for letter in key):
        raise Misconfigured(source, f"{names[0]} holds a blank or a control character")
    redaction.learn(key, secret, passphrase)
    return Keys(
        key=Secret(key),
        secret=Secret(secret),
        passphrase=Secret(passphrase) if passphrase else None,
        since_us=_noted_us(fields, names[0]) or kept_us,
    )


def names_of(fields: Mapping[str, str], purpose: Purpose) -> list[str]:
    """What the parts of a purpose's key are called in an entry: its own names, or `api_…`."""
    own = [f"{purpose}_{part}" for part in PARTS]
    return own if any(name in fields for name in own) else [f"api_{part}" for part in PARTS]


def _noted_us(fields: Mapping[str, str], name: str) -> int:
    """When a key was given, as its entry notes it (ISO 8601, UTC); 0 where it does not."""
    told = fields.get(f"{name.partition('_')[0]}{CHANGED}", "")
    try:
        at = datetime.fromisoformat(told)
    except ValueError:
        return 0
    return 0 if at.tzinfo is None else int(at.timestamp()) * 1_000_000


def secret_values(fields: Mapping[str, object]) -> list[str]:
    """What of an entry nobody may read: all but the dates."""
    return [
        value
        for name, value in fields.items()
        if isinstance(value, str) and not name.endswith(CHANGED)
    ]


def _usable(text: str) -> str:
    r"""A secret as it was pasted, made usable: trimmed, and `\n` in a PEM turned into lines."""
    trimmed = text.strip()
    return trimmed.replace("\\n", "\n") if trimmed.startswith("-----BEGIN") else trimmed
