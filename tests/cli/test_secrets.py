"""`quarterdeck secrets`: what is told of keys, what is not, and how new ones come in."""

import io
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cli.commands import secrets_changing
from cli.commands.secrets_changing import piped
from cli.main import main
from cli.usage import WrongUsage
from cli.venue_keys import KeyLoading
from config import secrets_file
from config.kept import Kept, StoreDown
from config.redaction import Redaction
from config.sealed import Cost
from config.secrets_environment import EnvironmentSecrets
from config.secrets_file import SecretFile
from config.secrets_keyring import KeyringSecrets
from config.secrets_stores import SecretStores
from domain.asks import Done
from domain.errors import DeskError, Misconfigured, Refused, Unavailable
from domain.instruments import Account
from domain.keys import Purpose
from domain.rekeying import ReloadKey
from tests.config.test_secrets_keyring import Memory
from tests.servers.bao import free_port
from tests.test_canaries import SECRET
from venues.keys import Keys, NoKey

DAY_S = 86_400
PASSPHRASE = "a long passphrase"
CONFIG = """\
version: 1
mode: observe
exchanges:
  kraken:
    accounts:
      main: {{read: "file:{folder}/keys.qd", trade: "file:{folder}/keys.qd"}}
      cold: {{read: "file:{folder}/keys.qd"}}
risk: {{max_order_value: 1, max_daily_volume: 1, max_position_size: 1, max_drawdown_pct: 1}}
"""


class Desk:
    """A home with a configuration; `run` is the command line, `text` its standard input."""

    def __init__(
        self, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._patch = patch
        self._capsys = capsys
        self.config = folder / "trading_config.yaml"
        self.config.write_text(CONFIG.format(folder=folder), encoding="utf-8")

    def run(self, *words: str, text: str = "") -> tuple[int, str]:
        self._patch.setattr("sys.stdin", io.StringIO(text))
        flags = ["--config", str(self.config), "--data-dir", str(self.folder / "data")]
        status = main(["secrets", *words, *flags])
        told = self._capsys.readouterr()
        assert SECRET not in told.out + told.err
        return status, told.out + told.err

    def kept(self) -> dict[str, dict[str, str]]:
        file = SecretFile(self.folder / "keys.qd", lambda _: PASSPHRASE, Redaction())
        entries = file._entries()
        return {name: json.loads(text) for name, text in entries.items()}


@pytest.fixture
def desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    monkeypatch.setattr(secrets_file, "Cost", lambda: Cost(n=2**14, r=1, p=1))
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "quarterdeck-passphrase").write_text(PASSPHRASE, encoding="utf-8")
    (credentials / "quarterdeck-passphrase").chmod(0o600)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, monkeypatch, capsys)


def test_a_key_is_kept_and_told_without_its_value(desk: Desk) -> None:
    typed = f"the-key\n{SECRET}\nword\n"
    status, told = desk.run("set", "--account", "kraken/main", "--purpose", "read", text=typed)
    assert (status, "exchanges/kraken: kept" in told) == (0, True)
    fields = desk.kept()["exchanges/kraken"]
    assert fields["read_key"] == "the-key"
    assert fields["read_secret"] == SECRET
    assert fields["read_passphrase"] == "word"
    assert fields["read_changed"].endswith("Z")
    (read, trade, *_) = json.loads(desk.run("list", "--json")[1])
    assert read["fields"] == ["read_key", "read_secret", "read_passphrase"]
    assert (read["state"], read["age_days"]) == ("here", 0)
    assert (trade["state"], trade["fields"]) == ("wrong", [])
    assert "the-key" not in desk.run("list")[1]


def test_set_and_rotate_are_told_apart(desk: Desk) -> None:
    target = ("--account", "kraken/main", "--purpose", "trade")
    status, told = desk.run("rotate", *target, text="k\ns\n")
    assert (status, "has no trade key yet" in told) == (64, True)
    assert desk.run("set", *target, text="k\ns\n")[0] == 0
    status, told = desk.run("set", *target, text="k2\ns2\n")
    assert (status, "has a trade key; `quarterdeck secrets rotate`" in told) == (64, True)
    status, told = desk.run("rotate", *target, text="k2\ns2\np2\n")
    assert (status, "no engine runs" in told) == (0, True)
    assert desk.run("rotate", *target, text="k3\ns3\n")[0] == 0
    fields = desk.kept()["exchanges/kraken"]
    assert {name for name in fields if name.startswith("trade")} == {
        "trade_key",
        "trade_secret",  # and no passphrase of the key before
        "trade_changed",
    }
    assert fields["trade_key"] == "k3"


