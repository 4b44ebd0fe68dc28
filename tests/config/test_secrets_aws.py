"""AWS Secrets Manager: against moto's server what is there, against stubs what can go wrong."""

import json
import sys
from collections.abc import Callable, Generator
from typing import Any

import pytest

from config.kept import StoreDown
from config.redaction import Redaction
from config.secrets_aws import AwsAccess, AwsSecrets
from domain.errors import DeskError, Misconfigured, Unavailable
from venues.keys import Secret

moto = pytest.importorskip("moto.server", reason="needs moto (server)")

KEY = {"api_key": "CANARY-KEY", "api_secret": "CANARY-SECRET"}
ACCESS = AwsAccess(
    region="eu-central-1",
    key_id="AKIATESTTESTTESTTEST",
    secret_key=Secret("CANARY-AWS"),
    session_token=Secret(""),
)


@pytest.fixture(scope="module")
def server() -> Generator[str]:
    thread = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    thread.start()
    host, port = thread.get_host_and_port()
    yield f"http://{host}:{port}"
    thread.stop()


@pytest.fixture
def store(server: str, monkeypatch: pytest.MonkeyPatch) -> AwsSecrets:
    """The product unchanged: AWS's own variable says where the server is."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", server)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return AwsSecrets(ACCESS, Redaction())


def test_a_key_is_written_read_and_rotated_with_versions(store: AwsSecrets) -> None:
    assert store.read("trading", "exchanges/kraken") is None
    store.write("trading", "exchanges/kraken", json.dumps(KEY), None)
    first = store.read("trading", "exchanges/kraken")
    assert first is not None
    assert json.loads(first.text) == KEY
    assert first.version
    assert first.at_us > 1_500_000_000_000_000
    assert store._redaction.holds("CANARY-SECRET")
    store.write("trading", "exchanges/kraken", json.dumps(KEY | {"api_key": "second"}), first)
    now = store.read("trading", "exchanges/kraken")
    assert now is not None
    assert json.loads(now.text)["api_key"] == "second"
    assert now.version != first.version
    before = store._api.get_secret_value(
        SecretId="trading/exchanges/kraken", VersionStage="AWSPREVIOUS"
    )
    assert json.loads(before["SecretString"]) == KEY


def test_an_endpoint_without_tls_elsewhere_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://192.0.2.1:9")
    with pytest.raises(Misconfigured, match="without TLS; give an https one"):
        AwsSecrets(ACCESS, Redaction()).read("trading", "exchanges/kraken")


def test_nothing_is_written_over_what_somebody_else_wrote(store: AwsSecrets) -> None:
    store.write("trading", "exchanges/two", json.dumps(KEY), None)
    first = store.read("trading", "exchanges/two")
    store.write("trading", "exchanges/two", json.dumps(KEY | {"api_key": "theirs"}), first)
    for known in (first, None):
        with pytest.raises(Unavailable, match="somebody changed it meanwhile"):
            store.write("trading", "exchanges/two", json.dumps(KEY), known)
    now = store.read("trading", "exchanges/two")
    assert now is not None
    assert json.loads(now.text)["api_key"] == "theirs"


def test_a_secret_marked_for_deletion_and_a_binary_one_are_said(store: AwsSecrets) -> None:
    store.write("trading", "exchanges/going", json.dumps(KEY), None)
    store._api.delete_secret(SecretId="trading/exchanges/going", RecoveryWindowInDays=7)
    with pytest.raises(Misconfigured, match="marked for deletion"):
        store.read("trading", "exchanges/going")
    store._api.create_secret(Name="trading/exchanges/raw", SecretBinary=b"CANARY")
    with pytest.raises(Misconfigured, match="is binary") as refused:
        store.read("trading", "exchanges/raw")
    assert "CANARY" not in str(refused.value)


def test_there_is_nothing_to_keep_alive(store: AwsSecrets) -> None:
    assert store.upkeep() == (3_600.0, "")


# What can go wrong


def test_a_server_that_is_down_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", "http://127.0.0.1:9")
    with pytest.raises(StoreDown, match="cannot be reached") as down:
        AwsSecrets(ACCESS, Redaction()).read("trading", "exchanges/kraken")
    assert "stay in use" in down.value.remedy


def test_an_answer_that_does_not_come_is_given_up(store: AwsSecrets) -> None:
    hurried = AwsSecrets(ACCESS, Redaction(), within_s=0)
    with pytest.raises(StoreDown, match="no answer within 0 s"):
        hurried.read("trading", "exchanges/kraken")


class _Api:
    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_secret_value(self, **_: object) -> Any:
        raise self._error


def _client_error(code: str) -> Exception:
    from botocore.exceptions import ClientError  # noqa: PLC0415 -- an extra

    made: Exception = ClientError({"Error": {"Code": code, "Message": "CANARY"}}, "GetSecretValue")
    return made


def _plain(name: str, **told: Any) -> Exception:
    from botocore import exceptions  # noqa: PLC0415 -- an extra

    made: Exception = getattr(exceptions, name)(**told)
    return made


@pytest.mark.parametrize(
    ("make", "family", "words"),
    [
        (lambda: _client_error("AccessDeniedException"), Misconfigured, "GetSecretValue"),
        (lambda: _client_error("UnrecognizedClientException"), Misconfigured, "does not know"),
        (lambda: _client_error("ExpiredTokenException"), Misconfigured, "session has ended"),
        (lambda: _client_error("DecryptionFailure"), Misconfigured, "kms:Decrypt"),
        (lambda: _client_error("ThrottlingException"), StoreDown, "ThrottlingException"),
        (lambda: _client_error("InternalServiceError"), StoreDown, "InternalServiceError"),
        (lambda: _client_error(""), StoreDown, "with an error"),
        (lambda: _plain("NoCredentialsError"), Misconfigured, "no credentials"),
        (lambda: _plain("ReadTimeoutError", endpoint_url="CANARY"), StoreDown, "ReadTimeout"),
        (lambda: _plain("SSLError", endpoint_url="x", error="CANARY"), Misconfigured, "trusted"),
        (lambda: OSError("CANARY"), StoreDown, "OSError"),
    ],
)
def test_every_failure_has_a_family_and_repeats_nothing(
    make: Callable[[], Exception], family: type[DeskError], words: str
) -> None:
    store = AwsSecrets(ACCESS, Redaction())
    store._api = _Api(make())
    with pytest.raises(family, match=words) as refused:
        store.read("trading", "exchanges/kraken")
    assert "CANARY" not in str(refused.value)


def test_without_a_region_the_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    access = AwsAccess(secret_key=Secret(""), session_token=Secret(""))
    with pytest.raises(Misconfigured, match=r"aws\.region"):
        AwsSecrets(access, Redaction()).read("trading", "exchanges/kraken")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(Misconfigured, match=r"pip install 'quarterdeck\[aws\]'"):
        AwsSecrets(ACCESS, Redaction()).read("trading", "exchanges/kraken")
