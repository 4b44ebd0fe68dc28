"""What the P&L page says of profit and loss: rows, columns, and the lines above them.

The one rule: every amount was told by the engine. What is not known is a word or a dash, and
a sum that leaves something out has `≈` and names it.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.figures import AssetPnl, NavReport, Pnl, PnlTotal, RealisedPnl
from domain.money import ZERO
from tui.format import DASH, age, counted, direction, money, quantity, signed
from tui.freshness import STALE_MARK
from tui.lines import FILL, Line, Lines, Part, line_width, wrapped
from tui.stage import Picture
from tui.widgets.columns import Cell, Column, figures

RANGES = {"24h": "24 h", "7d": "7 d", "30d": "30 d", "day": "today", "all": "all"}
_NAMED = 3  # assets named in a sentence; the others are counted


class Earned(NamedTuple):
    """An asset with what its sales earned in the range that is shown.

    `age` is that of its price; `old` says that it is too old to act on.
    """

    of: AssetPnl
    sold: RealisedPnl | None
    age: str
    old: bool

    @property
    def figure(self) -> str:
        """The figure that is worth explaining first: what was sold, else what is held."""
        sold = self.sold
        if sold is not None and (sold.gain or sold.proceeds or sold.unknown):
            return "realised"
        return "unrealised" if self.of.quantity else "realised"


def earned(pnl: Pnl, window: str, stale: Sequence[str], now_us: int) -> list[Earned]:
    """Every asset in the order in which the engine tells them."""
    return [
        Earned(
            of=asset,
            sold=next((one for one in asset.realised if one.window == window), None),
            age=age(now_us - asset.price_at_us) if asset.price_at_us else DASH,
            old=asset.asset in stale,
        )
        for asset in pnl.assets
    ]


def total_of(pnl: Pnl, window: str) -> PnlTotal | None:
    """The sum of a range; None where the engine did not tell it."""
    return next((one for one in pnl.totals if one.window == window), None)


# The lines above


def ranges(window: str) -> Line:
    """The ranges, the present one in brackets; a click chooses another."""
    line: list[Part] = []
    for name, shown in RANGES.items():
        here = name == window
        text = f"[{shown}]" if here else f" {shown} "
        line.append(Part(text, "accent" if here else "dim", f"window('{name}')"))
    return line


def worth(report: NavReport | None, picture: Picture) -> Line:
    """`NAV ≈102,345.12 USD`."""
    if report is None:
        return [Part(" NAV ", "dim"), Part(DASH, "dim"), Part("  ")]
    about = [Part("≈", "stale")] if report.partial else []
    total = picture.amount(money(report.total))
    return [
        Part(" NAV ", "dim"), *about, Part(total, "strong"),
        Part(f" {report.base_currency}  ", "dim"),
    ]  # fmt: skip


def sums(pnl: Pnl | None, window: str, picture: Picture) -> Line:
    """Realised and unrealised, fees and funding apart."""
    if pnl is None:
        return [Part(" realised ", "dim"), Part(DASH), Part("  unrealised ", "dim"), Part(DASH)]
    total = total_of(pnl, window)
    line: list[Part] = [Part(" realised ", "dim")]
    if total is None:
        line.append(Part(DASH, "dim"))
    else:
        line += _sum(total.gain, picture, about=bool(total.unknown))
    about = bool(pnl.unpriced or pnl.without_basis)
    line += [Part("  unrealised ", "dim"), *_sum(pnl.unrealised, picture, about=about)]
    if total is not None:
        fees, funding = picture.amount(money(total.fees)), picture.amount(money(total.funding))
        line += [Part("  fees ", "dim"), Part(fees)]
        if total.funding:
            line += [Part("  funding ", "dim"), Part(funding)]
    return line


def _sum(value: Decimal, picture: Picture, *, about: bool) -> list[Part]:
    told = picture.amount(signed(value).strip())
    mark = [Part("≈", "stale")] if about else []
    return [*mark, Part(told, direction(value) or "strong")]


def gaps(pnl: Pnl | None, report: NavReport | None, window: str) -> list[str]:
    """A few words for everything that a sum leaves out, or that makes it old."""
    told = _worth_gaps(pnl, report)
    if pnl is not None:
        total = total_of(pnl, window)
        if total is not None and total.unknown:
            told.append(f"sold, basis unknown: {named(total.unknown)}")
        if pnl.without_basis:
            told.append(f"held, basis unknown: {named(pnl.without_basis)}")
        if pnl.older:
            told.append("more assets than are shown")
        if pnl.problems:
            last = f": {pnl.problem[-1]}" if pnl.problem else ""
            told.append(f"{counted(pnl.problems, 'entry', 'entries')} not taken{last}")
    return told


def _worth_gaps(pnl: Pnl | None, report: NavReport | None) -> list[str]:
    told: list[str] = []
    unpriced = {line.asset for line in report.unpriced} if report is not None else set()
    without_price = sorted(unpriced | set(pnl.unpriced if pnl is not None else ()))
    if without_price:
        told.append(f"no price: {named(without_price)}")
    if report is not None and report.missing:
        told.append(f"no balances: {named(report.missing)}")
    if report is not None and report.stale:
        told.append(f"old price: {named(report.stale)}")
    return told


def named(names: Sequence[str]) -> str:
    """`SOL, ADA, DOT and 4 more`."""
    first = ", ".join(names[:_NAMED])
    return f"{first} and {len(names) - _NAMED} more" if len(names) > _NAMED else first


def head_lines(top: Line, middle: Line, notes: Sequence[str], aged: Part, width: int) -> Lines:
    """What it is worth and when, the sums, and on one line what they leave out."""
    right = [FILL, aged, Part(" ")]
    first = [*top, *right] if line_width([*top, *right]) <= width else top
    return [first, middle, [Part(f" {' · '.join(notes)}" if notes else "", "stale")]]


def gap_lines(notes: Sequence[str], width: int) -> Lines:
    """Everything that the sums leave out, in full."""
    if not notes:
        return [[Part("nothing: every asset has a price, every unit a basis")]]
    return [[Part(row)] for note in notes for row in wrapped(note, width)]


# The table


def columns() -> tuple[Column[Earned], ...]:
    """The columns of profit and loss."""
    return (
        Column("ASSET", 7, lambda e: Cell(e.of.asset, "strong"), sort=lambda e: e.of.asset),
        figures("QUANTITY", 12, lambda e: e.of.quantity, lambda e: quantity(e.of.quantity),
                drop=4, amount=True),
        figures("BASIS", 12, lambda e: e.of.basis, lambda e: _basis(e.of), drop=5, amount=True),
        figures("VALUE", 12, lambda e: e.of.value, _value, amount=True),
        Column("AGE", 6, lambda e: Cell(e.age, "stale" if e.old else "dim"), right=True),
        figures("UNREALISED", 14, _unrealised, lambda e: gain(_unrealised(e), old=e.old),
                amount=True),
        figures("REALISED", 14, _realised, lambda e: gain(_realised(e)), amount=True),
        figures("%", 9, lambda e: None if e.sold is None else e.sold.percent, _percent, drop=3),
        figures("FEES", 9, lambda e: None if e.sold is None else e.sold.fees, _fees, drop=2,
                amount=True),
        figures("FUNDING", 8, lambda e: None if e.sold is None else e.sold.funding, _funding,
                drop=6, amount=True),
        Column("NOT KNOWN", 9, lambda e: Cell(_lack(e), "stale"), drop=1, grow=True),
    )  # fmt: skip


def gain(value: Decimal | None, *, old: bool = False) -> Cell:
    """`▲ +52.10`, marked where it rests on an old price; a dash for what nobody knows."""
    if value is None:
        return Cell(DASH, "dim")
    text = signed(value)
    return Cell(f"{text}{STALE_MARK}", "stale") if old else Cell(text, direction(value))


def _basis(asset: AssetPnl) -> Cell:
    if _wholly_unknown(asset):
        return Cell("unknown", "stale")
    text = money(asset.basis)
    return Cell(f"≈{text}", "stale") if asset.unknown else Cell(text, "dim")


def _value(row: Earned) -> Cell:
    if row.of.value is None:
        return Cell("no price", "stale")
    text = money(row.of.value)
    return Cell(f"{text}{STALE_MARK}", "stale") if row.old else Cell(text)


def _wholly_unknown(asset: AssetPnl) -> bool:
    """Whether nobody knows the basis of any unit: what is told is of no unit at all, not zero."""
    return bool(asset.unknown) and asset.unknown >= asset.quantity


def _unrealised(row: Earned) -> Decimal | None:
    return None if _wholly_unknown(row.of) else row.of.unrealised


def _realised(row: Earned) -> Decimal | None:
    sold = row.sold
    if sold is None or (sold.unknown and not (sold.gain or sold.basis or sold.proceeds)):
        return None
    return sold.gain


def _percent(row: Earned) -> Cell:
    if row.sold is None or row.sold.percent is None:
        return Cell(DASH, "dim")
    return Cell(f"{signed(row.sold.percent)}%", direction(row.sold.percent))


def _fees(row: Earned) -> Cell:
    return Cell(DASH if row.sold is None else money(row.sold.fees), "dim")


def _funding(row: Earned) -> Cell:
    if row.sold is None or not row.sold.funding:
        return Cell(DASH, "dim")
    return Cell(money(row.sold.funding), "dim")


def _lack(row: Earned) -> str:
    told = []
    if row.sold is not None and row.sold.unknown != ZERO:
        told.append("gain")
    if row.of.unknown != ZERO:
        told.append("basis")
    if row.of.quantity and row.of.value is None:
        told.append("price")
    return ", ".join(told)
