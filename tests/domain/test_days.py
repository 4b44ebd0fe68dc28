from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.days import day_span, iso, local_date, moment, to_us

HOUR_US = 3_600_000_000
ZONES = ["UTC", "America/New_York", "Asia/Tokyo", "Europe/Berlin", "Australia/Lord_Howe"]


@given(st.integers(0, 4_000_000_000_000_000), st.sampled_from(ZONES))
def test_every_moment_is_in_its_own_day_and_days_touch(at_us: int, zone: str) -> None:
    start, end = day_span(at_us, zone)
    assert start <= at_us < end
    assert day_span(end, zone)[0] == end
    assert local_date(start, zone) == local_date(end - 1, zone)


@pytest.mark.parametrize(
    ("day", "hours"), [((2025, 3, 9), 23), ((2025, 11, 2), 25), ((2025, 7, 1), 24)]
)
def test_a_day_in_new_york_has_the_hours_of_its_clock_change(
    day: tuple[int, int, int], hours: int
) -> None:
    noon = to_us(datetime(*day, 16, tzinfo=UTC))
    start, end = day_span(noon, "America/New_York")
    assert end - start == hours * HOUR_US


@given(st.integers(0, 4_000_000_000_000_000))
def test_microseconds_survive_the_calendar(at_us: int) -> None:
    assert to_us(moment(at_us)) == at_us


def test_a_moment_is_written_as_the_ledger_writes_it() -> None:
    assert iso(1_735_689_601_000_000) == "2025-01-01T00:00:01.000000Z"
