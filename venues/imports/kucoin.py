"""KuCoin's exports: filled orders, their single fills, deposits, withdrawals.

Followed: the columns of the "Billing History" bundles since 2022, as tax tools read them; the
header states the offset to UTC. The interface's trade ids are not in them. The one rule: what was
paid is told exactly (`Filled Volume`), the average price is rounded; so the price is what gives
the volume.
"""

from domain.market import Movement
from domain.money import MONEY
from domain.orders import Fill
from venues.imports.row import LeftOut, Row, price_from

_LIQUIDITY = {"maker": "maker", "taker": "taker"}


def filled(row: Row) -> Fill:
    """A row of the filled orders (one an order) or of their fills (one a fill)."""
    if row.number("Tax"):
        raise row.bad("Tax", "a tax was withheld; write the trade as plain rows")
    quantity, volume = row.positive("Filled Amount"), row.positive("Filled Volume")
    average = row.positive("Avg. Filled Price")
    row.agree("Filled Volume", volume, quantity, average)
    return row.fill(
        at_us=row.at_us("Filled Time"),
        symbol=row.symbol("Symbol", "-"),
        side=row.side("Side"),
        quantity=quantity,
        price=price_from(volume, quantity, average),
        fee=row.fee("Fee"),
        fee_asset=row.asset("Fee Currency"),
        order_id=row.identity("Order ID"),
        liquidity=_LIQUIDITY.get(row.text("Maker/Taker").lower(), ""),
    )


def deposit(row: Row) -> Movement:
    """A row of the deposit history."""
    _succeeded(row)
    return row.movement(
        at_us=row.at_us("Time"),
        asset=row.asset("Coin"),
        amount=row.positive("Amount"),
        fee=row.fee("Fee"),
    )


def withdrawal(row: Row) -> Movement:
    """A row of the withdrawal history."""
    _succeeded(row)
    return row.movement(
        at_us=row.at_us("Time"),
        asset=row.asset("Coin"),
        amount=MONEY.minus(row.positive("Amount")),
        fee=row.fee("Fee"),
    )


def _succeeded(row: Row) -> None:
    status = row.text("Status").lower()
    if not status:
        raise row.bad("Status", "must be told")
    if status != "success":
        raise LeftOut("not completed")
