"""The text of a CSV file as records, each with the line where it begins; nothing is dropped.

The one rule: whatever the file holds, every line of it is in exactly one record. A quote that is
never closed spoils its own line and no other: where a record of several lines makes no sense,
its first line is taken alone and reading goes on behind it.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST_RECORD = 65_536  # characters; Python's reader gives up at twice that
MOST_LINES = 100  # of one record: notes with line breaks
_NOT_UTF8 = "it is not UTF-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Cells of one record, or the `problem` why it has none; `raw` is its text as it stands."""

    line: int
    raw: str
    cells: tuple[str, ...] = ()
    problem: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing is written there: a blank line, or commas alone."""
        return not self.problem and not any(cell.strip() for cell in self.cells)


def text_of(content: bytes) -> str:
    """The file as text, without its byte order mark; bytes that are no UTF-8 stay recognizable."""
    return content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def records(text: str, *, width: int = 0, behind: int = 0) -> Iterator[Record]:
    """Every record behind the first `behind` lines, in order.

    Only a record of `width` cells may take several lines: 0, none may.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    at = behind
    while at < len(lines):
        record = _together(lines, at, width) or _parsed(lines[at], at + 1)
        at += record.raw.count("\n") + 1
        yield record


def _together(lines: Sequence[str], at: int, width: int) -> Record | None:
    """The record of several lines that begins at line `at` (from 0), if there is one."""
    quotes = lines[at].count('"')
    if not width or quotes % 2 == 0:
        return None
    length = len(lines[at])
    for end in range(at + 1, min(at + MOST_LINES, len(lines))):
        quotes += lines[end].count('"')
        length += len(lines[end]) + 1
        if length > LONGEST_RECORD:
            return None
        if quotes % 2 == 0:
            record = _parsed("\n".join(lines[at : end + 1]), at + 1)
            return record if len(record.cells) == width else None
    return None


def _parsed(raw: str, line: int) -> Record:
    if len(raw) > LONGEST_RECORD:
        problem = f"it is longer than {LONGEST_RECORD} characters"
        return Record(line=line, raw=raw, problem=problem)
    if any("\ud800" <= character <= "\udfff" for character in raw):
        return Record(line=line, raw=raw, problem=_NOT_UTF8)
    if "\0" in raw:
        return Record(line=line, raw=raw, problem="it holds a NUL character")
    try:
        (cells,) = csv.reader([raw], strict=True) if raw else [[""]]
    except (csv.Error, ValueError) as error:
        return Record(line=line, raw=raw, problem=f"it is no CSV: {error}")
    return Record(line=line, raw=raw, cells=tuple(cells))
