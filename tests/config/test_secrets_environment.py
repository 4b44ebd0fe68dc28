"""Keys from the environment: found by name, most specific first, and gone from it afterwards."""

import os
from pathlib import Path

import pytest

from config.redaction import Redaction
from config.secrets_environment import EnvironmentSecrets, read_env_file
from domain.errors import Misconfigured
from domain.instruments import Account
from domain.keys import Purpose
from venues.keys import Keys

KRAKEN = Account("kraken", "main")
COLD = Account("kraken", "cold")


def pair(prefix: str, value: str) -> dict[str, str]:
    return {f"{prefix}_API_KEY": f"{value}-key", f"{prefix}_API_SECRET": f"{value}-secret"}


def found(values: dict[str, str], account: Account, purpose: Purpose = Purpose.READ) -> str:
    keys = EnvironmentSecrets(values, Redaction()).find(account, purpose)
    return keys.secret.reveal().removesuffix("-secret") if keys else ""


def test_the_most_specific_name_counts() -> None:
    values: dict[str, str] = {}
    for prefix in ("KRAKEN", "KRAKEN_MAIN", "KRAKEN_READ", "KRAKEN_MAIN_READ"):
        values |= pair(prefix, prefix)
        assert found(values, KRAKEN) == prefix
    assert found(values, KRAKEN, Purpose.TRADE) == "KRAKEN_MAIN"


def test_another_account_never_gets_the_keys_of_main() -> None:
    values = pair("KRAKEN", "main") | pair("KRAKEN_READ", "main-read")
    assert found(values, COLD) == ""
    values |= pair("KRAKEN_COLD", "cold")
    assert found(values, COLD) == "cold"
    assert found(values, COLD, Purpose.WITHDRAW) == "cold"


def test_each_purpose_has_its_own_key() -> None:
    values = pair("KRAKEN_READ", "r") | pair("KRAKEN_TRADE", "t")
    assert found(values, KRAKEN, Purpose.READ) == "r"
    assert found(values, KRAKEN, Purpose.TRADE) == "t"
    assert found(values, KRAKEN, Purpose.WITHDRAW) == ""


def test_the_venues_former_name_is_understood() -> None:
    gate = Account("gate", "main")
    assert found(pair("GATEIO", "old"), gate) == "old"
    assert found(pair("GATEIO", "old") | pair("GATE", "new"), gate) == "new"
    assert found(pair("GATEIO_READ", "old") | pair("GATE", "new"), gate) == "old"
    assert found(pair("BINANCE_US", "us"), Account("binanceus", "main")) == "us"


@pytest.mark.parametrize("lacking", ["API_KEY", "API_SECRET"])
def test_half_a_key_is_refused_and_not_filled_from_elsewhere(lacking: str) -> None:
    values = pair("KRAKEN", "general") | pair("KRAKEN_READ", "CANARY")
    del values[f"KRAKEN_READ_{lacking}"]
    with pytest.raises(Misconfigured, match=f"KRAKEN_READ_{lacking}: is missing") as refused:
        found(values, KRAKEN)
    assert "CANARY" not in str(refused.value)


def test_a_lone_passphrase_is_no_key() -> None:
    assert found({"KRAKEN_API_PASSPHRASE": "CANARY-PASS"}, KRAKEN) == ""


def test_a_key_that_was_pasted_untidily_is_made_usable() -> None:
    values = {
        "KUCOIN_API_KEY": " abc \n",
        "KUCOIN_API_SECRET": r"-----BEGIN EC PRIVATE KEY-----\nabc\n-----END EC PRIVATE KEY-----",
        "KUCOIN_API_PASSPHRASE": "pass phrase",
    }
    redaction = Redaction()
    keys = EnvironmentSecrets(values, redaction).find(Account("kucoin", "main"), Purpose.READ)
    assert isinstance(keys, Keys)
    assert keys.key.reveal() == "abc"
    assert keys.secret.reveal().splitlines()[1] == "abc"
    assert keys.passphrase is not None
    assert keys.passphrase.reveal() == "pass phrase"
    assert redaction.holds(keys.secret.reveal())
    assert "abc" not in repr(keys)


def test_a_key_with_a_line_break_inside_is_refused_without_being_shown() -> None:
    values = pair("KRAKEN", "x") | {"KRAKEN_API_KEY": "CANARY\r\nInjected: header"}
    with pytest.raises(Misconfigured, match="control character") as refused:
        found(values, KRAKEN)
    assert "CANARY" not in str(refused.value)


def test_what_was_taken_is_gone_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {"PATH": "/bin", "OPENAI_API_KEY": "other", "KRAKENFUTURES_API_KEY": "other venue"}
    environ = kept | pair("KRAKEN_READ", "r") | pair("KRAKEN", "k") | pair("MINE", "m")
    redaction = Redaction()
    taken = EnvironmentSecrets.take(environ, ["kraken"], redaction, prefixes=["MINE"])
    assert environ == kept
    assert taken.for_child() == pair("KRAKEN_READ", "r") | pair("KRAKEN", "k") | pair("MINE", "m")
    assert redaction.holds("m-secret")
    own = taken.entry("MINE", Purpose.TRADE)
    assert own is not None
    assert own.key.reveal() == "m-key"
    for name, value in pair("KRAKEN", "real").items():
        monkeypatch.setenv(name, value)
    EnvironmentSecrets.take(os.environ, ["kraken"], redaction)
    assert os.getenv("KRAKEN_API_KEY") is None


def test_the_environment_stands_above_the_file() -> None:
    environ = pair("KRAKEN", "process")
    taken = EnvironmentSecrets.take(
        environ, ["kraken"], Redaction(), env_file=pair("KRAKEN", "file") | {"OTHER": "x"}
    )
    assert taken.for_child() == pair("KRAKEN", "process")
    only_file = EnvironmentSecrets.take(
        {}, ["kraken"], Redaction(), env_file=pair("KRAKEN", "file") | {"OTHER": "x"}
    )
    assert only_file.for_child() == pair("KRAKEN", "file")
    assert only_file
    assert not EnvironmentSecrets.take({}, ["kraken"], Redaction())


# .env


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / ".env"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_private_env_file_is_read_and_nothing_in_it_is_expanded(tmp_path: Path) -> None:
    text = "# keys\nexport KRAKEN_API_KEY='a$HOME'\nKRAKEN_API_SECRET=\"x${PATH}\\ny\"\nEMPTY\n"
    read = read_env_file(written(tmp_path, text))
    assert read == {"KRAKEN_API_KEY": "a$HOME", "KRAKEN_API_SECRET": "x${PATH}\ny"}
    assert "KRAKEN_API_KEY" not in os.environ


def test_without_an_env_file_there_are_no_keys_in_it(tmp_path: Path) -> None:
    assert read_env_file(tmp_path / ".env") == {}


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_an_env_file_that_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(Misconfigured, match="chmod 600"):
        read_env_file(written(tmp_path, "KRAKEN_API_KEY=x", mode))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_an_env_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "KRAKEN_API_KEY=x")
    os.chown(path, 12_345, -1)
    with pytest.raises(Misconfigured, match="belongs to user id 12345"):
        read_env_file(path)


def test_an_env_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="not an ordinary file"):
        read_env_file(tmp_path)
    path = written(tmp_path, "")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(Misconfigured, match="not UTF-8"):
        read_env_file(path)
    path.write_bytes(b"x" * 1_000_001)
    with pytest.raises(Misconfigured, match="larger than"):
        read_env_file(path)
