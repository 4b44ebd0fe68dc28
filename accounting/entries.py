"""What the lot book reads: trades, income, receipts, spendings and the two ends of a transfer.

The one rule: an entry carries its own value in the base currency, or None where nobody knows
it; the book looks no price up. Order of facts (accounting.md): venue time, what comes in before
what goes out at the same instant, account, trade id (numerically where it is digits), ledger row.
"""

from decimal import Decimal
from typing import NamedTuple

from domain.money import LARGEST_EXPONENT, ZERO

LARGEST = Decimal(10) ** LARGEST_EXPONENT
_LONGEST_ID = 40
COMES_IN, LEAVES, ARRIVES, GOES_OUT = range(4)


class Trade(NamedTuple):
    """One execution. `cost` is in the quote asset, before the fee; `key` is the fill's.

    `value` is what `cost` was worth in the base currency (ignored where one leg is the base
    currency itself), `fee_value` what a fee in a third asset was worth. A fee below zero is a
    rebate.
    """

    key: str
    at_us: int
    account: str
    base: str
    quote: str
    buys: bool
    quantity: Decimal
    cost: Decimal
    fee: Decimal = ZERO
    fee_asset: str = ""
    value: Decimal | None = None
    fee_value: Decimal | None = None
    trade_id: str = ""
    seq: int = 0


class Income(NamedTuple):
    """Units earned (staking, interest, airdrop): a lot at their value when received."""

    key: str
    at_us: int
    account: str
    asset: str
    quantity: Decimal
    value: Decimal | None
    kind: str = "income"
    seq: int = 0


class Basis(NamedTuple):
    """What some received units cost, in the base currency, and when they were acquired."""

    quantity: Decimal
    value: Decimal
    acquired_us: int


class Receipt(NamedTuple):
    """Units from outside: the part that `known` explains has a basis, the rest has none."""

    key: str
    at_us: int
    account: str
    asset: str
    quantity: Decimal
    known: tuple[Basis, ...] = ()
    seq: int = 0


class Spending(NamedTuple):
    """Units that went for good: a payment is a disposition at `value`, a gift or loss has none."""

    key: str
    at_us: int
    account: str
    asset: str
    quantity: Decimal
    value: Decimal | None
    kind: str = "payment"
    seq: int = 0


class Departure(NamedTuple):
    """Units sent to another place of ours: `quantity` will arrive, `fee` is used up on the way.

    `fee_value` is the fee's worth in the base currency. Until an `Arrival` names this key the
    units are in transit, with their dates and basis.
    """

    key: str
    at_us: int
    account: str
    asset: str
    quantity: Decimal
    fee: Decimal = ZERO
    fee_value: Decimal | None = None
    seq: int = 0


class Arrival(NamedTuple):
    """Units of a departure reached their account; more than was sent has no known basis."""

    key: str
    at_us: int
    account: str
    asset: str
    quantity: Decimal
    departure: str
    seq: int = 0


Entry = Trade | Income | Receipt | Spending | Departure | Arrival
Order = tuple[int, int, str, int, int, str, int]


class Problem(NamedTuple):
    """An entry that could not be taken as it is, with what is wrong; it is shown, never lost."""

    key: str
    at_us: int
    what: str


_PLACES: dict[type, int] = {
    Income: COMES_IN,
    Receipt: COMES_IN,
    Departure: LEAVES,
    Arrival: ARRIVES,
    Spending: GOES_OUT,
}


def order_of(entry: Entry) -> Order:
    """The sort key that fixes the order of facts, whatever order they were learnt in."""
    if isinstance(entry, Trade):
        place, told = (COMES_IN if entry.buys else GOES_OUT), entry.trade_id
    else:
        place, told = _PLACES[type(entry)], ""
    plain = told.isascii() and told.isdecimal() and len(told) <= _LONGEST_ID
    number, text = (int(told), "") if plain else (-1, told or entry.key)
    return (entry.at_us, place, entry.account, 0 if plain else 1, number, text, entry.seq)


def wrong_with(entry: Entry) -> str:
    """What makes an entry unusable, in words; "" when it can be taken."""
    if not entry.quantity > ZERO:
        return f"a quantity of {entry.quantity} is not above zero"
    if isinstance(entry, Trade):
        return _wrong_trade(entry)
    if isinstance(entry, Departure):
        wrong = entry.fee < ZERO
        return f"a transfer fee of {entry.fee} is below zero" if wrong else ""
    if isinstance(entry, Income | Spending) and _beyond(entry.value):
        return "an amount is beyond 10^40"
    return ""


def _wrong_trade(trade: Trade) -> str:
    if _beyond(trade.cost, trade.value, trade.fee, trade.fee_value):
        return "an amount is beyond 10^40"
    if trade.cost < ZERO:
        return f"a cost of {trade.cost} is below zero"
    if trade.base == trade.quote:
        return f"{trade.base} is traded for itself"
    if trade.buys and trade.fee_asset == trade.base and trade.fee >= trade.quantity:
        return f"a fee of {trade.fee} is not less than the {trade.quantity} that was bought"
    return ""


def _beyond(*amounts: Decimal | None) -> bool:
    """Whether an amount is no money: its parts could not be rounded to 1e-8 in 50 digits."""
    return any(amount is not None and not -LARGEST <= amount <= LARGEST for amount in amounts)


def wrong_basis(entry: Receipt) -> str:
    """What makes a supplied basis unusable, in words; the units came all the same."""
    if _beyond(*(part.value for part in entry.known)):
        return "an amount is beyond 10^40"
    if any(part.quantity <= ZERO or part.value < ZERO for part in entry.known):
        return "a supplied basis has a quantity or a value below zero"
    if any(part.acquired_us > entry.at_us for part in entry.known):
        return "a supplied basis is of a day after the units came"
    supplied = sum((part.quantity for part in entry.known), ZERO)
    if supplied > entry.quantity:
        return f"basis is supplied for {supplied}, and only {entry.quantity} came"
    return ""
