"""Public trades as venues and ccxt show them, turned into our values: pure and suspicious.

The one rule: a trade becomes a value whole, with the venue's own number, or it is Malformed and
names the field.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from domain.market import PublicTrade
from domain.sightings import TradesSeen
from venues.ccxt_convert import SIDES
from venues.ccxt_fields import Fields, Malformed, whole_ms
from venues.ccxt_news import News, Rejected
from venues.ccxt_row import Quirks

_LONGEST_NUMBER = 18


def told_trades(rows: Sequence[Any], make: Callable[[Any], PublicTrade]) -> Iterator[News]:
    """Rows of one frame: those that can be read together, the others rejected one by one."""
    trades = []
    for row in rows:
        try:
            trades.append(make(row))
        except Malformed as problem:
            yield Rejected(str(problem))
    if trades:
        yield TradesSeen(trades=tuple(trades))


def public_trade(answer: object, symbol: str, quirks: Quirks) -> PublicTrade:
    """One public trade of a symbol, as ccxt shows it.

    Raises:
        Malformed: it is another symbol's, or cannot be one.
    """
    row = Fields("public trade", answer)
    if row.symbol("symbol") != symbol:
        raise row.bad("symbol")
    name = quirks.tape.number_field if quirks.tape is not None else ""
    numbered = row.inner("info") if name else row
    if numbered is None:
        raise row.bad("info")
    return _trade(
        row,
        venue=quirks.traits.venue,
        symbol=symbol,
        number=_number(numbered, name or "id"),
        size="amount",
        at_us=row.milliseconds_us("timestamp"),
    )


def raw_trade(row: Fields, *, venue: str, symbol: str) -> PublicTrade:
    """One public trade as Kraken's stream shows it. Malformed where it cannot be one."""
    return _trade(
        row,
        venue=venue,
        symbol=symbol,
        number=_number(row, "trade_id"),
        size="qty",
        at_us=row.iso_us("timestamp"),
    )


def _trade(
    row: Fields, *, venue: str, symbol: str, number: int, size: str, at_us: int
) -> PublicTrade:
    """The fields that are the same on all ways; `size` names that of the quantity."""
    side = SIDES.get(row.word("side"))
    if side is None:
        raise row.bad("side")
    if not at_us:
        raise row.bad("timestamp")
    return PublicTrade(
        venue=venue,
        symbol=symbol,
        number=number,
        side=side,
        price=row.positive("price"),
        quantity=row.positive(size),
        at_us=whole_ms(at_us),
    )


def _number(row: Fields, field: str) -> int:
    """The number of a trade, which must be a whole one."""
    told = row.identity(field)
    if not (told.isascii() and told.isdecimal()) or len(told) > _LONGEST_NUMBER:
        raise row.bad(field)
    return int(told)
