"""What the risk screen says of limits and denials.

The one rule: a limit keeps the name of its setting, here as in messages and metrics.
"""

import re
from decimal import Decimal
from typing import NamedTuple

from domain.board import Board, Denial
from domain.days import SECOND_US
from domain.money import NotANumber, number
from domain.verdicts import Usage
from risk.changes import OFF
from tui.format import DASH, age, clock, exact, quantity, short, usage_pct
from tui.lines import FILL, Line, Lines, Part, wrapped
from tui.stage import Picture
from tui.widgets.bars import bar, tone_of
from tui.widgets.columns import Cell, Column, figures
from tui.words import side_tone, side_word

_SCOPE = re.compile(r"\(((?:VENUE|ACCOUNT|STRATEGY|SYMBOL):.+)\)$")


class Row(NamedTuple):
    """One limit: its setting, its value, and how much of it is used (None: not measured)."""

    name: str
    limit: Decimal | None
    text: str
    used: Decimal | None
    reserved: Decimal | None
    unit: str
    pending: str
    breached_us: int


def limit_rows(board: Board) -> list[Row]:
    """Every limit in force, the fullest first, then those without a measure by name."""
    used: dict[str, Usage] = {usage.setting: usage for usage in board.usage}
    breached: dict[str, int] = {}
    for denial in board.denials:
        breached.setdefault(_limit_that_denied(denial), denial.at_us)
    names = sorted({*board.limits, *used, *board.limits_pending})
    asked = waiting(board)
    rows = [_row(name, board, used.get(name), breached, asked.get(name, "")) for name in names]
    return sorted(rows, key=lambda row: (row.used is None, -_share(row), row.name))


def _limit_that_denied(denial: Denial) -> str:
    """The rule, with the scope that its reason names at its end: `(VENUE:kraken)`."""
    scope = _SCOPE.search(denial.reason)
    return f"{denial.rule}@{scope[1]}" if scope else denial.rule


def _rule_of(name: str) -> str:
    """The limit that a row belongs to: the asset of a position limit left out."""
    setting, at, scope = name.partition("@")
    return f"{setting.partition('.')[0]}{at}{scope}"


def _row(
    name: str, board: Board, usage: Usage | None, breached: dict[str, int], pending: str
) -> Row:
    text = board.limits.get(name, "")
    limit = usage.limit if usage is not None else _number(text)
    return Row(
        name=name,
        limit=limit,
        text=text,
        used=None if usage is None else usage.used,
        reserved=None if usage is None else usage.reserved,
        unit=usage.unit if usage is not None else "",
        pending=pending,
        breached_us=breached.get(_rule_of(name), 0),
    )


def waiting(board: Board) -> dict[str, str]:
    """The limits that wait to be approved, each with its new value; a limit that goes is `off`."""
    if not board.limits_pending:
        return {}
    names = sorted({*board.limits, *board.limits_pending})
    asked = {name: board.limits_pending.get(name, OFF) for name in names}
    return {name: told for name, told in asked.items() if told != board.limits.get(name, OFF)}


def wait_us(board: Board) -> int:
    """How long the limits that wait have to wait still, as the engine counts it."""
    return board.engine.limits_wait_s * SECOND_US if waiting(board) else 0


def limits_note(board: Board, *, approves: bool, takes_back: bool) -> str:
    """`v14 · 2 pending, 59 m left, C takes back`: only what this operator may do."""
    count = len(waiting(board))
    if not count:
        return f"in force, v{board.limits_version}"
    left_us = wait_us(board)
    told = f"v{board.limits_version} · {count} pending"
    if left_us:
        told += f", {age(left_us)} left"
    elif approves:
        told += ", P approves"
    return f"{told}, C takes back" if takes_back else told


def _number(text: str) -> Decimal | None:
    try:
        return number(text)
    except NotANumber:
        return None


def _share(row: Row) -> Decimal:
    if row.used is None or row.reserved is None or not row.limit:
        return Decimal(0)
    return (row.used + row.reserved) / row.limit


def limit_columns() -> tuple[Column[Row], ...]:
    """The columns of the limits."""
    return (
        Column(
            "LIMIT", 25, lambda row: Cell(shown(row.name)), sort=lambda row: row.name, grow=True
        ),
        figures("VALUE", 11, lambda row: row.limit, _value),
        figures("USED", 9, lambda row: row.used, _used, amount=True),
        figures("RESERVED", 9, lambda row: row.reserved, _reserved, drop=2, amount=True),
        Column("UNIT", 6, lambda row: Cell(row.unit, "dim"), drop=4),
        Column("ROOM", 12, _bar, drop=1),
        Column("", 5, _pct, right=True),
        Column("DENIED", 8, _breached, drop=3),
    )


