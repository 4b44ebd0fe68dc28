"""The high-water mark: what equity is compared with, and how money that comes or goes moves it.

The mark rises only with what venues and facts both show, and a fall counts only where both show
it: a deposit that is not booked yet raises nothing, and a withdrawal that is not booked yet is
no loss. The one rule: what is inside the mark is inside the sample, or nothing is judged.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from accounting.sampling import Sample
from domain.instruments import Account
from domain.money import ZERO

HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class HighWater:
    """The mark in the base currency, and what is inside it.

    `counted` are the assets that were priced in it, `left_out` those that had no price then;
    `accounts` those that it covers. An older ledger tells neither: `told` is false.
    """

    value: Decimal
    counted: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    accounts: frozenset[Account] = frozenset()
    told: bool = True

    def shifted(self, by: Decimal) -> "HighWater":
        """With money that came (or went) from outside; a mark is never below zero."""
        return replace(self, value=max(ZERO, self.value + by))


def unjudgeable(
    sample: Sample, mark: HighWater | None, traded: Collection[str], *, settled: bool
) -> tuple[str, ...]:
    """Why what has no price keeps this sample from being compared with the mark.

    What never had a price and was never traded is left out of both sides for good: a worthless
    token must not blind the desk. What was inside the mark, or was paid for, cannot be left out.
    `settled`: the prices had the time to come in since the start.
    """
    known = mark is not None and mark.told
    counted = mark.counted if mark is not None else frozenset()
    left_out = mark.left_out if mark is not None else frozenset()
    doubts = []
    for asset in sorted(sample.unpriced - left_out):
        if asset in counted or asset in traded:
            doubts.append(f"{asset} has no price any more")
        elif not known and not settled:
            doubts.append(f"{asset} has no price yet")
    return tuple(doubts)


def carried(
    mark: HighWater | None,
    sample: Sample,
    left: Mapping[Account, Decimal],
    worth: Mapping[str, Decimal],
    late: Decimal = ZERO,
) -> tuple[HighWater, Decimal]:
    """The mark after a valid sample, and by how much it was shifted as if by a flow.

    An account that joins or leaves (`left`: what the facts say it holds), an asset that was left
    out and has a price now (`worth`), and flows that could not be valued when they were booked
    (`late`) are no profit and no loss.
    """
    if mark is None:
        return _fresh(sample), ZERO
    if not mark.told:
        base = replace(_fresh(sample), value=mark.value)
        return replace(base, value=max(base.value, sample.lower)), ZERO
    joined = [n for account, n in sample.accounts.items() if account not in mark.accounts]
    gone = [left.get(account, ZERO) for account in mark.accounts - sample.accounts.keys()]
    appeared = [worth.get(asset, ZERO) for asset in mark.left_out & sample.priced]
    shift = sum(joined, ZERO) - sum(gone, ZERO) + sum(appeared, ZERO) + late
    moved = mark.shifted(shift)
    return HighWater(
        value=max(moved.value, sample.lower),
        counted=mark.counted | sample.priced,
        left_out=(mark.left_out | sample.unpriced) - sample.priced,
        accounts=frozenset(sample.accounts),
    ), shift


def _fresh(sample: Sample) -> HighWater:
    return HighWater(
        value=sample.lower,
        counted=sample.priced,
        left_out=sample.unpriced,
        accounts=frozenset(sample.accounts),
    )


def drawdown_pct(sample: Sample, mark: HighWater) -> Decimal:
    """How far equity is below the mark, in percent; zero for a mark of nothing."""
    if mark.value <= ZERO:
        return ZERO
    return max(ZERO, (mark.value - sample.higher) / mark.value * HUNDRED)
