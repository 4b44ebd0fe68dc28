"""Numbers as the screens write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import canonical
from tui import format as shown

D = Decimal
numbers = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=D("-1e38"), max_value=D("1e38")
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("12345.6", "12,345.60"),
        ("-0.001", "0.00"),
        ("0", "0.00"),
        ("999.995", "1,000.00"),
        ("-1254.3", "-1,254.30"),
        ("1e20", "1.00e20"),
    ],
)
def test_money_has_groups_two_decimals_and_no_negative_zero(value: str, text: str) -> None:
    assert shown.money(D(value)) == text


@pytest.mark.parametrize(
    ("step", "places"), [("0.01", 2), ("0.5", 1), ("1", 0), ("10", 0), ("0.00010", 4), ("1E-8", 8)]
)
def test_a_tick_tells_its_decimals(step: str, places: int) -> None:
    assert shown.places_of(D(step)) == places


def test_a_price_has_the_decimals_of_its_tick() -> None:
    assert shown.price(D("62100.5"), D("0.01")) == "62,100.50"
    assert shown.price(D("0.05025"), D("0.00001")) == "0.05025"
    assert shown.price(D("62100"), D(10)) == "62,100"


def test_a_price_without_a_tick_has_five_significant_digits() -> None:
    assert shown.price(D("0.00012345678")) == "0.00012346"
    assert shown.price(D("62100.5")) == "62,100.50"
    assert shown.price(None) == shown.DASH
    assert shown.price(D(0)) == "0.00"


def test_a_quantity_is_cut_to_whole_lots_and_never_rounded_up() -> None:
    assert shown.quantity(D("0.99999"), D("0.001")) == "0.999"
    assert shown.quantity(D("2500.0")) == "2,500"
    assert shown.quantity(None) == shown.DASH


def test_dust_is_not_shown_as_zero() -> None:
    assert shown.quantity(D("0.000000001")) == "<0.00000001"
    assert shown.quantity(D("-0.000000001")) == "-<0.00000001"
    assert shown.quantity(D(0)) == "0"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("950", "950"),
        ("31200", "31.2k"),
        ("5000", "5.00k"),
        ("1050000", "1.05M"),
        ("123456789012", "123G"),
        ("1.2e30", "1.20e30"),
        ("0.5", "0.50"),
        ("-31200", "-31.2k"),
        ("7", "7"),
    ],
)
def test_short_numbers_keep_three_digits_and_a_unit(value: str, text: str) -> None:
    assert shown.short(D(value)) == text


@given(numbers)
def test_the_sign_is_always_written_and_is_right(value: Decimal) -> None:
    text = shown.signed(value)
    assert text.startswith("▲ +") if value > 0 else True
    assert text.startswith("▼ -") if value < 0 else True
    assert text[0] == " " if value == 0 else True
    assert (shown.direction(value) == "up") is (value > 0)
    assert (shown.direction(value) == "down") is (value < 0)


@given(numbers)
def test_exact_shows_every_digit(value: Decimal) -> None:
    assert shown.exact(value).replace(",", "") == canonical(value)


@given(numbers)
def test_no_number_is_wider_than_a_wide_column(value: Decimal) -> None:
    assert len(shown.money(value)) <= 23
    assert len(shown.short(value)) <= 9


@given(st.decimals(0, 10**6, places=4), st.decimals("0.0001", 10**6, places=4))
def test_only_a_full_limit_reads_100_percent(used: Decimal, limit: Decimal) -> None:
    shows_full = int(shown.usage_pct(used, limit).rstrip("%").replace(",", "")) >= 100
    assert shows_full is (used >= limit)


@pytest.mark.parametrize(
    ("elapsed_us", "text"),
    [
        (0, "0.0 s"),
        (-5_000_000, "0.0 s"),
        (300_000, "0.3 s"),
        (2_999_999, "2.9 s"),
        (9_400_000, "9 s"),
        (119_000_000, "119 s"),
        (240_000_000, "4 m"),
        (7_300_000_000, "2 h"),
        (260_000_000_000, "3 d"),
    ],
)
def test_ages_are_short(elapsed_us: int, text: str) -> None:
    assert shown.age(elapsed_us) == text


def test_what_never_happened_has_no_age() -> None:
    assert shown.since(0, 5_000_000) == "never"
    assert shown.since(2_000_000, 11_000_000) == "9 s"


NOON = 1_795_176_007_120_000


def test_times_are_utc_and_the_day_is_told_where_it_is_another() -> None:
    assert shown.clock(NOON) == "12:00:07"
    assert shown.clock_ms(NOON) == "12:00:07.120"
    assert shown.stamp(NOON) == "2026-11-20 12:00:07Z"
    assert shown.file_stamp(NOON) == "20261120T120007Z"
    assert shown.when(NOON, NOON) == "12:00:07"
    assert shown.when(NOON - 86_400_000_000, NOON) == "11-19"
    assert shown.when(0, NOON) == shown.DASH
    assert shown.when_ms(NOON, NOON) == shown.clock_ms(NOON)
    assert shown.when_ms(NOON - 86_400_000_000, NOON) == "11-19 12:00"


def test_sizes_and_durations_have_units() -> None:
    assert [shown.size(n) for n in (812, 4_300_000, 3 * 1024**3)] == ["812 B", "4.1 MiB", "3.0 GiB"]
    assert [shown.millis(n) for n in (900, 48_000, 12_340_000)] == ["0.9 ms", "48 ms", "12,340 ms"]
    assert [shown.counted(n, "order") for n in (0, 1, 1_204)] == [
        "0 orders",
        "1 order",
        "1,204 orders",
    ]


def test_percentages_are_of_what_they_say() -> None:
    assert shown.percent(D("2.065"), 2) == "2.07%"
    assert shown.ratio_pct(D(1), D(0)) == 0
    assert shown.ratio_pct(D(1), D(8)) == D("12.5")
