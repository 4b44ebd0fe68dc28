from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest

from domain import forms
from domain.codec import Undecodable, decode, encode
from domain.instruments import Account
from domain.orders import Fill, Side
from domain.registry import facts_by_kind


class _Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slim:
    count: int
    price: Decimal | None
    account: Account
    colour: _Colour
    part: _Part
    sure: bool = False
    note: str = "none"
    more: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Checked:
    count: int

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("below zero")


def whole(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "count": 1,
        "price": "1.50",
        "account": "kraken/main",
        "colour": "red",
        "part": {"amount": "2"},
        "sure": True,
        "note": "well",
        "more": {"BTC": "3"},
    }
    return told | changes


SLIM = _Slim(
    count=1,
    price=Decimal("1.5"),
    account=Account("kraken", "main"),
    colour=_Colour.RED,
    part=_Part(amount=Decimal(2)),
    sure=True,
    note="well",
    more={"BTC": Decimal(3)},
)


def test_a_form_that_was_met_before_makes_what_the_class_itself_would_make() -> None:
    for told in (whole(), whole(), dict(reversed(whole().items()))):
        made = decode(_Slim, told)
        assert made == SLIM
        assert (type(made.account), type(made.colour)) == (Account, _Colour)
        assert hash(made.part) == hash(SLIM.part)
    assert decode(_Slim, whole(price=None)).price is None


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"count": "1"}, "count: expected int"),
        ({"count": True}, "count: expected int"),
        ({"count": None}, "count: expected int"),
        ({"sure": 1}, "sure: expected bool"),
        ({"note": None}, "note: expected str"),
        ({"price": "NaN"}, "price: NaN"),
        ({"price": "1e99"}, "price: a number beyond"),
        ({"price": "1_000"}, "price: "),
        ({"price": 1}, "price: expected str"),
        ({"account": 1}, "account: expected str"),
        ({"colour": "blue"}, "colour: 'blue' is not"),
        ({"part": {"amount": "Infinity"}}, "part: amount: Infinity"),
        ({"part": []}, "part: _Part is an object"),
        ({"more": {"BTC": "many"}}, "more: 'many' is not a number"),
        ({"extra": 1}, "no field extra"),
    ],
)
def test_a_known_form_saves_no_check(change: dict[str, Any], told: str) -> None:
    assert decode(_Slim, whole()) == SLIM  # the form is known from here on
    for _ in range(2):
        with pytest.raises(Undecodable, match=told):
            decode(_Slim, whole(**change))
    assert decode(_Slim, whole()) == SLIM


def test_what_an_old_row_does_not_have_takes_its_default_also_the_second_time() -> None:
    old = {name: value for name, value in whole().items() if name not in ("sure", "note")}
    for _ in range(2):
        made = decode(_Slim, old)
        assert (made.sure, made.note) == (False, "none")
    del old["more"]
    first, second = decode(_Slim, old), decode(_Slim, old)
    assert first.more == second.more == {}
    assert first.more is not second.more  # a default that is made is made for each
    del old["count"]
    with pytest.raises(Undecodable, match="count"):
        decode(_Slim, old)


def test_decoding_leaves_the_data_as_it_was() -> None:
    told = whole()
    decode(_Slim, told)
    assert told == whole()


def test_a_class_that_checks_itself_is_still_asked() -> None:
    assert decode(_Checked, {"count": 1}) == _Checked(1)
    with pytest.raises(ValueError, match="below zero"):
        decode(_Checked, {"count": -1})


def test_forms_without_end_are_read_and_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "MOST", 1)
    learnt = []

    def reader_for(name: str, carried: type) -> forms.Reader | None:
        learnt.append((name, carried))
        return None

    def never(data: Any) -> Any:
        raise AssertionError(data)

    read = forms.by_form(_Part, reader_for, never)
    for amount in ("1", 2, 2, "1"):
        assert read({"amount": amount}).amount == amount
    assert learnt == [("amount", str), ("amount", int), ("amount", int)]


def test_the_facts_that_ledgers_are_full_of_are_made_the_fast_way() -> None:
    full_of = ("order_approved", "order_sent", "order_acked", "fill_booked", "movement_booked")
    assert [kind for kind in full_of if not forms.is_plain(facts_by_kind()[kind])] == []


def test_a_fill_has_all_it_had() -> None:
    fill = Fill(
        account=Account("kraken", "main"),
        symbol="BTC/USD",
        trade_id="T1",
        side=Side.SELL,
        quantity=Decimal("0.015"),
        price=Decimal("64123.1"),
        fee=Decimal("-0.5"),
        fee_asset="USD",
        at_us=1,
        inferred=True,
    )
    assert decode(Fill, encode(fill)) == fill
    assert decode(Fill, encode(fill)).key == fill.key