def test_one_entry_can_serve_every_purpose(desk: Desk) -> None:
    place = f"file:{desk.folder}/keys.qd#exchanges/kraken"
    status, told = desk.run("set", place, "--json", text='{"key": "k", "secret": "s"}')
    assert status == 0, told
    assert json.loads(told)["in_use"] is False
    assert set(desk.kept()["exchanges/kraken"]) == {"api_key", "api_secret", "api_changed"}
    status, told = desk.run("check")
    assert status == 78  # cold has none
    assert "! one key for several purposes: kraken/main read, kraken/main trade" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "name a place"),
        (("--account", "kraken/main"), "name a place"),
        (("--purpose", "read"), "name a place"),
        (("--account", "kraken/other", "--purpose", "read"), "there is no account kraken/other"),
        (("--account", "kraken", "--purpose", "read"), "write it like kraken/main"),
        (("--account", "kraken/cold", "--purpose", "trade"), "names no place yet"),
        (("env:KRAKEN_READ",), "is set outside of this program"),
        (("vault:",), "is whose?"),
        (("nonsense",), "not a reference"),
    ],
)
@pytest.mark.parametrize("action", ["set", "rotate"])
def test_a_target_that_is_not_clear_is_refused_before_anything_is_read(
    desk: Desk, action: str, words: tuple[str, ...], told: str
) -> None:
    status, said = desk.run(action, *words, text=f"key\n{SECRET}\n")
    assert status == 64
    assert told in said
    assert not (desk.folder / "keys.qd").exists()


def test_checking_says_what_is_old_missing_and_readable_by_others(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for account in ("kraken/main", "kraken/cold"):
        desk.run("set", "--account", account, "--purpose", "read", text=f"{account}\ns\n")
    desk.run("set", "--account", "kraken/main", "--purpose", "trade", text="t\ns\n")
    assert desk.run("check")[0] == 0
    later = SystemClockLater(91)
    monkeypatch.setattr("cli.ground.SystemClock", lambda: later)
    credential = desk.folder / "credentials" / "quarterdeck-passphrase"
    credential.chmod(0o604)
    status, told = desk.run("check")
    assert status == 0
    assert told.count("91 days old, over 90") == 3
    assert "secrets rotate --account kraken/cold --purpose read" in told
    assert "! credential quarterdeck-passphrase: everybody can read it" in told
    (desk.folder / "keys.qd").chmod(0o640)
    status, told = desk.run("check")
    assert (status, "run chmod 600" in told) == (78, True)


class SystemClockLater:
    """The machine's clock, some days on."""

    def __init__(self, days: int) -> None:
        from cli.clock import SystemClock  # noqa: PLC0415 -- patched where it is used

        self._clock = SystemClock()
        self._ahead_us = days * DAY_S * 1_000_000

    def now_us(self) -> int:
        return self._clock.now_us() + self._ahead_us

    def monotonic_us(self) -> int:
        return self._clock.monotonic_us()


# A running engine


class Engine:
    """Stands for the attached desk: it answers ReloadKey with an error, or that it is done."""

    def __init__(self, outcome: DeskError | None) -> None:
        self._outcome = outcome
        self.asked: list[ReloadKey] = []

    async def ask(self, ask: ReloadKey) -> Done:
        self.asked.append(ask)
        if self._outcome is not None:
            raise self._outcome
        return Done(detail="it uses the new key")


@pytest.mark.parametrize(
    ("outcome", "status", "kept", "words"),
    [
        (None, 0, "new", "it uses the new key"),
        (Refused("key", "another account's"), 77, "old", "another account's"),
        (Refused("second_factor", "wrong"), 77, "old", "wrong"),
        (Unavailable("kraken/main", "invalid key"), 69, "old", "invalid key"),
        (Misconfigured("x", "half a key"), 78, "old", "half a key"),
        (Refused("mode", "OBSERVE uses none"), 0, "new", "OBSERVE uses none"),
        (Unavailable("engine", "it did not answer"), 75, "new", "the new key stays"),
    ],
)
def test_what_the_engine_refuses_is_not_left_and_what_it_may_have_is_not_taken_back(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    outcome: DeskError | None,
    status: int,
    kept: str,
    words: str,
) -> None:
    target = ("--account", "kraken/main", "--purpose", "trade")
    assert desk.run("set", *target, text="old\ns\n")[0] == 0
    engine = Engine(outcome)

    @asynccontextmanager
    async def attached(*_: object, **__: object) -> AsyncGenerator[Engine]:
        yield engine

    monkeypatch.setattr(secrets_changing, "is_running", lambda _: True)
    monkeypatch.setattr(secrets_changing, "attached", attached)
    got, told = desk.run("rotate", *target, "--code", "123456", text="new\ns\n")
    assert (got, words in told) == (status, True), told
    assert desk.kept()["exchanges/kraken"]["trade_key"] == kept
    (asked,) = engine.asked
    assert (asked.account, asked.purpose, asked.code) == (MAIN, Purpose.TRADE, "123456")


# What is typed

PEM = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\nabc=\n-----END EC PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("k\ns\n", ["k", "s", ""]),
        ("k\r\ns\r\np\r\n", ["k", "s", "p"]),
        ("\n k \n s", ["k", "s", ""]),
        ('{"key": "k", "secret": "s", "passphrase": "p"}', ["k", "s", "p"]),
        ('{"secret": "s"}', ["", "s", ""]),
        (f"k\n{PEM}\n", ["k", PEM, ""]),
        (f"k\n{PEM}\np\n", ["k", PEM, "p"]),
        ("", ["", "", ""]),
    ],
)
def test_lines_and_json_are_read_as_a_key(text: str, parts: list[str]) -> None:
    assert [part.strip() for part in piped(text)] == parts


