"""Every place where secrets live, behind one door: the `SecretStore` port and the venue keys.

The one rule: an explicit reference is the only place that is looked at; what it names is
there, or the start says so.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from config.kept import Kept, Store
from config.redaction import Redaction
from config.references import SERVICE, Reference, parse_reference
from config.secrets import keys_from
from config.secrets_environment import EnvironmentSecrets
from config.secrets_file import SecretFile
from config.secrets_keyring import KeyringSecrets, NoKeyring
from domain.errors import Misconfigured
from domain.instruments import Account
from domain.keys import Purpose
from venues.keys import Keys


class SecretStores:
    """Keyring, encrypted files, environment, and stores beyond this machine.

    `own` is the book's own encrypted file; `scope` sets the book's own names apart from those
    of other books in the keyring, which is one for the whole user (a ledger's id will do).
    `open_file` opens another file that a reference names. `credential` says that the system
    gives the own file's passphrase, so that nobody is asked for it. `remote` are Vault and AWS
    under the schemes of their references.
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
        remote: Mapping[str, Store] | None = None,
    ) -> None:
        self._keyring = keyring
        self._own = own
        self._scope = scope
        self.environment = environment
        self._open_file = open_file
        self._files: dict[str, SecretFile] = {}
        self.redaction = redaction
        self._credential = credential
        self.remote: Mapping[str, Store] = remote or {}

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
        found = self.kept(_parsed(reference))
        return None if found is None else found.text

    def write(self, reference: str, value: str) -> None:
        """Keep a secret that we made; a plain name goes to the keyring, else to the own file."""
        if ":" in reference:
            known = _parsed(reference)
            self.keep_at(known, value, self.kept(known))
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

    def read_key(self, account: Account, reference: str | None) -> Keys:
        """The key that an account reads with, which every account needs.

        Raises:
            Misconfigured: when there is none, or as `venue_key`.
        """
        found = self.venue_key(account, Purpose.READ, reference)
        if found is None:
            name = f"{account.venue.upper()}_API_KEY"
            hint = f"there is no key to read with; give a reference, or set {name} and its secret"
            raise Misconfigured(_setting(account, Purpose.READ), hint)
        return found

    def venue_key(self, account: Account, purpose: Purpose, reference: str | None) -> Keys | None:
        """The key of an account for one purpose; None when there is none.

        Without a reference the environment is asked, by the venue's and account's names.

        Raises:
            Misconfigured: when the reference names nothing, or half a key.
        """
        if reference is None:
            return self.environment.find(account, purpose)
        where = _setting(account, purpose)
        known = _parsed(reference, where)
        if known.scheme == "env":
            found = self.environment.entry(known.place, purpose)
        else:
            found = self._stored_key(known.of(account), purpose)
        if found is None:
            raise Misconfigured(where, f"nothing is kept under {known}")
        return found

    def _stored_key(self, reference: Reference, purpose: Purpose) -> Keys | None:
        found = self.kept(reference)
        if found is None:
            return None
        fields = fields_of(found, reference)
        return keys_from(fields, purpose, str(reference), self.redaction, kept_us=found.at_us)

    # Stores

    def _read_own(self, name: str) -> str | None:
        try:
            found = self._keyring.read(SERVICE, f"{self._scope}/{name}")
        except NoKeyring:
            found = None
        if found is None and self._own.exists:
            found = self._own.read(name)
        return found

    def kept(self, reference: Reference) -> Kept | None:
        """An entry with what its store tells of it; None when there is none. Errors as `read`."""
        if reference.scheme in self.remote:
            store = self.remote[reference.scheme]
            return store.read(reference.place, _named(reference))
        if reference.scheme == "keyring":
            text = self._keyring.read(reference.place, reference.entry)
        else:
            text = self._file(reference).read(reference.entry)
        return None if text is None else Kept(text=text)

    def keep_at(self, reference: Reference, value: str, after: Kept | None) -> None:
        """Keep an entry in place of `after`, which was read before. Errors as `write`."""
        if reference.scheme in self.remote:
            store = self.remote[reference.scheme]
            store.write(reference.place, _named(reference), value, after)
        elif reference.scheme == "keyring":
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


def fields_of(found: Kept, reference: Reference) -> dict[str, str]:
    """The fields of an entry that holds venue keys.

    Raises:
        Misconfigured: when it is something else; it is not shown.
    """
    try:
        fields = json.loads(found.text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict) or not all(isinstance(v, str) for v in fields.values()):
        hint = 'is not a JSON object of texts, {"api_key": "…", "api_secret": "…"}'
        raise Misconfigured(str(reference), hint)
    return fields


def _named(reference: Reference) -> str:
    if not reference.entry:
        raise Misconfigured(str(reference), f"names no entry; write {reference.scheme}:PLACE/ENTRY")
    return reference.entry
