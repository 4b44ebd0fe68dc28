"""What the dashboard's parts say: pure functions from a picture to lines.

The one rule: a figure that cannot be told is a dash, and a sum with an old part has `≈`.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from domain.board import Board, NavPoint
from domain.market import Price
from domain.verdicts import Usage
from tui.format import (
    DASH,
    clock,
    direction,
    money,
    percent,
    price,
    quantity,
    ratio_pct,
    short,
    signed,
    usage_pct,
    when,
)
from tui.freshness import STALE_MARK, prices_are_old, venues
from tui.happenings import Happening
from tui.lines import FILL, Line, Lines, Part, joined
from tui.options import Graph
from tui.phases import NOT_READ, unread
from tui.stage import Picture
from tui.standing import Holding, Standing, change_pct
from tui.widgets.bars import bar
from tui.widgets.columns import Cell, Column, figures
from tui.widgets.plot import Frame, Series, chart
from tui.words import limit_name, usage_figures

Draw = Callable[[int], Lines]
_NAME = 16
_LEAST_BAR, _LEAST_CHART = 4, 2  # cells, points
_FIGURES = 13
_PCT = 5


def card_drawings(stands: Standing, picture: Picture) -> tuple[Draw, ...]:
    """NAV, day, drawdown, orders, volume: two lines each."""
    told = picture.amount

    def nav(_: int) -> Lines:
        return [_nav_figure(stands, picture), _day_pct(stands)]

    def day(_: int) -> Lines:
        flows = picture.board.flows_today
        aside = f"flows {signed(flows).strip()}" if flows else "net of flows"
        return [_day_figure(stands, picture), [Part(told(aside) if flows else aside, "dim")]]

    def drawdown(width: int) -> Lines:
        return _gauge(stands.drawdown_pct, stands.drawdown_limit_pct, width)

    def orders(_: int) -> Lines:
        if stands.working is None:
            return [[Part(DASH, "dim")]]
        reserved = f"{told(short(stands.reserved))} reserved"
        second = (
            Part(f"{stands.unknown} UNKNOWN", "halt") if stands.unknown else Part(reserved, "dim")
        )
        return [[Part(f"{stands.working:,}", "strong"), Part(" working", "dim")], [second]]

    def volume(width: int) -> Lines:
        if stands.volume is None:
            return [[Part(DASH, "dim")]]
        used = stands.volume.used + stands.volume.reserved
        limit = stands.volume.limit
        figure = [Part(told(short(used)), "strong"), Part(f" of {short(limit)}", "dim")]
        return [figure, bar(used, limit, width)]

    return nav, day, drawdown, orders, volume


def _nav_figure(stands: Standing, picture: Picture) -> list[Part]:
    if stands.nav is None:
        return [Part(DASH, "dim")]
    about = "≈" if stands.partial else ""
    return [Part(about, "stale"), Part(picture.amount(money(stands.nav)), "strong")]


def _day_pct(stands: Standing) -> list[Part]:
    if stands.day_pct is None:
        return [Part(DASH, "dim")]
    return [Part(f"{signed(stands.day_pct)}%", direction(stands.day)), Part(" today", "dim")]


def _day_figure(stands: Standing, picture: Picture) -> list[Part]:
    if stands.day is None:
        return [Part(DASH, "dim")]
    return [Part(picture.amount(signed(stands.day)), direction(stands.day) or "strong")]


def _gauge(value: Decimal | None, limit: Decimal | None, width: int) -> Lines:
    if value is None:
        return [[Part(DASH, "dim")]]
    figure = [Part(percent(value, 1), "strong")]
    if limit is None:
        return [figure, [Part("no limit", "warn")]]
    return [[*figure, Part(f" of {percent(limit, 0)}", "dim")], bar(value, limit, width)]


def summary(stands: Standing, picture: Picture, width: int) -> Lines:
    """The five cards in two lines, for short and narrow terminals."""
    gauge = max(4, (width - 58) // 2)
    working = DASH if stands.working is None else f"{stands.working}"
    orders = [Part("ORDERS ", "dim"), Part(working, "strong")]
    if stands.unknown:
        orders.append(Part(f" {stands.unknown} UNKNOWN", "halt"))
    nav = [Part("NAV ", "dim"), *_nav_figure(stands, picture), Part(" "), *_day_pct(stands)]
    day = [Part("DAY ", "dim"), *_day_figure(stands, picture)]
    drawdown = [
        Part("DRAWDOWN ", "dim"),
        *_inline(stands.drawdown_pct, stands.drawdown_limit_pct, gauge),
    ]
    volume = [Part("VOLUME ", "dim"), Part(DASH)]
    if stands.volume is not None:
        used, limit = stands.volume.used + stands.volume.reserved, stands.volume.limit
        figure = f" {picture.amount(short(used))} of {short(limit)}"
        volume = [Part("VOLUME ", "dim"), *bar(used, limit, gauge), Part(figure)]
    return [
        [Part(" "), *joined([nav, day], "   "), FILL, *orders, Part(" ")],
        [Part(" "), *drawdown, FILL, *volume, Part(" ")],
    ]


def _inline(value: Decimal | None, limit: Decimal | None, width: int) -> list[Part]:
    if value is None or limit is None:
        return [Part(DASH)]
    return [*bar(value, limit, width), Part(f" {percent(value, 1)} of {percent(limit, 0)}")]


def headroom(board: Board, width: int) -> Lines:
    """Each limit with its bar, the fullest first."""
    usage = board.usage
    if not usage:
        return [[Part(NOT_READ if unread(board) else "no limit is in use yet", "dim")]]
    ranked = sorted(usage, key=lambda one: -_share(one))
    return [headroom_line(one, width) for one in ranked]


def headroom_line(usage: Usage, width: int) -> Line:
    """`Position BTC     ━━━━━━━╸── 88%  32.4k/37k`."""
    used = usage.used + usage.reserved
    room = width - _NAME - _PCT - _FIGURES - 2
    subject = f"{usage.subject} {usage.scope.partition(':')[2]}".strip()
    name = limit_name(usage.rule, subject)[: _NAME - 1].ljust(_NAME)
    return [
        Part(name),
        *(bar(used, usage.limit, room) if room >= _LEAST_BAR else ()),
        Part(usage_pct(used, usage.limit).rjust(_PCT), "strong"),
        Part(f"  {usage_figures(usage)}".rjust(_FIGURES + 2), "dim"),
    ]


def _share(usage: Usage) -> Decimal:
    return (usage.used + usage.reserved) / usage.limit if usage.limit else Decimal(1)


def happened(happening: Happening, now_us: int) -> Line:
    """`11:59:58 FILL  BUY 0.021 BTC/USDT @ 62,100 kraken`; of another day its date."""
    return [
        Part(f"{when(happening.at_us, now_us):<8} ", "dim"),
        Part(f"{happening.kind:<5}", happening.tone or "strong"),
        Part(happening.text),
    ]


def nav_chart(
    nav: Sequence[NavPoint], span_us: int, graph: Graph, width: int, height: int
) -> Lines:
    """NAV over time; the whole of it when `span_us` is 0."""
    if len(nav) < _LEAST_CHART:
        return [[Part("the chart begins with the second value", "dim")]]
    until_us = nav[-1].at_us
    from_us = max(nav[0].at_us, until_us - span_us) if span_us else nav[0].at_us
    points = [(point.at_us, point.nav) for point in nav]
    frame = Frame(from_us=from_us, until_us=until_us, label=_axis)
    lines = chart([Series(points, "series-a")], frame, width, height - 1, graph)
    if not lines:
        return [[Part("no room for the chart", "faint")]]
    left = clock(from_us)
    return [*lines, [Part(left, "dim"), FILL, Part(clock(until_us), "dim")]]


def _axis(value: Decimal) -> str:
    return f"{value:,.0f}" if abs(value) < 10**12 else short(value)


def holding_key(held: Holding) -> str:
    """What names a holding."""
    return f"{held.place} {held.asset}"


class Quote(NamedTuple):
    """A symbol's price at a venue, as the table of markets shows it."""

    price: Price
    tick: Decimal | None
    change_pct: Decimal | None
    old: bool


