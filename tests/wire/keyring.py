"""API keys and who holds them; each family signs in its own way.

The one rule: a key that was revoked is unknown, and the newest key of a purpose is the one told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Generic, TypeVar


@dataclass(slots=True, kw_only=True)
class IssuedKey:
    """One key of one account; `permissions` are in the venue's own words.

    `addresses` are those that it is bound to, which is told and not enforced.
    """

    key: str
    secret: str
    owner: str
    purpose: str
    permissions: frozenset[str]
    created_us: int
    used_us: int = 0
    revoked: bool = False
    addresses: tuple[str, ...] = ()

    def parts(self) -> dict[str, str]:
        """What a customer types in: `key`, `secret` and whatever else the venue wants."""
        return {"key": self.key, "secret": self.secret}


K = TypeVar("K", bound=IssuedKey)


class KeyRing(Generic[K]):
    """Every key that the venue has given out. `purposes` names what each is for."""

    def __init__(self, dice: Random, purposes: Mapping[str, frozenset[str]]) -> None:
        self.dice = dice
        self.purposes = purposes
        self.keys: dict[str, K] = {}

    def made(self, owner: str, purpose: str, permissions: frozenset[str], at_us: int) -> K:
        """A key of this family's kind, drawn from the dice."""
        raise NotImplementedError

    def issue(
        self, owner: str, purpose: str, at_us: int, permissions: Iterable[str] | None = None
    ) -> K:
        """A new key; its permissions are those of the purpose unless given."""
        granted = self.purposes[purpose] if permissions is None else frozenset(permissions)
        key = self.made(owner, purpose, granted, at_us)
        self.keys[key.key] = key
        return key

    def known(self, key: str) -> K | None:
        """The key of that text, unless it is unknown or revoked."""
        found = self.keys.get(key)
        return None if found is None or found.revoked else found

    def of(self, owner: str, purpose: str) -> K:
        """The newest key of an account for a purpose."""
        return [k for k in self.keys.values() if (k.owner, k.purpose) == (owner, purpose)][-1]
