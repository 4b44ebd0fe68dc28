"""Simulated deposits and withdrawals: in the generated month, and now and then live (R-D8).

The one rule: a withdrawal takes no more than a quarter of what is free, and its fee besides.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from domain.instruments import Account
from domain.market import Movement
from domain.money import MONEY, ZERO
from venues.demo_dice import MILLION, SeededDice, mixed
from venues.demo_scenarios import SECOND_US
from venues.till import Till

_EARLIEST_US = 75 * SECOND_US
_SPREAD_US = 330 * SECOND_US  # so that there is one every four minutes on average
_DEPOSIT_CHANCE = 650_000

# Asset → (step, most steps, withdrawal fee): 250 USD to 5,000 USD in steps of 250, and so on.
_SIZES: Mapping[str, tuple[Decimal, int, Decimal]] = {
    "USD": (Decimal(250), 20, Decimal(4)),
    "USDT": (Decimal(250), 16, Decimal("2.5")),
    "BTC": (Decimal("0.005"), 8, Decimal("0.00015")),
    "ETH": (Decimal("0.1"), 8, Decimal("0.0025")),
    "SOL": (Decimal(1), 12, Decimal("0.02")),
}


def flow(till: Till, client: str, dice: SeededDice, at_us: int) -> Movement | None:
    """A deposit or a withdrawal of one account at `at_us`; None when it has nothing to move."""
    purse = till.holdings.get(client, {})
    known = [asset for asset in purse if asset in _SIZES]
    if not known:
        return None
    # Cash stands first in every purse and moves most often.
    asset = known[0] if dice.chance(MILLION * 6 // 10) else known[dice.below(len(known))]
    step, most, fee = _SIZES[asset]
    if dice.chance(_DEPOSIT_CHANCE):
        return _movement(till, client, asset, step * dice.between(1, most), ZERO, at_us)
    quarter = MONEY.divide(till.free(client, asset), Decimal(4))
    steps = min(most, int(MONEY.divide(quarter - fee, step)))
    if steps < 1:
        return None
    return _movement(till, client, asset, -step * dice.between(1, steps), fee, at_us)


def next_flow_us(dice: SeededDice, at_us: int) -> int:
    """When the next live one is due."""
    return at_us + _EARLIEST_US + dice.below(_SPREAD_US // SECOND_US) * SECOND_US


def pick(dice: SeededDice, clients: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Whose turn it is, of (venue, account) pairs."""
    return clients[dice.below(len(clients))]


def _movement(
    till: Till, client: str, asset: str, amount: Decimal, fee: Decimal, at_us: int
) -> Movement:
    number = till.number()
    transaction = "".join(f"{mixed(number * 4 + part):016x}" for part in range(4))
    return Movement(
        account=Account(till.venue, client),
        reference=f"{transaction}:0",
        asset=asset,
        amount=amount,
        fee=fee,
        at_us=at_us,
    )
