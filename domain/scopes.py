"""What a limit or a halt covers: everything, a venue, an account, a strategy, or a symbol.

A scope is written as people type it: `GLOBAL`, `VENUE:kraken`, `ACCOUNT:kraken/main`,
`STRATEGY:grid`, `SYMBOL:BTC/USD`. The one rule: an unknown scope is an error, never one that
covers nothing.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from domain.instruments import Account


class Reach(StrEnum):
    """The kinds of scope, from the widest to the narrowest."""

    GLOBAL = "GLOBAL"
    VENUE = "VENUE"
    ACCOUNT = "ACCOUNT"
    STRATEGY = "STRATEGY"
    SYMBOL = "SYMBOL"


class NotAScope(ValueError):
    """A text is no scope; the message says what would be one."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One scope; `name` is "" for GLOBAL alone. `str()` is the text that `parse` reads."""

    reach: Reach
    name: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The scope that `text` names; the kind in any case, the name to the letter.

        Raises:
            NotAScope: for anything else.
        """
        kind, colon, name = text.strip().partition(":")
        try:
            reach = Reach(kind.strip().upper())
        except ValueError:
            raise NotAScope(_hint(text)) from None
        name = name.strip()
        if (reach is Reach.GLOBAL) is bool(colon or name) or not (colon or not name):
            raise NotAScope(_hint(text))
        if reach is not Reach.GLOBAL and not name:
            raise NotAScope(_hint(text))
        if reach is Reach.ACCOUNT:
            name = str(Account.parse(name))
        return cls(reach, name)

    def covers(self, account: Account, symbol: str, strategy: str) -> bool:
        """Whether an order of this account, symbol and strategy is inside the scope."""
        if self.reach is Reach.GLOBAL:
            return True
        if self.reach is Reach.VENUE:
            return account.venue == self.name
        if self.reach is Reach.ACCOUNT:
            return account == self.name
        if self.reach is Reach.STRATEGY:
            return strategy == self.name
        return symbol == self.name

    def touches(self, account: Account) -> bool:
        """Whether any order of the account can be inside: strategies and symbols trade anywhere."""
        if self.reach is Reach.VENUE:
            return account.venue == self.name
        return self.reach is not Reach.ACCOUNT or account == self.name

    @property
    def takes_foreign(self) -> bool:
        """Whether foreign orders are inside (semantics 3.1): not for a strategy or a symbol."""
        return self.reach in (Reach.GLOBAL, Reach.VENUE, Reach.ACCOUNT)

    def __str__(self) -> str:
        return f"{self.reach}:{self.name}" if self.name else str(self.reach)


EVERYTHING = Scope(Reach.GLOBAL)


def _hint(text: str) -> str:
    return (
        f"{text!r} is no scope: write GLOBAL, VENUE:kraken, ACCOUNT:kraken/main, "
        "STRATEGY:name or SYMBOL:BTC/USD"
    )
