"""How much of each standing limit is used and reserved, for the whole desk and for each scope.

The one rule: a row shows the figures that the rule of the same name judges by.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal

from domain.money import ZERO
from domain.verdicts import Usage
from risk.proposal import Lens, View
from risk.scoped import POSITION


def usage_of(view: View, lenses: Iterable[Lens] = ()) -> tuple[Usage, ...]:
    """The whole desk's rows, positions last; then those of the scopes, the fullest first."""
    scoped = [
        replace(row, scope=lens.name)
        for lens in lenses
        for row in _rows(lens.view)
        if row.rule in lens.rules
    ]
    return (*_rows(view), *sorted(scoped, key=_fullest_first))


def _fullest_first(row: Usage) -> Decimal:
    return -(row.used + row.reserved) / row.limit


def _rows(view: View) -> Iterator[Usage]:
    limits, exposure, unit = view.limits, view.exposure, view.settings.base_currency
    largest = max((claim.value for claim in exposure.claims.values()), default=ZERO)
    yield Usage("max_order_value", ZERO, largest, limits.max_order_value, unit)
    executed = view.turnover.today(view.now_us)
    yield Usage("max_daily_volume", executed, exposure.value, limits.max_daily_volume, unit)
    count = Decimal(exposure.count)
    yield Usage("max_open_orders", count, ZERO, limits.max_open_orders, "orders")
    if view.drawdown_pct is not None:
        yield Usage("max_drawdown_pct", view.drawdown_pct, ZERO, limits.max_drawdown_pct, "%")
    yield from sorted(_positions(view), key=_fullest_first)


def _positions(view: View) -> Iterator[Usage]:
    limits, exposure, unit = view.limits, view.exposure, view.settings.base_currency
    for asset, mark in view.board.marks.items():
        limit = limits.position_limit(asset)
        most = exposure.most(asset) * mark.value
        coming = exposure.incoming.get(asset, ZERO) * mark.value
        cash = asset in view.settings.cash and asset not in limits.max_position_size
        if not cash and limit and (most or coming):
            yield Usage(POSITION, most, coming, limit, unit, asset)
