"""One door to every store: references, our own names, venue keys by purpose."""

import json
from pathlib import Path

import pytest

from config import secrets_file
from config.kept import Kept
from config.redaction import Redaction
from config.references import parse_reference
from config.sealed import Cost
from config.secrets import keys_from
from config.secrets_environment import EnvironmentSecrets
from config.secrets_file import SecretFile
from config.secrets_keyring import KeyringSecrets
from config.secrets_stores import SecretStores
from domain.errors import Misconfigured, Unavailable
from domain.instruments import Account
from domain.keys import Purpose
from domain.storage_ports import SecretStore
from tests.config.test_secrets_keyring import Memory

MAIN = Account("kraken", "main")
COLD = Account("kraken", "cold")
KEY = {"api_key": "k-general", "api_secret": "s-general"}


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets_file, "Cost", lambda: Cost(n=2**14, r=1, p=1))


class World:
    """A keyring, files and an environment, and the stores over them."""

    def __init__(self, folder: Path, environ: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.backend = Memory()
        self.redaction = Redaction()
        self.asked = 0
        self.stores = SecretStores(
            keyring=KeyringSecrets(self.redaction, choose=lambda: self.backend),
            own=self.file(folder / "own.qd"),
            scope="live-1a2b",
            environment=EnvironmentSecrets(environ or {}, self.redaction),
            open_file=self.file,
            redaction=self.redaction,
        )

    def file(self, path: Path) -> SecretFile:
        return SecretFile(path, self.passphrase, self.redaction)

    def passphrase(self, _: bool) -> str:
        self.asked += 1
        return "a long passphrase"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_our_own_secret_goes_to_the_keyring_under_the_books_name(world: World) -> None:
    store: SecretStore = world.stores
    assert store.read("totp/alice") is None
    store.write("totp/alice", "SEEDSEED")
    assert world.backend.kept == {("quarterdeck", "live-1a2b/totp/alice"): "SEEDSEED"}
    assert store.read("totp/alice") == "SEEDSEED"
    assert world.asked == 0


def test_without_a_keyring_our_own_secret_goes_to_the_file(world: World) -> None:
    world.backend.failure = RuntimeError("no bus")
    assert world.stores.read("totp/alice") is None
    world.stores.write("totp/alice", "SEEDSEED")
    assert world.stores.read("totp/alice") == "SEEDSEED"
    assert world.file(world.folder / "own.qd").read("totp/alice") == "SEEDSEED"
    world.backend.failure = None
    assert world.stores.read("totp/alice") == "SEEDSEED"


def test_a_locked_keyring_is_not_an_empty_one(world: World) -> None:
    from keyring.errors import KeyringLocked  # noqa: PLC0415 -- as the back end raises it

    world.backend.failure = KeyringLocked()
    with pytest.raises(Unavailable, match="locked"):
        world.stores.read("totp/alice")
    with pytest.raises(Unavailable, match="locked"):
        world.stores.write("totp/alice", "SEED")
    assert not (world.folder / "own.qd").exists()


def test_references_name_their_store(world: World) -> None:
    place = f"file:{world.folder}/other.qd#a/b"
    for reference in ("keyring:mine/entry", place):
        assert world.stores.read(reference) is None
        world.stores.write(reference, "kept here")
        assert world.stores.read(reference) == "kept here"
    assert world.backend.kept == {("mine", "entry"): "kept here"}
    assert world.asked == 1


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("vault:secret/../x", "after vault:"),
        ("vault:a b/x", "after vault:"),
        ("aws:trading//x", "after aws:"),
        ("env:KRAKEN", "names no entry"),
        ("file:/x", "names no entry"),
        ("AKIA:CANARY", "not a reference"),
    ],
)
def test_a_reference_that_no_store_answers_is_refused(
    world: World, reference: str, words: str
) -> None:
    with pytest.raises(Misconfigured, match=words) as refused:
        world.stores.read(reference)
    assert "CANARY" not in str(refused.value)
    with pytest.raises(Misconfigured, match=words):
        world.stores.write(reference, "x")


@pytest.mark.parametrize(
    "text",
    [
        "vault:secret/exchanges/kraken",
        "vault:secret",
        "aws:trading/exchanges/kraken",
        "env:KRAKEN_READ",
        "keyring:a/b/c",
        "file:~/x.qd",
        "file:/x/y.qd#exchanges/kraken",
    ],
)
def test_a_reference_is_written_as_it_was_read(text: str) -> None:
    assert str(parse_reference(text)) == text
    assert str(parse_reference("env:KRAKEN_READ_API_KEY")) == "env:KRAKEN_READ"
    assert str(parse_reference("vault:")) == "vault:secret"
    assert str(parse_reference("aws:")) == "aws:trading"


