"""The encrypted file: round trips, wrong passphrases, damage, tampering, crashes, other users."""

import fcntl
import json
import os
from pathlib import Path

import pytest

from config import secrets_file
from config.redaction import Redaction
from config.sealed import Cost, WrongPassphrase, derived
from config.secrets_file import SecretFile, passphrase_from
from domain.errors import Misconfigured, Unavailable

PASSPHRASE = "correct horse battery staple"
CHEAP = Cost(n=2**14, r=1, p=1)
KEY = derived(PASSPHRASE, b"s" * 16, CHEAP)
NONCE = b"n" * 12


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_file, "Cost", lambda: CHEAP)


def opened(
    path: Path, passphrase: str = PASSPHRASE, redaction: Redaction | None = None
) -> SecretFile:
    return SecretFile(path, lambda _: passphrase, redaction or Redaction())


def test_what_was_written_is_read_again_by_another_process(tmp_path: Path) -> None:
    path, redaction = tmp_path / "new" / "secrets.qd", Redaction()
    file = opened(path, redaction=redaction)
    assert not file.exists
    assert file.read("totp/alice") is None
    file.write("totp/alice", "JBSWY3DPEHPK3PXP")
    file.write("exchanges/kraken", '{"api_key": "é"}')
    again = opened(path)
    assert again.exists
    assert again.read("totp/alice") == "JBSWY3DPEHPK3PXP"
    assert again.read("exchanges/kraken") == '{"api_key": "é"}'
    assert again.read("nothing") is None
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert list(path.parent.iterdir()) == [path]
    raw = path.read_text()
    assert "JBSWY" not in raw
    assert "totp" not in raw
    assert redaction.holds(f"JBSWY3DPEHPK3PXP {PASSPHRASE}")


def test_the_real_cost_is_spent_on_a_real_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets_file, "Cost", Cost)
    path = tmp_path / "secrets.qd"
    opened(path).write("a", "secret")
    kdf = json.loads(path.read_text())["kdf"]
    assert {name: kdf[name] for name in "nrp"} == {"n": 32_768, "r": 8, "p": 3}
    assert opened(path).read("a") == "secret"


def test_each_file_and_each_writing_is_encrypted_anew(tmp_path: Path) -> None:
    file = opened(tmp_path / "a")
    file.write("x", "one")
    first = json.loads((tmp_path / "a").read_text())
    file.write("x", "one")
    second = json.loads((tmp_path / "a").read_text())
    assert first["nonce"] != second["nonce"]
    assert first["kdf"]["salt"] == second["kdf"]["salt"]
    opened(tmp_path / "b").write("x", "one")
    assert json.loads((tmp_path / "b").read_text())["kdf"]["salt"] != first["kdf"]["salt"]


def test_the_passphrase_is_asked_for_once(tmp_path: Path) -> None:
    asked: list[bool] = []

    def passphrase(new: bool) -> str:
        asked.append(new)
        return PASSPHRASE

    file = SecretFile(tmp_path / "f", passphrase, Redaction())
    file.write("a", "1111")
    file.write("b", "2222")
    assert file.read("a") == "1111"
    assert asked == [True]


def test_a_wrong_passphrase_is_told_from_damage_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f"
    opened(path).write("a", "secret")
    before = path.read_bytes()
    with pytest.raises(WrongPassphrase, match="does not open"):
        opened(path, "wrong passphrase!").read("a")
    with pytest.raises(WrongPassphrase, match="does not open"):
        opened(path, "wrong passphrase!").write("a", "other")
    assert path.read_bytes() == before


def test_a_short_new_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="at least 12"):
        opened(tmp_path / "f", "short").write("a", "secret")
    assert not (tmp_path / "f").exists()


@pytest.mark.parametrize("raw", [b"{}", b"[]", b'"x"', b'{"format": "other"}'])
def test_another_kind_of_file_is_not_touched(raw: bytes, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(raw)
    (tmp_path / "f").chmod(0o600)
    with pytest.raises(Misconfigured, match="no file of secrets"):
        opened(tmp_path / "f").write("a", "secret")
    assert (tmp_path / "f").read_bytes() == raw


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o606])
def test_a_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "f"
    opened(path).write("a", "secret")
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="chmod 600"):
        opened(path).read("a")


# Writing


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "f"
    file = opened(path)
    file.write("a", "first")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(Unavailable, match="No space left"):
            file.write("a", "second")
    assert opened(path).read("a") == "first"
    file.write("a", "third")
    assert opened(path).read("a") == "third"


def test_what_a_crash_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / ".f.new").write_bytes(b"half a file")
    opened(tmp_path / "f").write("a", "secret")
    assert opened(tmp_path / "f").read("a") == "secret"
    assert not (tmp_path / ".f.new").exists()


def test_two_processes_do_not_write_at_once(tmp_path: Path) -> None:
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(Unavailable, match="another process"):
        opened(tmp_path / "f").write("a", "secret")
    os.close(folder)
    opened(tmp_path / "f").write("a", "secret")


def test_an_entry_of_another_process_is_kept(tmp_path: Path) -> None:
    one, other = opened(tmp_path / "f"), opened(tmp_path / "f")
    one.write("a", "from one")
    other.write("b", "from other")
    one.write("c", "again")
    assert {name: opened(tmp_path / "f").read(name) for name in "abc"} == {
        "a": "from one",
        "b": "from other",
        "c": "again",
    }


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Misconfigured, match="cannot be used"):
        opened(tmp_path / "file" / "f").write("a", "secret")


# Passphrases


def test_systemds_credential_is_taken_without_asking(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck-passphrase").write_text("from systemd\n")
    given = passphrase_from({"CREDENTIALS_DIRECTORY": str(tmp_path)}, prompt=None)
    assert given(False) == given(True) == "from systemd"


def test_a_person_types_a_new_passphrase_twice() -> None:
    typed = iter(["one", "one", "two", "three", "old"])
    given = passphrase_from({"CREDENTIALS_DIRECTORY": "/nowhere"}, lambda _: next(typed))
    assert given(True) == "one"
    with pytest.raises(Misconfigured, match="differ"):
        given(True)
    assert given(False) == "old"


def test_without_anybody_to_ask_the_remedy_is_told() -> None:
    given = passphrase_from({"QUARTERDECK_PASSPHRASE": "x"}, prompt=None)
    with pytest.raises(Misconfigured, match="LoadCredential=quarterdeck-passphrase"):
        given(False)
