"""Where a secret is kept: `vault:…`, `aws:…`, `keyring:…`, `file:PATH#ENTRY`, `env:NAME`.

The one rule: a reference says where a secret is and is no secret itself; a text that might be
the secret itself is refused without being shown.
"""

import re
from dataclasses import dataclass

from config.kinds import Kind
from domain.instruments import Account

SERVICE = "quarterdeck"
MAIN = "main"
_ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,99}", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}", re.ASCII)
_ENTRY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./@-]{0,99}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reference:
    """`entry` within `place`, which is what its scheme makes of it.

    A place is a variable's prefix, a file's path, a keyring's service, Vault's mount, or the
    first word of an AWS name. An empty entry stands for `exchanges/<venue>[/<account>]` of the
    account that refers.
    """

    scheme: str
    place: str
    entry: str = ""

    def __str__(self) -> str:
        between = {"file": "#"}.get(self.scheme, "/")
        return f"{self.scheme}:{self.place}{between if self.entry else ''}{self.entry}"

    def of(self, account: Account) -> "Reference":
        """This with the account's own entry, where it names none."""
        if self.entry or self.scheme == "env":
            return self
        name = "" if account.name == MAIN else f"/{account.name}"
        return Reference(self.scheme, self.place, f"exchanges/{account.venue}{name}")


def parse_reference(text: str) -> Reference:
    """The reference that a text spells.

    Raises:
        ValueError: with the remedy, never with the text.
    """
    scheme, colon, rest = text.partition(":")
    if colon and scheme in _PARSERS:
        return _PARSERS[scheme](rest)
    raise ValueError(
        "this is not a reference (it is not shown, in case it is the secret itself); "
        "write vault:, aws:, keyring:SERVICE/NAME, file:PATH or env:NAME and keep the secret there"
    )


def _env(rest: str) -> Reference:
    prefix = re.sub(r"_API_(KEY|SECRET|PASSPHRASE)$", "", rest)
    if not _ENV_NAME.fullmatch(prefix):
        raise ValueError("after env: comes the name before _API_KEY, for example env:KRAKEN_READ")
    return Reference("env", prefix)


def _file(rest: str) -> Reference:
    place, _, entry = rest.partition("#")
    if not place.startswith(("/", "~/")) or (entry and not _ENTRY.fullmatch(entry)):
        raise ValueError("after file: comes a path from / or ~/ on and, if need be, #ENTRY")
    return Reference("file", place, entry)


def _keyring(rest: str) -> Reference:
    service, _, entry = rest.partition("/")
    if not _ENTRY.fullmatch(service) or not _ENTRY.fullmatch(entry):
        raise ValueError("after keyring: comes SERVICE/NAME, for example quarterdeck/kraken-read")
    return Reference("keyring", service, entry)


def _vault(rest: str) -> Reference:
    return _beyond("vault", rest or "secret", "secret/exchanges/kraken")


def _aws(rest: str) -> Reference:
    return _beyond("aws", rest or "trading", "trading/exchanges/kraken")


def _beyond(scheme: str, rest: str, example: str) -> Reference:
    place, slash, entry = rest.partition("/")
    odd = any(word in ("", ".", "..") for word in entry.split("/")) if slash else False
    if not _WORD.fullmatch(place) or (slash and (odd or not _ENTRY.fullmatch(entry))):
        raise ValueError(f"after {scheme}: comes nothing, or a path like {example}")
    return Reference(scheme, place, entry)


_PARSERS = {"vault": _vault, "aws": _aws, "env": _env, "file": _file, "keyring": _keyring}
REFERENCE = Kind("secret reference", lambda text: str(parse_reference(text)))