def test_a_reference_without_an_entry_is_the_accounts_own(world: World) -> None:
    asked: list[tuple[str, str]] = []

    class Beyond:
        def read(self, place: str, entry: str) -> Kept | None:
            asked.append((place, entry))
            return Kept(text=json.dumps(KEY))

        def write(self, place: str, entry: str, text: str, after: Kept | None) -> None:
            asked.append((place, text))

        def upkeep(self) -> tuple[float, str]:
            return 60.0, ""

    world.stores.remote = {"vault": Beyond(), "aws": Beyond()}
    for reference in ("vault:", "aws:", "vault:kv/own/entry"):
        for account in (MAIN, COLD):
            keys = world.stores.venue_key(account, Purpose.READ, reference)
            assert keys is not None
            assert keys.key.reveal() == "k-general"
    assert asked == [
        ("secret", "exchanges/kraken"),
        ("secret", "exchanges/kraken/cold"),
        ("trading", "exchanges/kraken"),
        ("trading", "exchanges/kraken/cold"),
        ("kv", "own/entry"),
        ("kv", "own/entry"),
    ]


# Venue keys


def test_a_venue_key_is_read_by_purpose_from_one_entry(world: World) -> None:
    fields = KEY | {"trade_key": "k-trade", "trade_secret": "s-trade"}
    world.backend.kept["quarterdeck", "kraken"] = json.dumps(fields)
    reference = "keyring:quarterdeck/kraken"
    for purpose, key in ((Purpose.READ, "k-general"), (Purpose.TRADE, "k-trade")):
        keys = world.stores.venue_key(MAIN, purpose, reference)
        assert keys is not None
        assert keys.key.reveal() == key
    assert world.redaction.holds("s-general s-trade")


def test_a_file_without_an_entry_holds_accounts_by_their_names(world: World) -> None:
    path = world.folder / "venues.qd"
    file = world.file(path)
    file.write("exchanges/kraken", json.dumps(KEY))
    file.write("exchanges/kraken/cold", json.dumps(KEY | {"api_key": "k-cold"}))
    for account, key in ((MAIN, "k-general"), (COLD, "k-cold")):
        keys = world.stores.venue_key(account, Purpose.READ, f"file:{path}")
        assert keys is not None
        assert keys.key.reveal() == key


@pytest.mark.parametrize(
    ("kept", "words"),
    [
        (None, "nothing is kept under keyring:quarterdeck/kraken"),
        ("CANARY", "not a JSON object"),
        ("[]", "not a JSON object"),
        ('{"api_key": 5}', "not a JSON object"),
        ('{"api_key": "CANARY-KEY"}', "has no api_secret"),
        ('{"read_secret": "CANARY-SECRET", "api_key": "x", "api_secret": "y"}', "has no read_key"),
        ("{}", "has no api_key"),
    ],
)
def test_an_entry_that_is_no_key_is_refused_without_being_shown(
    world: World, kept: str | None, words: str
) -> None:
    if kept is not None:
        world.backend.kept["quarterdeck", "kraken"] = kept
    with pytest.raises(Misconfigured, match=words) as refused:
        world.stores.venue_key(MAIN, Purpose.READ, "keyring:quarterdeck/kraken")
    assert "CANARY" not in str(refused.value)


def test_a_reference_is_the_only_place_that_is_looked_at(tmp_path: Path) -> None:
    environ = {"KRAKEN_API_KEY": "k-env", "KRAKEN_API_SECRET": "s-env"}
    world = World(tmp_path, environ)
    found = world.stores.venue_key(MAIN, Purpose.READ, None)
    assert found is not None
    assert found.key.reveal() == "k-env"
    for reference in ("keyring:quarterdeck/none", "env:KRAKEN_READ"):
        with pytest.raises(Misconfigured, match=r"exchanges\.kraken\.accounts\.main\.read"):
            world.stores.venue_key(MAIN, Purpose.READ, reference)
    assert world.stores.venue_key(MAIN, Purpose.READ, "env:KRAKEN") == found


def test_an_account_runs_with_a_read_key_and_perhaps_a_trade_key(tmp_path: Path) -> None:
    environ = {f"KRAKEN_READ_API_{part}": f"r-{part}" for part in ("KEY", "SECRET")}
    world = World(tmp_path, environ)
    assert world.stores.read_key(MAIN, None).key.reveal() == "r-KEY"
    assert world.stores.venue_key(MAIN, Purpose.TRADE, None) is None
    with pytest.raises(Misconfigured, match=r"no key to read with; .* KRAKEN_API_KEY"):
        world.stores.read_key(COLD, None)
    with pytest.raises(Misconfigured, match="nothing is kept"):
        world.stores.venue_key(MAIN, Purpose.TRADE, "keyring:quarterdeck/none")


def test_the_age_of_a_key_is_that_of_its_own_date_else_of_its_entry(world: World) -> None:
    fields = KEY | {"trade_key": "k", "trade_secret": "s", "trade_changed": "2026-01-02T03:04:05Z"}
    world.backend.kept["quarterdeck", "kraken"] = json.dumps(fields)
    ages = {}
    for purpose in Purpose:
        keys = world.stores.venue_key(MAIN, purpose, "keyring:quarterdeck/kraken")
        assert keys is not None
        ages[purpose] = keys.since_us
    noted_us = 1_767_323_045_000_000
    assert ages == {Purpose.READ: 0, Purpose.TRADE: noted_us, Purpose.WITHDRAW: 0}
    assert not world.redaction.holds("2026-01-02T03:04:05Z")
    for told in ("yesterday", "2026-01-02T03:04:05", ""):
        found = keys_from(
            KEY | {"api_changed": told}, Purpose.READ, "x", world.redaction, kept_us=7
        )
        assert found.since_us == 7
