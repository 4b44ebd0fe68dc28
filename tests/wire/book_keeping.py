"""The venue's own double entry: every change is a set of postings that sums to zero per asset.

The one rule: a balance is the sum of its postings; there is no other number to disagree with.
`OUTSIDE` is the rest of the world (deposits come from it) and `HOUSE` earns the fees; only
they may go below zero.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from domain.money import ZERO, exactly

OUTSIDE = "(outside)"
HOUSE = "(house)"


class Overdrawn(Exception):
    """A posting would take an owner below zero; nothing of its set was booked."""


@dataclass(frozen=True, slots=True)
class Posting:
    """One owner's part: the balance changes by `amount - fee`, the fee goes to the house.

    `reference` is the id of what caused it, as the owner sees it.
    """

    owner: str
    asset: str
    amount: Decimal
    reference: str
    fee: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Entry:
    """A booked posting with the balance it left behind."""

    entry_id: str
    kind: str
    reference: str
    owner: str
    asset: str
    amount: Decimal
    fee: Decimal
    balance: Decimal
    at_us: int


class Books:
    """All accounts of a venue. `mint` makes entry ids."""

    def __init__(self, mint: Callable[[], str]) -> None:
        self._mint = mint
        self._balances: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.entries: list[Entry] = []

    def balance(self, owner: str, asset: str) -> Decimal:
        """What the owner has, held for orders or not."""
        return self._balances.get((owner, asset), ZERO)

    def balances(self, owner: str) -> dict[str, Decimal]:
        """Every asset the owner ever had, in a fixed order."""
        return {asset: b for (name, asset), b in sorted(self._balances.items()) if name == owner}

    def assets(self) -> set[str]:
        """Every asset that anyone ever had."""
        return {asset for _, asset in self._balances}

    def total(self, asset: str) -> Decimal:
        """The sum over all owners, the house and the world: always zero."""
        with exactly():
            return sum((b for (_, name), b in self._balances.items() if name == asset), ZERO)

    def balance_at(self, owner: str, asset: str, at_us: int) -> Decimal:
        """What the owner had at that time, from the entries."""
        for entry in reversed(self.entries):
            if (entry.owner, entry.asset) == (owner, asset) and entry.at_us <= at_us:
                return entry.balance
        return ZERO

    def post(self, kind: str, at_us: int, postings: Sequence[Posting]) -> list[Entry]:
        """Book a set whole or not at all.

        Raises:
            Overdrawn: when an owner has not enough.
            ValueError: when the set does not sum to zero per asset.
        """
        with exactly():
            _must_balance(postings)
            after = self._after(postings)
            self._balances.update(after)
            for posting in postings:
                self._balances[HOUSE, posting.asset] += posting.fee
            booked = [self._entry(kind, at_us, posting) for posting in postings]
        self.entries.extend(booked)
        return booked

    def _after(self, postings: Iterable[Posting]) -> dict[tuple[str, str], Decimal]:
        after: dict[tuple[str, str], Decimal] = {}
        for posting in postings:
            key = (posting.owner, posting.asset)
            before = after.get(key, self._balances.get(key, ZERO))
            after[key] = before + posting.amount - posting.fee
        for (owner, asset), balance in after.items():
            if balance < ZERO and owner not in (OUTSIDE, HOUSE):
                raise Overdrawn(f"{owner} has not enough {asset}: {balance}")
        return after

    def _entry(self, kind: str, at_us: int, posting: Posting) -> Entry:
        return Entry(
            entry_id=self._mint(),
            kind=kind,
            reference=posting.reference,
            owner=posting.owner,
            asset=posting.asset,
            amount=posting.amount,
            fee=posting.fee,
            balance=self._balances[posting.owner, posting.asset],
            at_us=at_us,
        )


def _must_balance(postings: Iterable[Posting]) -> None:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for posting in postings:
        sums[posting.asset] += posting.amount
    if any(sums.values()):
        raise ValueError(f"postings do not sum to zero: {dict(sums)}")
