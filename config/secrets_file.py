"""Secrets in an encrypted file (`config.sealed`), for machines without a keyring.

The one rule: the file is replaced as a whole or not at all, by one process at a time, and
nobody but its owner may read it.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config.reading import must_be_private, read_whole
from config.redaction import Redaction
from config.sealed import NONCE_BYTES, SALT_BYTES, Cost, Key, derived, seal, taken_apart
from domain.errors import Misconfigured, Unavailable

CREDENTIAL = "quarterdeck-passphrase"
SHORTEST_PASSPHRASE = 12

Passphrase = Callable[[bool], str]
"""Gives the passphrase; with True, a new one is chosen."""
Prompt = Callable[[str], str]
"""Asks a person, without showing what is typed."""


class SecretFile:
    """One encrypted file of entries; it is read anew at each call, the derived key is kept."""

    def __init__(self, path: Path, passphrase: Passphrase, redaction: Redaction) -> None:
        self._path = path
        self._passphrase = passphrase
        self._redaction = redaction
        self._key: Key | None = None

    @property
    def exists(self) -> bool:
        """Whether there is such a file yet."""
        return self._path.exists()

    def read(self, entry: str) -> str | None:
        """The secret under a name; None when the file, or the name in it, is not there.

        Raises:
            WrongPassphrase: when the passphrase does not open it.
            Corrupt: when it was damaged or tampered with.
            Misconfigured: when others may read it, or it is of an unknown version.
        """
        text = self._entries().get(entry)
        if text is not None:
            self._redaction.learn(text)
        return text

    def write(self, entry: str, text: str) -> None:
        """Keep a secret; the file is made when there is none. The same errors as `read`.

        Raises:
            Unavailable: when another process is writing it, or the disk is full.
        """
        self._redaction.learn(text)
        with _folder_locked(self._path):
            entries = {**self._entries(), entry: text}
            if self._key is None:
                self._key = self._derived(os.urandom(SALT_BYTES), Cost(), new=True)
            _replace(self._path, seal(entries, self._key, os.urandom(NONCE_BYTES)))

    def _entries(self) -> Mapping[str, str]:
        raw = _read_private(self._path)
        if raw is None:
            return {}
        sealed = taken_apart(raw, str(self._path))
        key = self._key
        if key is None or key.salt != sealed.salt or key.cost != sealed.cost:
            key = self._derived(sealed.salt, sealed.cost, new=False)
        entries = sealed.opened(key)
        self._key = key
        return entries

    def _derived(self, salt: bytes, cost: Cost, *, new: bool) -> Key:
        passphrase = self._passphrase(new)
        if new and len(passphrase) < SHORTEST_PASSPHRASE:
            hint = f"choose a passphrase of at least {SHORTEST_PASSPHRASE} characters"
            raise Misconfigured(str(self._path), hint)
        self._redaction.learn(passphrase)
        return derived(passphrase, salt, cost)


def passphrase_from(environ: Mapping[str, str], prompt: Prompt | None) -> Passphrase:
    """The passphrase of systemd's credential `quarterdeck-passphrase`, else of a person.

    There is no variable for it: an environment is inherited and shown by too many tools.
    A new one is typed twice.

    Raises:
        Misconfigured: (when called) when there is neither a credential nor anybody to ask.
    """

    def given(new: bool) -> str:  # noqa: FBT001 -- a callback's one argument
        credential = credential_given(environ)
        if credential is not None:
            return credential.read_text(encoding="utf-8").rstrip("\r\n")
        if prompt is None:
            raise Misconfigured(
                "passphrase",
                f"nobody can be asked; give it to the service as LoadCredential={CREDENTIAL}:PATH",
            )
        first = prompt("New passphrase for the secrets file: " if new else "Passphrase: ")
        if new and prompt("The same again: ") != first:
            raise Misconfigured("passphrase", "the two differ; try again")
        return first

    return given


def credential_given(environ: Mapping[str, str], name: str = CREDENTIAL) -> Path | None:
    """The file of systemd's credential of a name, where there is one."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    credential = Path(folder) / name if folder else None
    return credential if credential is not None and credential.is_file() else None


def credential_named(environ: Mapping[str, str], name: str) -> str:
    """What systemd gives under a name; "" where it gives nothing."""
    credential = credential_given(environ, name)
    return "" if credential is None else credential.read_text(encoding="utf-8").strip()


def _read_private(path: Path) -> bytes | None:
    try:
        raw, status = read_whole(path, str(path))
    except FileNotFoundError:
        return None
    must_be_private(status, str(path))
    return raw


@contextmanager
def _folder_locked(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise Misconfigured(str(path.parent), f"cannot be used: {error.strerror}") from None
    try:
        _lock(folder, path)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, path: Path) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Unavailable(str(path), "another process is writing it; try again") from None


def _replace(path: Path, raw: bytes) -> None:
    fresh = path.with_name(f".{path.name}.new")
    try:
        fresh.unlink(missing_ok=True)  # what a crash left; nobody else writes under the lock
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(handle)
        fresh.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise Unavailable(str(path), f"cannot be written: {error.strerror}") from None


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
