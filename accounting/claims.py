"""What an operator or a matcher says about facts: two movements are one transfer, a basis, a kind.

The one rule: a claim never changes a fact. It stands beside it with its own author and time,
and a later claim about the same thing takes its place; so every version can say why.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferMatched:
    """The withdrawal `departure` and the deposit `arrival` are one transfer between own accounts.

    Both are keys of movements (`Movement.key`): same asset, other account. `rate` is one unit in
    the base currency when it left, for the fee; None: the marks tell.
    """

    departure: str
    arrival: str
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisSupplied:
    """What `quantity` of a deposit or of an opening balance cost, and when it was acquired.

    `reference` is the movement's key, or `opening:<account>:<asset>`. Several claims about one
    reference add up: each is a lot of its own. `quantity` None means all of it.
    """

    reference: str
    value: Decimal
    acquired_us: int
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementClassed:
    """What a movement was.

    A deposit is `income`, `staking`, `airdrop`, `interest` or `funding`; a withdrawal is
    `payment`, `gift`, `loss` or `funding`. `value` is its worth in the base currency at that
    time; None: the marks tell.
    """

    reference: str
    kind: str
    value: Decimal | None = None


Claim = TransferMatched | BasisSupplied | MovementClassed


@dataclass(slots=True)
class Claims:
    """Claims by what they are about."""

    arrivals: dict[str, TransferMatched]
    departures: dict[str, TransferMatched]
    basis: dict[str, list[BasisSupplied]]
    classes: dict[str, MovementClassed]


def claims_about(told: list[Claim]) -> Claims:
    """The claims in force; of two that exclude each other the later told one counts."""
    made = Claims({}, {}, {}, {})
    for claim in told:
        if isinstance(claim, TransferMatched):
            made.departures[claim.departure] = claim
            made.arrivals[claim.arrival] = claim
        elif isinstance(claim, BasisSupplied):
            made.basis.setdefault(claim.reference, []).append(claim)
        else:
            made.classes[claim.reference] = claim
    return made
