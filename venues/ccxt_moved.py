"""Deposits and withdrawals as ccxt shows them, turned into our values.

The one rule: what has happened and what is on its way are told apart; what failed is neither.
"""

from domain.instruments import Account
from domain.market import Movement
from domain.money import MONEY, ZERO
from venues.ccxt_fields import Fields

_MOVED = frozenset({"ok"})
_ON_THE_WAY = frozenset({"pending"})


def movement(answer: object, account: Account) -> Movement | None:
    """A deposit or withdrawal that has happened; None while it is pending, or when it failed."""
    return _moved(answer, account, _MOVED)


def pending(answer: object, account: Account) -> Movement | None:
    """A deposit or withdrawal that is on its way; None for all others."""
    return _moved(answer, account, _ON_THE_WAY)


def _moved(answer: object, account: Account, statuses: frozenset[str]) -> Movement | None:
    row = Fields("movement", answer)
    if row.word("status") not in statuses:
        return None
    kind = row.word("type")
    if kind not in ("deposit", "withdrawal"):
        raise row.bad("type")
    amount = row.positive("amount")
    fee = row.inner("fee")
    at_us = row.milliseconds_us("timestamp")
    if not at_us:
        raise row.bad("timestamp")
    return Movement(
        account=account,
        reference=row.identity("id"),
        asset=row.asset("currency"),
        amount=amount if kind == "deposit" else MONEY.minus(amount),
        fee=(fee.number("cost") if fee is not None else None) or ZERO,
        at_us=at_us,
    )
