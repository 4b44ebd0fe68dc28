"""How orders are told: the columns of the table, the summary of one, all that is known of one.

The one rule: an order says what happened to it in the words of semantics 1.2, with the reason.
"""

from collections.abc import Callable

from domain.instruments import Instrument
from domain.orders import Fill, Kind, OrderState, Status
from tui.format import DASH, clock, exact, percent, price, quantity, ratio_pct, stamp, when
from tui.lines import FILL, Line, Lines, Part, wrapped
from tui.stage import Picture
from tui.widgets.columns import Cell, Column, figures
from tui.words import side_tone, side_word, status_tone, status_word

Find = Callable[[OrderState], Instrument | None]
_WHY = {
    Status.UNKNOWN: "No answer yet: it may be at the venue. It is looked up, never sent again.",
    Status.SETTLING: "Closed at the venue; fills that it reported are still being fetched.",
    Status.ANOMALY: "The venue shows an order that should not be there: look at it.",
    Status.LOST: "Proven absent by two complete searches.",
    Status.PENDING_CANCEL: "A cancel is on its way; it is asked about until it is certain.",
}


def order_key(state: OrderState) -> str:
    """What names an order."""
    return state.client_id


def order_columns(find: Find, now_us: Callable[[], int]) -> tuple[Column[OrderState], ...]:
    """The columns of a table of orders; `find` tells an order's instrument."""

    def time_cell(state: OrderState) -> Cell:
        return Cell(when(state.order.at_us, now_us()), "dim")

    def price_cell(state: OrderState) -> Cell:
        if state.price is None:
            return Cell("market", "dim")
        instrument = find(state)
        return Cell(price(state.price, instrument.tick if instrument else None))

    def quantity_cell(state: OrderState) -> Cell:
        changing = "→" if state.amendment is not None else ""
        return Cell(quantity(state.quantity) + changing, "warn" if changing else "")

    return (
        Column("TIME", 8, time_cell, sort=lambda s: s.order.at_us),
        Column("VENUE", 8, lambda s: Cell(s.order.account.venue), sort=lambda s: s.order.account),
        Column("ACCOUNT", 8, lambda s: Cell(s.order.account.name, "dim"), drop=5),
        Column("SIDE", 4, _side_cell, sort=lambda s: s.order.side),
        Column(
            "SYMBOL", 10, lambda s: Cell(s.order.symbol, "strong"), sort=lambda s: s.order.symbol
        ),
        Column("TYPE", 10, _type_cell, drop=3),
        figures("QTY", 11, lambda s: s.quantity, quantity_cell, amount=True),
        figures("FILLED", 11, lambda s: s.filled, _filled_cell, drop=2, amount=True),
        figures("PRICE", 11, lambda s: s.price, price_cell),
        Column("STATUS", 14, _status_cell, sort=lambda s: s.status, grow=True),
        Column("STRATEGY", 10, lambda s: Cell(s.order.strategy, "dim"), drop=4),
        Column("REASON", 16, _reason_cell, drop=6, grow=True),
    )


def _side_cell(state: OrderState) -> Cell:
    return Cell(side_word(state.order.side), side_tone(state.order.side))


def _type_cell(state: OrderState) -> Cell:
    order = state.order
    if order.kind is Kind.MARKET:
        return Cell("market", "dim")
    return Cell(f"limit {'post' if order.post_only else order.time_in_force.value}", "dim")


def _filled_cell(state: OrderState) -> Cell:
    return Cell(quantity(state.filled) if state.filled else DASH, "" if state.filled else "faint")


def _status_cell(state: OrderState) -> Cell:
    foreign = " foreign" if state.foreign else ""
    return Cell(status_word(state) + foreign, status_tone(state.status))


def _reason_cell(state: OrderState) -> Cell:
    return Cell(f"{state.denied}: {state.reason}" if state.denied else state.reason, "dim")


