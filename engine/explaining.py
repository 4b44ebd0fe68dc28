"""Why a figure is what it is: number, lots, fills, the venue's trade ids, ledger rows.

The one rule: the steps add up to the figure to the last digit, and the figure is the one that
P&L shows.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import TypeVar

from accounting.allocations import total
from accounting.explain import Part, Source, explain_unrealised, sources_of
from accounting.ledger_entries import Row
from accounting.lots import NO_SALE, Slice, slices_of
from accounting.pnl import Window
from domain import bookings, figures
from domain.market import Mark
from engine.livebook import LiveBook
from engine.valuing import bounded

T = TypeVar("T")
_AT_US = attrgetter("at_us")
_NOBODY: dict[str, Source] = {}


def realised_explained(
    live: LiveBook, ask: figures.Explain, span: Window, now_us: int
) -> figures.Explanation:
    """What sales of an asset in a window earned, slice by slice, in the order of the sales."""
    live.until(now_us)
    sold = live.book.disposals
    first, last = (bisect_right(sold, at_us, key=_AT_US) for at_us in span[1:])
    parts = [
        part
        for told in sold[first:last]
        if told.asset == ask.asset and told.kind not in NO_SALE
        for part in slices_of(told)
    ]
    shown = _page(parts, ask)
    keys = {key for part in shown for key in _keys(part)}
    sources = sources_of(_named(live.rows, keys))
    return figures.Explanation(
        figure=ask.figure,
        asset=ask.asset,
        window=ask.window,
        amount=total(part.gain for part in parts),
        price=None,
        steps=tuple(_sale(part, sources) for part in shown),
        total=len(parts),
        more=max(0, ask.skip) + len(shown) < len(parts),
    )


def unrealised_explained(
    live: LiveBook, ask: figures.Explain, mark: Mark, now_us: int
) -> figures.Explanation:
    """What the open lots of an asset are worth beyond their basis, lot by lot."""
    live.until(now_us)
    lots = [lot for lot in live.book.open_lots() if lot.asset == mark.asset]
    shown = _page(lots, ask)
    sources = sources_of(_named(live.rows, {lot.key for lot in shown}))
    return figures.Explanation(
        figure=ask.figure,
        asset=ask.asset,
        window="now",
        amount=explain_unrealised(lots, mark, _NOBODY).amount,
        price=mark.value,
        steps=tuple(_step(part) for part in explain_unrealised(shown, mark, sources).parts),
        total=len(lots),
        more=max(0, ask.skip) + len(shown) < len(lots),
    )


def _page(parts: list[T], ask: figures.Explain) -> list[T]:
    skip = max(0, ask.skip)
    return parts[skip : skip + bounded(ask.limit)]


def _named(rows: Iterable[Row], keys: set[str]) -> Iterable[Row]:
    """The rows that lots or sales of these keys come from."""
    for row in rows:
        fact = row[1]
        if isinstance(fact, bookings.OpeningBalance) or fact.key() in keys:
            yield row


def _keys(part: Slice) -> tuple[str, ...]:
    lot = part.lot
    return (part.disposal.key,) if lot is None else (part.disposal.key, lot.key)


def _sale(part: Slice, sources: Mapping[str, Source]) -> figures.Step:
    return figures.Step(
        amount=part.gain,
        quantity=part.quantity,
        proceeds=part.proceeds,
        basis=part.basis,
        flag=part.flag,
        sold=_origin(sources.get(part.disposal.key)),
        lot=None if part.lot is None else _origin(sources.get(part.lot.key)),
    )


def _step(part: Part) -> figures.Step:
    return figures.Step(
        amount=part.amount,
        quantity=part.quantity,
        proceeds=part.proceeds,
        basis=part.basis,
        flag=part.flag,
        sold=_origin(part.sold),
        lot=_origin(part.lot),
    )


def _origin(source: Source | None) -> figures.Origin | None:
    if source is None:
        return None
    return figures.Origin(
        key=source.key,
        seq=source.seq,
        kind=source.kind,
        venue=source.venue,
        venue_id=source.venue_id,
        order_id=source.order_id,
    )
