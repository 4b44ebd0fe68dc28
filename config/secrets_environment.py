"""Venue keys from the environment and from `.env`, for development.

The one rule: a key that was read is taken out of the environment, so that no child process,
crash report or debugger finds it there again.
"""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from io import StringIO
from pathlib import Path

from config.names import FORMER_VENUES
from config.reading import must_be_private, read_whole
from config.redaction import Redaction
from config.references import MAIN
from config.secrets import keys_from
from domain.errors import Misconfigured
from domain.instruments import Account
from domain.keys import Purpose
from venues.keys import Keys

_SUFFIXES = {
    "_API_KEY": "api_key",
    "_API_SECRET": "api_secret",
    "_API_PASSPHRASE": "api_passphrase",
}
# What opens a store beyond this machine: taken out of the environment like a key.
STORE_SECRETS = (
    "VAULT_TOKEN",
    "VAULT_ROLE_ID",
    "VAULT_SECRET_ID",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
_SECRET_NAME = re.compile(r"([A-Z][A-Z0-9_]*)_API_(?:KEY|SECRET|PASSPHRASE)", re.ASCII)
# How people spell these venues in variables, besides the id in capitals.
_SPELLINGS = {
    "binanceus": ("BINANCE_US",),
    **{new: (former.upper(),) for former, new in FORMER_VENUES.items() if former == "gateio"},
}


class EnvironmentSecrets:
    """The keys that were taken out of the environment, by the names they had there."""

    def __init__(self, values: Mapping[str, str], redaction: Redaction) -> None:
        told = {name: text for name, text in values.items() if text.strip()}
        self._openers = {name: told.pop(name).strip() for name in STORE_SECRETS if name in told}
        self._values = told
        self._redaction = redaction
        redaction.learn(*self._values.values(), *self._openers.values())

    @staticmethod
    def take(
        environ: MutableMapping[str, str],
        venues: Iterable[str],
        redaction: Redaction,
        *,
        prefixes: Iterable[str] = (),
        env_file: Mapping[str, str] | None = None,
    ) -> "EnvironmentSecrets":
        """Take every key of these venues, and of `env:` references' `prefixes`, out of `environ`.

        What opens Vault or AWS is taken, too.

        What the environment says stands above `env_file` (as `read_env_file` gives it).
        """
        wanted = (*(spelt for venue in venues for spelt in _spelt(venue)), *prefixes)
        values = {n: text for n, text in (env_file or {}).items() if _is_taken(n, wanted)}
        for name in [name for name in environ if _is_taken(name, wanted)]:
            values[name] = environ.pop(name)
        return EnvironmentSecrets(values, redaction)

    def find(self, account: Account, purpose: Purpose) -> Keys | None:
        """The key of an account for one purpose, the most specific name first.

        `KRAKEN_MAIN_READ_…`, `KRAKEN_READ_…`, `KRAKEN_MAIN_…`, `KRAKEN_…`; names without an
        account are those of `main` alone, so that two accounts never share a key by accident.

        Raises:
            Misconfigured: when a name has a key and no secret, or the other way round.
        """
        place = self.place(account, purpose)
        return self.entry(place, purpose) if place else None

    def entry(self, prefix: str, purpose: Purpose) -> Keys | None:
        """The key under `<prefix>_API_KEY` and `<prefix>_API_SECRET`; None when neither is set."""
        fields = {
            field: self._values[f"{prefix}{suffix}"]
            for suffix, field in _SUFFIXES.items()
            if f"{prefix}{suffix}" in self._values
        }
        if not fields.keys() - {"api_passphrase"}:
            return None
        for suffix, field in _SUFFIXES.items():
            if field != "api_passphrase" and field not in fields:
                other = "_API_KEY" if suffix == "_API_SECRET" else "_API_SECRET"
                raise Misconfigured(
                    f"{prefix}{suffix}", f"is missing, while {prefix}{other} is set; set both"
                )
        return keys_from(fields, purpose, f"env:{prefix}", self._redaction)

    def for_child(self) -> dict[str, str]:
        """What a child of our own (`quarterdeck --kill`) needs in its environment to act alone."""
        return {**self._values, **self._openers}

    def opener(self, name: str) -> str:
        """What opens a store beyond this machine, by its name in `STORE_SECRETS`; "": not told."""
        return self._openers.get(name, "")

    def names(self, prefix: str) -> tuple[str, ...]:
        """The variables that are set under a prefix."""
        return tuple(
            sorted(f"{prefix}{end}" for end in _SUFFIXES if f"{prefix}{end}" in self._values)
        )

    def place(self, account: Account, purpose: Purpose) -> str:
        """The prefix under which `find` finds the account's key; "" when there is none."""
        found = (p for p in _prefixes(account, purpose) if self.entry(p, purpose) is not None)
        return next(found, "")

    def __bool__(self) -> bool:
        return bool(self._values)


def read_env_file(path: Path) -> Mapping[str, str]:
    """The variables of a `.env` file; empty when there is none. It changes no environment.

    Raises:
        Misconfigured: when others may read it, or when it cannot be read.
    """
    import dotenv  # noqa: PLC0415 -- loaded only where such a file is

    try:
        raw, status = read_whole(path, str(path))
        text = raw.decode()
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise Misconfigured(str(path), "is not UTF-8 text") from None
    must_be_private(status, str(path))
    read = dotenv.dotenv_values(stream=StringIO(text), interpolate=False)
    return {name: value for name, value in read.items() if value is not None}


DEVELOPMENT_ONLY = (
    "keys come from the environment or .env: for development only; "
    "keep them in the keyring or an encrypted file (keyring:, file:)"
)


def _spelt(venue: str) -> tuple[str, ...]:
    return (venue.upper(), *_SPELLINGS.get(venue, ()))


def _prefixes(account: Account, purpose: Purpose) -> Iterable[str]:
    of_purpose, name = f"_{purpose.upper()}", f"_{account.name.upper()}"
    endings = [f"{name}{of_purpose}", name]
    if account.name == MAIN:
        endings = [f"{name}{of_purpose}", of_purpose, name, ""]
    return [f"{spelt}{ending}" for ending in endings for spelt in _spelt(account.venue)]


def _is_taken(name: str, wanted: Iterable[str]) -> bool:
    return name in STORE_SECRETS or _is_key(name, wanted)


def _is_key(name: str, wanted: Iterable[str]) -> bool:
    found = _SECRET_NAME.fullmatch(name)
    return found is not None and any(
        found[1] == prefix or found[1].startswith(f"{prefix}_") for prefix in wanted
    )
