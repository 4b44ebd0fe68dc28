"""What one text of the configuration may be, and the exact value that it becomes.

The one rule: every scalar arrives as the text that somebody wrote. No YAML type, no float and
no default stands between that text and the value, and a text that is refused is answered with
what to write instead.
"""

import ipaddress
import re
import zoneinfo
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from domain.money import NotANumber, canonical, number
from domain.text import clean


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of setting: `says` is for the manual, `parse` raises ValueError with the remedy.

    As an annotation it is pydantic's whole schema of the field: nothing else converts.
    """

    says: str
    parse: Callable[[str], Any]

    def __call__(self, raw: object) -> Any:
        """The value of what stands in the file, or ValueError."""
        if raw is None:
            raise ValueError("has no value; write one, or remove the line")
        if isinstance(raw, dict | list | tuple):
            raise ValueError(f"takes one value ({self.says}), not a block or a list")  # noqa: TRY004 -- pydantic collects ValueError alone
        if isinstance(raw, bool):
            return self.parse("true" if raw else "false")
        if isinstance(raw, float):
            raise ValueError("a float is not exact; give the number as text")  # noqa: TRY004
        return self.parse(canonical(raw) if isinstance(raw, Decimal) else str(raw))

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> Any:
        return {"type": "function-plain", "function": {"type": "no-info", "function": self}}


def quoted(text: str) -> str:
    """A refused text as it may be shown: short, printable, in quotes."""
    return f"'{clean(text, longest=40)}'"


# Words


def _flag(text: str) -> bool:
    if text in ("true", "false"):
        return text == "true"
    meant = {"yes": "true", "on": "true", "1": "true", "no": "false", "off": "false", "0": "false"}
    lowered = text.lower()
    hint = meant.get(lowered, lowered if lowered in ("true", "false") else "true or false")
    raise ValueError(f"{quoted(text)} is not true or false; write {hint}")


FLAG = Kind("true or false", _flag)


def choice(*names: str) -> Kind:
    """One of a few words, written as they are here."""
    lowered = {name.lower(): name for name in names}

    def parse(text: str) -> str:
        if text in names:
            return text
        near = get_close_matches(text.lower(), lowered, n=1)
        hint = f"write {lowered[near[0]]}" if near else f"write one of {', '.join(names)}"
        raise ValueError(f"{quoted(text)} is not known here; {hint}")

    return Kind(" | ".join(names), parse)


def words(says: str, pattern: str, example: str) -> Kind:
    """A text that matches a pattern as a whole."""
    shape = re.compile(pattern, re.ASCII)

    def parse(text: str) -> str:
        if shape.fullmatch(text):
            return text
        raise ValueError(f"{quoted(text)} is not {says}; write for example {example}")

    return Kind(says, parse)


def off_or(kind: Kind) -> Kind:
    """The kind, or the word `off` for None."""
    return word_or("off", kind)


def word_or(word: str, kind: Kind) -> Kind:
    """The kind, or this word for None."""
    return Kind(f"{kind.says}, or {word}", lambda text: None if text == word else kind.parse(text))


# Numbers

_LEADING_ZERO = re.compile(r"[+-]?0\d")


def _number(text: str) -> Decimal:
    if _LEADING_ZERO.match(text):
        raise ValueError(f"{quoted(text)} begins with a zero, which some read as octal; drop it")
    try:
        return number(text)
    except NotANumber as error:
        plain = text.replace(",", "").replace("_", "").split(" ")[0]
        hint = f"; write {plain}" if plain != text and plain.isdecimal() else ""
        raise ValueError(f"{error}{hint}") from None


def amount(says: str, *, zero: bool = False, below: Decimal | None = None) -> Kind:
    """An exact, finite number over zero (or from zero on), under `below` where given."""

    def parse(text: str) -> Decimal:
        value = _number(text)
        if value < 0 or (value == 0 and not zero):
            lowest = "zero or more" if zero else "over zero"
            raise ValueError(f"{quoted(text)} is too low; it has to be {lowest}")
        if below is not None and value >= below:
            raise ValueError(f"{quoted(text)} is too high; it has to be under {canonical(below)}")
        return value

    return Kind(says, parse)


def whole(lowest: int, highest: int, says: str = "") -> Kind:
    """A whole number between two bounds, both included."""

    def parse(text: str) -> int:
        value = _number(text)
        if value != value.to_integral_value():
            raise ValueError(f"{quoted(text)} is not a whole number")
        if not lowest <= value <= highest:
            raise ValueError(f"{quoted(text)} is out of bounds; write {lowest} to {highest}")
        return int(value)

    return Kind(says or f"whole number, {lowest} to {highest}", parse)


def counted(kind: Kind) -> Kind:
    """A whole number that is compared with exact ones."""
    return Kind(kind.says, lambda text: Decimal(kind.parse(text)))


PERCENT = amount("percent, over 0 and under 100", below=Decimal(100))

# Dates, places, addresses


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def _date(text: str) -> date:
    with suppress(ValueError):
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    raise ValueError(f"{quoted(text)} is not a date; write for example 2024-01-31")


DATE = Kind("date, YYYY-MM-DD", _date)


def _zone(text: str) -> str:
    try:
        return zoneinfo.ZoneInfo(text).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = get_close_matches(text, sorted(zoneinfo.available_timezones()), n=1, cutoff=0.5)
        hint = f"; write {near[0]}" if near else "; write for example Europe/Berlin"
        raise ValueError(f"{quoted(text)} is not a time zone{hint}") from None


ZONE = Kind("time zone name", _zone)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(
            f"{clean(str(error), longest=80)}; write for example 203.0.113.7"
        ) from None


NETWORK = Kind("IP address or network", _network)


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ValueError(f"{quoted(text)} is not an IP address; write 127.0.0.1") from None


ADDRESS = Kind("IP address", _address)


def _gateway(text: str) -> str:
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError:
        raise ValueError("this is not a URL; write for example http://127.0.0.1:8080") from None
    if url.username is not None or url.password is not None:
        raise ValueError("a URL with a user or password would show it; remove that part")
    whole = url.scheme in ("http", "https") and url.hostname and port and not url.path.strip("/")
    if not whole or not text.isascii():
        raise ValueError(f"{quoted(text)} is not a proxy; write for example http://127.0.0.1:8080")
    return text


GATEWAY = Kind("URL of a proxy, http(s)://host:port", _gateway)

# Files


def _file(text: str) -> str:
    if not text.startswith(("/", "~/")) or text.endswith("/"):
        raise ValueError(f"{quoted(text)} is no whole path of a file; begin it with / or ~/")
    return text


FILE = Kind("path of a file, /… or ~/…", _file)

# Schedules: five fields of cron, checked for shape and range only.

_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_CRON_ITEM = re.compile(r"(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/([1-9]\d?))?", re.ASCII)
_CRON_WORDS = ("hourly", "daily", "weekly")


def _schedule(text: str) -> str:
    fields = text.split()
    if text in _CRON_WORDS:
        return text
    if len(fields) == len(_CRON_RANGES) and all(map(_cron_field, fields, _CRON_RANGES)):
        return " ".join(fields)
    raise ValueError(f"{quoted(text)} is not a schedule; write daily, weekly or '5 0 * * *'")


def _cron_field(field: str, bounds: tuple[int, int]) -> bool:
    for item in field.split(","):
        found = _CRON_ITEM.fullmatch(item)
        if found is None:
            return False
        ends = [int(end) for end in found.group(1, 2) if end]
        if ends != sorted(ends) or any(not bounds[0] <= end <= bounds[1] for end in ends):
            return False
    return True


SCHEDULE = Kind("hourly, daily, weekly, or five fields of cron", _schedule)
