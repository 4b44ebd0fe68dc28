"""The names under which facts stand in the ledger and asks on the socket.

The one rule: a kind's name never changes once a ledger holds it.
"""

import re
from functools import cache
from typing import Any, get_args

from domain import (
    adjustments,
    alert_facts,
    approval_facts,
    asks,
    asks_adjusting,
    asks_approvals,
    asks_withdrawals,
    bookings,
    controls,
    drills,
    elections,
    events,
    figures,
    performance,
    queries,
    rekeying,
    snapshots,
    triggers,
    versions,
    withdrawal_facts,
)

_ASKS = (
    asks,
    rekeying,
    drills,
    triggers,
    asks_withdrawals,
    asks_approvals,
    asks_adjusting,
    queries,
    figures,
    versions,
    performance,
)
_BASES = (events.Fact, events.OrderFact, withdrawal_facts.WithdrawalFact)


@cache
def facts_by_kind() -> dict[str, type[events.Fact]]:
    """Every journalled fact under its kind, `order_approved` for OrderApproved."""
    modules = (
        events,
        bookings,
        controls,
        rekeying,
        drills,
        elections,
        snapshots,
        withdrawal_facts,
        approval_facts,
        alert_facts,
        adjustments,
    )
    found = [fact for module in modules for fact in _classes(module)]
    return {kind_of(fact): fact for fact in found if fact not in _BASES}


@cache
def asks_by_name() -> dict[str, type[asks.Ask[object]]]:
    """Every ask under its class name, as it travels over the socket."""
    return {
        made.__name__: made
        for module in _ASKS
        for made in vars(module).values()
        if isinstance(made, type) and issubclass(made, asks.Ask) and made is not asks.Ask
    }


def kind_of(fact: type[events.Fact]) -> str:
    """The class name in lower case with underscores."""
    return _KINDS[fact]


def answer_of(ask: type[asks.Ask[object]]) -> Any:
    """The type that answers an ask: the `R` of its `Ask[R]`."""
    (base,) = ask.__orig_bases__  # type: ignore[attr-defined]
    (answer,) = get_args(base)
    return answer


def _snake_case(fact: type[events.Fact]) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", fact.__name__).lower()


def _classes(module: object) -> list[type[events.Fact]]:
    return [
        made
        for made in vars(module).values()
        if isinstance(made, type) and issubclass(made, events.Fact)
    ]


class _Kinds(dict[type[events.Fact], str]):
    def __missing__(self, fact: type[events.Fact]) -> str:
        kind = self[fact] = _snake_case(fact)
        return kind


_KINDS = _Kinds()
