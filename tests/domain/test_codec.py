from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from domain import queries
from domain.board import Board, Mode
from domain.codec import Undecodable, decode, encode
from domain.events import Fact, OrderApproved
from domain.instruments import Account
from domain.orders import Fill, Side
from domain.registry import answer_of, asks_by_name, facts_by_kind, kind_of
from domain.table import Table
from domain.verdicts import RuleResult, Verdict
from tests.domain import samples


@pytest.mark.parametrize("kind", sorted(facts_by_kind()))
def test_every_fact_survives_its_encoding(kind: str) -> None:
    fact_type = facts_by_kind()[kind]

    @settings(max_examples=15)
    @given(samples.of(fact_type))
    def check(fact: Fact) -> None:
        assert decode(fact_type, encode(fact)) == fact
        assert kind_of(type(fact)) == kind

    check()


@pytest.mark.parametrize("name", sorted(asks_by_name()))
def test_every_ask_and_its_answer_survive_their_encoding(name: str) -> None:
    ask_type = asks_by_name()[name]

    @settings(max_examples=10)
    @given(samples.of(ask_type), samples.of(answer_of(ask_type)))
    def check(ask: object, answer: object) -> None:
        assert decode(ask_type, encode(ask)) == ask
        assert decode(answer_of(ask_type), encode(answer)) == answer

    check()


def test_an_empty_board_survives_its_encoding() -> None:
    board = Board(mode=Mode.DEMO)
    assert decode(Board, encode(board)) == board


def test_the_kinds_that_ledgers_hold_keep_their_names() -> None:
    # A ledger of years ago holds these words: renaming one makes it unreadable.
    assert {"ledger_opened", "order_approved", "fill_booked", "halt_tripped"} <= set(
        facts_by_kind()
    )
    assert kind_of(OrderApproved) == "order_approved"


@pytest.mark.parametrize("value", [1.5, 2**53, object(), {1.5}, Decimal])
def test_what_has_no_exact_text_is_not_encoded(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)


@dataclass(frozen=True)
class _Shape:
    count: int
    amounts: Mapping[str, Decimal]
    note: str = "none"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ([], "is an object"),
        ({"count": 1, "amounts": {}, "extra": 1}, "no field extra"),
        ({"amounts": {}}, "count"),
        ({"count": "1", "amounts": {}}, "count: expected int"),
        ({"count": True, "amounts": {}}, "count: expected int"),
        ({"count": 1, "amounts": {"a": "NaN"}}, "amounts: NaN"),
        ({"count": 1, "amounts": {"a": 1}}, "amounts: expected str"),
    ],
)
def test_data_that_does_not_fit_names_the_field(data: Any, told: str) -> None:
    with pytest.raises(Undecodable, match=told):
        decode(_Shape, data)


def test_a_missing_field_takes_its_default_so_old_rows_stay_readable() -> None:
    assert decode(_Shape, {"count": 1, "amounts": {"a": "1"}}).note == "none"


def test_money_travels_as_canonical_text() -> None:
    fill = Fill(
        account=Account("kraken", "main"),
        symbol="BTC/USD",
        trade_id="T1",
        side=Side.BUY,
        quantity=Decimal("0.01500"),
        price=Decimal("64123.10"),
        fee=Decimal("1E-8"),
        fee_asset="USD",
        at_us=1,
    )
    told = encode(fill)
    assert (told["quantity"], told["price"], told["fee"]) == ("0.015", "64123.1", "0.00000001")
    assert told["account"] == "kraken/main"


def test_figures_of_a_rule_travel_as_a_list() -> None:
    verdict = Verdict(approved=True, results=(RuleResult("halt", passed=True),))
    assert encode(verdict)["results"][0][:2] == ["halt", True]
    assert decode(Verdict, encode(verdict)) == verdict


def test_a_table_becomes_an_object_and_a_table_again() -> None:
    board = Board(mode=Mode.LIVE, orders=Table())
    assert encode(board)["orders"] == {}
    assert isinstance(decode(Board, encode(board)).orders, Table)


def test_every_ask_documents_itself() -> None:
    for name, ask in asks_by_name().items():
        assert ask.__doc__, name
    assert answer_of(queries.ReadLedger) is queries.LedgerPage
