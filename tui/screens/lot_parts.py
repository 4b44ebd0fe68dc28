"""Open lots as rows and sentences: what is left, what it cost, since when, for how long yet.

The one rule: an unknown date or basis is the word `unknown`, never a blank, a zero or today.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from domain.days import SECOND_US, moment
from domain.figures import HeldLot, LotPage
from domain.versions import Version, VersionPage
from tui.format import DASH, age, counted, exact, money, price, quantity, since, stamp
from tui.freshness import STALE_MARK
from tui.lines import FILL, Line, Lines, Part, line_width, wrapped
from tui.screens.pnl_parts import gain
from tui.stage import Picture
from tui.widgets.columns import Cell, Column, figures

DAY_US = 86_400 * SECOND_US
SOON_DAYS = 30
UNKNOWN = "unknown"
_BEFORE_VERSION = "  allocation "


class Lot(NamedTuple):
    """A lot with what is written about it now: its term, days to LONG, its price's age."""

    of: HeldLot
    term: str
    days: int
    age: str
    old: bool

    @property
    def soon(self) -> bool:
        """Whether it becomes LONG within a month: a sale might wait for that."""
        return self.term == "short" and self.days <= SOON_DAYS


def lots_of(lots: Iterable[HeldLot], stale: Collection[str], now_us: int) -> list[Lot]:
    """The lots as they stand now; `stale` are assets whose price the engine calls old."""
    return [_lot(lot, lot.asset in stale, now_us) for lot in lots]


