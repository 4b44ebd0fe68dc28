"""ccxt's structures turned into our values: pure, exact, and suspicious.

The one rule: a row becomes a value whole, or it is Malformed and names the field.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from domain.instruments import Account, Instrument, quote_of
from domain.market import AssetBalance, Depth, Level, Price
from domain.money import ZERO
from domain.orders import Fill, Final, Kind, Side, VenueOrder
from venues.ccxt_fields import Fields, Malformed, is_asset, whole_ms
from venues.ccxt_row import Quirks
from venues.ccxt_rows import is_active

SIDES = {"buy": Side.BUY, "sell": Side.SELL}
KINDS = {"market": Kind.MARKET, "limit": Kind.LIMIT}
_FINALS: dict[str, Final | None] = {
    "open": None,
    "closed": Final.FILLED,
    "canceled": Final.CANCELED,
    "cancelled": Final.CANCELED,
    "rejected": Final.CANCELED,
    "expired": Final.EXPIRED,
}
_BALANCE_KEYS = frozenset({"info", "timestamp", "datetime", "free", "used", "total", "debt"})
_OURS = re.compile(r"QD[0-9A-Z]{2}[0-9A-HJKMNP-TV-Z]{14}")
DEPTH = 10
STEPS = 4  # ccxt's TICK_SIZE
_DECIMALS = 2  # its DECIMAL_PLACES; 3 are SIGNIFICANT_DIGITS


def instruments(
    markets: Mapping[str, Any], quirks: Quirks, mode: int = STEPS
) -> tuple[list[Instrument], list[str]]:
    """Every spot instrument, and why the rows that are missing could not be read.

    `mode` is what ccxt's precisions are: steps, numbers of decimals, or significant digits.
    """
    found: list[Instrument] = []
    problems: list[str] = []
    for market in markets.values():
        if not isinstance(market, Mapping) or not market.get("spot"):
            continue
        if market.get("symbol") != f"{market.get('base')}/{market.get('quote')}":
            continue  # synthetic books that share a pair have a name of their own
        try:
            found.append(_instrument(Fields("instrument", market), quirks, mode))
        except Malformed as problem:
            problems.append(str(problem))
    return found, problems


def _instrument(market: Fields, quirks: Quirks, mode: int) -> Instrument:
    precision = market.inner("precision") or Fields("precision", {})
    limits = market.inner("limits") or Fields("limits", {})
    amount = limits.inner("amount") or Fields("limits", {})
    cost = limits.inner("cost") or Fields("limits", {})
    tick = _step(precision, "price", mode)
    if quirks.tick_field and (info := market.inner("info")) is not None:
        coarser = info.price(quirks.tick_field)
        tick = max((step for step in (tick, coarser) if step is not None), default=None)
    return Instrument(
        venue=quirks.traits.venue,
        symbol=market.symbol("symbol"),
        tick=tick,
        lot=_step(precision, "amount", mode),
        min_quantity=amount.price("min"),
        max_quantity=amount.price("max"),
        min_value=cost.price("min"),
        max_value=cost.price("max"),
        fee_rate=_told_rate(market, "taker"),
        maker_fee_rate=_told_rate(market, "maker"),
        active=is_active(market.row, quirks),
    )


def _step(precision: Fields, field: str, mode: int) -> Decimal | None:
    """A step; significant digits make none that holds for every price."""
    told = precision.price(field)
    if mode == STEPS or told is None:
        return told
    return Decimal(1).scaleb(-int(told)) if mode == _DECIMALS else None


def _told_rate(market: Fields, whose: str) -> Decimal | None:
    """The venue's rate; a binary number is ccxt's own guess, not the venue's word."""
    return None if isinstance(market.row.get(whose), float) else market.number(whose)


def price(ticker: object, *, venue: str, at_us: int, opens_24h_ago: bool) -> Price:
    """A ticker; `at_us` is when it was here."""
    row = Fields("ticker", ticker)
    return Price(
        venue=venue,
        symbol=row.symbol("symbol"),
        bid=row.price("bid"),
        ask=row.price("ask"),
        last=row.price("last"),
        at_us=at_us,
        open_24h=row.price("open") if opens_24h_ago else None,
        volume_24h=row.size("baseVolume"),
    )


def depth(book: object, *, venue: str, symbol: str, at_us: int) -> Depth:
    """The best ten levels of a book."""
    row = Fields("book", book)
    return Depth(
        venue=venue,
        symbol=symbol,
        bids=_levels(row.rows("bids")),
        asks=_levels(row.rows("asks")),
        at_us=at_us,
    )


def _levels(rows: list[Any]) -> tuple[Level, ...]:
    steps = []
    for row in rows[:DEPTH]:
        if not isinstance(row, list | tuple):
            raise Malformed("book", "level", row)
        named = Fields("level", dict(zip(("price", "quantity"), row, strict=False)))
        steps.append(Level(price=named.positive("price"), quantity=named.positive("quantity")))
    return tuple(steps)


def balances(answer: object, *, free_is_all: bool = False) -> dict[str, AssetBalance]:
    """Total and used of every asset that the venue lists.

    With `free_is_all` an asset that is told without a total is all free (Alpaca's cash).
    """
    row = Fields("balances", answer)
    return {
        str(code): _balance(Fields(f"balance of {code}", row.row[code]), free_is_all)
        for code in row.row
        if code not in _BALANCE_KEYS and _checked_asset(code)
    }


def _checked_asset(code: object) -> bool:
    if not is_asset(code):
        raise Malformed("balances", "asset", code)
    return True