def quotes(board: Board) -> list[Quote]:
    """Every price on the board, by symbol and venue."""
    old = {venue: prices_are_old(board, venue) for venue in venues(board)}
    found = []
    for seen in board.prices.values():
        instrument = board.instrument(seen.venue, seen.symbol)
        tick = instrument.tick if instrument else None
        found.append(Quote(seen, tick, change_pct(seen), old.get(seen.venue, True)))
    return sorted(found, key=_by_symbol)


def _by_symbol(quote: Quote) -> tuple[str, str]:
    return quote.price.symbol, quote.price.venue


def quote_key(quote: Quote) -> str:
    """What names a quote."""
    return f"{quote.price.symbol} {quote.price.venue}"


def _old_price(value: Decimal | None, quote: Quote) -> Cell:
    text = price(value, quote.tick)
    return Cell(f"{text}{STALE_MARK}", "stale") if quote.old else Cell(text)


def _quote_change(quote: Quote) -> Cell:
    if quote.change_pct is None:
        return Cell(DASH, "dim")
    return Cell(f"{signed(quote.change_pct)}%", direction(quote.change_pct))


def _spread_pct(quote: Quote) -> Decimal | None:
    seen = quote.price
    if seen.bid is None or seen.ask is None or not seen.ask:
        return None
    return ratio_pct(seen.ask - seen.bid, seen.ask)


