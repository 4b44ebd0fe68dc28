"""What a trade gives and gets, and at which values: the rules about fees and swaps.

The one rule: what is given up, what is received and the fee are each worth the same on both
sides, so value is never made or lost by the form in which a fee was paid.

    quote fee              added to basis, or taken from proceeds
    base fee on a buy      the lot is smaller, its basis is everything that was paid
    base fee on a sale     its units go after the sold ones, as a disposition at its value,
                           and the sale's proceeds are less by that value
    third asset            a disposition of its own; the same value into basis or out of proceeds
    swap, received asset   shrinks the new lot only (golden case G06); by policy also the value
"""

from decimal import Decimal
from typing import NamedTuple

from accounting.elections import FIAT, STABLECOINS, Policy, SwapFee
from accounting.entries import Trade
from accounting.lots import FEE, SALE, share
from domain.money import MONEY, ZERO

_PLAIN = FIAT | STABLECOINS  # trades for these are sales and purchases, not swaps


class Given(NamedTuple):
    """Units that leave, and what they fetch in the base currency (None: not known)."""

    asset: str
    quantity: Decimal
    proceeds: Decimal | None
    kind: str


class Got(NamedTuple):
    """Units that come, and their basis in the base currency (None: not known)."""

    asset: str
    quantity: Decimal
    basis: Decimal | None


class Legs(NamedTuple):
    """Everything a trade does to lots, in this order: what is got first, then what is given.

    `wrong` says what could not be valued or read; the units move all the same.
    """

    got: tuple[Got, ...]
    given: tuple[Given, ...]
    wrong: str = ""


def legs_of(trade: Trade, policy: Policy, cash: str) -> Legs:
    """What a trade does to lots. Legs in `cash`, the base currency, are not lots."""
    value = _value(trade, cash)
    fee, wrong = _fee_value(trade, value, cash)
    if _shrinks(trade, cash) and not policy.fees_apart:
        got, given = _shrunk(trade, policy, value, fee)
    else:
        got, given = (_bought if trade.buys else _sold)(trade, policy, value, fee)
    if _third(trade):
        got, given = _with_third(trade, fee, got, given)
    return Legs(
        tuple(leg for leg in got if leg.asset != cash and leg.quantity),
        tuple(leg for leg in given if leg.asset != cash and leg.quantity),
        wrong,
    )


def fee_value_of(trade: Trade, cash: str) -> Decimal | None:
    """A trade's fee in the base currency (a rebate is below zero); None: not known."""
    fee, wrong = _fee_value(trade, _value(trade, cash), cash)
    return None if wrong else fee


def _bought(
    trade: Trade, policy: Policy, value: Decimal | None, fee: Decimal | None
) -> tuple[list[Got], list[Given]]:
    basis = value if policy.fees_apart else _plus(value, fee)
    paid = Given(trade.quote, trade.cost, value, SALE)
    if trade.fee_asset == trade.base:
        # The fee is part of what the cash bought, so all of the cash is the basis of the rest.
        rest = _minus(value, fee) if policy.fees_apart else value
        return [Got(trade.base, _net(trade.quantity, trade.fee), rest)], [paid]
    got = [Got(trade.base, trade.quantity, basis)]
    if trade.fee_asset != trade.quote or not trade.fee:
        return got, [paid]
    if policy.fees_apart and trade.fee > ZERO:
        return got, [paid, Given(trade.quote, trade.fee, fee, FEE)]
    spent = _net(trade.cost, trade.fee.copy_negate())
    return got, [Given(trade.quote, spent, _plus(value, fee), SALE)]


def _sold(
    trade: Trade, policy: Policy, value: Decimal | None, fee: Decimal | None
) -> tuple[list[Got], list[Given]]:
    proceeds = value if policy.fees_apart else _minus(value, fee)
    given = [Given(trade.base, trade.quantity, proceeds, SALE)]
    if trade.fee_asset == trade.quote:
        received, worth = _net(trade.cost, trade.fee), _minus(value, fee)
        if received >= ZERO:
            return [Got(trade.quote, received, worth)], given
        owed = None if worth is None else worth.copy_negate()
        return [], [*given, Given(trade.quote, received.copy_negate(), owed, FEE)]
    got = [Got(trade.quote, trade.cost, value)]
    if trade.fee_asset == trade.base and trade.fee > ZERO:
        given.append(Given(trade.base, trade.fee, fee, FEE))
    elif trade.fee_asset == trade.base and trade.fee:
        rebate = None if fee is None else fee.copy_negate()
        got.append(Got(trade.base, trade.fee.copy_negate(), rebate))
    return got, given


def _shrinks(trade: Trade, cash: str) -> bool:
    """Whether it is a swap whose fee is taken in the asset that is received."""
    if cash in (trade.base, trade.quote) or trade.base in _PLAIN or trade.quote in _PLAIN:
        return False
    received, quantity = (trade.base, trade.quantity) if trade.buys else (trade.quote, trade.cost)
    return bool(trade.fee) and trade.fee_asset == received and trade.fee < quantity


def _shrunk(
    trade: Trade, policy: Policy, value: Decimal | None, fee: Decimal | None
) -> tuple[list[Got], list[Given]]:
    reduced = policy.swap_fee is SwapFee.REDUCES_VALUE
    worth = _minus(value, fee) if reduced else value
    gets, gives = (trade.base, trade.quote) if trade.buys else (trade.quote, trade.base)
    came, went = (trade.quantity, trade.cost) if trade.buys else (trade.cost, trade.quantity)
    return [Got(gets, _net(came, trade.fee), worth)], [Given(gives, went, worth, SALE)]


def _with_third(
    trade: Trade, fee: Decimal | None, got: list[Got], given: list[Given]
) -> tuple[list[Got], list[Given]]:
    if trade.fee > ZERO:
        told = None if trade.fee_value is None else fee
        return got, [*given, Given(trade.fee_asset, trade.fee, told, FEE)]
    rebate = None if trade.fee_value is None or fee is None else fee.copy_negate()
    return [*got, Got(trade.fee_asset, trade.fee.copy_negate(), rebate)], given


def _third(trade: Trade) -> bool:
    named = trade.fee_asset not in ("", trade.base, trade.quote)
    return bool(trade.fee) and named


def _value(trade: Trade, cash: str) -> Decimal | None:
    if trade.quote == cash:
        return trade.cost
    return trade.quantity if trade.base == cash else trade.value


def _fee_value(trade: Trade, value: Decimal | None, cash: str) -> tuple[Decimal | None, str]:
    """(the fee in the base currency, what is wrong with it); a rebate is below zero."""
    asset = trade.fee_asset
    if not trade.fee or asset == cash:
        return trade.fee, ""
    if not asset:
        return ZERO, f"a fee of {trade.fee} names no asset; it is left out"
    if asset in (trade.base, trade.quote):
        whole = trade.quantity if asset == trade.base else trade.cost
        return (None if value is None else share(value, trade.fee, whole) if whole else ZERO), ""
    if trade.fee_value is None:
        return ZERO, f"a fee of {trade.fee} {asset} has no price; it is not in the basis"
    return trade.fee_value.copy_sign(trade.fee), ""


def _net(quantity: Decimal, fee: Decimal) -> Decimal:
    return MONEY.subtract(quantity, fee)


def _plus(value: Decimal | None, fee: Decimal | None) -> Decimal | None:
    return None if value is None or fee is None else MONEY.add(value, fee)


def _minus(value: Decimal | None, fee: Decimal | None) -> Decimal | None:
    return None if value is None or fee is None else MONEY.subtract(value, fee)
