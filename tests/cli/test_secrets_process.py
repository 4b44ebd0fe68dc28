"""Keys in a real Vault, the program in processes of its own, LIVE against a loopback venue."""

import re
import urllib.request
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from tests.canaries import MARKED
from tests.cli.wire_home import Home, at_home, running_daemon
from tests.servers.bao import ROOT, Bao, free_port, needs_bao, running

pytestmark = [needs_bao, pytest.mark.timeout(180), pytest.mark.slow]
KEYS_IN_VAULT = """\
    accounts: {main: {read: "vault:", trade: "vault:"}}
"""
READ = ("--account", "kraken/main", "--purpose", "read")
TRADE = ("--account", "kraken/main", "--purpose", "trade")


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Generator[tuple[Home, Bao, Any]]:
    """A home whose keys belong into Vault, which is empty; the server can be killed."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    monkeypatch.setenv("VAULT_ADDR", address)
    monkeypatch.setenv("VAULT_TOKEN", ROOT)
    words = ("-dev", f"-dev-root-token-id={ROOT}", f"-dev-listen-address=127.0.0.1:{port}")
    with (
        running(*words, "-dev-no-store-token", address=address) as server,
        at_home() as home,
    ):
        config = home.folder / "trading_config.yaml"
        text = config.read_text(encoding="utf-8")
        text = text.replace("\nrisk:", f"\n{KEYS_IN_VAULT}risk:", 1)
        text = text.replace("prometheus_port: 0", f"prometheus_port: {free_port()}")
        config.write_text(text, encoding="utf-8")
        yield home, Bao(address), server


def typed(home: Home, purpose: str, *, new: bool = False) -> str:
    """The key as a person pipes it in; with `new` the venue makes another one first."""
    if new:
        home.admin.ask("issue_key", purpose=purpose)
    told: Any = home.admin.ask("credentials", purpose=purpose)
    return f"{told['apiKey']}\n{told['secret']}\n"


def quiet(told: str) -> str:
    """What a command said, in which no key may stand."""
    assert not MARKED.search(told.encode()), "a key was printed"
    assert ROOT not in told
    return told


def test_keys_are_kept_listed_checked_and_rotated_under_a_running_engine(
    place: tuple[Home, Bao, Any],
) -> None:
    home, bao, server = place
    status, told = home.run("secrets", "check")
    assert (status, "nothing is kept under vault:secret" in quiet(told)) == (78, True)
    for words, purpose in ((READ, "read"), (TRADE, "trade")):
        status, told = home.run("secrets", "set", *words, text=typed(home, purpose))
        assert (status, "kept" in quiet(told)) == (0, True), told
    listed = {row["purpose"]: row for row in home.json("secrets", "list")}
    quiet(str(listed))
    assert listed["trade"]["fields"] == ["trade_key", "trade_secret"]
    assert (listed["read"]["age_days"], listed["withdraw"]["state"]) == (0, "none")
    assert home.run("secrets", "check")[0] == 0
    home.enrol()
    with running_daemon(home) as daemon:
        home.arm()
        _rotate(home)
        _refuses(home, bao)
        command = Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
        assert not MARKED.search(command)
        quiet(_scraped(home))
        _kill_while_down(home, server)
    _start_while_down(home)


def _rotate(home: Home) -> None:
    """The engine takes the new key over, goes on trading, and writes it down."""
    new = typed(home, "trade", new=True)
    status, told = home.run("secrets", "rotate", *TRADE, "--code", home.recovery[0], text=new)
    assert (status, "uses the new trade key" in quiet(told)) == (0, True), told
    (rotated,) = home.json("ledger", "tail", "--kind", "key_rotated")["rows"]
    quiet(str(rotated))
    order = ("order", "buy", "BTC/USD", "0.001", "--price", "62000", "--venue", "kraken")
    status, told = home.run(*order)
    assert status == 0, told


def _refuses(home: Home, bao: Bao) -> None:
    """A key that the venue does not know is not used, and not left in Vault."""
    before = bao.api.secrets.kv.v2.read_secret_version(
        path="exchanges/kraken", raise_on_deleted_version=True
    )["data"]["data"]
    wrong = "Y2FuYXJ5IG9mIHRoZSB3aXJlnobody\nY2FuYXJ5IG9mIHRoZSB3aXJl\n"
    status, told = home.run("secrets", "rotate", *TRADE, "--code", home.recovery[1], text=wrong)
    assert (status, "the key in use stays" in quiet(told)) == (69, True), told
    after = bao.api.secrets.kv.v2.read_secret_version(
        path="exchanges/kraken", raise_on_deleted_version=True
    )["data"]["data"]
    assert after == before


def _scraped(home: Home) -> str:
    config = (home.folder / "trading_config.yaml").read_text(encoding="utf-8")
    (port,) = re.findall(r"prometheus_port: (\d+)", config)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text: str = answer.read().decode()
    assert "trading_" in text
    return text


def _kill_while_down(home: Home, server: Any) -> None:
    server.kill()
    server.wait()
    status, told = home.run("--kill", "Vault is down")
    assert (status, home.open_orders()) == (0, []), told
    status, told = home.run("secrets", "check")
    assert (status, "Vault is not available" in quiet(told)) == (78, True)


def _start_while_down(home: Home) -> None:
    """Without any key nothing starts, and nothing is said to be cancelled."""
    status, told = home.run("--daemon")
    assert (status, "Vault is not available" in quiet(told)) == (69, True), told
    status, told = home.run("--kill", "nobody has a key")
    assert (status, "no venue could be opened" in quiet(told)) == (69, True), told
    assert not re.search(r"\bVERIFIED", told)
