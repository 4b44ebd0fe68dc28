"""The ports of what is kept: the ledger, the kill switch's second store, secrets.

The one rule: what was acknowledged survives power loss, and a failure is told, never hidden.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.events import Fact
from domain.halts import Marker
from domain.queries import FillPage, LedgerPage, ReadFills, ReadLedger, VerifyReport


@dataclass(frozen=True, slots=True)
class Appended:
    """A fact is durable in row `seq`; `duplicate` when an equal one was there already."""

    seq: int
    hash: str
    duplicate: bool = False
    conflict: bool = False


class Ledger(Protocol):
    """The append-only ledger. Only one process holds it."""

    def append(self, facts: Sequence[Fact]) -> Awaitable[Sequence[Appended]]:
        """Queue facts as one transaction; the future is done when they survive power loss.

        Raises (in the future) Corrupt or Unavailable; nothing of the batch is stored then.
        `conflict` marks a key that exists with other content: the first one is kept.
        """
        ...

    def facts(self) -> AsyncIterator[tuple[Appended, Fact]]:
        """Every fact from the first on."""
        ...

    async def verify(self, *, tail: int = 0) -> VerifyReport:
        """Check the chain from the stored bytes, in a thread and a connection of its own."""
        ...

    @property
    def failure(self) -> str:
        """Why appends are refused since a write failed; "" while they are taken."""
        ...

    async def reopen(self) -> None:
        """Take the file up again after a failure; what was in doubt and is stored is told.

        Raises:
            Unavailable, Corrupt: when it still cannot be used; appends stay refused then.
        """
        ...

    async def close(self) -> None:
        """Write what is queued, then let go of the file."""
        ...


class LedgerReader(Protocol):
    """Pages of history, from connections of their own."""

    async def rows(self, ask: ReadLedger) -> LedgerPage:
        """A page of raw rows."""
        ...

    async def fills(self, ask: ReadFills) -> FillPage:
        """A page of fills."""
        ...

    async def holds(self, key: str) -> bool:
        """Whether a row with this idempotency key exists."""
        ...


class HaltMarker(Protocol):
    """The second store of the kill switch: files that anyone may write (decisions.md)."""

    def standing(self) -> Sequence[Marker]:
        """Every marker there is, one a scope; unreadable ones are among them."""
        ...

    def write(self, marker: Marker) -> None:
        """Durably write the marker of its scope (fsync, rename)."""
        ...

    def remove(self, scope: str) -> None:
        """Take a scope's marker away, after the release is in the ledger."""
        ...

    def present(self) -> bool:
        """Whether there is any: one cheap look, asked before each send."""
        ...

    def evidence(self) -> Sequence[tuple[str, Sequence[str]]]:
        """What `--kill` without an engine left: (halt id, JSON lines)."""
        ...


class SecretStore(Protocol):
    """Where secrets live. A reference names one; the value is never logged or shown."""

    def read(self, reference: str) -> str | None:
        """The secret, or None when there is none."""
        ...

    def write(self, reference: str, value: str) -> None:
        """Keep a secret that we made (a second factor's seed)."""
        ...
