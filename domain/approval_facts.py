"""Facts about the links that approve a withdrawal.

The one rule: a link acts once. `LinkUsed` is written in the transaction of the act itself, under
a key that the ledger takes once; the link's text is in no fact.
"""

from dataclasses import dataclass

from domain.events import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSent(Fact):
    """A link to a request went to an approver: by `mail`, or shown by a `command`.

    `jti` is the link's own name, 32 hexadecimal digits; `expires_us` is UTC microseconds.
    """

    request_id: str
    body_hash: str
    operator: str
    jti: str
    expires_us: int
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkUsed(Fact):
    """A link has done its one act, `approve` or `reject`."""

    jti: str
    request_id: str
    operator: str
    act: str

    def key(self) -> str:
        """A link is used once, also over restarts."""
        return f"link:{self.jti}"
