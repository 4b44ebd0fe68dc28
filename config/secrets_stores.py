"""Every place where secrets live, behind one door: the `SecretStore` port and the venue keys.

The one rule: an explicit reference is the only place that is looked at; what it names is
there, or the start says so.
"""

import json
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from config.redaction import Redaction
from config.references import SERVICE, Reference, parse_reference
from config.secrets import keys_from
from config.secrets_environment import MAIN, EnvironmentSecrets
from config.secrets_file import SecretFile
from config.secrets_keyring import KeyringSecrets, NoKeyring
from domain.errors import Misconfigured
from domain.instruments import Account
from domain.keys import Purpose
from venues.keys import AccountKeys, Keys


class SecretStores:
    """Keyring, encrypted files and environment.

    `own` is the book's own encrypted file; `scope` sets the book's own names apart from those
    of other books in the keyring, which is one for the whole user (a ledger's id will do).
    `open_file` opens another file that a reference names. `credential` says that the system
    gives the own file's passphrase, so that nobody is asked for it.
    """

    def __init__(
        self,
        *,
        keyring: KeyringSecrets,
        own: SecretFile,
        scope: str,
        environment: EnvironmentSecrets,
        open_file: Callable[[Path], SecretFile],
        redaction: Redaction,
        credential: bool = False,
    ) -> None:
        self._keyring = keyring
        self._own = own
        self._scope = scope
        self._environment = environment
        self._open_file = open_file
        self._files: dict[str, SecretFile] = {}
        self._redaction = redaction
        self._credential = credential

    # The port SecretStore

    def read(self, reference: str) -> str | None:
        """The secret under `keyring:…`, `file:…#…`, or a plain name of our own (`totp/alice`).

        A plain name is looked up in the keyring, then in the book's own file. None says that
        no store that can be used here has it; only the ledger knows whether there ever was one.

        Raises:
            Unavailable, Misconfigured, Corrupt: as the stores do.
        """
        if ":" not in reference:
            return self._read_own(reference)
        return self._read_at(_parsed(reference))

    def write(self, reference: str, value: str) -> None:
        """Keep a secret that we made; a plain name goes to the keyring, else to the own file."""
        if ":" in reference:
            self._write_at(_parsed(reference), value)
            return
        try:
            self._keyring.write(SERVICE, f"{self._scope}/{reference}", value)
        except NoKeyring:
            self._own.write(reference, value)

    def keep(self, name: str, value: str, *, quietly: bool) -> bool:
        """As `write` for a name of our own; `quietly`: False where a person would be asked.

        The book's own file is written without a question when it is there already, or when its
        passphrase comes from the system.
        """
        if not quietly or self._own.exists or self._credential:
            self.write(name, value)
            return True
        try:
            self._keyring.write(SERVICE, f"{self._scope}/{name}", value)
        except NoKeyring:
            return False
        return True

    # Venue keys

    def account_keys(
        self, account: Account, references: Mapping[Purpose, str | None], *, trade: bool
    ) -> AccountKeys:
        """The keys that an account runs with; without `trade` the trade key is not touched.

        The withdraw key is never loaded here: what loads it goes along, where one is named.

        Raises:
            Misconfigured: when there is no read key, or a reference names nothing.
        """
        read = self.venue_key(account, Purpose.READ, references.get(Purpose.READ))
        if read is None:
            name = f"{account.venue.upper()}_API_KEY"
            hint = f"there is no key to read with; give a reference, or set {name} and its secret"
            raise Misconfigured(_setting(account, Purpose.READ), hint)
        wanted = references.get(Purpose.TRADE)
        kept = references.get(Purpose.WITHDRAW)
        return AccountKeys(
            read=read,
            trade=self.venue_key(account, Purpose.TRADE, wanted) if trade else None,
            withdraw=partial(self.venue_key, account, Purpose.WITHDRAW, kept) if kept else None,
        )

    def venue_key(self, account: Account, purpose: Purpose, reference: str | None) -> Keys | None:
        """The key of an account for one purpose; None when there is none.

        Without a reference the environment is asked, by the venue's and account's names.

        Raises:
            Misconfigured: when the reference names nothing, or half a key.
        """
        if reference is None:
            return self._environment.find(account, purpose)
        where = _setting(account, purpose)
        known = _parsed(reference, where)
        if known.scheme == "env":
            found = self._environment.entry(known.place, purpose)
        else:
            found = self._stored_key(_with_entry(known, account), purpose)
        if found is None:
            raise Misconfigured(where, f"nothing is kept under {known}")
        return found

    def _stored_key(self, reference: Reference, purpose: Purpose) -> Keys | None:
        text = self._read_at(reference)
        if text is None:
            return None
        try:
            fields = json.loads(text)
        except ValueError:
            fields = None
        if not isinstance(fields, dict) or not all(isinstance(v, str) for v in fields.values()):
            hint = 'is not a JSON object of texts, {"api_key": "…", "api_secret": "…"}'
            raise Misconfigured(str(reference), hint)
        return keys_from(fields, purpose, str(reference), self._redaction)

    # Stores

    def _read_own(self, name: str) -> str | None:
        try:
            found = self._keyring.read(SERVICE, f"{self._scope}/{name}")
        except NoKeyring:
            found = None
        if found is None and self._own.exists:
            found = self._own.read(name)
        return found

    def _read_at(self, reference: Reference) -> str | None:
        if reference.scheme == "keyring":
            return self._keyring.read(reference.place, reference.entry)
        return self._file(reference).read(reference.entry)

    def _write_at(self, reference: Reference, value: str) -> None:
        if reference.scheme == "keyring":
            self._keyring.write(reference.place, reference.entry, value)
        else:
            self._file(reference).write(reference.entry, value)

    def _file(self, reference: Reference) -> SecretFile:
        if reference.scheme != "file" or not reference.entry:
            raise Misconfigured(str(reference), "names no entry; write file:PATH#ENTRY")
        if reference.place not in self._files:
            self._files[reference.place] = self._open_file(Path(reference.place).expanduser())
        return self._files[reference.place]


def _parsed(reference: str, where: str = "secret reference") -> Reference:
    try:
        return parse_reference(reference)
    except ValueError as error:
        raise Misconfigured(where, str(error)) from None


def _setting(account: Account, purpose: Purpose) -> str:
    return f"exchanges.{account.venue}.accounts.{account.name}.{purpose}"


def _with_entry(reference: Reference, account: Account) -> Reference:
    if reference.entry:
        return reference
    name = "" if account.name == MAIN else f"/{account.name}"
    return Reference(reference.scheme, reference.place, f"exchanges/{account.venue}{name}")
