"""JSON with exact numbers: a Decimal keeps every digit, trailing zeros included.

A venue's wire shows `0.00100000` and `60000.0`; the standard encoder has floats only. The one
rule: what goes in as Decimal comes out as the same digits.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from json import dumps

from domain.money import exactly


def encode(value: object) -> str:
    """The JSON text of dicts, lists, strings, whole numbers, Decimals, booleans and None."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{dumps(str(k))}:{encode(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ",".join(map(encode, value)) + "]"
    return dumps(value)


def places(value: Decimal, decimals: int) -> Decimal:
    """The value cut to so many decimals, zeros kept: 1.5 at 4 is 1.5000."""
    with exactly():
        return value.quantize(Decimal(1).scaleb(-decimals), ROUND_DOWN)


def fixed(value: Decimal, decimals: int) -> str:
    """The same as text, never with an exponent: zero at 8 is 0.00000000."""
    return format(places(value, decimals), "f")


def seconds(at_us: int) -> Decimal:
    """UTC seconds with six decimals, as Kraken's REST rows carry them."""
    return Decimal(at_us).scaleb(-6)


def stamp(at_us: int) -> str:
    """RFC 3339 with microseconds and Z, as Kraken's socket carries it."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
