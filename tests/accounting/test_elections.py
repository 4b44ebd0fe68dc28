"""Which policy holds when, and that a version keeps by which rules it was made."""

from decimal import Decimal

from accounting.elections import (
    Assignment,
    Election,
    Elections,
    Method,
    Reallocation,
    Scope,
    us_elections,
)
from domain.codec import decode, encode
from domain.days import iso


def test_an_election_holds_from_its_date_and_not_before() -> None:
    elections = Elections([Election(effective_us=10, method=Method.HIFO)])
    assert elections.at(9).method is Method.FIFO
    assert elections.at(10).method is Method.HIFO
    assert (elections.next_change(9), elections.next_change(10)) == (10, None)


def test_an_election_of_one_asset_leaves_the_others_alone() -> None:
    elections = Elections(
        [
            Election(effective_us=1, asset="BTC", method=Method.LIFO),
            Election(effective_us=2, method=Method.HIFO),
        ]
    )
    assert elections.at(1).method_of("BTC") is Method.LIFO
    assert elections.at(1).method_of("ETH") is Method.FIFO
    assert elections.at(2).method_of("BTC") is Method.HIFO


def test_what_an_election_does_not_name_stays_as_it_was() -> None:
    elections = Elections(
        [
            Election(effective_us=1, scope=Scope.ACCOUNT, pegged=("USDT",)),
            Election(effective_us=2, fees_apart=True),
        ]
    )
    after = elections.at(2)
    assert (after.scope, after.pegged, after.fees_apart) == (
        Scope.ACCOUNT,
        frozenset({"USDT"}),
        True,
    )


def test_an_election_made_after_it_takes_effect_says_so() -> None:
    assert Election(effective_us=1, made_us=2).retroactive
    assert not Election(effective_us=2, made_us=2).retroactive


def test_us_lots_are_by_account_from_the_first_midnight_of_2025_in_the_tax_zone() -> None:
    (made,) = us_elections("America/New_York")
    assert iso(made.effective_us) == "2025-01-01T05:00:00.000000Z"
    elections = Elections(us_elections())
    assert elections.at(made.effective_us - 1).scope is Scope.UNIVERSAL
    assert elections.at(made.effective_us).scope is Scope.ACCOUNT


def test_the_hash_of_the_rules_changes_with_every_rule_and_not_with_the_order_told() -> None:
    how = Reallocation(
        accounts=("a",),
        holdings={"BTC": {"a": Decimal("1.0")}},
        assigned=(Assignment(lot="L", asset="BTC", account="a", quantity=Decimal(1)),),
    )
    one = Election(effective_us=1, method=Method.HIFO)
    two = Election(effective_us=2, reallocation=how)
    same = Elections([two, one]).sha
    assert Elections([one, two]).sha == same
    others = [
        Elections([one]),
        Elections([one, two], base_currency="EUR"),
        Elections([one, two], tax_time_zone="Europe/Berlin"),
        Elections([Election(effective_us=1, method=Method.LIFO), two]),
        Elections([one, Election(effective_us=2)]),
    ]
    assert len({same, *(elections.sha for elections in others)}) == len(others) + 1


def test_an_election_survives_the_ledger() -> None:
    made = Election(
        effective_us=1,
        method=Method.AVERAGE,
        reallocation=Reallocation(holdings={"BTC": {"kraken/main": Decimal("0.5")}}),
        pegged=("USDT",),
    )
    assert decode(Election, encode(made)) == made
