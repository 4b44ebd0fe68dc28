"""What hvac or the wire under it raised, as one of our families.

The one rule: Vault's own words are read and never repeated; the first row that fits decides.
"""

from collections.abc import Callable
from typing import Any

from config.kept import StoreDown
from domain.errors import DeskError, Misconfigured, Unavailable

Row = tuple[Any, Callable[[str], bool], Callable[[str, str], DeskError]]
_STAY = "keys that were read stay in use"


def down(why: str, address: str) -> StoreDown:
    """Vault does not answer, for this reason."""
    return StoreDown("Vault", why, remedy=f"see that it runs at {address}; {_STAY}")


def sealed() -> StoreDown:
    """Vault answers, and has nothing to give before a person unseals it."""
    return StoreDown("Vault", "it is sealed", remedy=f"unseal it (vault operator unseal); {_STAY}")


def no_mount(error: Any) -> bool:
    """Whether Vault says that nothing answers at the path, not that it is empty."""
    return any("no handler for route" in str(words) for words in error.errors or ())


def failure(error: Exception, what: str, address: str, *, entering: bool) -> DeskError:
    """The error for a person; `what` is `mount/path`, `entering` while an AppRole logs in."""
    words = str(error).lower()
    for kind, says, told in _entering() if entering else ():
        if isinstance(error, kind) and says(words):
            return told(what, address)
    for kind, says, told in _rows():
        if isinstance(error, kind) and says(words):
            return told(what, address)
    return down(f"it cannot be reached ({type(error).__name__})", address)


def _any(_: str) -> bool:
    return True


def _entering() -> tuple[Row, ...]:
    from hvac import exceptions as api  # noqa: PLC0415 -- 200 ms that only a Vault's user pays

    hint = "Vault refuses the AppRole: give a new VAULT_SECRET_ID, check VAULT_ROLE_ID"
    return (((api.InvalidRequest, api.Forbidden), _any, lambda *_: Misconfigured("vault", hint)),)


def _rows() -> tuple[Row, ...]:
    from hvac import exceptions as api  # noqa: PLC0415 -- as above
    from requests import exceptions as wire  # noqa: PLC0415 -- as above

    return (
        (api.VaultDown, lambda words: "sealed" in words, lambda *_: sealed()),
        (api.VaultDown, _any, lambda _, at: down("it answers that it is not ready (503)", at)),
        (api.InvalidPath, _any, lambda what, _: _mount(what)),
        ((api.Forbidden, api.Unauthorized), _any, lambda what, _: _forbidden(what)),
        (api.InvalidRequest, lambda words: "check-and-set" in words, lambda what, _: _raced(what)),
        (api.InvalidRequest, _any, lambda what, _: _refused(what)),
        (wire.SSLError, lambda words: "certificate" in words, lambda *_: _untrusted()),
        ((wire.InvalidURL, wire.MissingSchema), _any, lambda *_: _no_address()),
        (wire.RequestException, _any, lambda _, at: down("it cannot be reached", at)),
        (OSError, _any, lambda *_: _untrusted()),  # requests: the authority's file is not there
    )


def _mount(what: str) -> Misconfigured:
    mount = what.partition("/")[0]
    return Misconfigured(f"vault:{mount}", "there is no such mount; enable kv-v2 there")


def _forbidden(what: str) -> Misconfigured:
    mount, _, path = what.partition("/")
    data = f"{mount}/data/{path}" if path else what
    hint = f"Vault forbids it: the token ended, or its policy does not name {data}"
    return Misconfigured(f"vault:{what}", hint)


def _raced(what: str) -> Unavailable:
    return Unavailable(f"vault:{what}", "somebody changed it meanwhile; look and try again")


def _refused(what: str) -> Misconfigured:
    return Misconfigured(f"vault:{what}", "Vault refuses the request as it stands")


def _untrusted() -> Misconfigured:
    hint = "its certificate is not trusted: name its authority (VAULT_CACERT, vault.ca_file)"
    return Misconfigured("vault.address", hint)


def _no_address() -> Misconfigured:
    return Misconfigured("vault.address", "is no address; write for example https://vault:8200")
