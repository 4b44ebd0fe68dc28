"""Facts about the counting: what is written once, and what was said after it took effect."""

from dataclasses import replace
from decimal import Decimal

import pytest

from domain.elections import AllocationMade, BasisSupplied, LotsElected, TaxYearFiled
from domain.registry import facts_by_kind
from storage.entries import entry_of, fact_of

D = Decimal
VERSION = AllocationMade(
    at_us=5,
    actor="me",
    number=1,
    upto_seq=9,
    head="h",
    elections_sha="e",
    base_currency="USD",
    tax_time_zone="UTC",
    program="1",
    digest="d",
    realised=D("1.20"),
)


def test_a_version_and_a_filed_year_are_written_once() -> None:
    assert VERSION.key() == replace(VERSION, digest="another", at_us=6).key()
    assert VERSION.key() != replace(VERSION, number=2).key()
    filed = TaxYearFiled(at_us=1, actor="me", year=2025, version=1)
    assert filed.key() == replace(filed, version=2).key() == "filed:2025"


def test_the_same_basis_may_be_told_of_two_parts() -> None:
    told = BasisSupplied(
        at_us=1, actor="me", reference="D1", value=D(1), acquired_us=0, quantity=D(1)
    )
    assert entry_of(told).key != entry_of(replace(told, at_us=2)).key


@pytest.mark.parametrize(("made_us", "late"), [(9, False), (10, False), (11, True)])
def test_an_election_that_is_made_after_it_takes_effect_says_so(made_us: int, late: bool) -> None:
    made = LotsElected(at_us=made_us, actor="me", effective_us=10, method="LIFO")
    assert made.retroactive is late


def test_what_is_elected_comes_back_from_its_row_as_it_was() -> None:
    for fact in (
        VERSION,
        LotsElected(at_us=1, actor="me", effective_us=0, pegged=(), fees_apart=False),
        LotsElected(at_us=1, actor="me", effective_us=0, accounts=("kraken/main",)),
    ):
        assert fact_of(1, entry_of(fact).payload) == replace(fact)
    assert {"lots_elected", "allocation_made", "tax_year_filed"} <= facts_by_kind().keys()
