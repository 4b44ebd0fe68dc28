"""What is told of flattening: what would be sold, what was, what was refused and why.

The one rule: what stays and what was not sold is named with its reason, beside what was sold.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from domain.board import Board
from domain.flatten import STRATEGY, Flattening, FlattenPlan, FlattenState, PlannedSale
from domain.halts import Halt
from domain.money import MONEY, ZERO, canonical
from domain.orders import OrderState, Status
from tui.format import counted, exact, money, price, quantity, short
from tui.lines import FILL, Line, Lines, Part, fit, wrapped
from tui.stage import Picture

_NAME = 16
_SYMBOL, _SIDE, _QUANTITY, _SALES = 11, 5, 14, 6
_GAPS = 2
_LEAST_ACCOUNT, _LEAST_VALUE = 8, 11
_TONES = {FlattenState.DONE: "ok", FlattenState.STOPPED: "halt"}
_UNDER_WAY = (FlattenState.WAITING, FlattenState.SELLING)
STOPS = "The kill switch, or any other new trip over it, stops the selling."


# Before


def plan_lines(plan: FlattenPlan, picture: Picture, width: int) -> Lines:
    """Each holding as it would be sold, what would stay, and the sum."""
    currency = picture.board.base_currency
    lines: list[Line] = []
    if plan.sales:
        room = width - _SYMBOL - _SIDE - _QUANTITY - _SALES - _GAPS
        value = max(_LEAST_VALUE, len(f"VALUE {currency}"))
        account = max(_LEAST_ACCOUNT, min(_NAME, room - value))
        lines += [_heads(account, value, currency)]
        lines += [_planned(sale, picture, account, value) for sale in plan.sales]
    for place in plan.left:
        for kept in place.left:
            amount = picture.amount(exact(kept.quantity))
            told = f"stays: {amount} {kept.asset} at {place.account}: {kept.why}"
            lines += [[Part(row, "dim")] for row in wrapped(told, width)]
    return [*lines, *([()] if lines else []), *_sum(plan, picture, width)]


def _heads(account: int, value: int, currency: str) -> Line:
    told = (
        f"{'ACCOUNT':<{account}} {'SYMBOL':<{_SYMBOL}}{'SIDE':<{_SIDE}}{'POSITION':>{_QUANTITY}} "
        f"{f'VALUE {currency}':>{value}}{'SALES':>{_SALES}}"
    )
    return [Part(told, "dim")]


def _planned(sale: PlannedSale, picture: Picture, account: int, value: int) -> Line:
    amount = picture.amount(quantity(sale.quantity))
    worth = picture.amount(money(sale.value))
    return [
        Part(f"{fit(sale.account, account)} "),
        Part(fit(sale.symbol, _SYMBOL), "strong"),
        Part(f"{'SELL':<{_SIDE}}", "down"),
        Part(f"{fit(amount, _QUANTITY, right=True)} {fit(worth, value, right=True)}"),
        Part(f"{sale.slices:>{_SALES},}"),
    ]


def _sum(plan: FlattenPlan, picture: Picture, width: int) -> Lines:
    if not plan.sales:
        return [[Part("nothing to sell now: what is held is cash, or stays", "warn")]]
    worth = f"{picture.amount(money(plan.value))} {picture.board.base_currency}"
    sales = counted(sum(sale.slices for sale in plan.sales), "sale")
    held = counted(len(plan.sales), "position")
    told = (
        f"{held}, {worth} in at least {sales}, none more than "
        f"{canonical(plan.collar_pct)}% below the market"
    )
    return [[Part(row, "strong")] for row in wrapped(told, width)]


# While it sells, and after


def sales_lines(halt: Halt, picture: Picture, width: int, *, full: bool) -> Lines:
    """Each account of a halt that sells, and what stops it while it does; `full`: each symbol."""
    lines: list[Line] = []
    for seen in halt.flattened:
        lines += _account(seen, picture, width)
        if full:
            lines += [line for one in sold(picture.board, halt, seen)
                      for line in _symbol(one, picture, width)]  # fmt: skip
        for kept in seen.left:
            amount = picture.amount(quantity(kept.quantity))
            lines += _indented(f"{amount} {kept.asset} stays: {kept.why}", width, "warn")
    if any(seen.state in _UNDER_WAY for seen in halt.flattened):
        lines += [[Part(row, "warn")] for row in wrapped(STOPS, width)]
    return lines


class Sold(NamedTuple):
    """What became of one symbol's sales: `value` in its quote, `failed` sold nothing."""

    symbol: str
    filled: Decimal
    value: Decimal
    sales: int
    failed: int
    why: str


def sold(board: Board, halt: Halt, seen: Flattening) -> list[Sold]:
    """The account's sales since the halt, by symbol; of orders that the board still holds."""
    ours = [
        state
        for state in board.orders.values()
        if state.order.strategy == STRATEGY
        and state.order.account == seen.account
        and state.order.at_us >= halt.at_us
    ]
    symbols = sorted({state.order.symbol for state in ours})
    return [_sold(name, [s for s in ours if s.order.symbol == name]) for name in symbols]


def _sold(symbol: str, states: Iterable[OrderState]) -> Sold:
    filled = value = ZERO
    sales = failed = 0
    why = ""
    for state in sorted(states, key=lambda state: state.order.at_us):
        filled = MONEY.add(filled, state.filled)
        for fill in state.fills.values():
            value = MONEY.add(value, MONEY.multiply(fill.quantity, fill.price))
        sales += bool(state.filled)
        if state.terminal and not state.filled:
            failed, why = failed + 1, _why(state)
    return Sold(symbol, filled, value, sales, failed, why)


def _why(state: OrderState) -> str:
    if state.status is Status.DENIED:
        return f"DENIED by {state.denied}: {state.reason}"
    if state.status is Status.REJECTED:
        return f"REJECTED: {state.reason}"
    return f"{state.status.value}: nobody bought within the collar"


def _account(seen: Flattening, picture: Picture, width: int) -> Lines:
    """`kraken/main  SELLING 7 sales, 12.40k USD`, and what it is about just now."""
    tone = _TONES.get(seen.state, "warn")
    worth = f"{picture.amount(short(seen.sold))} {picture.board.base_currency}"
    told = f" {counted(seen.slices, 'sale')}, {worth}" if seen.slices else ""
    line: Line = [Part(fit(seen.account, _NAME) + " "), Part(seen.state, tone), Part(told)]
    stopped = seen.state is FlattenState.STOPPED
    return [line, *_indented(seen.detail, width, "halt" if stopped else "dim")]


def _symbol(one: Sold, picture: Picture, width: int) -> Lines:
    lines: list[Line] = []
    if one.filled:
        average = price(MONEY.divide(one.value, one.filled))
        amount = picture.amount(quantity(one.filled))
        parts = [Part(f"  {one.symbol}", "strong"), Part(f" {amount} sold at {average}")]
        lines.append([*parts, FILL, Part(counted(one.sales, "sale"), "dim")])
    if one.failed:
        tries = counted(one.failed, "try", "tries")
        lines += _indented(f"{one.symbol} {tries} sold nothing; last {one.why}", width, "warn")
    return lines


def _indented(text: str, width: int, tone: str) -> Lines:
    return [[Part(f"  {row}", tone)] for row in wrapped(text, width - 2) if text]
