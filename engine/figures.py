"""Answers what it is worth and what it earned: P&L, lots, net asset value, and why.

The one rule: sales are matched on the whole history first and filtered by window afterwards;
what nobody knows is named in the answer and is in no sum.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from accounting.holding import long_from_us
from accounting.holdings import OpenLot
from accounting.pnl import Realised, Unrealised, Window, calendar_day, unrealised_of, windows
from domain import figures
from domain.errors import Refused
from domain.market import Mark
from domain.money import MONEY, ZERO
from engine.explaining import realised_explained, unrealised_explained
from engine.floor import Floor
from engine.livebook import LiveBook
from engine.lots import Lots
from engine.operators import Operator, Role
from engine.valuing import bounded, marks_of, nav_report

WINDOWS = ("24h", "7d", "30d", "day", "all")
ASSETS = 500
PROBLEMS = 5
SECOND_US = 1_000_000
_NEVER = 2**62


class Figures:
    """Answers ReadPnl, ReadLots, ReadNav and Explain."""

    def __init__(self, floor: Floor, lots: Lots) -> None:
        self._floor = floor
        self._lots = lots
        desk = floor.desk
        desk.answer(figures.ReadPnl, self.pnl, Role.VIEWER)
        desk.answer(figures.ReadLots, self.lots, Role.VIEWER)
        desk.answer(figures.ReadNav, self.nav, Role.VIEWER)
        desk.answer(figures.Explain, self.explain, Role.VIEWER)

    async def pnl(self, ask: figures.ReadPnl, _: Operator) -> figures.Pnl:
        """Every asset's open lots and what its sales earned.

        Raises:
            Refused: a window or an account that does not exist.
        """
        board = self._floor.desk.board
        if ask.account and ask.account not in board.accounts:
            known = ", ".join(sorted(board.accounts)) or "none"
            raise Refused("account", f"there is no account {ask.account} (known: {known})")
        now_us = self._floor.now_us()
        spans = [self._window(name, now_us) for name in ask.windows or WINDOWS]
        marks = marks_of(self._floor.desk.board, now_us)
        return await self._lots.ask(lambda live: _pnl(live, ask, spans, marks, now_us))

    async def lots(self, ask: figures.ReadLots, _: Operator) -> figures.LotPage:
        """A page of open lots."""
        now_us = self._floor.now_us()
        marks = marks_of(self._floor.desk.board, now_us)
        return await self._lots.ask(lambda live: _lots(live, ask, marks, now_us))

    async def nav(self, ask: figures.ReadNav, _: Operator) -> figures.NavReport:
        """Balances at marks; from the board alone, so at once."""
        stale_us = self._floor.settings.mark_stale_s * SECOND_US
        return nav_report(self._floor.desk.board, self._floor.now_us(), stale_us, ask.limit)

    async def explain(self, ask: figures.Explain, _: Operator) -> figures.Explanation:
        """What a figure is made of.

        Raises:
            Refused: a figure or window that does not exist, or an asset without a price.
        """
        now_us = self._floor.now_us()
        marks = marks_of(self._floor.desk.board, now_us)
        if ask.figure == "realised":
            span = self._window(ask.window, now_us)
            return await self._lots.ask(lambda live: realised_explained(live, ask, span, now_us))
        if ask.figure == "unrealised":
            mark = marks.get(ask.asset)
            if mark is None:
                raise Refused("price", f"{ask.asset} has no price, so no unrealised figure")
            return await self._lots.ask(lambda live: unrealised_explained(live, ask, mark, now_us))
        raise Refused("figure", f"{ask.figure!r} is not explained; realised and unrealised are")

    def _window(self, name: str, now_us: int) -> Window:
        # Open at its end: a venue's clock may be ahead of ours, and what it sold just now counts.
        known = {span.name: span._replace(until_us=_NEVER) for span in windows(now_us)}
        known["day"] = calendar_day(now_us, self._floor.settings.time_zone)
        if name not in known:
            raise Refused("window", f"there is no window {name!r}; there are {', '.join(WINDOWS)}")
        return known[name]


# Profit and loss


def _pnl(
    live: LiveBook,
    ask: figures.ReadPnl,
    spans: list[Window],
    marks: Mapping[str, Mark],
    now_us: int,
) -> figures.Pnl:
    live.until(now_us)
    results, wanted = live.results_of(ask.account), frozenset(ask.assets)
    if ask.account:
        lots = unrealised_of(live.book.open_lots(), ask.account, marks)
    else:
        lots = results.unrealised(marks)
    held = {row.asset: row for row in lots}
    earned = {span.name: results.realised_by_asset(span) for span in spans}
    by_asset: dict[str, list[tuple[str, Realised]]] = {asset: [] for asset in held}
    for name, rows in earned.items():
        for row in rows:
            by_asset.setdefault(row.asset, []).append((name, row))
    names = sorted(asset for asset in by_asset if not wanted or asset in wanted)
    shown = [_asset(name, held.get(name), by_asset[name]) for name in names]
    problems = live.problems
    return figures.Pnl(
        as_of_us=now_us,
        upto_seq=live.rows[-1][0] if live.rows else 0,
        base_currency=live.base_currency,
        assets=tuple(shown[:ASSETS]),
        totals=tuple(_total(span.name, shown) for span in spans),
        unrealised=_sum(asset.unrealised for asset in shown),
        unpriced=tuple(asset.asset for asset in shown if asset.quantity and asset.value is None),
        without_basis=tuple(asset.asset for asset in shown if asset.unknown),
        problems=len(problems),
        problem=tuple(f"{told.key}: {told.what}" for told in problems[-PROBLEMS:]),
        older=len(shown) > ASSETS,
        account=ask.account,
    )


def _asset(
    name: str, held: Unrealised | None, earned: Iterable[tuple[str, Realised]]
) -> figures.AssetPnl:
    realised = tuple(
        figures.RealisedPnl(
            window=window,
            gain=row.gain,
            basis=row.basis,
            proceeds=row.proceeds,
            unknown=row.unknown,
            fees=row.fees,
            funding=row.funding,
            percent=row.percent,
        )
        for window, row in earned
    )
    return figures.AssetPnl(
        asset=name,
        quantity=ZERO if held is None else held.quantity,
        basis=ZERO if held is None else held.basis,
        unknown=ZERO if held is None else held.unknown,
        value=ZERO if held is None else held.value,
        unrealised=ZERO if held is None else held.pnl,
        price_at_us=0 if held is None else held.price_at_us or 0,
        realised=realised,
    )


def _total(window: str, assets: Iterable[figures.AssetPnl]) -> figures.PnlTotal:
    rows = [(a.asset, row) for a in assets for row in a.realised if row.window == window]
    return figures.PnlTotal(
        window=window,
        gain=_sum(row.gain for _, row in rows),
        fees=_sum(row.fees for _, row in rows),
        funding=_sum(row.funding for _, row in rows),
        unknown=tuple(asset for asset, row in rows if row.unknown),
    )


def _sum(amounts: Iterable[Decimal | None]) -> Decimal:
    total = ZERO
    for amount in amounts:
        if amount is not None:
            total = MONEY.add(total, amount)
    return total


# Lots


def _lots(
    live: LiveBook, ask: figures.ReadLots, marks: Mapping[str, Mark], now_us: int
) -> figures.LotPage:
    live.until(now_us)
    found = [
        lot
        for lot in live.book.open_lots()
        if (not ask.asset or lot.asset == ask.asset)
        and (not ask.account or lot.account == ask.account)
    ]
    policy = live.elections.at(now_us)
    skip, limit = max(0, ask.skip), bounded(ask.limit)
    method = policy.method_of(ask.asset) if ask.asset else policy.method
    zone = live.elections.tax_time_zone
    return figures.LotPage(
        lots=tuple(_lot(lot, marks.get(lot.asset), zone) for lot in found[skip : skip + limit]),
        total=len(found),
        more=skip + limit < len(found),
        scope=policy.scope.value,
        method=method.value,
    )


def _lot(lot: OpenLot, mark: Mark | None, zone: str) -> figures.HeldLot:
    value = None if mark is None else MONEY.multiply(lot.quantity, mark.value)
    known = value is not None and lot.basis is not None
    return figures.HeldLot(
        key=lot.key,
        asset=lot.asset,
        account=lot.account,
        acquired_us=lot.acquired_us or 0,
        quantity=lot.quantity,
        basis=lot.basis,
        value=value,
        unrealised=MONEY.subtract(value or ZERO, lot.basis or ZERO) if known else None,
        unit_basis=None if lot.basis is None else MONEY.divide(lot.basis, lot.quantity),
        price_at_us=0 if mark is None else mark.at_us,
        long_us=0 if lot.acquired_us is None else long_from_us(lot.acquired_us, zone),
    )
