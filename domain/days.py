"""Local calendar days as spans of UTC microseconds; a day may have 23 or 25 hours.

The one rule: a day is [midnight, next midnight) in its time zone, both computed by calendar.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SECOND_US = 1_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def moment(at_us: int) -> datetime:
    """The UTC time of `at_us` microseconds, exactly (no float on the way)."""
    return EPOCH + timedelta(microseconds=at_us)


def to_us(when: datetime) -> int:
    """Microseconds since 1970 of an aware time, exactly."""
    return (when - EPOCH) // _MICROSECOND


def iso(at_us: int) -> str:
    """`2025-01-01T00:00:01.000000Z`."""
    return moment(at_us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def local_date(at_us: int, time_zone: str) -> date:
    """The calendar date in a time zone at a moment."""
    return moment(at_us).astimezone(ZoneInfo(time_zone)).date()


def day_span(at_us: int, time_zone: str) -> tuple[int, int]:
    """(midnight, next midnight) around a moment, as UTC microseconds."""
    zone = ZoneInfo(time_zone)
    today = moment(at_us).astimezone(zone).date()
    return _midnight(today, zone), _midnight(today + timedelta(days=1), zone)


def midnight_us(day: date, time_zone: str) -> int:
    """The moment at which a calendar date begins in a time zone."""
    return _midnight(day, ZoneInfo(time_zone))


def _midnight(day: date, zone: ZoneInfo) -> int:
    return to_us(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC))
