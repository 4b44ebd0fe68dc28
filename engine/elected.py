"""From facts about the counting to what the lot book reads: elections and claims.

The one rule: the order of the ledger decides. Of two that exclude each other the later told
counts, and what was withdrawn is as if it had never been said.
"""

from collections.abc import Iterable

from accounting import claims
from accounting.claims import Claim
from accounting.elections import (
    Election,
    Elections,
    Method,
    Reallocation,
    Scope,
    SwapFee,
    TransferFee,
)
from accounting.ledger_entries import Row
from domain import elections

_CLAIMING = frozenset(
    {
        elections.ClaimsWithdrawn,
        elections.TransferMatched,
        elections.BasisSupplied,
        elections.MovementClassed,
    }
)


def election_of(fact: elections.LotsElected) -> Election:
    """An election as the lot book reads it.

    Raises:
        ValueError: for a method, scope or fee policy that does not exist.
    """
    return Election(
        effective_us=fact.effective_us,
        made_us=fact.at_us,
        asset=fact.asset,
        method=Method(fact.method) if fact.method else None,
        scope=Scope(fact.scope) if fact.scope else None,
        reallocation=Reallocation(accounts=fact.accounts) if fact.accounts else None,
        transfer_fee=TransferFee(fact.transfer_fee) if fact.transfer_fee else None,
        swap_fee=SwapFee(fact.swap_fee) if fact.swap_fee else None,
        fees_apart=fact.fees_apart,
        pegged=fact.pegged,
    )


def elections_of(rows: Iterable[Row], base_currency: str, tax_time_zone: str) -> Elections:
    """Every election of the rows, in force by its own date."""
    made = [election_of(fact) for _, fact in rows if isinstance(fact, elections.LotsElected)]
    return Elections(made, base_currency=base_currency, tax_time_zone=tax_time_zone)


def claims_of(rows: Iterable[Row]) -> list[Claim]:
    """Every claim of the rows that was not withdrawn, in the order of the ledger."""
    told: list[Claim] = []
    for fact in [fact for _, fact in rows if type(fact) in _CLAIMING]:
        if isinstance(fact, elections.ClaimsWithdrawn):
            told = [claim for claim in told if fact.reference not in about(claim)]
        elif isinstance(fact, elections.TransferMatched):
            told.append(
                claims.TransferMatched(
                    departure=fact.departure, arrival=fact.arrival, rate=fact.rate
                )
            )
        elif isinstance(fact, elections.BasisSupplied):
            told.append(
                claims.BasisSupplied(
                    reference=fact.reference,
                    value=fact.value,
                    acquired_us=fact.acquired_us,
                    quantity=fact.quantity,
                )
            )
        elif isinstance(fact, elections.MovementClassed):
            told.append(
                claims.MovementClassed(reference=fact.reference, kind=fact.kind, value=fact.value)
            )
    return told


def about(claim: Claim) -> tuple[str, ...]:
    """The movements that a claim is about, by key."""
    if isinstance(claim, claims.TransferMatched):
        return claim.departure, claim.arrival
    return (claim.reference,)
