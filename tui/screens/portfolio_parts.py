"""The portfolio as rows: by asset, by venue, by account, or holding by holding.

The one rule: shares and sums are the engine's. What has no price stands apart at the end, with
no value at all, and is never a zero.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.figures import NavLine, NavReport, Share
from tui.format import DASH, age, counted, money, percent, price, quantity, since
from tui.freshness import STALE_MARK
from tui.lines import FILL, Line, Lines, Part
from tui.stage import Picture
from tui.widgets.columns import Cell, Column, figures

BY = ("asset", "venue", "account", "holding")
UNPRICED = "no price"
_UNKNOWN = "no balance"


class Portion(NamedTuple):
    """One row: a share of the total, a holding, or what is in no total.

    `holdings` are the lines it is made of; `age` is that of its oldest price.
    """

    name: str
    of: str
    quantity: Decimal | None
    price: Decimal | None
    age: str
    value: Decimal | None
    percent: Decimal | None
    note: str
    old: bool
    holdings: tuple[NavLine, ...]


def portions(report: NavReport, by: str, now_us: int) -> list[Portion]:
    """The rows of a view, the most valuable first; what has no price or no balance last."""
    if by == "holding":
        made = [_holding(line, report, now_us) for line in report.lines]
    else:
        name_of, shares = _VIEWS[by]
        lines: dict[str, list[NavLine]] = {}
        for line in report.lines:
            lines.setdefault(name_of(line), []).append(line)
        made = [
            _portion(share, lines.get(share.name, []), report, by, now_us)
            for share in shares(report)
        ]
    apart = [_holding(line, report, now_us)._replace(note=UNPRICED) for line in report.unpriced]
    unknown = [
        Portion(name, "", None, None, DASH, None, None, _UNKNOWN, old=True, holdings=())
        for name in report.missing
    ]
    return [*made, *apart, *unknown]


_VIEWS: dict[str, tuple[Callable[[NavLine], str], Callable[[NavReport], Sequence[Share]]]] = {
    "asset": (lambda line: line.asset, lambda report: report.by_asset),
    "venue": (lambda line: line.account.partition("/")[0], lambda report: report.by_venue),
    "account": (lambda line: line.account, lambda report: report.by_account),
}


def _portion(
    share: Share, lines: Sequence[NavLine], report: NavReport, by: str, now_us: int
) -> Portion:
    alone = lines[0] if len(lines) == 1 else None
    places, assets = {line.account for line in lines}, {line.asset for line in lines}
    within = counted(len(places), "account") if by == "asset" else counted(len(assets), "asset")
    if alone is not None:
        within = alone.account if by == "asset" else alone.asset
    old = sorted(assets & set(report.stale))
    return Portion(
        name=share.name,
        of=within,
        quantity=share.quantity if alone is None else alone.quantity,
        price=lines[0].price if len(assets) == 1 else None,
        age=_oldest(lines, now_us),
        value=share.value,
        percent=share.percent,
        note=_old_note(old, by),
        old=bool(old),
        holdings=tuple(lines),
    )


def _old_note(old: Sequence[str], by: str) -> str:
    if not old:
        return ""
    return "old price" if by == "asset" else f"old price: {', '.join(old)}"


def _holding(line: NavLine, report: NavReport, now_us: int) -> Portion:
    old = line.asset in report.stale
    return Portion(
        name=line.asset,
        of=line.account if line.kind == "spot" else f"{line.account} {line.kind}",
        quantity=line.quantity,
        price=line.price,
        age=_oldest([line], now_us),
        value=line.value,
        percent=None,
        note="old price" if old else line.source,
        old=old,
        holdings=(line,),
    )


def _oldest(lines: Sequence[NavLine], now_us: int) -> str:
    times = [line.price_at_us for line in lines if line.price_at_us]
    return age(now_us - min(times)) if times else DASH


def portion_key(portion: Portion) -> str:
    """What names a row: its name, and where it is when it stands apart or alone."""
    return f"{portion.name} {portion.of}" if portion.percent is None else portion.name


def note_of(report: NavReport, picture: Picture) -> str:
    """What the frame says: the total, and how old the oldest price in it is."""
    total = picture.amount(money(report.total))
    about = "≈" if report.partial else ""
    oldest = since(report.oldest_price_us, picture.now_us)
    more = " · more than is shown" if report.more else ""
    return f"· {about}{total} {report.base_currency} · oldest price {oldest}{more}"


def columns() -> tuple[Column[Portion], ...]:
    """The columns of the portfolio, whatever it is by."""
    return (
        Column("NAME", 12, lambda p: Cell(p.name, "strong"), sort=lambda p: p.name, grow=True),
        Column("OF", 12, lambda p: Cell(p.of, "dim"), drop=4, grow=True),
        figures("QUANTITY", 11, lambda p: p.quantity, _quantity, drop=3,
                amount=True),
        figures("PRICE", 10, lambda p: p.price, lambda p: Cell(price(p.price), "dim"), drop=5),
        Column("AGE", 6, lambda p: Cell(p.age, "stale" if p.old else "dim"), right=True),
        figures("VALUE", 12, lambda p: p.value, _value, amount=True),
        figures("SHARE", 6, lambda p: p.percent, _share),
        Column("NOTE", 10, lambda p: Cell(p.note, _note_tone(p)), drop=1, grow=True),
    )  # fmt: skip


def _quantity(portion: Portion) -> Cell:
    if portion.quantity is None and portion.holdings:
        return Cell("")  # of several assets: there is no such number
    return Cell(quantity(portion.quantity), "" if portion.quantity is not None else "dim")


def _value(portion: Portion) -> Cell:
    if portion.value is None:
        return Cell(DASH, "stale")
    text = money(portion.value)
    return Cell(f"{text}{STALE_MARK}", "stale") if portion.old else Cell(text)


def _share(portion: Portion) -> Cell:
    return Cell(DASH if portion.percent is None else percent(portion.percent, 1), "dim")


def _note_tone(portion: Portion) -> str:
    return "stale" if portion.old or portion.value is None else "dim"


def portion_lines(portion: Portion, picture: Picture, width: int) -> Lines:
    """One row in full: each holding that it is made of, with its price's age and source."""
    if not portion.holdings:
        return [[Part(portion.name, "strong"), Part(f"  {portion.note}", "stale")]]
    title = [Part(portion.name, "strong"), Part(f"  {counted(len(portion.holdings), 'holding')}")]
    lines: list[Line] = [title, ()]
    for line in portion.holdings:
        lines += _held(line, picture)
    return [list(line) for line in lines] if width else []


def _held(line: NavLine, picture: Picture) -> list[Line]:
    amount = picture.amount(quantity(line.quantity))
    value = (
        Part(f"{UNPRICED}: in no sum", "stale")
        if line.value is None
        else Part(picture.amount(money(line.value)), "strong")
    )
    if line.price is None:
        told = Part("  nobody tells its price", "stale")
    else:
        aged = since(line.price_at_us, picture.now_us)
        told = Part(f"  at {price(line.price)}, {aged} old, from {line.source or DASH}", "dim")
    return [
        [Part(f"{line.account} "), Part(f"{line.kind} ", "dim"), Part(f"{amount} {line.asset}"),
         FILL, value],
        [told],
    ]  # fmt: skip
