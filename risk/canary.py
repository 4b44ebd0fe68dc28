"""The smallest orders that surely rest: what a drill of the kill switch cancels.

The one rule: a canary stands well away from the market, is post-only, and is as small as its
venue allows; the gate judges it like any other order.
"""

from collections.abc import Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from domain.board import Board
from domain.drills import STRATEGY
from domain.instruments import Account, Instrument
from domain.money import ZERO
from domain.orders import Draft, Kind, Side

OF_THE_COLLAR = Decimal("0.6")  # far from the market, and inside the collar when it moves
SPARE = Decimal("1.1")  # over the venue's least value, which may be judged by another price
LEAST_VALUE = Decimal(10)  # in quote units, where a venue does not tell its least
HUNDRED = Decimal(100)


def canaries(account: Account, board: Board, collar_pct: Decimal) -> Iterator[Draft]:
    """Drafts to try, best first: pairs in the base currency, then by symbol, buying first."""
    known = [i for i in board.instruments.values() if i.venue == account.venue and i.active]
    known.sort(key=lambda i: (i.quote != board.base_currency, i.symbol))
    for instrument in known:
        price = board.price(account.venue, instrument.symbol)
        middle = price.mid if price is not None else None
        if middle is None or middle <= ZERO:
            continue
        for side in (Side.BUY, Side.SELL):
            yield _draft(account, instrument, side, middle, collar_pct)


def _draft(
    account: Account, instrument: Instrument, side: Side, middle: Decimal, collar_pct: Decimal
) -> Draft:
    away = collar_pct * OF_THE_COLLAR / HUNDRED
    limit = _stepped(
        middle * (1 - away if side is Side.BUY else 1 + away),
        instrument.tick,
        up=side is Side.SELL,
    )
    worth = (instrument.min_value or LEAST_VALUE) * SPARE / limit if limit > ZERO else ZERO
    quantity = max(instrument.min_quantity or ZERO, _stepped(worth, instrument.lot, up=True))
    return Draft(
        account=account,
        symbol=instrument.symbol,
        side=side,
        kind=Kind.LIMIT,
        quantity=_stepped(quantity, instrument.lot, up=True),
        price=limit,
        post_only=True,
        strategy=STRATEGY,
    )


def _stepped(value: Decimal, step: Decimal | None, *, up: bool) -> Decimal:
    """In whole steps; where the venue tells none, in steps of 1e-8."""
    size = step or Decimal("1e-8")
    return (value / size).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR) * size
