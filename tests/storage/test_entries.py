import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.bookings import FillReversed
from domain.errors import Corrupt
from domain.events import Fact, OrderSent
from domain.registry import facts_by_kind
from storage.chain import canonical
from storage.entries import entry_of, fact_of
from tests.storage.facts import facts_of
from tests.storage.samples import alarm, booked, fill, genesis, moved, sent


@pytest.mark.parametrize("kind", sorted(facts_by_kind()))
def test_every_kind_of_fact_comes_back_as_it_went(kind: str) -> None:
    @settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(facts_of(facts_by_kind()[kind]))
    def comes_back(fact: Fact) -> None:
        entry = entry_of(fact)
        assert fact_of(1, entry.payload) == fact
        told = json.loads(entry.payload)
        assert canonical(told) == entry.payload
        assert (told["kind"], told["key"]) == (kind, entry.key)
        assert told.get("account", "") == entry.account
        its_fill = told["fact"].get("fill", {})  # verification compares every one with the index
        assert entry.symbol == its_fill.get("symbol", "")
        assert entry.side == its_fill.get("side", "")

    comes_back()


def test_a_payload_says_everything_that_the_index_says() -> None:
    entry = entry_of(booked(1))
    told = json.loads(entry.payload)
    assert told["account"] == entry.account == "kraken/main"
    assert told["key"] == entry.key == "kraken:main:BTC/USD:T1"
    assert told["ts"] == "2025-01-01T00:00:00.000001Z"
    assert (entry.symbol, entry.side) == ("BTC/USD", "buy")
    assert told["actor"] == "kraken"
    assert told["v"] == 1
    assert "at_us" not in told["fact"]
    assert told["postings"] == {
        "BTC": {"asset:kraken/main": "0.015", "trading": "-0.015"},
        "USD": {"asset:kraken/main": "-961.9465", "expense:fee": "0.1", "trading": "961.8465"},
    }


def test_only_fills_carry_a_symbol_and_a_side_in_the_index() -> None:
    reversal = FillReversed(at_us=1, actor="x", fill=fill(1), reason="r")
    assert (entry_of(reversal).symbol, entry_of(reversal).side) == ("BTC/USD", "buy")
    for fact in (moved(), sent(), genesis()):
        assert (entry_of(fact).symbol, entry_of(fact).side) == ("", "")


def test_a_fact_without_a_key_is_named_by_its_kind_and_all_it_says() -> None:
    first, again, later = entry_of(sent(1)), entry_of(sent(1)), entry_of(sent(2))
    assert first.key == again.key
    assert first.key.startswith("order_sent:")
    assert len(first.key) == len("order_sent:") + 16
    assert later.key != first.key
    assert entry_of(replace(sent(1), at_us=5)).key != first.key


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"actor":"x","fact":{},"kind":"not_a_kind","ts":"2025-01-01T00:00:00.000000Z","v":1}',
        b'{"actor":"x","fact":{},"kind":"order_sent","ts":"2025-01-01T00:00:00.000000Z","v":1}',
        b'{"actor":"x","fact":{"client_id":"Q"},"kind":"order_sent","ts":"yesterday","v":1}',
        b"[" * 100_000,
    ],
)
def test_a_payload_that_cannot_be_read_names_its_row(payload: bytes) -> None:
    with pytest.raises(Corrupt, match="ledger row 7 "):
        fact_of(7, payload)


def test_blanks_around_a_payload_are_nothing_and_other_text_is_corrupt() -> None:
    entry = entry_of(booked(1))
    assert fact_of(7, entry.payload + b"\n") == entry.fact
    for more in (b"{}", b" 1", b"\0"):
        with pytest.raises(Corrupt, match="row 7"):
            fact_of(7, entry.payload + more)


def test_a_payload_of_a_later_version_is_not_guessed_at() -> None:
    later = entry_of(sent()).payload.replace(b'"v":1}', b'"v":2}')
    with pytest.raises(Corrupt, match="version 2"):
        fact_of(1, later)


@pytest.mark.parametrize("number", [b"1.0", b"1e0", b"NaN", b"Infinity", b"1" * 5000])
def test_a_number_that_is_not_whole_is_not_read(number: bytes) -> None:
    odd = entry_of(sent()).payload.replace(b'"v":1}', b'"v":' + number + b"}")
    with pytest.raises(Corrupt, match="ledger row 1 "):
        fact_of(1, odd)


def test_a_row_of_yesterday_without_a_newer_field_is_read_with_its_default() -> None:
    told = json.loads(entry_of(booked(1)).payload)
    del told["fact"]["fill"]["liquidity"]
    read = fact_of(1, canonical(told))
    assert read == booked(1, liquidity="")


def test_a_float_in_a_fact_never_reaches_the_ledger() -> None:
    with pytest.raises(TypeError, match="float"):
        entry_of(booked(1, quantity=0.5))


@given(st.integers(0, 4_102_444_800_000_000))
def test_time_is_exact_to_the_microsecond(at_us: int) -> None:
    fact = OrderSent(at_us=at_us, actor="x", client_id="Q")
    assert fact_of(1, entry_of(fact).payload).at_us == at_us


def test_money_is_stored_in_its_one_spelling() -> None:
    plain, odd = booked(1, quantity=Decimal("0.5")), booked(1, quantity=Decimal("5.0E-1"))
    assert entry_of(plain).payload == entry_of(odd).payload


def test_hostile_text_is_only_text() -> None:
    fact = alarm(text='"},"key":"stolen","x":{"y":"\x1b]52;c;\x07\u202e')
    assert fact_of(1, entry_of(fact).payload) == fact
    assert entry_of(fact).key.startswith("alarm_raised:")
