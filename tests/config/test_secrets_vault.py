"""Vault, asked for real: what is there is read, and each way to fail has a name of its own."""

import json
import subprocess
import sys
import threading
from collections.abc import Generator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from config.kept import Kept, StoreDown
from config.secrets_vault import VaultAccess, VaultSecrets, _written_us
from domain.errors import DeskError, Misconfigured, Unavailable
from tests.servers.bao import ON_DISK, Bao, Hands, free_port, in_memory, needs_bao, running, vault
from tests.servers.certificate import make_certificate
from venues.keys import Secret

KEY = {"api_key": "CANARY-KEY", "api_secret": "CANARY-SECRET"}


@pytest.fixture(scope="module")
def bao() -> Generator[Bao]:
    with in_memory() as server:
        yield server


def fields(found: Kept | None) -> Any:
    assert found is not None
    return json.loads(found.text)


@needs_bao
def test_a_key_is_read_with_its_version_and_age_and_shown_by_no_repr(bao: Bao) -> None:
    bao.put("exchanges/kraken", **KEY)
    store = vault(bao.access())
    found = store.read("secret", "exchanges/kraken")
    assert fields(found) == KEY
    assert found is not None
    assert found.version == "1"
    assert found.at_us > 1_700_000_000_000_000
    assert "CANARY" not in repr(found) + repr(store) + repr(bao.access("CANARY-TOKEN"))
    assert store._redaction.holds("CANARY-SECRET")
    assert store._redaction.holds(f"X-Vault-Token: {bao.root}")


@needs_bao
def test_what_is_not_there_or_was_deleted_is_none(bao: Bao) -> None:
    store = vault(bao.access())
    assert store.read("secret", "exchanges/nowhere") is None
    bao.put("exchanges/gone", **KEY)
    bao.api.secrets.kv.v2.delete_latest_version_of_secret(path="exchanges/gone")
    assert store.read("secret", "exchanges/gone") is None
    store.write("secret", "exchanges/gone", json.dumps(KEY), None)
    assert fields(store.read("secret", "exchanges/gone")) == KEY


@needs_bao
def test_a_write_is_a_new_version_and_never_over_somebody_elses(bao: Bao) -> None:
    store = vault(bao.access())
    store.write("secret", "exchanges/rotated", json.dumps(KEY), None)
    first = store.read("secret", "exchanges/rotated")
    assert first is not None
    store.write("secret", "exchanges/rotated", json.dumps(KEY | {"api_key": "second"}), first)
    with pytest.raises(Unavailable, match="somebody changed it meanwhile"):
        store.write("secret", "exchanges/rotated", json.dumps(KEY | {"api_key": "third"}), first)
    now = store.read("secret", "exchanges/rotated")
    assert fields(now)["api_key"] == "second"
    assert now is not None
    assert now.version == "2"
    old = bao.api.secrets.kv.v2.read_secret_version(
        path="exchanges/rotated", version=1, raise_on_deleted_version=True
    )
    assert old["data"]["data"] == KEY


@needs_bao
def test_a_mount_that_is_not_there_or_of_version_1_is_said(bao: Bao) -> None:
    store = vault(bao.access())
    with pytest.raises(Misconfigured, match="no such mount"):
        store.read("nomount", "exchanges/kraken")
    with pytest.raises(Misconfigured, match="no such mount"):
        store.write("nomount", "exchanges/kraken", json.dumps(KEY), None)
    api = bao.api
    if "old/" not in api.sys.list_mounted_secrets_engines()["data"]:
        api.sys.enable_secrets_engine("kv", path="old", options={"version": "1"})
    api.secrets.kv.v1.create_or_update_secret("data/exchanges/kraken", KEY, mount_point="old")
    with pytest.raises(Misconfigured, match="version 2") as refused:
        store.read("old", "exchanges/kraken")
    assert "CANARY" not in str(refused.value)


@needs_bao
@pytest.mark.parametrize("token", ["no-such-token", "s.CANARYCANARYCANARY"])
def test_a_wrong_token_is_misconfigured_and_not_shown(bao: Bao, token: str) -> None:
    with pytest.raises(Misconfigured, match="forbids it") as refused:
        vault(bao.access(token)).read("secret", "exchanges/kraken")
    assert "CANARY" not in str(refused.value)


@needs_bao
def test_a_policy_that_does_not_name_the_path_is_misconfigured(bao: Bao) -> None:
    role_id, secret_id = bao.role(policy='path "secret/data/other" { capabilities = ["read"] }')
    store = vault(bao.access("", role_id=role_id, secret_id=secret_id))
    with pytest.raises(Misconfigured, match="secret/data/exchanges/kraken"):
        store.read("secret", "exchanges/kraken")


