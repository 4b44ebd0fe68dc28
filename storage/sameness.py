"""When two facts under one idempotency key are the same, and when they contradict each other.

The one rule: what may differ between two honest tellings of one event (who told it, when, in
which words) is not compared; what is money or a promise is.

The comparison is made between facts, when a key comes again, and not between stored digests:
rows of yesterday are compared by the rule of today, and the ledger holds no column that its
payload cannot prove.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from domain.approval_facts import LinkUsed
from domain.bookings import FillBooked, FillReversed, MovementBooked
from domain.controls import BreakOpened, CodeAccepted, HaltTripped, RecoveryCodeUsed
from domain.events import Fact, ForeignOrderSeen, OrderReported
from domain.orders import Fill

# What these facts record can happen once. Told again, they are refused with all that stands
# beside them in the same append, so that no guard is lowered by a code that was used before.
SINGLE_USE: tuple[type[Fact], ...] = (CodeAccepted, RecoveryCodeUsed, LinkUsed)


def same_content(known: Fact, again: Fact) -> bool:
    """Whether `again`, under the key of `known`, tells the same event."""
    return type(known) is type(again) and _content(known) == _content(again)


def _content(fact: Fact) -> object:
    terms = _TERMS.get(type(fact))
    if terms is not None:
        return terms(fact)
    if fact.key():
        return replace(fact, at_us=0, actor="")
    return fact


def _fill(fill: Fill) -> object:
    # Not the venue's time, order id or liquidity: a stream and a list tell them differently.
    # A fee of nothing has no asset.
    return (
        fill.account,
        fill.symbol,
        fill.trade_id,
        fill.leg,
        fill.side,
        fill.quantity,
        fill.price,
        fill.fee,
        fill.fee_asset if fill.fee else "",
    )


def _fill_fact(fact: FillBooked | FillReversed) -> object:
    return _fill(fact.fill)


def _movement(fact: MovementBooked) -> object:
    moved = fact.movement
    return (moved.account, moved.reference, moved.asset, moved.amount, moved.fee)


def _report(fact: OrderReported) -> object:
    # Exactly what its key names. A sparse stream row and a REST row of the same state differ in
    # every optional field, and in none that matters.
    report = fact.report
    return (fact.client_id, report.final, report.cumulative, report.quantity, report.price)


def _foreign(fact: ForeignOrderSeen) -> object:
    # It fills and is amended by somebody else; what it is does not change.
    order = fact.order
    return (order.client_id, order.account, order.symbol, order.side)


def _tripped(fact: HaltTripped) -> object:
    # One trip arrives through several channels, each with its own words and clock.
    return (fact.halt_id, fact.level, fact.scope)


def _break(fact: BreakOpened) -> object:
    # Its value and wording follow the marks; the contradiction is the same one.
    return (fact.break_id, fact.kind, fact.account)


_TERMS: Mapping[type[Fact], Callable[[Any], object]] = {
    FillBooked: _fill_fact,
    FillReversed: _fill_fact,
    MovementBooked: _movement,
    OrderReported: _report,
    ForeignOrderSeen: _foreign,
    HaltTripped: _tripped,
    BreakOpened: _break,
}