def _lot(lot: HeldLot, old: bool, now_us: int) -> Lot:  # noqa: FBT001  one of its columns
    left_us = lot.long_us - now_us
    term = "" if not lot.long_us else "long" if left_us <= 0 else "short"
    days = -(-left_us // DAY_US) if term == "short" else 0
    aged = age(now_us - lot.price_at_us) if lot.price_at_us else DASH
    return Lot(lot, term, days, aged, old)


def lot_key(lot: Lot) -> str:
    """What names a lot: the part that is in another account is a lot of its own."""
    return f"{lot.of.key} {lot.of.account}"


def columns() -> tuple[Column[Lot], ...]:
    """The columns of the lots."""
    return (
        Column("ASSET", 6, lambda x: Cell(x.of.asset, "strong"), sort=lambda x: x.of.asset),
        Column("ACCOUNT", 12, lambda x: Cell(x.of.account, "dim"), sort=lambda x: x.of.account,
               drop=4, grow=True),
        Column("ACQUIRED", 10, _acquired, sort=lambda x: x.of.acquired_us, raw=_acquired_raw),
        figures("QTY LEFT", 12, lambda x: x.of.quantity, lambda x: quantity(x.of.quantity),
                amount=True),
        figures("COST", 11, lambda x: x.of.basis, _cost, amount=True),
        figures("BASIS/UNIT", 11, lambda x: x.of.unit_basis, _unit, drop=3),
        figures("MARKET", 11, lambda x: x.of.value, _market, amount=True, drop=2),
        Column("AGE", 6, lambda x: Cell(x.age, "stale" if x.old else "dim"), right=True, drop=5),
        figures("UNREALISED", 13, lambda x: x.of.unrealised,
                lambda x: gain(x.of.unrealised, old=x.old), amount=True),
        Column("TERM", 5, lambda x: Cell(x.term or DASH, _term_tone(x)), sort=lambda x: x.term),
        Column("TO LONG", 7, _to_long, right=True, sort=lambda x: x.of.long_us),
        Column("LOT", 14, lambda x: Cell(x.of.key, "faint"), drop=6, grow=True),
    )  # fmt: skip


def _acquired(lot: Lot) -> Cell:
    if not lot.of.acquired_us:
        return Cell(UNKNOWN, "warn")
    return Cell(f"{moment(lot.of.acquired_us):%Y-%m-%d}", "dim")


def _acquired_raw(lot: Lot) -> str:
    return stamp(lot.of.acquired_us) if lot.of.acquired_us else ""


def _cost(lot: Lot) -> Cell:
    return Cell(UNKNOWN, "warn") if lot.of.basis is None else Cell(money(lot.of.basis))


def _unit(lot: Lot) -> Cell:
    unit = lot.of.unit_basis
    return Cell(UNKNOWN if lot.of.basis is None else price(unit), "dim")


def _market(lot: Lot) -> Cell:
    if lot.of.value is None:
        return Cell("no price", "stale")
    text = money(lot.of.value)
    return Cell(f"{text}{STALE_MARK}", "stale") if lot.old else Cell(text)


def _term_tone(lot: Lot) -> str:
    return {"long": "ok", "short": ""}.get(lot.term, "warn")


def _to_long(lot: Lot) -> Cell:
    if lot.term != "short":
        return Cell(DASH, "faint")
    return Cell(f"{lot.days:,} d", "accent" if lot.soon else "dim")


# The lines above


def head_lines(page: LotPage | None, version: Line, aged: Part, width: int) -> Lines:
    """How lots are matched, the allocation version that stands beside them, and their age."""
    method = [Part(f" {DASH}")]
    if page is not None:
        method = [Part(f" {page.method} ", "strong"), Part(page.scope, "dim")]
    right = [FILL, aged, Part(" ")]
    room = width - line_width([*method, *right]) - len(_BEFORE_VERSION)
    told = list(version)
    while told and line_width(told) > room:
        told.pop()
    return [[*method, Part(_BEFORE_VERSION, "dim"), *told, *right]]


def version_line(page: VersionPage | None, why_none: str, picture: Picture) -> Line:
    """`v8 2026-11-19, 1 unmatched, 172 rows since`."""
    if page is None:
        return [Part(why_none or "asking …", "stale" if why_none else "dim")]
    if not page.versions:
        return [Part("none yet", "warn")]
    newest = page.versions[0]
    later = picture.board.ledger.head_seq - newest.upto_seq
    line = [Part(f"v{newest.number}", "strong"), Part(f" {moment(newest.at_us):%Y-%m-%d}", "dim")]
    if newest.unmatched:
        line.append(Part(f", {newest.unmatched} unmatched", "warn"))
    if later > 0:
        line.append(Part(f", {counted(later, 'row')} since", "dim"))
    return line


def tally(lots: Sequence[Lot]) -> str:
    """What the rows in view are: how many are long, nearly long, of unknown basis."""
    counts = (
        (sum(lot.term == "long" for lot in lots), "long"),
        (sum(lot.soon for lot in lots), f"long in {SOON_DAYS} d"),
        (sum(lot.of.basis is None for lot in lots), "basis unknown"),
        (sum(lot.of.value is None for lot in lots), "no price"),
    )
    return " · ".join(f"{count:,} {what}" for count, what in counts if count)


# In full


def lot_lines(lot: Lot, base_currency: str, picture: Picture, width: int) -> Lines:
    """One lot in full, to the last digit."""
    of, told = lot.of, picture.amount
    unit = DASH if of.unit_basis is None else f"{price(of.unit_basis)} {base_currency} a unit"
    value = (
        "no price"
        if of.value is None
        else f"{told(money(of.value))} {base_currency}, at a price "
        f"{since(of.price_at_us, picture.now_us)} old"
    )
    gained = gain(of.unrealised, old=lot.old)
    rows: list[tuple[str, str, str]] = [
        ("asset", f"{of.asset} in {of.account}", "strong"),
        ("left", told(exact(of.quantity)), ""),
        ("acquired", stamp(of.acquired_us) if of.acquired_us else UNKNOWN,
         "" if of.acquired_us else "warn"),
        ("cost", UNKNOWN if of.basis is None else f"{told(exact(of.basis))} {base_currency}",
         "warn" if of.basis is None else ""),
        ("", unit, "dim"),
        ("market", value, "stale" if of.value is None or lot.old else ""),
        ("unrealised", DASH if of.unrealised is None else told(gained.text.strip()), gained.tone),
        ("term", _term_told(lot), _term_tone(lot)),
    ]  # fmt: skip
    lines: list[Line] = [
        [Part(f"{name:<11}", "dim"), Part(text, tone)] for name, text, tone in rows
    ]
    for number, row in enumerate(wrapped(of.key, max(10, width - 11))):
        lines.append([Part(f"{'' if number else 'lot':<11}", "dim"), Part(row, "dim")])
    return lines


def _term_told(lot: Lot) -> str:
    if not lot.of.long_us:
        return "not known: nobody knows when it was acquired"
    when = f"{moment(lot.of.long_us):%Y-%m-%d %H:%M}Z"
    if lot.term == "long":
        return f"long since {when}"
    return f"short; a sale is long from {when} on, in {counted(lot.days, 'day')}"


def version_lines(version: Version | None, picture: Picture, width: int) -> Lines:
    """The newest allocation version, and what proves it."""
    if version is None:
        return [
            [Part(row)] for row in wrapped(
                "There is no allocation version yet. `quarterdeck allocations compute --all` makes "
                "the first; open lots are computed from the ledger without one.", width,
            )
        ]  # fmt: skip
    told = picture.amount
    filed = ", ".join(str(year) for year in version.filed)
    rows = (
        ("version", f"v{version.number} of {stamp(version.at_us)} by {version.actor}"),
        ("covers", f"ledger rows up to {version.upto_seq:,}"),
        ("assets", ", ".join(version.assets) or "all"),
        ("slices", f"{version.slices:,}, {version.unmatched:,} of them unmatched"),
        ("realised", told(exact(version.realised))),
        ("filed", filed or "no tax year reads it"),
        ("program", version.program),
        ("elections", version.elections_sha),
        ("head", version.head),
        ("digest", version.digest),
    )
    lines: list[Line] = []
    for name, text in rows:
        for number, row in enumerate(wrapped(text or DASH, max(10, width - 11))):
            lines.append([Part(f"{'' if number else name:<11}", "dim"), Part(row)])
    return lines
