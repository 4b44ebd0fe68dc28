"""A whole file as facts: what was read, what was left out, what could not be read, line by line.

The one rule: every row of the file is in exactly one of the three, so none is lost.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from domain.instruments import Account
from domain.market import Movement
from domain.money import NotANumber, canonical, number
from domain.names import named
from domain.orders import Fill
from domain.text import clean
from venues.imports.formats import PLAIN, Header, header_of, understood
from venues.imports.records import Record, records, text_of
from venues.imports.row import LeftOut, Malformed, Row

HEADER_WITHIN = 20  # records; reports begin with a few lines of words
_JSON_HEADER: tuple[str, ...] = ("row",)
_BLANK = "nothing is written there"


class NotUnderstood(ValueError):
    """A file of no known format; the text lists those that are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A row that made no fact: where it is, why, and its cells as they stand."""

    line: int
    why: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """All that a file told. `lines` is, for each fact, the line that told it."""

    format: str
    venues: tuple[str, ...]
    header: tuple[str, ...]
    facts: tuple[Fill | Movement, ...]
    lines: tuple[int, ...]
    left_out: tuple[Named, ...]
    bad: tuple[Named, ...]


def read(content: bytes, account: Account, offset: timedelta | None, latest_us: int) -> Read:
    """Everything in a file.

    `offset` is what its clock is ahead of UTC where neither file nor venue says it; a time
    behind `latest_us` is Malformed.

    Raises:
        NotUnderstood: when no header of a known format is in its first rows.
    """
    text = text_of(content)
    if text.lstrip()[:1] == "{":
        header, shown = Header(PLAIN, (), {}), _JSON_HEADER
        told = _objects(text)
    else:
        header, shown, behind = _begin(text)
        told = ((record, _cells(record, header, len(shown))) for record in behind)
    ahead = header.format.offset if header.format.offset is not None else offset
    sorted_out = _Sorted(latest_us)
    for record, cells in told:
        row = cells if isinstance(cells, str) else Row(account, cells, header.zones, ahead)
        sorted_out.take(record, row, header)
    return Read(
        format=header.format.name,
        venues=header.format.venues,
        header=shown,
        facts=tuple(named(sorted_out.facts)),
        lines=tuple(sorted_out.lines),
        left_out=tuple(sorted_out.left_out),
        bad=tuple(sorted_out.bad),
    )


class _Sorted:
    """Rows on three heaps."""

    def __init__(self, latest_us: int) -> None:
        self.facts: list[Fill | Movement] = []
        self.lines: list[int] = []
        self.left_out: list[Named] = []
        self.bad: list[Named] = []
        self._latest_us = latest_us

    def take(self, record: Record, row: Row | str, header: Header) -> None:
        """Put one row where it belongs; a text in its place says what is wrong with it."""
        where, why = self.bad, row if isinstance(row, str) else ""
        if isinstance(row, Row):
            try:
                fact = header.format.read(row)
                why = _impossible(fact, self._latest_us)
                if not why:
                    self.facts.append(fact)
                    self.lines.append(record.line)
                    return
            except Malformed as problem:
                why = str(problem)
            except LeftOut as reason:
                where, why = self.left_out, str(reason)
            except ArithmeticError:
                why = "its numbers are beyond what money can be"
        if record.empty:
            where, why = self.left_out, _BLANK
        shown = record.cells or (record.raw,)
        where.append(Named(line=record.line, why=clean(why), cells=shown))


def _impossible(fact: Fill | Movement, latest_us: int) -> str:
    """Why the ledger could not hold this fact; "" where it can."""
    if fact.at_us > latest_us:
        return "its time is in the future"
    amounts = (fact.quantity, fact.price) if isinstance(fact, Fill) else (fact.amount,)
    try:
        for value in (fact.fee, *amounts):
            number(canonical(value))
    except NotANumber as problem:
        return str(problem)
    return ""


def _begin(text: str) -> tuple[Header, tuple[str, ...], Iterator[Record]]:
    begins = ""
    for record in islice(records(text), HEADER_WITHIN):
        header = header_of(record.cells)
        if header is not None:
            behind = records(text, width=len(record.cells), behind=record.line)
            return header, record.cells, behind
        if not record.empty and not begins:
            begins = clean(record.raw, longest=80)
    raise NotUnderstood(
        f"no known header is in its first {HEADER_WITHIN} rows; "
        f"it begins with {begins or 'nothing'}\n"
        f"Understood are files with these columns (docs/import.md):\n{understood()}"
    )


def _cells(record: Record, header: Header, width: int) -> Mapping[str, str] | str:
    if record.problem:
        return record.problem
    cells = record.cells
    if len(cells) < width or any(cell.strip() for cell in cells[width:]):
        return f"{len(cells)} cells where the header has {width}"
    return dict(zip(reversed(header.names), reversed(cells[:width]), strict=True))


def _objects(text: str) -> Iterator[tuple[Record, Mapping[str, str] | str]]:
    """JSON lines, one object each; numbers keep the digits that they were written with."""
    lines = text.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    for line, raw in enumerate(lines, 1):
        yield Record(line=line, raw=raw, cells=(raw,)), _object(raw)


def _object(raw: str) -> Mapping[str, str] | str:
    counts: Counter[str] = Counter()

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        counts.update(name for name, _ in pairs)
        return dict(pairs)

    try:
        told = json.loads(raw, parse_float=str, parse_int=str, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return "it is no JSON object"
    if not isinstance(told, dict):
        return "it is no JSON object"
    if any(count > 1 for count in counts.values()):
        return "a name stands twice in it"
    if any(not isinstance(value, str | None) for value in told.values()):
        return "its values must be texts or numbers"
    return {name: value or "" for name, value in told.items()}