# AppRole and the token's life


@needs_bao
def test_an_approle_logs_in_and_a_wrong_secret_id_is_said(bao: Bao) -> None:
    bao.put("exchanges/role", **KEY)
    role_id, secret_id = bao.role()
    store = vault(bao.access("", role_id=role_id, secret_id=secret_id))
    assert fields(store.read("secret", "exchanges/role")) == KEY
    with pytest.raises(Misconfigured, match="VAULT_SECRET_ID") as refused:
        vault(bao.access("", role_id=role_id, secret_id="CANARY-ID")).read("secret", "x")
    assert "CANARY" not in str(refused.value)


@needs_bao
def test_a_token_is_renewed_when_a_third_of_its_life_is_left(bao: Bao) -> None:
    role_id, secret_id = bao.role(ttl="60s")
    hands = Hands()
    store = vault(bao.access("", role_id=role_id, secret_id=secret_id), hands)
    assert store.upkeep() == (40.0, "")
    hands.turn(30)
    token = store._api.token
    assert store.upkeep() == (10.0, "")
    hands.turn(15)
    assert store.upkeep() == (40.0, "")
    assert store._api.token == token


@needs_bao
def test_a_token_that_was_revoked_is_replaced_by_a_new_login(bao: Bao) -> None:
    bao.put("exchanges/role", **KEY)
    role_id, secret_id = bao.role(ttl="60s")
    hands = Hands()
    store = vault(bao.access("", role_id=role_id, secret_id=secret_id), hands)
    for by_upkeep in (True, False):
        store.upkeep()
        first = store._api.token
        bao.api.auth.token.revoke(first)
        hands.turn(45)
        _ = store.upkeep() if by_upkeep else store.read("secret", "exchanges/role")
        assert store._api.token != first
    assert fields(store.read("secret", "exchanges/role")) == KEY


@needs_bao
def test_a_plain_token_that_ends_is_said_before_it_does(bao: Bao) -> None:
    made = bao.api.auth.token.create(ttl="60s", renewable=False)["auth"]["client_token"]
    hands = Hands()
    store = vault(bao.access(made), hands)
    assert store.upkeep()[1] == ""
    hands.turn(50)
    wait_s, trouble = store.upkeep()
    assert "cannot be renewed" in trouble
    assert made not in trouble
    assert wait_s > 0


@needs_bao
def test_the_root_token_never_ends(bao: Bao) -> None:
    hands = Hands()
    store = vault(bao.access(), hands)
    hands.turn(10**6)
    assert store.upkeep() == (300.0, "")


# Down, sealed, in between


def test_a_vault_that_is_down_is_named_at_once() -> None:
    store = vault(Bao(f"http://127.0.0.1:{free_port()}").access())
    with pytest.raises(StoreDown, match="cannot be reached") as down:
        store.read("secret", "exchanges/kraken")
    assert "keys that were read stay in use" in down.value.remedy
    with pytest.raises(StoreDown, match="cannot be reached"):
        store.write("secret", "exchanges/kraken", json.dumps(KEY), None)
    wait_s, trouble = store.upkeep()
    assert "cannot be reached" in trouble
    assert wait_s > 0


class _Stubborn(BaseHTTPRequestHandler):
    """Answers everything with one status, or not at all."""

    status = 0
    release = threading.Event()

    def do_GET(self) -> None:
        if not self.status:
            self.release.wait(30)
            return
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:9/v1/stolen")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is said on standard error."""


@pytest.fixture
def stubborn() -> Generator[tuple[str, type[_Stubborn]]]:
    server = HTTPServer(("127.0.0.1", 0), _Stubborn)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    _Stubborn.release.clear()
    yield f"http://127.0.0.1:{server.server_port}", _Stubborn
    _Stubborn.release.set()
    server.shutdown()
    server.server_close()


def test_a_vault_that_never_answers_is_given_up(stubborn: tuple[str, type[_Stubborn]]) -> None:
    address, handler = stubborn
    handler.status = 0
    access = Bao(address).access()
    store = VaultSecrets(access, vault(access)._redaction, Hands(), within_s=0.2)
    with pytest.raises(StoreDown, match=r"no answer within 0\.2 s"):
        store.read("secret", "exchanges/kraken")


