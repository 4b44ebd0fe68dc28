"""Every figure explains itself: number, lots, fills, the venue's trade ids, ledger rows.

The one rule: the parts of an explanation add up to the number it explains, to the last digit.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from accounting.allocations import Allocation, Sliced, total
from accounting.holdings import OpenLot
from accounting.ledger_entries import adopted_key
from accounting.lots import NO_SALE
from accounting.pnl import Window
from domain.adjustments import BalanceAdopted
from domain.bookings import FillBooked, MovementBooked, OpeningBalance
from domain.events import Fact
from domain.market import Mark
from domain.money import MONEY


class Source(NamedTuple):
    """Where a lot or a sale comes from: the ledger row, and the venue's own id of it."""

    key: str
    seq: int
    kind: str
    venue: str
    venue_id: str
    order_id: str


class Part(NamedTuple):
    """One step of an explanation: what was sold or is held, out of which lot, what it gives.

    `amount` is None where it is not known, and `flag` says why. A source is None where the
    ledger has no row of that key: a lot that was not there, or a row of another year's file.
    """

    amount: Decimal | None
    quantity: Decimal
    proceeds: Decimal | None
    basis: Decimal | None
    flag: str
    sold: Source | None
    lot: Source | None


class Explained(NamedTuple):
    """A figure of an asset with its parts."""

    asset: str
    amount: Decimal
    parts: tuple[Part, ...]


def sources_of(rows: Iterable[tuple[int, Fact]]) -> dict[str, Source]:
    """Source by key, of every ledger row (seq, fact) that lots can come from."""
    made: dict[str, Source] = {}
    for seq, fact in rows:
        if isinstance(fact, FillBooked):
            fill = fact.fill
            order = fill.venue_order_id
            told = (seq, "fill", fill.account.venue, fill.trade_id, order)
            made[fill.key] = Source(fill.key, *told)
        elif isinstance(fact, MovementBooked):
            moved = fact.movement
            kind = "deposit" if moved.amount > 0 else "withdrawal"
            told = (seq, kind, moved.account.venue, moved.reference, "")
            made[moved.key] = Source(moved.key, *told)
        elif isinstance(fact, OpeningBalance):
            for asset in fact.assets:
                key = f"opening:{fact.account}:{asset}"
                made[key] = Source(key, seq, "opening", fact.account.venue, "", "")
        elif isinstance(fact, BalanceAdopted):
            key = adopted_key(fact)
            made[key] = Source(key, seq, "adopted", fact.account.venue, "", "")
    return made


def explain_realised(
    version: Allocation, asset: str, window: Window, sources: Mapping[str, Source]
) -> Explained:
    """The realised gain of an asset in a window, slice by slice."""
    rows = [
        row
        for row in version.slices
        if row.asset == asset
        and row.kind not in NO_SALE
        and window.after_us < row.at_us <= window.until_us
    ]
    parts = tuple(_sold(row, sources) for row in rows)
    return Explained(asset, total(row.gain for row in rows), parts)


def explain_unrealised(
    lots: Iterable[OpenLot], mark: Mark, sources: Mapping[str, Source]
) -> Explained:
    """The unrealised gain of an asset at a mark, lot by lot."""
    parts = tuple(_held(lot, mark, sources) for lot in lots if lot.asset == mark.asset)
    return Explained(mark.asset, total(part.amount for part in parts), parts)


def _sold(row: Sliced, sources: Mapping[str, Source]) -> Part:
    sold, lot = sources.get(row.key), sources.get(row.lot)
    return Part(row.gain, row.quantity, row.proceeds, row.basis, row.flag, sold, lot)


def _held(lot: OpenLot, mark: Mark, sources: Mapping[str, Source]) -> Part:
    value = MONEY.multiply(lot.quantity, mark.value)
    gain = None if lot.basis is None else MONEY.subtract(value, lot.basis)
    flag = "BASIS_UNKNOWN" if lot.basis is None else ""
    return Part(gain, lot.quantity, value, lot.basis, flag, None, sources.get(lot.key))
