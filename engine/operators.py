"""Who may ask what: operators, their roles, and the check that every ask passes.

The one rule: the engine checks roles, not the screen; tripping and cancelling are never
refused for a missing role.
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.errors import Refused


class Role(StrEnum):
    """What an operator may do."""

    VIEWER = "viewer"
    TRADER = "trader"
    APPROVER = "approver"
    ADMIN = "admin"


EVERY_ROLE = frozenset(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A person or a part of the program as the desk knows it; `os_uid` None: this process."""

    name: str
    roles: frozenset[Role] = EVERY_ROLE
    os_uid: int | None = None

    def must_be(self, role: Role | None, what: str) -> None:
        """Raise Refused unless the operator has the role (None: anyone may)."""
        if role is not None and role not in self.roles:
            raise Refused("role", f"{self.name} is not {role.value}; {what} needs it")


@dataclass(frozen=True, slots=True)
class Operators:
    """The configured operators; without any, the process's own user has every role."""

    known: tuple[Operator, ...]

    def by_uid(self, uid: int) -> Operator:
        """Whoever connects with this user id.

        Raises:
            Refused: for a user id that no operator has.
        """
        for operator in self.known:
            if operator.os_uid == uid:
                return operator
        raise Refused("operator", f"user id {uid} is no operator of this desk; see `operators:`")
