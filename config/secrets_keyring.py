"""Secrets in the operating system's keyring.

The one rule: only back ends that really encrypt are used; a plain-text, null or unknown one is
refused, however it was chosen (keyrings.alt would take over in silence).
"""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from config.kept import within
from config.redaction import Redaction
from domain.errors import DeskError, Misconfigured, Unavailable

T = TypeVar("T")
TRUSTED_MODULES = (
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
    "keyring.backends.Windows",
)
ANSWER_WITHIN_S = 60


class Backend(Protocol):
    """What we need of a keyring back end."""

    def get_password(self, service: str, username: str) -> str | None:
        """The password, or None."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a password."""
        ...


class NoKeyring(Misconfigured):
    """There is no keyring here that may hold a secret; the encrypted file takes its place."""


class KeyringSecrets:
    """Entries of one service in the keyring.

    `choose` finds the back end when it is first needed; a call that the keyring does not answer
    (an unlock dialogue that nobody sees) is given up after `within_s`.
    """

    def __init__(
        self,
        redaction: Redaction,
        *,
        choose: Callable[[], Backend] | None = None,
        within_s: int = ANSWER_WITHIN_S,
    ) -> None:
        self._redaction = redaction
        self._choose = choose or chosen_backend
        self._within_s = within_s
        self._backend: Backend | None = None

    def read(self, service: str, entry: str) -> str | None:
        """The secret, or None when the keyring has none under this name.

        Raises:
            NoKeyring: when no back end may be used.
            Unavailable: when the keyring is locked or does not answer.
        """
        text = self._asked(lambda backend: backend.get_password(service, entry))
        if text is not None:
            self._redaction.learn(text)
        return text

    def write(self, service: str, entry: str, text: str) -> None:
        """Keep a secret, and read it back to be sure; the same errors as `read`."""
        self._redaction.learn(text)
        self._asked(lambda backend: backend.set_password(service, entry, text))
        if self.read(service, entry) != text:
            raise NoKeyring("keyring", "did not keep what was written; use the encrypted file")

    def _asked(self, question: Callable[[Backend], T]) -> T:
        from keyring import errors  # noqa: PLC0415 -- 130 ms that only a keyring's user pays

        seconds = self._within_s
        try:
            if self._backend is None:
                self._backend = within(self._choose, seconds, "keyring", _late(seconds))
            backend = self._backend
            return within(lambda: question(backend), seconds, "keyring", _late(seconds))
        except DeskError:
            raise
        except errors.KeyringLocked:
            raise Unavailable("keyring", "it is locked; unlock it and try again") from None
        except (errors.NoKeyringError, errors.InitError, RuntimeError) as error:
            # Without a session bus, SecretService raises a bare RuntimeError.
            raise NoKeyring("keyring", f"{_NONE_HERE} ({type(error).__name__})") from None
        except Exception as error:  # noqa: BLE001 -- D-Bus, GLib and Keychain have errors of their own
            why = f"it failed with {type(error).__name__}; try again"
            raise Unavailable("keyring", why) from None


_NONE_HERE = "there is none that can be used here"


def chosen_backend() -> Backend:
    """The first trusted back end that this machine offers.

    Raises:
        NoKeyring: naming those that were refused.
    """
    import keyring  # noqa: PLC0415 -- as above

    active = keyring.get_keyring()
    return first_trusted(getattr(active, "backends", [active]))


def first_trusted(offered: Iterable[Backend]) -> Backend:
    """The first back end of a trusted module; the others are named in the refusal."""
    refused = []
    for backend in offered:
        if type(backend).__module__ in TRUSTED_MODULES:
            return backend
        refused.append(f"{type(backend).__module__}.{type(backend).__name__}")
    named = f" (refused: {', '.join(refused)})" if refused else ""
    raise NoKeyring("keyring", f"{_NONE_HERE}{named}")


def _late(seconds: int) -> Unavailable:
    why = f"no answer within {seconds} s; is an unlock dialogue open?"
    return Unavailable("keyring", why)
