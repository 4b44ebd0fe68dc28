"""Lines of the log as a table's rows, cut or wrapped, and one line in full.

The one rule: the table may cut a line; the detail shows all of it.
"""

import json
from typing import NamedTuple

from domain.queries import LogLine
from tui.format import clock_ms, stamp
from tui.lines import Line, Lines, Part, wrapped
from tui.widgets.columns import Cell, Column

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
BESIDE_TEXT = 1 + 13 + 8 + 21  # gutter and the columns left of the text, gaps included
_TONES = {"DEBUG": "faint", "WARNING": "warn", "ERROR": "halt", "CRITICAL": "halt"}


class Piece(NamedTuple):
    """A line of the log, or the part of one that fits when long lines are wrapped."""

    line: LogLine
    part: int
    text: str


def rank(level: str) -> int:
    """How grave a level is; an unknown one counts as the gravest."""
    name = level.upper()
    return LEVELS.index(name) if name in LEVELS else len(LEVELS) - 1


def pieces(line: LogLine, room: int) -> list[Piece]:
    """The line in pieces of `room` cells; in one piece when `room` is 0."""
    if not room:
        return [Piece(line, 0, line.text)]
    return [Piece(line, part, text) for part, text in enumerate(wrapped(line.text, room))]


def piece_key(piece: Piece) -> str:
    """What names a piece."""
    return f"{piece.line.number}.{piece.part}"


def line_lines(line: LogLine, width: int) -> Lines:
    """A line in full: time, level, logger, text, further fields."""
    lines: list[Line] = [
        [Part(f"{stamp(line.at_us)} ({clock_ms(line.at_us)})", "dim")],
        [Part(line.level.upper(), _tone(line) or "strong"), Part(f"  {line.logger}", "dim")],
        (),
        *([Part(row)] for row in wrapped(line.text, width)),
    ]
    if line.extra:
        lines.append(())
        lines.extend([Part(row, "dim")] for row in _fields(line.extra, width))
    return lines


def _fields(extra: str, width: int) -> list[str]:
    try:
        data = json.loads(extra, parse_float=str)
    except ValueError:
        return wrapped(extra, width)
    if not isinstance(data, dict):
        return wrapped(extra, width)
    return [row for name, value in data.items() for row in wrapped(f"{name}  {value}", width)]


def _tone(line: LogLine) -> str:
    return _TONES.get(line.level.upper(), "")


def _first(piece: Piece, text: str, tone: str) -> Cell:
    return Cell(text if not piece.part else "", tone)


LOG_COLUMNS: tuple[Column[Piece], ...] = (
    Column("TIME", 12, lambda p: _first(p, clock_ms(p.line.at_us), "dim")),
    Column("LEVEL", 7, lambda p: _first(p, p.line.level.upper(), _tone(p.line))),
    Column("LOGGER", 20, lambda p: _first(p, p.line.logger, "dim"), drop=1),
    Column("TEXT", 30, lambda p: Cell(p.text, _tone(p.line)), grow=True),
)
