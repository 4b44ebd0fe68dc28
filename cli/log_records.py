"""One log record as plain, short, redacted data: one line of JSON, whatever is inside.

The one rule: text is redacted before it is cut, and nothing that a record carries (message,
field, representation, exception) gets past the redaction.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from structlog.contextvars import get_contextvars

from config.redaction import HIDDEN, SENSITIVE_NAME, Redaction
from domain.days import iso
from domain.money import LARGEST_EXPONENT
from domain.text import clean

LONGEST_TEXT = 8_000
LONGEST_FIELD = 1_000
_LONGEST_READ = 64_000
_MOST_VALUES = 200
_MOST_EACH = 50
_DEEPEST = 5
_MOST_FRAMES = 30
_MOST_CAUSES = 5
_LARGEST_INTEGER = 2**53
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_RESERVED = frozenset({"ts", "level", "logger", "event", "repeated", "exception", "stack"})
# What a record is about, besides its words; other fields may differ in "the same" record.
_IDENTITY = ("account", "venue", "symbol", "operation")
ARGUMENTS = "positional_args"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record. `fields` is JSON-shaped; `repeated` counts equal records left out before it."""

    at_us: int
    level: str
    logger: str
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    repeated: int = 0

    def line(self) -> str:
        """The record as one line of ASCII JSON: no control character can be in it."""
        told = {
            "ts": iso(self.at_us),
            "level": self.level,
            "logger": self.logger,
            "event": self.text,
            **self.fields,
        }
        return json.dumps(told | ({"repeated": self.repeated} if self.repeated else {}))

    def extra(self) -> str:
        """The further fields as ASCII JSON, "" when there are none."""
        told = dict(self.fields) | ({"repeated": self.repeated} if self.repeated else {})
        return json.dumps(told) if told else ""


def entry_of(record: logging.LogRecord, at_us: int, redaction: Redaction) -> Entry:
    """What a record says, redacted. It never raises on account of what the record holds."""
    plainly = _Plain(redaction)
    raw, fields, arguments = _parts(record)
    told = {plainly.name(name): plainly.named(name, value) for name, value in fields.items()}
    exception = _exception(record.exc_info)
    if exception is not None:
        told["exception"] = plainly.exception(exception, 0)
    if record.stack_info:
        told["stack"] = plainly.text(str(record.stack_info), LONGEST_TEXT)
    return Entry(
        at_us=at_us,
        level=record.levelname,
        logger=clean(redaction.clean(record.name), longest=100),
        text=plainly.text(_message(raw, arguments), LONGEST_TEXT),
        fields=told,
    )


def key_of(record: logging.LogRecord) -> int:
    """A number that is equal for records that say the same about the same thing."""
    raw, fields, _ = _parts(record)
    about = tuple(_named(fields.get(name)) for name in _IDENTITY)
    raised = type(_exception(record.exc_info))
    return hash((record.name, record.levelno, _named(raw), about, raised))


def _named(value: object) -> str:
    return shown(lambda: str(value), value)


def _parts(record: logging.LogRecord) -> tuple[object, dict[str, Any], Any]:
    context = get_contextvars()
    if isinstance(record.msg, dict):
        told = context | record.msg
        return told.pop("event", ""), told, told.pop(ARGUMENTS, ())
    extras = {n: value for n, value in record.__dict__.items() if n not in _STANDARD}
    return record.msg, context | extras, record.args


def _message(raw: object, arguments: Any) -> str:
    text = shown(lambda: str(raw), raw)
    if not arguments:
        return text
    return shown(lambda: text % arguments, f"{text} {type(arguments).__name__}")


def shown(make: Callable[[], str], instead: object) -> str:
    """What `make` gives, or a substitute: foreign `__str__` and `__repr__` may raise anything."""
    try:
        return make()
    except Exception as error:  # noqa: BLE001 -- a log line is not worth a crash
        named = instead if isinstance(instead, str) else type(instead).__name__
        return f"{named} (cannot be shown: {type(error).__name__})"


def _exception(info: Any) -> BaseException | None:
    if isinstance(info, tuple) and len(info) > 1:
        info = info[1]
    return info if isinstance(info, BaseException) else None


class _Plain:
    """Turns values into short JSON-shaped data; it takes so many values and no more."""

    def __init__(self, redaction: Redaction) -> None:
        self._redaction = redaction
        self._left = _MOST_VALUES

    def text(self, raw: str, longest: int) -> str:
        """Redacted, then cut. What a cut at the far end may have split is dropped first."""
        read = self._redaction.clean(raw[:_LONGEST_READ])
        if len(raw) > _LONGEST_READ:
            read = read[: -self._redaction.longest or None]
        return read if len(read) <= longest else f"{read[: longest - 1]}…"

    def name(self, raw: object) -> str:
        """A field's name; one that is ours gets a `_` behind it."""
        told = self.text(shown(lambda: str(raw), raw), 100)
        return f"{told}_" if told in _RESERVED else told

    def named(self, name: object, value: object, depth: int = 0) -> Any:
        """A field's value, hidden whole when its name says that it is secret."""
        hidden = isinstance(name, str) and SENSITIVE_NAME.search(name) and value is not None
        return HIDDEN if hidden else self.value(value, depth)

    def value(self, value: object, depth: int = 0) -> Any:
        """Any value; what is too much becomes `…`."""
        self._left -= 1
        if self._left < 0 or depth > _DEEPEST:
            return "…"
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Mapping):
            items = islice(value.items(), _MOST_EACH)
            return {self.name(n): self.named(n, inner, depth + 1) for n, inner in items}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner, depth + 1) for inner in islice(value, _MOST_EACH)]
        if isinstance(value, BaseException):
            return self.exception(value, depth)
        return self._scalar(value)

    def _scalar(self, value: object) -> Any:
        if isinstance(value, int) and abs(value) < _LARGEST_INTEGER:
            return int(value)
        return self.text(_spelt(value), LONGEST_FIELD)

    def exception(self, error: BaseException, depth: int) -> dict[str, Any]:
        """Type, message and places; never a local variable, never a source line."""
        told: dict[str, Any] = {
            "type": f"{type(error).__module__}.{type(error).__qualname__}",
            "message": self.text(shown(lambda: str(error), error), LONGEST_FIELD),
            "frames": list(map(self._place, _frames(error))),
        }
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if depth < _MOST_CAUSES and cause is not None:
            told["cause"] = self.exception(cause, depth + 1)
        if depth < _MOST_CAUSES and isinstance(error, BaseExceptionGroup):
            inner = islice(error.exceptions, _MOST_CAUSES)
            told["group"] = [self.exception(each, depth + 1) for each in inner]
        return told

    def _place(self, place: tuple[str, int, str]) -> str:
        file, line, function = place
        short = "/".join(file.rsplit("/", 2)[-2:])
        return self.text(f"{short}:{line} {function}", LONGEST_FIELD)


def _spelt(value: object) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value[:_LONGEST_READ].decode("utf-8", "replace")
    if isinstance(value, int):
        return f"integer of {value.bit_length()} bits"
    if isinstance(value, Decimal) and value.is_finite() and _handy(value):
        return format(value, "f")
    return shown(lambda: repr(value), value)


def _handy(value: Decimal) -> bool:
    return abs(value.adjusted()) <= LARGEST_EXPONENT


def _frames(error: BaseException) -> Iterable[tuple[str, int, str]]:
    found = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append((code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    return found[-_MOST_FRAMES:]
