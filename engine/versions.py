"""Allocation versions out of facts: the same rows of the ledger give the same version for ever.

The one rule: nothing but the facts up to a version's head, its own base currency and its own tax
time zone goes into it, and the digest of all its rows is what proves it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

from accounting.allocations import Allocation, Made, compute
from accounting.ledger_entries import Row
from domain.codec import encode
from domain.elections import AllocationMade
from domain.errors import Refused
from engine.livebook import LiveBook, book_of


def chain_of(number: int, made: Mapping[int, AllocationMade]) -> list[AllocationMade]:
    """The versions that a version is made of: the last one of all assets, and those since.

    Raises:
        Refused: there is no such version.
    """
    if number not in made:
        known = f"there are 1 to {max(made)}" if made else "none was computed yet"
        raise Refused("allocations", f"there is no version {number}; {known}")
    chain = [made[number]]
    while chain[-1].assets and chain[-1].number - 1 in made:
        chain.append(made[chain[-1].number - 1])
    return chain[::-1]


def computed(chain: Iterable[AllocationMade], live: LiveBook) -> Allocation:
    """The newest version of a chain, computed again from the rows that each was made of."""
    newest: Allocation | None = None
    for fact in chain:
        newest = of_rows(fact, live.rows_to(fact.upto_seq), newest)
    assert newest is not None, "a chain has a version"
    return newest


def of_rows(fact: AllocationMade, rows: Sequence[Row], previous: Allocation | None) -> Allocation:
    """The version that a fact names, of these rows, beside the version before it."""
    book = book_of(rows, fact.base_currency, fact.tax_time_zone, fact.at_us)
    made = Made(
        at_us=fact.at_us,
        upto_seq=fact.upto_seq,
        policy_sha=book.elections.sha,
        program=fact.program,
        head=fact.head,
    )
    return replace(compute(book, made, previous, fact.assets), number=fact.number)


def digest_of(allocation: Allocation) -> str:
    """SHA-256 over every row of a version, each as one line of JSON with money as text."""
    seen = sha256()
    for name in ("sold", "slices", "acquired", "open"):
        seen.update(f"{name}\n".encode())
        for row in getattr(allocation, name):
            seen.update(json.dumps(encode(row), ensure_ascii=False).encode())
            seen.update(b"\n")
    return seen.hexdigest()