def shown(name: str) -> str:
    """A limit's name in one column: of a scope `kraken position_size.BTC`, the scope first."""
    setting, at, scope = name.partition("@")
    return f"{scope.partition(':')[2]} {setting.removeprefix('max_')}" if at else setting


def limit_path(name: str) -> str:
    """Where the limit stands in the settings file."""
    setting, at, scope = name.partition("@")
    return f"risk.by_scope.{scope}.{setting}" if at else f"risk.{setting}"


def _value(row: Row) -> Cell:
    if row.pending:
        return Cell(f"→{row.pending}", "warn")
    return Cell(row.text if row.limit is None else exact(row.limit))


def _used(row: Row) -> Cell:
    return Cell(DASH, "faint") if row.used is None else Cell(short(row.used))


def _reserved(row: Row) -> Cell:
    return Cell(DASH, "faint") if not row.reserved else Cell(short(row.reserved), "dim")


def _all(row: Row) -> Decimal | None:
    return None if row.used is None or row.reserved is None else row.used + row.reserved


def _bar(row: Row) -> Cell:
    used = _all(row)
    if used is None or row.limit is None:
        return Cell("")
    full, rest = bar(used, row.limit, 12)
    return Cell(full.text + rest.text, tone_of(used, row.limit))


def _pct(row: Row) -> Cell:
    used = _all(row)
    if used is None or row.limit is None:
        return Cell("")
    return Cell(usage_pct(used, row.limit), tone_of(used, row.limit))


def _breached(row: Row) -> Cell:
    return Cell(clock(row.breached_us), "warn") if row.breached_us else Cell(DASH, "faint")


def limit_lines(row: Row, picture: Picture, width: int) -> Lines:
    """One limit in full: its value, what is used, what waits, when it last said no."""
    del width
    used = _all(row)
    told = DASH if used is None else picture.amount(f"{exact(used)} {row.unit}")
    room = DASH if used is None or row.limit is None else f"{exact(row.limit - used)} {row.unit}"
    lines: list[Line] = [
        [Part(limit_path(row.name), "strong")],
        (),
        [
            Part("limit     ", "dim"),
            Part(row.text or DASH if row.limit is None else exact(row.limit)),
        ],
        [Part("used      ", "dim"), Part(told)],
        [Part("reserved  ", "dim"), Part(DASH if not row.reserved else exact(row.reserved))],
        [Part("room      ", "dim"), Part(picture.amount(room))],
        [
            Part("denied    ", "dim"),
            Part(clock(row.breached_us) if row.breached_us else "not today"),
        ],
    ]
    if row.pending:
        left_us = wait_us(picture.board)
        how = f"in {age(left_us)}: " if left_us else ""
        then = Part(f"  {how}P approves (2FA), C takes back")
        lines.append([Part("pending   ", "dim"), Part(row.pending, "warn"), then])
    return [
        *lines,
        (),
        [Part("The ledger's approved limits count; the file only proposes.", "dim")],
    ]


def denial_key(denial: Denial) -> str:
    """What names a denial."""
    return f"{denial.at_us} {denial.client_id} {denial.rule}"


DENIAL_COLUMNS: tuple[Column[Denial], ...] = (
    Column("TIME", 8, lambda d: Cell(clock(d.at_us), "dim"), sort=lambda d: d.at_us),
    Column("RULE", 22, lambda d: Cell(d.rule, "warn"), sort=lambda d: d.rule),
    Column("SIDE", 4, lambda d: Cell(side_word(d.side), side_tone(d.side)), drop=3),
    figures("QTY", 11, lambda d: d.quantity, lambda d: quantity(d.quantity), drop=2, amount=True),
    Column("SYMBOL", 10, lambda d: Cell(d.symbol, "strong"), sort=lambda d: d.symbol),
    Column("ACCOUNT", 13, lambda d: Cell(d.account, "dim"), drop=1),
    Column("WHY", 20, lambda d: Cell(d.reason), grow=True),
)


def why_lines(denial: Denial, picture: Picture, width: int) -> Lines:
    """A denial in full: the order, the rule, the numbers."""
    terms = f" {picture.amount(exact(denial.quantity))} {denial.symbol} "
    return [
        [Part(side_word(denial.side), side_tone(denial.side)), Part(terms, "strong"),
         Part(denial.account, "dim"), FILL, Part(f"{clock(denial.at_us)}Z", "dim")],
        (),
        [Part("Refused by ", "warn"), Part(denial.rule, "strong")],
        *([Part(row)] for row in wrapped(denial.reason, width)),
        (),
        [Part("order ", "dim"), Part(denial.client_id or DASH)],
    ]  # fmt: skip
