"""Secrets in AWS Secrets Manager, through boto3 (the extra `quarterdeck[aws]`).

The one rule: what AWS answers is told by its error's code, never by its words, and each call
ends within its time.
"""

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from config.alerting import LOCAL_NAMES
from config.kept import Kept, StoreDown, within
from config.redaction import Redaction
from config.secrets import secret_values
from domain.errors import DeskError, Misconfigured
from venues.keys import Secret

T = TypeVar("T")
CONNECT_S, READ_S, ANSWER_WITHIN_S = 4, 8, 25
IDLE_S = 3_600.0
_ONE_US = 1_000_000
_MISSING = "ResourceNotFoundException"
_REFUSED: Mapping[str, str] = {
    "AccessDeniedException": "AWS forbids it: allow secretsmanager:GetSecretValue for this name",
    "UnrecognizedClientException": "AWS does not know these credentials: give others",
    "InvalidClientTokenId": "AWS does not know these credentials: give others",
    "InvalidSignatureException": "AWS refuses the signature: check the secret key and the clock",
    "SignatureDoesNotMatch": "AWS refuses the signature: check the secret key and the clock",
    "ExpiredTokenException": "the session has ended: log in to AWS again",
    "ExpiredToken": "the session has ended: log in to AWS again",
    "DecryptionFailure": "AWS cannot decrypt it: allow kms:Decrypt for its key",
    "InvalidRequestException": "it is marked for deletion, or as it is cannot be used: restore it",
    "InvalidParameterException": "AWS refuses the name",
    "ValidationException": "AWS refuses the name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsAccess:
    """How we get in; without a key of its own boto3 looks where it always does (role, profile)."""

    region: str = ""
    key_id: str = ""
    secret_key: Secret
    session_token: Secret


class AwsSecrets:
    """The port `config.kept.Store` on Secrets Manager; safe to call from any thread."""

    def __init__(
        self, access: AwsAccess, redaction: Redaction, *, within_s: float = ANSWER_WITHIN_S
    ) -> None:
        self._access = access
        self._redaction = redaction
        self._within_s = within_s
        self._turn = threading.Lock()
        self._api: Any = None

    def read(self, place: str, entry: str) -> Kept | None:
        """The current version of the secret `place/entry`."""
        name = f"{place}/{entry}"
        told = self._asked(name, lambda api: api.get_secret_value(SecretId=name))
        if told is None:
            return None
        text = told.get("SecretString")
        if text is None:
            raise Misconfigured(f"aws:{name}", "is binary; keep a JSON object of texts there")
        self._redaction.learn(text)
        at_us = int(told["CreatedDate"].timestamp() * _ONE_US)
        return Kept(text=text, version=str(told["VersionId"]), at_us=at_us)

    def write(self, place: str, entry: str, text: str, after: Kept | None) -> None:
        """A new current version; AWS keeps the one before as AWSPREVIOUS.

        AWS compares nothing when it is written to, so it is read once more just before.
        """
        name = f"{place}/{entry}"
        self._redaction.learn(text, *secret_values(json.loads(text)))
        now = self.read(place, entry)
        if (now and now.version) != (after and after.version):
            raise StoreDown(f"aws:{name}", "somebody changed it meanwhile; look and try again")
        if now is None:
            self._asked(name, lambda api: api.create_secret(Name=name, SecretString=text))
        else:
            self._asked(name, lambda api: api.put_secret_value(SecretId=name, SecretString=text))

    def upkeep(self) -> tuple[float, str]:
        """Nothing to do: boto3 renews what it borrowed when it is used."""
        return IDLE_S, ""

    def _asked(self, name: str, question: Callable[[Any], T]) -> T | None:
        late = _down(f"no answer within {self._within_s:g} s")
        return within(lambda: self._in_turn(name, question), self._within_s, "aws", late)

    def _in_turn(self, name: str, question: Callable[[Any], T]) -> T | None:
        with self._turn:
            if self._api is None:
                self._api = _client(self._access)
            from botocore.exceptions import ClientError  # noqa: PLC0415 -- after boto3 was found

            try:
                return question(self._api)
            except ClientError as error:
                code = str(error.response.get("Error", {}).get("Code", ""))
                if code == _MISSING:
                    return None
                if code in _REFUSED:
                    raise Misconfigured(f"aws:{name}", _REFUSED[code]) from None
                raise _down(f"it answers {code or 'with an error'}") from None
            except Exception as error:  # noqa: BLE001 -- botocore's, urllib3's: all are named
                raise _named(error, name) from None


def _client(access: AwsAccess) -> Any:
    try:
        import boto3  # noqa: PLC0415 -- an extra, and 300 ms
        from botocore.config import Config  # noqa: PLC0415 -- as above
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 -- as above
    except ImportError:
        hint = "needs a library that is not installed: pip install 'quarterdeck[aws]'"
        raise Misconfigured("aws:", hint) from None
    limits = Config(
        connect_timeout=CONNECT_S,
        read_timeout=READ_S,
        retries={"total_max_attempts": 2, "mode": "standard"},
    )
    own: dict[str, str] = {}
    if access.key_id and access.secret_key:
        own["aws_access_key_id"] = access.key_id
        own["aws_secret_access_key"] = access.secret_key.reveal()
        if access.session_token:
            own["aws_session_token"] = access.session_token.reveal()
    try:
        # A session of its own: the library's default one is not safe to share among threads.
        session = boto3.session.Session(region_name=access.region or None, **own)
        client = session.client("secretsmanager", config=limits)
    except BotoCoreError as error:
        raise _named(error, "") from None
    return _private(client)


def _private(client: Any) -> Any:
    """The client, if nobody on the way can read its answers: an endpoint may be set anywhere."""
    endpoint = urlsplit(client.meta.endpoint_url)
    if endpoint.scheme != "https" and endpoint.hostname not in LOCAL_NAMES:
        hint = "its endpoint (AWS_ENDPOINT_URL, or the profile's endpoint_url) is without TLS"
        raise Misconfigured("aws:", f"{hint}; give an https one")
    return client


def _named(error: Exception, name: str) -> DeskError:
    from botocore import exceptions  # noqa: PLC0415 -- as above

    if isinstance(error, (exceptions.NoRegionError, exceptions.InvalidRegionError)):
        return Misconfigured("aws.region", "which region? Set AWS_REGION or aws.region")
    if isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
        hint = "no credentials: give the machine a role, or AWS_ACCESS_KEY_ID and its secret"
        return Misconfigured("aws", hint)
    if isinstance(error, (exceptions.ParamValidationError, exceptions.ProfileNotFound)):
        return Misconfigured(f"aws:{name}", f"cannot be asked ({type(error).__name__}); check it")
    if isinstance(error, exceptions.SSLError):
        return Misconfigured("aws", "its certificate is not trusted: something is in between")
    return _down(f"it cannot be reached ({type(error).__name__})")


def _down(why: str) -> StoreDown:
    remedy = "check the network and status.aws.amazon.com; keys that were read stay in use"
    return StoreDown("AWS Secrets Manager", why, remedy=remedy)