def selected_lines(state: OrderState, picture: Picture, width: int) -> Lines:
    """What one needs to know of the order under the cursor."""
    order = state.order
    lines: list[Line] = [
        [Part(side_word(order.side), side_tone(order.side)), Part(f" {order.symbol} ", "strong"),
         Part(status_word(state), status_tone(state.status)), FILL,
         Part(when(state.updated_us, picture.now_us), "dim")],
    ]  # fmt: skip
    if state.denied:
        lines.append([Part("Refused by ", "warn"), Part(state.denied, "strong")])
    why = state.reason or _WHY.get(state.status, "")
    lines.extend([Part(row)] for row in (wrapped(why, width) if why else []))
    lines.append(_filled_line(state, picture))
    if state.amendment is not None:
        wanted = f"{exact(state.amendment.quantity)} @ {price(state.amendment.price)}"
        doubt = " (unconfirmed)" if state.amendment.in_doubt else ""
        lines.append([Part("changing to ", "warn"), Part(picture.amount(wanted) + doubt)])
    lines.append([Part("ours ", "dim"), Part(order.client_id)])
    lines.append([Part("venue ", "dim"), Part(state.venue_order_id or DASH)])
    return lines


def _filled_line(state: OrderState, picture: Picture) -> Line:
    share = percent(ratio_pct(state.filled, state.quantity), 0) if state.quantity else DASH
    average = state.average_price
    at = f" at {price(average)}" if average is not None else ""
    filled = picture.amount(f"{quantity(state.filled)} of {quantity(state.quantity)}")
    return [Part("filled ", "dim"), Part(f"{filled} "), Part(f"({share}){at}", "dim")]


def detail_lines(state: OrderState, picture: Picture, width: int) -> Lines:
    """Everything that is known of an order."""
    order = state.order
    lines: list[Line] = [*selected_lines(state, picture, width), ()]
    rows = (
        ("account", order.account),
        ("type", _type_cell(state).text),
        ("price", "market" if state.price is None else exact(state.price)),
        ("quantity", picture.amount(exact(state.quantity))),
        ("strategy", order.strategy),
        ("asked by", order.actor or DASH),
        ("asked", stamp(order.at_us)),
        ("accepted", stamp(state.acked_us) if state.acked_us else DASH),
        ("ended", stamp(state.final_us) if state.final_us else DASH),
        ("replaces", order.parent or DASH),
        ("facts", _facts(state)),
    )
    for name, text in rows:
        first, *rest = wrapped(text, max(10, width - 12))
        lines.append([Part(f"{name:<12}", "dim"), Part(first)])
        lines.extend([Part(" " * 12), Part(row)] for row in rest)
    if state.fills:
        lines += [(), [Part(f"FILLS {len(state.fills)}", "accent")]]
        lines.extend(_fill_line(fill, picture) for fill in _by_time(state))
    return lines


def _facts(state: OrderState) -> str:
    told = (
        ("denied", bool(state.denied)),
        ("sent", state.sent),
        ("accepted", state.acked),
        ("rejected", state.rejected),
        ("outcome unknown", state.outcome_unknown),
        ("cancel asked", state.cancel_requested),
        ("proven absent", state.absent),
        (f"ended {state.venue_final}", state.venue_final is not None),
        ("settled", state.settled),
        ("foreign", state.foreign),
    )
    return " · ".join(word for word, true in told if true) or "intended"


def _by_time(state: OrderState) -> list[Fill]:
    return sorted(state.fills.values(), key=lambda fill: (fill.at_us, fill.trade_id))


def _fill_line(fill: Fill, picture: Picture) -> Line:
    inferred = " inferred" if fill.inferred else ""
    return [
        Part(f"{clock(fill.at_us)}  ", "dim"),
        Part(f"{picture.amount(quantity(fill.quantity))} @ {price(fill.price)}"),
        Part(f"  fee {picture.amount(quantity(fill.fee))} {fill.fee_asset}", "dim"),
        Part(f"  {fill.liquidity}{inferred}", "dim"),
        FILL,
        Part(fill.trade_id, "dim"),
    ]
