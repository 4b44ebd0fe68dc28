"""Keys that are changed while the desk runs: the ask, and the fact that it happened.

The one rule: no key travels here. Whoever wants a new one used has kept it where the
configuration says that it is; a fingerprint tells two of them apart.
"""

from dataclasses import dataclass

from domain.asks import Ask, Done
from domain.events import Fact
from domain.instruments import Account
from domain.keys import Purpose


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRotated(Fact):
    """From now on requests of this purpose are signed with another key.

    `before` and `after` are fingerprints, `before` "" where there was no key to use.
    """

    account: Account
    purpose: Purpose
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadKey(Ask[Done]):
    """Read an account's key anew from where it is kept, try it, and use it. Role: admin.

    With a code. A key that the venue refuses, that is another account's or that may do too
    little is not used: the old one stays, and the answer says so.
    """

    account: Account
    purpose: Purpose
    code: str
