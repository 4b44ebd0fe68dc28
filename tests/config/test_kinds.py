"""Each kind of setting takes what was meant, exactly, and says what to write otherwise."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config import kinds, names
from config.kinds import Kind, amount, choice, counted, off_or, whole, words

MONEY = amount("amount")
FROM_ZERO = amount("amount", zero=True)
PORT = whole(0, 65_535)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (MONEY, "10000", Decimal(10_000)),
        (MONEY, "0.1", Decimal("0.1")),
        (MONEY, "1e3", Decimal(1_000)),
        (MONEY, " 5 ", Decimal(5)),
        (FROM_ZERO, "0", Decimal(0)),
        (FROM_ZERO, "0.00", Decimal(0)),
        (kinds.PERCENT, "99.99", Decimal("99.99")),
        (PORT, "9108", 9_108),
        (PORT, "0", 0),
        (PORT, "1e3", 1_000),
        (counted(PORT), "7", Decimal(7)),
        (kinds.FLAG, "true", True),
        (kinds.FLAG, "false", False),
        (off_or(MONEY), "off", None),
        (off_or(MONEY), "7", Decimal(7)),
        (kinds.ZONE, "Europe/Berlin", "Europe/Berlin"),
        (kinds.NETWORK, "203.0.113.7", "203.0.113.7/32"),
        (kinds.NETWORK, "10.0.0.0/8", "10.0.0.0/8"),
        (kinds.ADDRESS, "::1", "::1"),
        (kinds.GATEWAY, "http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        (kinds.SCHEDULE, "weekly", "weekly"),
        (kinds.SCHEDULE, "*/15  0-6,12 * * 1-5", "*/15 0-6,12 * * 1-5"),
        (names.VENUE, "kraken", "kraken"),
        (names.VENUE, "hyperliquid", "hyperliquid"),
        (names.VENUE, "gate", "gate"),
        (names.VENUE, "binance", "binance"),
        (names.ASSET, "1INCH", "1INCH"),
        (names.SIZED_ASSET, "default", "default"),
        (names.ACCOUNT_NAME, "cold_storage2", "cold_storage2"),
    ],
)
def test_a_setting_becomes_exactly_what_was_written(kind: Kind, text: str, value: Any) -> None:
    made = kind(text)
    assert made == value
    assert type(made) is type(value)


@pytest.mark.parametrize(
    ("kind", "text", "remedy"),
    [
        (MONEY, ".nan", "not a number"),
        (MONEY, "NaN", "not a finite number"),
        (MONEY, "sNaN", "not a finite number"),
        (MONEY, "inf", "not a finite number"),
        (MONEY, "-Infinity", "not a finite number"),
        (MONEY, ".inf", "not a number"),
        (MONEY, "1e999", "beyond"),
        (MONEY, "1e-999", "beyond"),
        (MONEY, "0", "over zero"),
        (MONEY, "-0", "over zero"),
        (MONEY, "-5", "over zero"),
        (FROM_ZERO, "-0.01", "zero or more"),
        (MONEY, "010", "begins with a zero"),
        (MONEY, "00", "begins with a zero"),
        (MONEY, "12:30:45", "not a number"),
        (MONEY, "1,000", "write 1000"),
        (MONEY, "1_000", "write 1000"),
        (MONEY, "500 USD", "write 500"),
        (MONEY, "unlimited", "not a number"),
        (MONEY, "", "not a number"),
        (MONEY, "9" * 100, "not a plain number"),
        (MONEY, "\u0665", "not a plain number"),
        (MONEY, "0x10", "not a number"),
        (kinds.PERCENT, "100", "under 100"),
        (kinds.PERCENT, "0", "over zero"),
        (PORT, "70000", "0 to 65535"),
        (PORT, "80.5", "not a whole number"),
        (PORT, "-1", "0 to 65535"),
        (kinds.FLAG, "yes", "write true"),
        (kinds.FLAG, "on", "write true"),
        (kinds.FLAG, "Off", "write false"),
        (kinds.FLAG, "True", "write true"),
        (kinds.FLAG, "maybe", "write true or false"),
        (kinds.DATE, "2024-02-30", "for example 2024-01-31"),
        (kinds.DATE, "20240101", "for example"),
        (kinds.DATE, "2024-W01-1", "for example"),
        (kinds.ZONE, "Europe/Berln", "write Europe/Berlin"),
        (kinds.ZONE, "../../etc/passwd", "not a time zone"),
        (kinds.ZONE, "America", "not a time zone"),
        (kinds.ZONE, "/etc/localtime", "not a time zone"),
        (kinds.NETWORK, "10.0.0.1/8", "host bits"),
        (kinds.NETWORK, "10.0.0.256", "for example"),
        (kinds.ADDRESS, "localhost", "write 127.0.0.1"),
        (kinds.GATEWAY, "http://me:pw@127.0.0.1:1", "user or password"),
        (kinds.GATEWAY, "ftp://127.0.0.1:1", "not a proxy"),
        (kinds.GATEWAY, "http://127.0.0.1", "not a proxy"),
        (kinds.GATEWAY, "http://127.0.0.1:99999", "not a URL"),
        (kinds.GATEWAY, "http://[::1", "not a URL"),
        (kinds.SCHEDULE, "60 * * * *", "not a schedule"),
        (kinds.SCHEDULE, "* * * *", "not a schedule"),
        (kinds.SCHEDULE, "5-1 * * * *", "not a schedule"),
        (kinds.SCHEDULE, "every day", "not a schedule"),
        (kinds.SCHEDULE, "*/0 * * * *", "not a schedule"),
        (choice("bull", "bear"), "Bull", "write bull"),
        (choice("bull", "bear"), "moon", "one of bull, bear"),
        (words("a word", "[a-z]+", "abc"), "abc\n", "for example abc"),
        (names.VENUE, "gateio", "gate now"),
        (names.VENUE, "Gate.io", "gate now"),
        (names.VENUE, "okex", "okx now"),
        (names.VENUE, "Binance.US", "is written binanceus"),
        (names.VENUE, "Kraken", "is written kraken"),
        (names.VENUE, "krakn", "did you mean kraken"),
        (names.VENUE, "../etc", "not a venue's ccxt id"),
        (names.ACCOUNT_NAME, "a_read", "key's purpose"),
        (names.ACCOUNT_NAME, "api", "key's purpose"),
        (names.ACCOUNT_NAME, "cold-storage", "not a name"),
        (names.ACCOUNT_NAME, "a__b", "not a name"),
        (names.NAME, "a" * 31, "longer than 30"),
        (names.ASSET, "btc", "'BTC'"),
        (names.ASSET, "BTC/USD", "not an asset's code"),
        (names.SYMBOL, "BTCUSD", "BTC/USD"),
    ],
)
def test_what_is_refused_comes_with_a_remedy(kind: Kind, text: str, remedy: str) -> None:
    with pytest.raises(ValueError, match=re.escape(remedy)):
        kind(text)


@pytest.mark.parametrize("raw", [None, {}, {"a": "b"}, [], ["5"], 0.1, float("nan")])
def test_what_is_no_single_text_is_refused(raw: object) -> None:
    for kind in (MONEY, PORT, kinds.FLAG, names.ASSET, kinds.ZONE):
        with pytest.raises(ValueError, match=r"no value|one value|not exact"):
            kind(raw)


def test_python_values_are_taken_where_they_are_exact() -> None:
    assert MONEY(Decimal("0.10")) == Decimal("0.1")
    assert PORT(9_108) == 9_108
    assert kinds.FLAG(raw=True) is True


def test_a_refused_value_is_shown_short_and_without_control_characters() -> None:
    with pytest.raises(ValueError, match="not true or false") as refused:
        kinds.FLAG("\x1b]52;c;" + "A" * 500)
    text = str(refused.value)
    assert "\x1b" not in text
    assert len(text) < 120


@given(st.text(max_size=30))
def test_any_text_becomes_a_finite_positive_amount_or_is_refused(text: str) -> None:
    try:
        value = MONEY(text)
    except ValueError:
        return
    assert value.is_finite()
    assert value > 0


@given(st.decimals(min_value="1e-30", max_value="1e30", allow_nan=False))
def test_no_digit_of_an_amount_is_lost(value: Decimal) -> None:
    text = format(value, "f")
    if len(text) <= 80 and value:
        assert MONEY(text) == value
