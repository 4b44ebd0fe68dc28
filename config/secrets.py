"""Venue keys out of what a store holds: found whole, known to the redaction, never shown.

The one rule: what was read is known to the `Redaction` before anything else sees it, and
travels on as `venues.keys.Keys`, which shows itself to nobody.
"""

from collections.abc import Mapping

from config.redaction import Redaction
from domain.errors import Misconfigured
from domain.keys import Purpose
from venues.keys import Keys, Secret

_PARTS = ("key", "secret", "passphrase")


def keys_from(
    fields: Mapping[str, str], purpose: Purpose, source: str, redaction: Redaction
) -> Keys:
    """The key for one purpose out of an entry's fields; `source` is for messages.

    `<purpose>_key`, `<purpose>_secret` and `<purpose>_passphrase` where the entry has any of
    them, else `api_key`, `api_secret` and `api_passphrase`, which serve every purpose.

    Raises:
        Misconfigured: when the key or the secret is missing; no value is shown.
    """
    redaction.learn(*fields.values())
    own = [f"{purpose}_{part}" for part in _PARTS]
    names = own if any(name in fields for name in own) else [f"api_{part}" for part in _PARTS]
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
    )


def _usable(text: str) -> str:
    r"""A secret as it was pasted, made usable: trimmed, and `\n` in a PEM turned into lines."""
    trimmed = text.strip()
    return trimmed.replace("\\n", "\n") if trimmed.startswith("-----BEGIN") else trimmed