@pytest.mark.parametrize("status", [301, 307, 429, 500, 502, 503, 418])
def test_every_strange_answer_has_a_family(
    stubborn: tuple[str, type[_Stubborn]], status: int
) -> None:
    address, handler = stubborn
    handler.status = status
    with pytest.raises(DeskError) as refused:
        vault(Bao(address).access()).read("secret", "exchanges/kraken")
    assert isinstance(refused.value, StoreDown | Misconfigured)


@needs_bao
def test_a_sealed_vault_is_down_until_it_is_unsealed(tmp_path: Path) -> None:
    make_certificate(tmp_path / "cert.pem", tmp_path / "key.pem")
    port = free_port()
    config = tmp_path / "bao.hcl"
    config.write_text(ON_DISK.format(folder=tmp_path, port=port, cluster=free_port()))
    (tmp_path / "raft").mkdir()
    address, ca_file = f"https://127.0.0.1:{port}", str(tmp_path / "cert.pem")
    with running(f"-config={config}", address=address, ca_file=ca_file):
        bao = Bao(address, "", ca_file)
        with pytest.raises(StoreDown):  # not even initialised
            vault(bao.access("x")).read("secret", "exchanges/kraken")
        made = bao.api.sys.initialize(1, 1)
        bao.root = made["root_token"]
        bao.api.sys.submit_unseal_keys(made["keys"])
        _until_active(bao)
        bao.api.sys.enable_secrets_engine("kv-v2", path="secret")
        _until_written(bao)
        store = vault(bao.access())
        assert fields(store.read("secret", "exchanges/kraken")) == KEY
        bao.api.sys.seal()
        with pytest.raises(StoreDown, match="sealed") as down:
            store.read("secret", "exchanges/kraken")
        assert "unseal it" in down.value.remedy
        bao.api.sys.submit_unseal_keys(made["keys"])
        _until_active(bao)
        assert fields(store.read("secret", "exchanges/kraken")) == KEY
        with pytest.raises(Misconfigured, match="certificate is not trusted"):
            vault(bao.access(ca_file="")).read("secret", "exchanges/kraken")


def _until_active(bao: Bao) -> None:
    """A server that was unsealed elects itself first; hvac has a word for that."""
    while not isinstance(bao.api.sys.read_health_status(method="GET"), dict):
        pass


def _until_written(bao: Bao) -> None:
    """A store that was just made is being upgraded for a moment."""
    import hvac  # noqa: PLC0415 -- only here

    while True:
        try:
            bao.put("exchanges/kraken", **KEY)
        except hvac.exceptions.InvalidRequest:
            continue
        return


# What is refused before anything is sent


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"address": ""}, "where is Vault"),
        ({"address": "vault:8200"}, "where is Vault"),
        ({"address": "http://vault.example:8200"}, "https://"),
        ({"address": "http://10.0.0.7:8200"}, "https://"),
        ({"address": "ftp://127.0.0.1:8200"}, "https://"),
        ({"address": "https://user:CANARY@vault:8200"}, "scheme, host and port"),
        ({"address": "https://vault:8200/?x=CANARY"}, "scheme, host and port"),
        ({"token": Secret("")}, "give VAULT_TOKEN"),
        ({"token": Secret(""), "role_id": "role"}, "give VAULT_TOKEN"),
    ],
)
def test_an_access_that_would_not_be_safe_is_refused(told: dict[str, Any], words: str) -> None:
    good = {"address": "https://vault:8200", "token": Secret("t"), "secret_id": Secret("")}
    with pytest.raises(Misconfigured, match=words) as refused:
        vault(VaultAccess(**{**good, **told})).read("secret", "exchanges/kraken")
    assert "CANARY" not in str(refused.value)


@pytest.mark.parametrize("address", ["http://127.0.0.1:8200", "http://[::1]:8200", "https://v:1"])
def test_tls_is_needed_beyond_this_machine_alone(address: str) -> None:
    access = VaultAccess(address=address, token=Secret("t"), secret_id=Secret(""))
    assert access.checked() is access


def test_the_time_of_a_version_is_exact_to_the_microsecond() -> None:
    assert _written_us("2026-11-21T18:00:00.123456789Z") == 1_795_284_000_123_456
    assert _written_us("2026-11-21T18:00:00Z") == 1_795_284_000_000_000
    assert _written_us("2026-11-21T18:00:00.5Z") == 1_795_284_000_500_000


def test_nothing_of_vault_is_loaded_before_it_is_asked() -> None:
    program = (
        "import config.load, config.secrets_vault, config.secrets_aws, sys\n"
        "print([m for m in ('hvac', 'boto3', 'botocore', 'requests') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