@pytest.mark.parametrize(
    "text",
    [
        "k\ns\np\nCANARY",
        '{"key": "k", "CANARY": "s"}',
        '{"key": 5}',
        '{"key": "CANARY"',
        "CANARY" * 5_000,
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        piped(text)
    assert "CANARY" not in str(refused.value)


def test_an_empty_key_is_refused(desk: Desk) -> None:
    for text in ("", "k\n", "\ns\n", '{"secret": "s"}'):
        target = ("--account", "kraken/main", "--purpose", "read")
        status, told = desk.run("set", *target, text=text)
        assert (status, "two lines or three" in told) == (64, True)


# Which accounts start


class Beyond:
    """A store beyond this machine, by entry: keys, or what it fails with."""

    def __init__(self, entries: Mapping[str, str | DeskError]) -> None:
        self._entries = entries
        self.asked: list[str] = []

    def read(self, _: str, entry: str) -> Kept | None:
        self.asked.append(entry)
        found = self._entries.get(entry)
        if isinstance(found, DeskError):
            raise found
        return None if found is None else Kept(text=found)

    def write(self, place: str, entry: str, text: str, after: Kept | None) -> None:
        raise AssertionError("nothing is written at a start")

    def upkeep(self) -> tuple[float, str]:
        return 60.0, ""


KEY = json.dumps({"api_key": "k", "api_secret": "s"})
MAIN, COLD = Account("kraken", "main"), Account("kraken", "cold")
BOTH = {Purpose.READ: "vault:", Purpose.TRADE: "vault:", Purpose.WITHDRAW: None}


def loading(tmp_path: Path, vault: Beyond) -> KeyLoading:
    redaction = Redaction()
    file = SecretFile(tmp_path / "own", lambda _: PASSPHRASE, redaction)
    return KeyLoading(
        SecretStores(
            keyring=KeyringSecrets(redaction, choose=Memory),
            own=file,
            scope="x",
            environment=EnvironmentSecrets({}, redaction),
            open_file=lambda _: file,
            redaction=redaction,
            remote={"vault": vault},
        )
    )


async def test_an_account_without_its_key_is_kept_out_and_the_others_go_on(tmp_path: Path) -> None:
    vault = Beyond({"exchanges/kraken": KEY})
    keys = loading(tmp_path, vault)
    main_keys = await keys.of(MAIN, BOTH, trade=True)
    cold_keys = await keys.of(COLD, BOTH, trade=True)
    keys.insist()
    assert isinstance(main_keys.read, Keys)
    assert isinstance(main_keys.trade, Keys)
    assert isinstance(cold_keys.read, NoKey)
    assert "nothing is kept under vault:secret" in cold_keys.read.why
    assert main_keys.load is not None
    assert main_keys.load(Purpose.TRADE) == main_keys.trade


@pytest.mark.parametrize(
    ("problem", "family"),
    [(StoreDown("Vault", "it is sealed"), Unavailable), (Misconfigured("x", "no"), Misconfigured)],
)
async def test_where_no_account_has_all_of_its_keys_nothing_starts(
    tmp_path: Path, problem: DeskError, family: type[DeskError]
) -> None:
    vault = Beyond({"exchanges/kraken": problem, "exchanges/kraken/cold": problem})
    keys = loading(tmp_path, vault)
    for account in (MAIN, COLD):
        assert isinstance((await keys.of(account, BOTH, trade=True)).read, NoKey)
    with pytest.raises(family):
        keys.insist()
    # A store that is down is not waited for once more by every key of every account.
    assert len(vault.asked) == (1 if family is Unavailable else 4)


async def test_without_trading_the_trade_key_is_not_touched(tmp_path: Path) -> None:
    vault = Beyond({"exchanges/kraken": KEY})
    keys = loading(tmp_path, vault)
    assert (await keys.of(MAIN, BOTH, trade=False)).trade is None
    assert vault.asked == ["exchanges/kraken"]


def test_the_store_beyond_is_named_by_doctor(
    desk: Desk, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = desk.config.read_text(encoding="utf-8").replace(f"file:{desk.folder}/keys.qd", "vault:")
    desk.config.write_text(text, encoding="utf-8")
    flags = ["--config", str(desk.config), "--data-dir", str(desk.folder / "data")]
    assert main(["doctor", *flags]) == 78
    told = capsys.readouterr().out
    assert "✗ keys of kraken/main: vault.address: where is Vault?" in told
    assert "answers" not in told
    monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("VAULT_TOKEN", "t")
    assert main(["doctor", *flags]) == 78
    assert "✗ Vault: Vault is not available: it cannot be reached" in capsys.readouterr().out
