"""An error crosses the socket as its family, whichever subclass of it an adapter raised."""

import pytest

from domain.errors import Corrupt, DeskError, InDoubt, Misconfigured, Refused, Unavailable
from engine import wire
from venues.budget import HeldBack

ERRORS = [
    Refused("max_order_value", "11,000 is over 10,000"),
    Unavailable("kraken", "no answer", retry_after_us=5, remedy="wait"),
    InDoubt("QDT1", "the connection was cut"),
    Misconfigured("file:3", "write a number"),
    Corrupt("a fact contradicts a fact"),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_each_family_comes_back_as_it_went(error: DeskError) -> None:
    back = wire.error_in(wire.message(wire.failed(1, error))["error"])
    assert type(back) is type(error)
    assert vars(back) == vars(error)
    assert str(back) == str(error)


def test_a_call_that_was_held_back_is_unavailable_and_not_corrupt() -> None:
    held = HeldBack("kraken", "a ban (asked again in 9 s)", retry_after_us=9_000_000, remedy="wait")
    back = wire.error_in(wire.message(wire.failed(1, held))["error"])
    assert type(back) is Unavailable
    assert (back.who, back.why, back.retry_after_us) == (held.who, held.why, 9_000_000)
    assert back.remedy == "wait"