def _spread_cell(quote: Quote) -> Cell:
    spread = _spread_pct(quote)
    return Cell(DASH if spread is None else percent(spread, 3), "dim")


QUOTE_COLUMNS: tuple[Column[Quote], ...] = (
    Column("SYMBOL", 10, lambda q: Cell(q.price.symbol, "strong"), sort=lambda q: q.price.symbol),
    Column(
        "VENUE", 9, lambda q: Cell(q.price.venue, "dim"), sort=lambda q: q.price.venue, grow=True
    ),
    figures("BID", 11, lambda q: q.price.bid, lambda q: _old_price(q.price.bid, q)),
    figures("ASK", 11, lambda q: q.price.ask, lambda q: _old_price(q.price.ask, q)),
    figures("LAST", 11, lambda q: q.price.last, lambda q: _old_price(q.price.last, q), drop=2),
    figures("24 H", 10, lambda q: q.change_pct, _quote_change, drop=1),
    figures("SPREAD", 8, _spread_pct, _spread_cell, drop=3),
)


def _old(text: str, held: Holding) -> Cell:
    return Cell(f"{text}{STALE_MARK}", "stale") if held.old else Cell(text)


def _change(held: Holding) -> Cell:
    if held.change_pct is None:
        return Cell(DASH, "dim")
    return Cell(f"{signed(held.change_pct)}%", direction(held.change_pct))


def _share_cell(held: Holding) -> Cell:
    return Cell(DASH if held.share_pct is None else percent(held.share_pct, 1), "dim")


def _mark_cell(held: Holding) -> Cell:
    return _old(price(held.mark), held)


def _value_cell(held: Holding) -> Cell:
    return _old(DASH if held.value is None else money(held.value), held)


HOLDING_COLUMNS: tuple[Column[Holding], ...] = (
    Column("ASSET", 7, lambda held: Cell(held.asset, "strong"), sort=lambda held: held.asset),
    Column("ACCOUNT", 12, lambda held: Cell(held.place, "dim"), sort=lambda held: held.place,
           grow=True),
    figures("TOTAL", 14, lambda held: held.total, lambda held: quantity(held.total), amount=True),
    figures("FREE", 14, lambda held: held.free, lambda held: Cell(quantity(held.free), "dim"),
            drop=3, amount=True),
    figures("PRICE", 11, lambda held: held.mark, _mark_cell, drop=1),
    figures("24 H", 10, lambda held: held.change_pct, _change, drop=2),
    figures("VALUE", 13, lambda held: held.value, _value_cell, amount=True),
    figures("SHARE", 6, lambda held: held.share_pct, _share_cell, drop=4),
)  # fmt: skip
