from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import (
    MONEY,
    Amount,
    NotANumber,
    canonical,
    exactly,
    is_multiple,
    number,
    round_down,
)

numbers = st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**12))


@given(numbers)
def test_a_number_survives_its_canonical_text(value: Decimal) -> None:
    text = canonical(value)
    assert number(text) == value
    assert "e" not in text.lower()
    assert not (text.endswith("0") and "." in text)


@given(numbers, numbers)
def test_equal_numbers_have_one_text(a: Decimal, b: Decimal) -> None:
    assert (canonical(a) == canonical(b)) == (a == b)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("1.50", "1.5"),
        ("-0", "0"),
        ("-0.000", "0"),
        ("1e-08", "0.00000001"),
        ("1E+3", "1000"),
        ("0.5817100000", "0.58171"),
        (7, "7"),
        (" 12 ", "12"),
    ],
)
def test_venues_spellings_become_one_text(raw: object, text: str) -> None:
    assert canonical(number(raw)) == text


@pytest.mark.parametrize(
    "raw",
    [
        1.5,
        True,
        None,
        "",
        "NaN",
        "nan",
        "sNaN",
        "Infinity",
        "-inf",
        "1_000",
        "1,5",
        "0x10",
        "١٢",
        "9" * 5000,
        10**200,
        "1e999",
        "1e-200",
        [],
    ],
)
def test_what_is_no_money_is_refused(raw: object) -> None:
    with pytest.raises(NotANumber):
        number(raw)


def test_floats_are_trapped_in_exact_arithmetic() -> None:
    with exactly(), pytest.raises(Exception, match="FloatOperation"):
        _ = Decimal("1.5") < 2.5


def test_a_foreign_decimal_context_changes_nothing() -> None:
    third = Decimal(1) / Decimal(3)
    with localcontext(Context(prec=3)), exactly():
        assert Decimal(1) / Decimal(3) != third.quantize(Decimal("0.001"))
        assert Decimal("123456789.123456789") * 1 == Decimal("123456789.123456789")
    assert MONEY.prec == 50


@given(
    st.decimals(min_value=0, max_value=10**9, places=9, allow_nan=False),
    st.sampled_from([Decimal("0.00000001"), Decimal("0.0005"), Decimal("0.1"), Decimal(25)]),
)
def test_rounding_down_gives_the_largest_multiple_below(value: Decimal, step: Decimal) -> None:
    rounded = round_down(value, step)
    assert is_multiple(rounded, step)
    assert rounded <= value < rounded + step


def test_amounts_of_two_assets_cannot_be_added() -> None:
    assert str(Amount(Decimal("1.50"), "BTC") - Amount(Decimal(1), "BTC")) == "0.5 BTC"
    with pytest.raises(TypeError, match="convert one first"):
        Amount(Decimal(1), "BTC") + Amount(Decimal(1), "USD")
