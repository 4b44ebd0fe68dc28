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
from accounting.ledger_entries import Row, trade_of
from accounting.lots import NO_SALE, Slice, slices_of
from accounting.marks import MarkHistory
from accounting.pnl import Window
from accounting.recorded import source_of
from domain import bookings, figures
from domain.adjustments import BalanceAdopted
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
        if told.asset == ask.asset
        and told.kind not in NO_SALE
        and ask.account in ("", told.account)
        for part in slices_of(told)
    ]
    shown = _page(parts, ask)
    keys = {key for part in shown for key in _keys(part)}
    named = list(_named(live.rows, keys))
    sources, prices = sources_of(named), _valued_by(live, named)
    return figures.Explanation(
        figure=ask.figure,
        asset=ask.asset,
        window=ask.window,
        amount=total(part.gain for part in parts),
        price=None,
        steps=tuple(_sale(part, sources, prices) for part in shown),
        total=len(parts),
        more=max(0, ask.skip) + len(shown) < len(parts),
    )


def unrealised_explained(
    live: LiveBook, ask: figures.Explain, mark: Mark, now_us: int
) -> figures.Explanation:
    """What the open lots of an asset are worth beyond their basis, lot by lot."""
    live.until(now_us)
    lots = [
        lot
        for lot in live.book.open_lots()
        if lot.asset == mark.asset and ask.account in ("", lot.account)
    ]
    shown = _page(lots, ask)
    named = list(_named(live.rows, {lot.key for lot in shown}))
    sources, prices = sources_of(named), _valued_by(live, named)
    parts = explain_unrealised(shown, mark, sources).parts
    return figures.Explanation(
        figure=ask.figure,
        asset=ask.asset,
        window="now",
        amount=explain_unrealised(lots, mark, _NOBODY).amount,
        price=mark.value,
        steps=tuple(_step(part, prices) for part in parts),
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
        unnamed = isinstance(fact, bookings.OpeningBalance | BalanceAdopted)
        if unnamed or fact.key() in keys:
            yield row


def _keys(part: Slice) -> tuple[str, ...]:
    lot = part.lot
    return (part.disposal.key,) if lot is None else (part.disposal.key, lot.key)


def _valued_by(live: LiveBook, rows: Iterable[Row]) -> dict[str, str]:
    """Whose recorded price gave a trade its value, by key."""
    marks = MarkHistory(live.base_currency)
    trades = (
        trade_of(seq, fact, live.elections, marks)
        for seq, fact in rows
        if isinstance(fact, bookings.FillBooked)
    )
    return {trade.key: source_of(trade, live.recorded) for trade in trades}


def _sale(part: Slice, sources: Mapping[str, Source], prices: Mapping[str, str]) -> figures.Step:
    return figures.Step(
        amount=part.gain,
        quantity=part.quantity,
        proceeds=part.proceeds,
        basis=part.basis,
        flag=part.flag,
        sold=_origin(sources.get(part.disposal.key), prices),
        lot=None if part.lot is None else _origin(sources.get(part.lot.key), prices),
    )


def _step(part: Part, prices: Mapping[str, str]) -> figures.Step:
    return figures.Step(
        amount=part.amount,
        quantity=part.quantity,
        proceeds=part.proceeds,
        basis=part.basis,
        flag=part.flag,
        sold=_origin(part.sold, prices),
        lot=_origin(part.lot, prices),
    )


def _origin(source: Source | None, prices: Mapping[str, str]) -> figures.Origin | None:
    if source is None:
        return None
    return figures.Origin(
        key=source.key,
        seq=source.seq,
        kind=source.kind,
        venue=source.venue,
        venue_id=source.venue_id,
        order_id=source.order_id,
        valued_by=prices.get(source.key, ""),
    )
