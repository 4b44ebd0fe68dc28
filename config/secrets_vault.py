"""Secrets in HashiCorp Vault (or OpenBao): KV version 2, by token or AppRole, through hvac.

The one rule: its certificate is always checked, its words are never repeated, and each way in
which it can fail has a name: down or sealed (StoreDown), refusing us (Misconfigured), empty
(None).
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from config.kept import Kept, StoreDown, within
from config.redaction import Redaction
from config.secrets import secret_values
from config.vault_failures import down, failure, no_mount
from domain.errors import DeskError, Misconfigured
from venues.keys import Secret

T = TypeVar("T")
CONNECT_S, READ_S, ANSWER_WITHIN_S = 4, 8, 20
IDLE_S, RETRY_S = 300.0, 15.0
RENEW_AT = 3  # a third of the lease is left
_ONE_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultAccess:
    """Where Vault is and how we get in; AppRole when a role is named, else the token."""

    address: str
    token: Secret
    role_id: str = ""
    secret_id: Secret
    ca_file: str = ""
    namespace: str = ""

    def checked(self) -> "VaultAccess":
        """This, if it can be used.

        Raises:
            Misconfigured: no address, no TLS beyond this machine, nothing to log in with.
        """
        url = urlsplit(self.address)
        if not url.hostname:
            hint = "where is Vault? Set VAULT_ADDR or vault.address, like https://vault:8200"
            raise Misconfigured("vault.address", hint)
        if url.username or url.password or url.query or url.fragment:
            raise Misconfigured("vault.address", "is scheme, host and port, and nothing else")
        if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.hostname)):
            hint = "must begin with https://: without TLS keys would be readable on the way"
            raise Misconfigured("vault.address", hint)
        if not self.token and not (self.role_id and self.secret_id):
            raise Misconfigured("vault", "give VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID")
        return self

    @property
    def by_role(self) -> bool:
        """Whether we can log in anew by ourselves."""
        return bool(self.role_id and self.secret_id)


class VaultSecrets:
    """The port `config.kept.Store` on one Vault; safe to call from any thread."""

    def __init__(
        self,
        access: VaultAccess,
        redaction: Redaction,
        monotonic_us: Callable[[], int],
        *,
        within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._access = access
        self._redaction = redaction
        self._monotonic_us = monotonic_us
        self._within_s = within_s
        self._turn = threading.Lock()
        self._api: Any = None
        self._inside = False
        self._lease_s = 0  # 0: the token never ends
        self._ends_us = 0

    def read(self, place: str, entry: str) -> Kept | None:
        """The newest version of `place/data/entry`."""

        def question(api: Any) -> Kept | None:
            try:
                answer = api.secrets.kv.v2.read_secret_version(
                    path=entry, mount_point=place, raise_on_deleted_version=True
                )
                told = answer["data"]
                meta, fields = told["metadata"], told["data"]
            except (TypeError, KeyError):
                hint = f"is no version 2 key-value store; enable one (kv-v2) at {place}/"
                raise Misconfigured(f"vault:{place}", hint) from None
            self._redaction.learn(*secret_values(fields))
            return Kept(
                text=json.dumps(fields),
                version=str(meta["version"]),
                at_us=_written_us(meta["created_time"]),
            )

        return self._asked(f"{place}/{entry}", question)

    def write(self, place: str, entry: str, text: str, after: Kept | None) -> None:
        """A new version, only if `after` is still the newest (check and set)."""
        fields = json.loads(text)
        self._redaction.learn(*secret_values(fields))
        version = int(after.version) if after is not None else self._newest(place, entry)

        def question(api: Any) -> bool:
            api.secrets.kv.v2.create_or_update_secret(
                path=entry, secret=fields, cas=version, mount_point=place
            )
            return True

        if self._asked(f"{place}/{entry}", question) is None:
            raise Misconfigured(f"vault:{place}", "there is no such mount; enable kv-v2 there")

    def _newest(self, place: str, entry: str) -> int:
        """The version to write after where nothing can be read: a deleted one counts, too."""

        def question(api: Any) -> int:
            meta = api.secrets.kv.v2.read_secret_metadata(path=entry, mount_point=place)
            return int(meta["data"]["current_version"])

        return self._asked(f"{place}/{entry}", question) or 0

    def upkeep(self) -> tuple[float, str]:
        """Renew the token before it ends; by AppRole, log in anew where that is not enough."""
        try:
            return within(self._kept_up, self._within_s, "vault", self._late()), ""
        except DeskError as error:
            return RETRY_S, str(error)

    # One call

    def _asked(self, what: str, question: Callable[[Any], T]) -> T | None:
        """The answer; None when Vault has no such path."""
        return within(lambda: self._in_turn(what, question), self._within_s, "vault", self._late())

    def _in_turn(self, what: str, question: Callable[[Any], T]) -> T | None:
        from hvac import exceptions  # noqa: PLC0415 -- 200 ms that only a Vault's user pays

        with self._turn:
            # A token may have been revoked, or have reached its end: then once more with a new one.
            for tries_left in range(self._access.by_role, -1, -1):
                try:
                    return question(self._entered())
                except DeskError:
                    raise
                except Exception as error:  # noqa: BLE001 -- hvac's, requests', urllib3's: all are named
                    if isinstance(error, exceptions.Forbidden) and self._inside and tries_left:
                        self._inside = False
                        continue
                    if isinstance(error, exceptions.InvalidPath) and not no_mount(error):
                        return None
                    raise self._named(error, what) from None
        raise AssertionError("the last try answers or raises")

    def _entered(self) -> Any:
        if self._api is None:
            self._api = _client(self._access.checked())
        ended = bool(self._lease_s) and self._monotonic_us() >= self._ends_us
        if not self._inside or (ended and self._access.by_role):
            self._log_in()
        return self._api

    def _log_in(self) -> None:
        access, api = self._access, self._api
        if access.by_role:
            answer = api.auth.approle.login(
                role_id=access.role_id, secret_id=access.secret_id.reveal(), use_token=False
            )
            api.token = answer["auth"]["client_token"]
            self._lease(answer["auth"]["lease_duration"])
        else:
            api.token = access.token.reveal()
            self._lease(api.auth.token.lookup_self()["data"]["ttl"])
        self._redaction.learn(api.token)
        self._inside = True

    def _lease(self, seconds: int) -> None:
        self._lease_s = int(seconds)
        self._ends_us = self._monotonic_us() + self._lease_s * _ONE_US

    def _kept_up(self) -> float:
        with self._turn:
            try:
                self._renewed()
            except DeskError:
                raise
            except Exception as error:  # noqa: BLE001 -- as above
                raise self._named(error, "its token") from None
            if not self._lease_s:
                return IDLE_S
            left_s = (self._ends_us - self._monotonic_us()) / _ONE_US
            return min(max(1.0, left_s - self._lease_s / RENEW_AT), IDLE_S)

    def _renewed(self) -> None:
        from hvac import exceptions  # noqa: PLC0415 -- as above

        api = self._entered()
        before_s, left_us = self._lease_s, self._ends_us - self._monotonic_us()
        if not before_s or left_us > before_s * _ONE_US // RENEW_AT:
            return
        try:
            told = int(api.auth.token.renew_self()["auth"]["lease_duration"])
        except (exceptions.Forbidden, exceptions.InvalidRequest):
            told = 0
        if told > before_s // RENEW_AT:
            self._lease(told)
        elif self._access.by_role:
            self._log_in()  # the longest life of this token is reached
        else:
            left_s = max(0, left_us // _ONE_US)
            hint = f"ends in {left_s} s and cannot be renewed; give another, or use AppRole"
            raise Misconfigured("VAULT_TOKEN", hint)

    # What went wrong

    def _late(self) -> StoreDown:
        return down(f"no answer within {self._within_s:g} s", self._access.address)

    def _named(self, error: Exception, what: str) -> DeskError:
        entering = self._access.by_role and not self._inside
        return failure(error, what, self._access.address, entering=entering)


def _client(access: VaultAccess) -> Any:
    import hvac  # noqa: PLC0415 -- as above

    api = hvac.Client(
        url=access.address,
        token="",
        verify=access.ca_file or True,
        timeout=(CONNECT_S, READ_S),
        namespace=access.namespace or None,
        allow_redirects=False,  # whoever answers with another address does not get our token
    )
    # No proxy, .netrc or certificate list of the environment comes between us and Vault.
    api.adapter.session.trust_env = False
    return api


def _written_us(told: str) -> int:
    """`2026-11-21T18:00:00.123456789Z` as UTC microseconds."""
    seconds, _, fraction = told.rstrip("Z").partition(".")
    whole = int(datetime.fromisoformat(f"{seconds}+00:00").timestamp())
    return whole * _ONE_US + int(fraction[:6].ljust(6, "0") or 0)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
