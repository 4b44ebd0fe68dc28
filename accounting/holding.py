"""How long something was held: SHORT or LONG, by calendar dates in the tax time zone.

The one rule: held for more than one year is LONG. Counting starts the day after acquisition, so
LONG begins on (acquisition date + 1 day) + 1 calendar year; a February 29 that does not exist
is March 1 (accounting.md, golden case G12).
"""

from datetime import date, timedelta
from enum import StrEnum

from domain.days import local_date, midnight_us


class Term(StrEnum):
    """The holding period's two words on the form."""

    SHORT = "SHORT"
    LONG = "LONG"


def long_from(acquired: date) -> date:
    """The first date on which a sale of what was acquired on `acquired` is LONG."""
    start = acquired + timedelta(days=1)
    if (start.month, start.day) == (2, 29):
        return date(start.year + 1, 3, 1)
    return start.replace(year=start.year + 1)


def long_from_us(acquired_us: int, time_zone: str) -> int:
    """The first moment at which a sale of what was acquired then is LONG."""
    return midnight_us(long_from(local_date(acquired_us, time_zone)), time_zone)


def term(acquired: date, sold: date) -> Term:
    """SHORT or LONG for two calendar dates in the tax time zone."""
    return Term.LONG if sold >= long_from(acquired) else Term.SHORT


def term_at(acquired_us: int, sold_us: int, time_zone: str) -> Term:
    """SHORT or LONG for two moments."""
    return term(local_date(acquired_us, time_zone), local_date(sold_us, time_zone))
