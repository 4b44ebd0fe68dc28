"""Fees, funding and income, apart from gains: what trading cost, with its source.

The one rule: a charge is told for information; its money is already in basis, proceeds or lots,
so it is never subtracted from a gain a second time (unless fees are elected apart).
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from accounting.elections import Elections
from accounting.entries import Departure, Entry, Income, Spending, Trade
from accounting.trades import fee_value_of
from domain.money import MONEY

TRADE_FEE = "trade fee"
TRANSFER_FEE = "transfer fee"
FUNDING = "funding"
FEES = frozenset({TRADE_FEE, TRANSFER_FEE})


class Charge(NamedTuple):
    """An amount of an asset that was charged (below zero: received), and its worth.

    `asset` is what was traded, `paid_in` what the charge was taken in; `value` is in the base
    currency, None where nobody knows it.
    """

    key: str
    at_us: int
    account: str
    asset: str
    kind: str
    paid_in: str
    quantity: Decimal
    value: Decimal | None


def charges_of(entries: Iterable[Entry], elections: Elections) -> Iterator[Charge]:
    """The charges of entries, in their order."""
    cash = elections.base_currency
    for entry in entries:
        if isinstance(entry, Trade):
            if entry.fee:
                value = fee_value_of(entry, cash)
                told = (entry.base, TRADE_FEE, entry.fee_asset, entry.fee, value)
                yield Charge(entry.key, entry.at_us, entry.account, *told)
        elif isinstance(entry, Departure):
            if entry.fee:
                sent = (entry.asset, TRANSFER_FEE, entry.asset, entry.fee, entry.fee_value)
                yield Charge(entry.key, entry.at_us, entry.account, *sent)
        elif isinstance(entry, Income | Spending) and entry.kind == FUNDING:
            yield _funding(entry)


def _funding(entry: Income | Spending) -> Charge:
    sign = Decimal(-1 if isinstance(entry, Income) else 1)
    value = None if entry.value is None else MONEY.multiply(entry.value, sign)
    told = (entry.asset, FUNDING, entry.asset, MONEY.multiply(entry.quantity, sign), value)
    return Charge(entry.key, entry.at_us, entry.account, *told)
