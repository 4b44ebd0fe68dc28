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


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """Another ledger is known outside: its newest row (0: not known) and hash, and how."""

    problem: str
    known_seq: int = 0
    known_hash: str = ""


class HeadFile(Protocol):
    """What is kept beside the ledger of its rows: the head file and the anchors."""

    async def contradiction(self) -> Contradiction | None:
        """How they contradict the ledger; None when they vouch for it."""
        ...

    async def accept(self, at_us: int) -> None:
        """Believe the ledger as it is; what contradicts it is put aside. OSError as the disk."""
        ...


class Seals(Protocol):
    """The key that seals the ledger, and its anchors."""

    def proof(self) -> Proof:
        """What stands now."""
        ...

    async def rotate(self, actor: str) -> str:
        """Put a new key in force, which the old one vouches for; answers the new public key."""
        ...
