"""The keyring: trusted back ends alone, every failure with a name, no waiting for ever."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keyring import errors
from keyring.backends import SecretService, chainer, fail, null

from config.redaction import Redaction
from config.secrets_keyring import KeyringSecrets, NoKeyring, chosen_backend, first_trusted
from domain.errors import DeskError, Misconfigured, Unavailable


class Memory:
    """A back end that keeps what it is given, or fails as it is told."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.failure = failure
        self.forgets = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.failure:
            raise self.failure
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.failure:
            raise self.failure
        if not self.forgets:
            self.kept[service, username] = password


def keyring_over(backend: Memory, redaction: Redaction | None = None) -> KeyringSecrets:
    return KeyringSecrets(redaction or Redaction(), choose=lambda: backend)


def test_what_was_written_is_read_and_known_to_the_redaction() -> None:
    redaction, backend = Redaction(), Memory()
    secrets = keyring_over(backend, redaction)
    assert secrets.read("quarterdeck", "totp/alice") is None
    secrets.write("quarterdeck", "totp/alice", "JBSWY3DPEHPK3PXP")
    assert secrets.read("quarterdeck", "totp/alice") == "JBSWY3DPEHPK3PXP"
    assert backend.kept == {("quarterdeck", "totp/alice"): "JBSWY3DPEHPK3PXP"}
    assert redaction.holds("seed JBSWY3DPEHPK3PXP")


def test_a_keyring_that_forgets_is_no_keyring() -> None:
    backend = Memory()
    backend.forgets = True
    with pytest.raises(NoKeyring, match="did not keep"):
        keyring_over(backend).write("quarterdeck", "a", "secret")


class ForeignError(Exception):
    """What D-Bus or GLib raise is no error of keyring's."""


@pytest.mark.parametrize(
    ("failure", "family", "words"),
    [
        (errors.KeyringLocked("CANARY"), Unavailable, "locked"),
        (errors.NoKeyringError("CANARY"), NoKeyring, "none that can be used"),
        (errors.InitError("CANARY"), NoKeyring, "InitError"),
        (RuntimeError("CANARY"), NoKeyring, "RuntimeError"),
        (errors.PasswordSetError("CANARY"), Unavailable, "PasswordSetError"),
        (ForeignError("CANARY"), Unavailable, "ForeignError"),
        (ConnectionError("CANARY"), Unavailable, "ConnectionError"),
    ],
)
def test_every_failure_has_a_family_and_shows_nothing(
    failure: Exception, family: type[DeskError], words: str
) -> None:
    def read(secrets: KeyringSecrets) -> None:
        secrets.read("quarterdeck", "a")

    def write(secrets: KeyringSecrets) -> None:
        secrets.write("quarterdeck", "a", "secret")

    for act in (read, write):
        with pytest.raises(family, match=words) as raised:
            act(keyring_over(Memory(failure)))
        assert "CANARY" not in str(raised.value)


def test_a_keyring_that_does_not_answer_is_given_up() -> None:
    answered = threading.Event()

    class Hanging(Memory):
        def get_password(self, service: str, username: str) -> str | None:
            answered.wait(10)
            return None

    secrets = KeyringSecrets(Redaction(), choose=Hanging, within_s=0)
    with pytest.raises(Unavailable, match="no answer within 0 s"):
        secrets.read("quarterdeck", "a")
    answered.set()


# Which back ends


def _made_in(module: str) -> Any:
    return type("Keyring", (Memory,), {"__module__": module})()


REFUSED = (
    "keyring.backends.fail",
    "keyring.backends.null",
    "keyring.backends.chainer",
    "keyrings.alt.file",
    "keyrings.alt.Gnome",
    "keyrings.cryptfile.cryptfile",
    "somebody.elses",
)


@pytest.mark.parametrize("module", REFUSED)
def test_a_back_end_that_might_keep_plain_text_is_refused_by_name(module: str) -> None:
    with pytest.raises(NoKeyring, match=f"refused: {module}.Keyring"):
        first_trusted([_made_in(module)])


def test_a_trusted_back_end_is_found_behind_others() -> None:
    trusted = _made_in("keyring.backends.SecretService")
    assert first_trusted([_made_in("keyrings.alt.file"), trusted]) is trusted
    with pytest.raises(NoKeyring):
        first_trusted([])


@pytest.mark.parametrize("active", [fail.Keyring, null.Keyring])
def test_the_back_ends_that_keep_nothing_are_refused(
    active: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keyring.get_keyring", active)
    with pytest.raises(NoKeyring, match=r"refused: keyring\.backends"):
        chosen_backend()


def test_of_a_chain_only_its_trusted_link_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = chainer.ChainerBackend()  # type: ignore[no-untyped-call]
    trusted = SecretService.Keyring()  # type: ignore[no-untyped-call]
    links = [_made_in("keyrings.alt.file"), trusted]
    monkeypatch.setattr(chainer.ChainerBackend, "backends", links)
    monkeypatch.setattr("keyring.get_keyring", lambda: chain)
    assert chosen_backend() is trusted


def test_here_a_machine_without_a_keyring_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    program = (
        "from config.redaction import Redaction\n"
        "from config.secrets_keyring import KeyringSecrets, NoKeyring\n"
        "try: KeyringSecrets(Redaction()).read('quarterdeck', 'a')\n"
        "except NoKeyring as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "refused: keyring.backends.fail.Keyring" in done.stdout
    assert issubclass(NoKeyring, Misconfigured)


_NEEDED = ("dbus-run-session", "gnome-keyring-daemon")
_UNLOCKED = """
printf x | gnome-keyring-daemon --unlock --components=secrets >/dev/null; exec "$@"
"""


@pytest.mark.skipif(
    not all(map(shutil.which, _NEEDED)), reason=f"needs {' and '.join(_NEEDED)} (apt)"
)
def test_a_real_secret_service_keeps_what_we_write(tmp_path: Path) -> None:
    program = (
        "from config.redaction import Redaction\n"
        "from config.secrets_keyring import KeyringSecrets\n"
        "secrets = KeyringSecrets(Redaction(), within_s=10)\n"
        "secrets.write('quarterdeck', 'live/totp/alice', 'SEED \u00e9')\n"
        "print(ascii(secrets.read('quarterdeck', 'live/totp/alice')))\n"
        "print(secrets.read('quarterdeck', 'nothing'))\n"
    )
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", _UNLOCKED, "sh", sys.executable, "-c", program],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=15,
    )
    assert done.stdout.splitlines() == [r"'SEED \xe9'", "None"]
