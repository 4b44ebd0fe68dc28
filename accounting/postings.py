"""Double-entry postings of every fact that moves money.

The one rule: within one fact the postings of each asset sum to exactly zero. So the balance of
an account is the sum of its postings, and what explains a balance is the list of them.

Accounts: `asset:<venue>/<account>` what a venue holds for us, `trading` the other side of a
trade, `expense:fee` fees (a rebate is negative), `equity:external` the world outside,
`equity:opening` what was there before the first fact. An account has one line per asset.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded
from typing import Any, NamedTuple

from domain.adjustments import BalanceAdopted
from domain.bookings import FillBooked, FillReversed, MovementBooked, OpeningBalance
from domain.events import Fact
from domain.orders import Fill, Side

TRADING = "trading"
FEES = "expense:fee"
EXTERNAL = "equity:external"
OPENING = "equity:opening"

# A price times a quantity never needs more digits than this (both are at most 80 characters and
# within 10^±40), so sums and products of postings are exact, or they are an error.
EXACT = Context(prec=500, traps=[Inexact, Rounded, Clamped, InvalidOperation, Overflow])


class Posting(NamedTuple):
    """One line: `amount` of `asset` into `account` (negative: out of it)."""

    account: str
    asset: str
    amount: Decimal

    @property
    def name(self) -> str:
        """The line's account with its asset, `asset:kraken/main:BTC` (golden case G27)."""
        return f"{self.account}:{self.asset}"


def postings_of(fact: Fact) -> tuple[Posting, ...]:
    """The postings of a fact, without zero lines; none for a fact that moves no money."""
    entries = _ENTRIES.get(type(fact))
    return () if entries is None else _merged(entries(fact))


def moves_money(fact: type[Fact]) -> bool:
    """Whether facts of this class carry postings."""
    return fact in _ENTRIES


def imbalance(postings: Iterable[Posting]) -> dict[str, Decimal]:
    """The assets whose postings do not sum to zero, with what they sum to; empty when sound."""
    sums: dict[str, Decimal] = {}
    for _, asset, amount in postings:
        sums[asset] = EXACT.add(sums.get(asset, Decimal(0)), amount)
    return {asset: total for asset, total in sums.items() if total}


def held_at(account: str) -> str:
    """The posting account of what a venue holds for us, `asset:kraken/main`."""
    return f"asset:{account}"


def _merged(entries: Iterable[tuple[str, str, Decimal]]) -> tuple[Posting, ...]:
    lines: dict[tuple[str, str], Decimal] = {}
    for account, asset, amount in entries:
        if amount:
            known = lines.get((account, asset))
            lines[account, asset] = amount if known is None else EXACT.add(known, amount)
    return tuple(
        Posting(account, asset, amount) for (account, asset), amount in lines.items() if amount
    )


def _fill(fill: Fill) -> list[tuple[str, str, Decimal]]:
    base, _, quote = fill.symbol.partition("/")
    cost = EXACT.multiply(fill.quantity, fill.price)
    bought = fill.side is Side.BUY
    ours = held_at(fill.account)
    received = fill.quantity if bought else fill.quantity.copy_negate()
    paid = cost.copy_negate() if bought else cost
    return [
        (ours, base, received),
        (TRADING, base, received.copy_negate()),
        (ours, quote, paid),
        (TRADING, quote, paid.copy_negate()),
        (ours, fill.fee_asset, fill.fee.copy_negate()),
        (FEES, fill.fee_asset, fill.fee),
    ]


def _fill_booked(fact: FillBooked) -> list[tuple[str, str, Decimal]]:
    entries = _fill(fact.fill)
    return _out_of_opening(entries) if fact.before_opening else entries


def _fill_reversed(fact: FillReversed) -> list[tuple[str, str, Decimal]]:
    return [(account, asset, amount.copy_negate()) for account, asset, amount in _fill(fact.fill)]


def _movement(fact: MovementBooked) -> list[tuple[str, str, Decimal]]:
    # The fee comes on top of the amount: a withdrawal of 1 with a fee of 0.1 takes 1.1.
    movement = fact.movement
    ours, asset = held_at(movement.account), movement.asset
    entries = [
        (ours, asset, movement.amount),
        (EXTERNAL, asset, movement.amount.copy_negate()),
        (ours, asset, movement.fee.copy_negate()),
        (FEES, asset, movement.fee),
    ]
    return _out_of_opening(entries) if fact.before_opening else entries


def _out_of_opening(entries: list[tuple[str, str, Decimal]]) -> list[tuple[str, str, Decimal]]:
    # The opening balance was told without a cause; here is a part of it. So what the account
    # holds stays, and the cause takes the place of opening equity.
    return [
        (OPENING if account.startswith("asset:") else account, asset, amount)
        for account, asset, amount in entries
    ]


def _opening(fact: OpeningBalance) -> list[tuple[str, str, Decimal]]:
    ours = held_at(fact.account)
    return [
        line
        for asset, amount in fact.assets.items()
        for line in ((ours, asset, amount), (OPENING, asset, amount.copy_negate()))
    ]


def _adopted(fact: BalanceAdopted) -> list[tuple[str, str, Decimal]]:
    ours, asset = held_at(fact.account), fact.asset
    other = f"{ours}:{fact.wallet}" if fact.wallet else OPENING
    return [(ours, asset, fact.amount), (other, asset, fact.amount.copy_negate())]


_ENTRIES: Mapping[type[Fact], Callable[[Any], list[tuple[str, str, Decimal]]]] = {
    FillBooked: _fill_booked,
    FillReversed: _fill_reversed,
    MovementBooked: _movement,
    OpeningBalance: _opening,
    BalanceAdopted: _adopted,
}