def _balance(row: Fields, free_is_all: bool) -> AssetBalance:  # noqa: FBT001 - one venue's way
    if free_is_all and row.row.get("total") is None:
        return AssetBalance(total=row.required("free"), used=None)
    return AssetBalance(total=row.required("total"), used=row.size("used"))


def order(answer: object, account: Account, quirks: Quirks) -> VenueOrder:
    """An order of a list; `price` only for orders that have a limit."""
    row = Fields("order", answer)
    raw = _raw(row)
    final = _final(row, quirks)
    kind, side = KINDS.get(row.word("type")), SIDES.get(row.word("side"))
    # Such an order was told in quote money; a quantity of it is a quotient, and inexact.
    in_quote = kind is Kind.MARKET and side is Side.BUY and not quirks.market_buys
    quantity, filled = row.size("amount") or None, _filled(row, raw, quirks)
    whole = in_quote or quantity is None or filled is None or filled >= quantity
    if final is Final.FILLED and not whole:
        final = Final.CANCELED  # closed before it was whole (MEXC's status 5)
    return VenueOrder(
        account=account,
        venue_order_id=row.identity("id"),
        client_id=_client_id(row, raw, quirks),
        symbol=_known_symbol(row),
        side=side,
        kind=kind,
        quantity=None if in_quote else quantity,
        price=row.price("price") if kind is Kind.LIMIT else None,
        cumulative=filled or ZERO,
        final=final,
        at_us=_order_time(row, raw, quirks),
    )


def _raw(row: Fields) -> Fields:
    """The row as the venue sent it; nothing is read by name where it is a list (Bitfinex)."""
    raw = row.row.get("info")
    return Fields(row.kind, raw if isinstance(raw, Mapping) else {})


def _final(row: Fields, quirks: Quirks) -> Final | None:
    status = row.word("status") or "open"
    finals = {**_FINALS, **quirks.statuses}
    if status in finals:
        return finals[status]
    for begins, final in quirks.statuses.items():
        if status.startswith(f"{begins} "):
            return final
    raise row.bad("status")


def _filled(row: Fields, raw: Fields, quirks: Quirks) -> Decimal | None:
    told = raw.size(quirks.filled_field) if quirks.filled_field else None
    return row.size("filled") if told is None else told


def _known_symbol(row: Fields) -> str:
    """The symbol, "" for a pair that has no name here any more; the ids tell the order."""
    try:
        return row.symbol("symbol")
    except Malformed:
        return ""


def _client_id(row: Fields, raw: Fields, quirks: Quirks) -> str:
    field = quirks.client_id_field
    # Streams have names of their own for it, which ccxt knows; Kraken's are read by ourselves.
    elsewhere = not field or (not quirks.frames and field not in raw.row)
    told = row.own_id("clientOrderId") if elsewhere else raw.own_id(field)
    told = told.removeprefix(quirks.client_id_prefix)
    return told if quirks.numbers is None else quirks.numbers.own_id(told)


def _order_time(row: Fields, raw: Fields, quirks: Quirks) -> int:
    told = (raw.seconds_us(field) for field in quirks.order_time_fields)
    return next((at_us for at_us in told if at_us), 0) or row.milliseconds_us("timestamp")


def fill(answer: object, account: Account, quirks: Quirks, owners: Mapping[str, str]) -> Fill:
    """An execution; `owners` tells our id of an order by the venue's."""
    row = Fields("trade", answer)
    side = SIDES.get(row.word("side"))
    if side is None:
        raise row.bad("side")
    symbol = row.symbol("symbol")
    fee, fee_asset = (ZERO, "") if quirks.fees_apart else _fee(row)
    order_id = row.identity("order") if row.row.get("order") else ""
    return Fill(
        account=account,
        symbol=symbol,
        trade_id=row.identity("id"),
        side=side,
        quantity=row.positive("amount"),
        price=row.positive("price"),
        fee=fee,
        fee_asset=fee_asset or quote_of(symbol),
        at_us=_trade_time(row, quirks),
        venue_order_id=order_id,
        client_id=ours(owners.get(order_id, "") or _told_client_id(row, quirks)),
        liquidity=_liquidity(row.word("takerOrMaker")),
    )


def _told_client_id(row: Fields, quirks: Quirks) -> str:
    """Our id as some venues put it into a fill."""
    told = _raw(row).own_id(quirks.client_id_field) if quirks.client_id_field else ""
    return told.removeprefix(quirks.client_id_prefix)


def ours(client_id: str) -> str:
    """The id if it can be one of ours (semantics 1.4), "" for those of other programs."""
    return client_id if _OURS.fullmatch(client_id) else ""


def _fee(row: Fields) -> tuple[Decimal, str]:
    fee = row.inner("fee")
    if fee is None or fee.number("cost") is None:
        fee = _only_fee(row)  # an unknown fee is not no fee
    return fee.required("cost"), fee.asset("currency") if fee.row.get("currency") else ""


def _only_fee(row: Fields) -> Fields:
    """The fee of a trade that lists several, where but one of them is any (Gate's GT)."""
    fees = [Fields("fee", fee) for fee in row.rows("fees")]
    paid = [fee for fee in fees if fee.required("cost")] or fees[:1]
    if len(paid) != 1:
        raise row.bad("fee")
    return paid[0]


def _trade_time(row: Fields, quirks: Quirks) -> int:
    field = quirks.trade_time_field
    at_us = _raw(row).seconds_us(field) if field else 0
    at_us = at_us or row.milliseconds_us("timestamp")
    if not at_us:
        raise row.bad("timestamp")
    return whole_ms(at_us)


def _liquidity(word: str) -> str:
    return word if word in ("maker", "taker") else ""
