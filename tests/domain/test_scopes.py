"""Scopes of limits and halts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.instruments import Account
from domain.scopes import NotAScope, Reach, Scope

MAIN = Account("kraken", "main")


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("GLOBAL", ("kucoin/b", "ETH/EUR", "grid"), None),
        ("VENUE:kraken", ("kraken/b", "ETH/EUR", "grid"), ("kucoin/main", "BTC/USD", "manual")),
        ("ACCOUNT:kraken/main", ("kraken/main", "ETH/EUR", "x"), ("kraken/b", "BTC/USD", "x")),
        ("STRATEGY:grid", ("kucoin/b", "ETH/EUR", "grid"), ("kraken/main", "BTC/USD", "manual")),
        ("SYMBOL:BTC/USD", ("kucoin/b", "BTC/USD", "x"), ("kraken/main", "BTC/EUR", "x")),
    ],
)
def test_a_scope_covers_what_it_names_and_nothing_else(
    text: str, inside: tuple[str, str, str], outside: tuple[str, str, str] | None
) -> None:
    scope = Scope.parse(text)
    assert str(scope) == text
    assert scope.covers(Account.parse(inside[0]), inside[1], inside[2])
    assert scope.touches(Account.parse(inside[0]))
    if outside is not None:
        assert not scope.covers(Account.parse(outside[0]), outside[1], outside[2])


def test_the_kind_is_read_in_any_case_and_a_bare_venue_is_its_main_account() -> None:
    assert Scope.parse(" global ") == Scope(Reach.GLOBAL)
    assert Scope.parse("account: kraken") == Scope(Reach.ACCOUNT, "kraken/main")


@pytest.mark.parametrize(
    "text", ["", "ALL", "GLOBAL:", "GLOBAL:kraken", "VENUE", "VENUE:", "VENUE: ", "venue kraken"]
)
def test_what_is_no_scope_is_refused_with_examples(text: str) -> None:
    with pytest.raises(NotAScope, match="SYMBOL:BTC/USD"):
        Scope.parse(text)


@given(st.text())
def test_any_text_is_a_scope_that_reads_back_or_refused(text: str) -> None:
    try:
        scope = Scope.parse(text)
    except NotAScope:
        return
    assert Scope.parse(str(scope)) == scope
    assert scope.covers(MAIN, "BTC/USD", "manual") <= scope.touches(MAIN)


def test_foreign_orders_belong_to_accounts_and_not_to_strategies_or_symbols() -> None:
    taken = {r for r in Reach if Scope(r, "" if r is Reach.GLOBAL else "x").takes_foreign}
    assert taken == {Reach.GLOBAL, Reach.VENUE, Reach.ACCOUNT}
