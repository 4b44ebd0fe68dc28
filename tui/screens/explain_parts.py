"""A figure's parts as rows and sentences: what was sold or is held, out of which lot.

The one rule: the parts are shown to the last digit, because they add up to the figure to the
last digit; what is not known says why.
"""

from collections.abc import Sequence
from typing import NamedTuple

from domain.figures import Explanation, Origin, Step
from tui.format import DASH, counted, direction, exact, money, price, quantity, signed
from tui.lines import FILL, Line, Lines, Part, wrapped
from tui.screens.pnl_parts import RANGES, gain
from tui.stage import Picture
from tui.widgets.columns import Cell, Column, figures

_FLAGS = {
    "UNMATCHED": "UNMATCHED: no lot covers these units",
    "BASIS_UNKNOWN": "BASIS UNKNOWN: nobody knows what they cost",
    "UNVALUED": "UNVALUED: nobody knows what they fetched",
}


class Numbered(NamedTuple):
    """A part and its place among all of them, from 1."""

    number: int
    step: Step


def columns() -> tuple[Column[Numbered], ...]:
    """The columns of the parts."""
    return (
        Column("#", 4, lambda n: Cell(f"{n.number:,}", "faint"), right=True,
               sort=lambda n: n.number),
        figures("GIVES", 14, lambda n: n.step.amount, lambda n: gain(n.step.amount), amount=True),
        figures("QUANTITY", 11, lambda n: n.step.quantity, lambda n: quantity(n.step.quantity),
                amount=True),
        figures("WORTH", 11, lambda n: n.step.proceeds, _worth, amount=True, drop=3),
        figures("BASIS", 11, lambda n: n.step.basis, _basis, amount=True, drop=2),
        Column("SALE", 12, lambda n: _origin(n.step.sold, DASH), grow=True),
        Column("LOT", 12, lambda n: _origin(n.step.lot, "no lot"), drop=1, grow=True),
        Column("FLAG", 13, lambda n: Cell(n.step.flag.lower().replace("_", " "), "warn"), drop=4),
    )  # fmt: skip


def _worth(row: Numbered) -> Cell:
    proceeds = row.step.proceeds
    return Cell(DASH if proceeds is None else money(proceeds), "dim")


def _basis(row: Numbered) -> Cell:
    basis = row.step.basis
    return Cell("unknown", "warn") if basis is None else Cell(money(basis), "dim")


def _origin(origin: Origin | None, without: str) -> Cell:
    if origin is None:
        return Cell(without, "dim")
    return Cell(origin.venue_id or origin.kind)


def title(figure: str, asset: str, window: str) -> str:
    """`BTC realised, 7 d`; what is unrealised has no range."""
    span = f", {RANGES.get(window, window)}" if figure == "realised" else ""
    return f"{asset} {figure}{span}"


def head_lines(
    answer: Explanation | None, read: int, problem: str, picture: Picture, width: int
) -> Lines:
    """The figure, and what it is the sum of."""
    if answer is None:
        tone = "warn" if problem else "dim"
        return [[Part(row, tone)] for row in wrapped(problem or "asking …", width)]
    currency = picture.board.base_currency
    figure = Part(picture.amount(signed(answer.amount).strip()), direction(answer.amount))
    at = f"  at a price of {price(answer.price)}" if answer.price is not None else ""
    first: Line = [figure, Part(f" {currency}", "dim"), Part(at, "dim"), FILL,
                   Part(f"exactly {picture.amount(exact(answer.amount))}", "dim")]  # fmt: skip
    if not answer.total:
        return [first, [Part("nothing was sold in this range" if answer.figure == "realised"
                             else "nothing is held", "dim")]]  # fmt: skip
    told = f"the sum of {counted(answer.total, 'part')}"
    told += f"; {read:,} are read, more come below" if read < answer.total else ""
    lines = [first, [Part(told, "dim")]]
    if problem:
        lines.append([Part(problem, "warn")])
    return lines


def step_lines(row: Numbered, figure: str, picture: Picture, width: int) -> Lines:
    """One part in full: the arithmetic, the sale, the lot, each with its ids."""
    step, told = row.step, picture.amount
    held = "worth" if figure == "unrealised" else "proceeds"
    proceeds = DASH if step.proceeds is None else told(exact(step.proceeds))
    basis = "unknown" if step.basis is None else told(exact(step.basis))
    gives = DASH if step.amount is None else told(exact(step.amount))
    lines: list[Line] = [
        _field("gives", gives, direction(step.amount) or "strong"),
        _field("as", f"{held} {proceeds} less basis {basis}"),
        _field("of", f"{told(exact(step.quantity))} units"),
    ]
    if step.flag:
        lines.append(_field("flag", _FLAGS.get(step.flag, step.flag), "warn"))
    for name, origin, without in (
        ("sold by", step.sold, "held, not sold" if figure == "unrealised" else "not in the ledger"),
        ("out of", step.lot, "no lot"),
    ):
        lines += [(), *_origin_lines(name, origin, without, width)]
    return lines


def _origin_lines(name: str, origin: Origin | None, without: str, width: int) -> list[Line]:
    if origin is None:
        return [_field(name, without, "dim")]
    row = f"row {origin.seq:,}" if origin.seq else "a row of another file"
    rows = [
        _field(name, f"{origin.kind} {origin.venue_id or origin.key}", "strong"),
        _field("at", origin.venue or DASH),
        _field("order", origin.order_id or DASH),
        _field("ledger", row),
        *([_field("value by", origin.valued_by)] if origin.valued_by else ()),
    ]
    keys = wrapped(origin.key, max(10, width - 9))
    return [*rows, *(_field("key" if not n else "", key, "dim") for n, key in enumerate(keys))]


def _field(name: str, value: str, tone: str = "") -> Line:
    return [Part(f"{name:<9}", "dim"), Part(value, tone)]


def place_of(rows: Sequence[Numbered], lot: str) -> int:
    """Where the part of a lot is; the first place where it is not among them."""
    found = (
        place for place, row in enumerate(rows)
        if row.step.lot is not None and row.step.lot.key == lot
    )  # fmt: skip
    return next(found, 0)
