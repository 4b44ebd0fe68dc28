"""What the withdrawal policy says to a request.

The one rule: the first rule that matches has spoken; where none does, it is BLOCK.
"""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What a rule of the policy does with a request (semantics 4.1)."""

    BLOCK = "BLOCK"
    REQUIRE = "REQUIRE"
    AUTO = "AUTO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What the policy says to a request: by which rule, and what must happen first.

    `approvals` is how many people must approve, `two_person` that none of them is the
    requester, `cool_off_s` how long it rests once approved. `policy` names the policy's version.
    """

    action: Action
    rule: str
    reason: str = ""
    approvals: int = 0
    two_person: bool = False
    cool_off_s: int = 0
    policy: str = ""
