"""Net asset value of the board: what every balance is worth, and how old its price is.

The one rule: what has no price stands apart and is in no sum; an account whose balances nobody
knows is named.
"""

from collections.abc import Mapping
from decimal import Decimal

from accounting import nav, routes
from accounting.valuation import FRESH_US, PEGGED
from domain import figures
from domain.board import Board
from domain.market import Mark
from domain.money import MONEY, ZERO

LINES = 1_000
HUNDRED = Decimal(100)


def marks_of(board: Board, now_us: int) -> dict[str, Mark]:
    """The board's marks; for what has none there, or an old one, the best route of prices."""
    pegs = frozenset(asset for asset, mark in board.marks.items() if mark.source == PEGGED)
    marks = routes.marks_of(board.prices.values(), board.base_currency, now_us, pegged=pegs)
    for asset, mark in board.marks.items():
        if asset not in marks or now_us - mark.at_us <= FRESH_US:
            marks[asset] = mark
    return marks


def bounded(limit: int) -> int:
    """A page's length that nobody can make too long."""
    return max(1, min(limit, LINES))


def nav_report(board: Board, now_us: int, stale_us: int, limit: int) -> figures.NavReport:
    """The board's balances at its marks, the largest value first."""
    holdings: list[nav.Holding] = []
    missing: list[str] = []
    for name, view in board.accounts.items():
        if view.balances is None:
            missing.append(name)
            continue
        holdings += nav.holdings_of(view.balances)
        missing += [f"{name} {wallet}" for wallet in view.balances.unread]
    made = nav.nav_of(
        holdings, marks_of(board, now_us), now_us, missing=sorted(missing), stale_us=stale_us
    )
    priced = [_line(line) for line in made.lines if line.value is not None]
    priced.sort(key=lambda line: (-(line.value or ZERO), line.asset, line.account))
    most = bounded(limit)
    return figures.NavReport(
        at_us=now_us,
        base_currency=board.base_currency,
        total=made.total,
        partial=made.partial,
        oldest_price_us=made.oldest_price_us or 0,
        lines=tuple(priced[:most]),
        by_asset=_shares(made.by_asset(), made.total, _quantities(made)),
        by_venue=_shares(made.by_venue(), made.total),
        by_account=_shares(made.by_account(), made.total),
        unpriced=tuple(_line(line) for line in made.unpriced[:most]),
        missing=tuple(sorted(missing)),
        stale=_stale(made),
        more=len(priced) > most or len(made.unpriced) > most,
    )


def _stale(made: nav.Nav) -> tuple[str, ...]:
    old = {
        line.holding.asset
        for line in made.lines
        if line.mark is not None and made.at_us - line.mark.at_us > made.stale_us
    }
    return tuple(sorted(old))


def _line(line: nav.Line) -> figures.NavLine:
    held, mark = line.holding, line.mark
    return figures.NavLine(
        account=held.account,
        asset=held.asset,
        kind=held.place,
        quantity=held.quantity,
        value=line.value,
        price=None if mark is None else mark.value,
        price_at_us=0 if mark is None else mark.at_us,
        source="" if mark is None else mark.source,
    )


def _quantities(made: nav.Nav) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in made.lines:
        held = line.holding
        found[held.asset] = MONEY.add(found.get(held.asset, ZERO), held.quantity)
    return found


def _shares(
    parts: Mapping[str, Decimal], total: Decimal, held: Mapping[str, Decimal] | None = None
) -> tuple[figures.Share, ...]:
    return tuple(
        figures.Share(
            name=name,
            value=value,
            percent=MONEY.divide(MONEY.multiply(value, HUNDRED), total) if total else None,
            quantity=held.get(name) if held is not None else None,
        )
        for name, value in list(parts.items())[:LINES]
    )
