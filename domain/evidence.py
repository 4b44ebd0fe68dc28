"""Who vouches for the ledger: the port behind seals and anchors (storage.sealing has the adapter).

The one rule: nothing here is a secret; a key is told by its public half alone.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Who seals the ledger (a fingerprint, "": nobody), and what is anchored outside."""

    sealed_by: str = ""
    anchored_seq: int = 0
    anchored_us: int = 0
    problem: str = ""


class Seals(Protocol):
    """The key that seals the ledger, and its anchors."""

    def proof(self) -> Proof:
        """What stands now."""
        ...

    async def rotate(self, actor: str) -> str:
        """Put a new key in force, which the old one vouches for; answers the new public key."""
        ...
