"""API keys as they travel from the configuration to one ccxt client, and are shown nowhere.

The one rule: `reveal` is called where a client is built; everything else sees dots.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from domain.keys import Purpose

BLOT = "[hidden]"
SHORTEST = 4  # of less there is nothing to hide


class Secret:
    """A text that `repr`, `str`, logs, pickles and dataclass dumps do not show."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The text itself, for the one place that signs with it."""
        return self._value

    def forget(self) -> None:
        """Let go of the text; whoever still holds this holds nothing."""
        self._value = ""

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """One API key of a venue; `passphrase` where the venue asks for a third part.

    `since_us` is when it was given to us, UTC microseconds, 0 where nobody noted it.
    """

    key: Secret
    secret: Secret
    passphrase: Secret | None = None
    since_us: int = 0

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without telling them: equal keys share a nonce and a budget.

        It stands in the ledger, and is of the key's public half alone: what signs goes into no
        hash. That half has 80 random bits or more at every venue, so it cannot be found by
        trying; whoever has it already can recognise it here, and learns no more by that.
        """
        return hashlib.sha256(self.key.reveal().encode()).hexdigest()[:16]

    def blotted(self, text: str) -> str:
        """A text with every part of the key taken out of it: a venue may say our key back."""
        for part in (self.key, self.secret, self.passphrase):
            if part is not None and len(part.reveal()) >= SHORTEST:
                text = text.replace(part.reveal(), BLOT)
        return text

    def forget(self) -> None:
        """Let go of every part."""
        for part in (self.key, self.secret, self.passphrase):
            if part is not None:
                part.forget()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoKey:
    """A key that is configured and cannot be had now: why, and what a person can do about it."""

    why: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountKeys:
    """The keys of one account by purpose; without `trade` the account is only watched.

    `withdraw` loads the key that withdraws, anew each time; it is called while one withdrawal
    is sent and at no other time. None: no such key is configured. `load` reads the key of
    another purpose anew; without it none is changed while this runs. Both may take seconds.
    """

    read: Keys | NoKey
    trade: Keys | NoKey | None = None
    withdraw: Callable[[], Keys | None] | None = None
    load: Callable[[Purpose], Keys | None] | None = None
