"""Binance's exports: trade history, deposit history, withdrawal history.

Followed: the columns since 2021 (trades) and 2023 (deposits, withdrawals), as tax tools read
them; the header states the offset to UTC. Quantities stand with their asset in one cell
(`0.001BNB`). No row has the venue's id. The one rule: where an amount ends and its asset begins is
told by the pair, never guessed: some assets begin with a digit (`1INCH`).
"""

from collections.abc import Iterator
from decimal import Decimal

from domain.market import Movement
from domain.money import MONEY, ZERO, NotANumber, number
from domain.orders import Fill
from venues.imports.row import LeftOut, Row

_PAYS_FEES = "BNB"


def trade(row: Row) -> Fill:
    """A row of the trade history."""
    found = list(_readings(row))
    if len(found) != 1:
        raise row.bad("Executed", f"does not fit the pair {row.text('Pair')[:30]}")
    ((base, quantity, quote, cost),) = found
    row.checked_asset("Pair", base)
    row.checked_asset("Pair", quote)
    price = row.positive("Price")
    row.agree("Amount", cost, quantity, price)
    fee, fee_asset = _fee(row, (base, quote, _PAYS_FEES))
    return row.fill(
        at_us=row.at_us("Date"),
        symbol=f"{base}/{quote}",
        side=row.side("Side"),
        quantity=quantity,
        price=price,
        fee=fee,
        fee_asset=fee_asset or quote,
    )


def deposit(row: Row) -> Movement:
    """A row of the deposit history."""
    _completed(row)
    return row.movement(
        at_us=row.at_us("Date"),
        asset=row.asset("Coin"),
        amount=row.positive("Amount"),
        fee=ZERO,
    )


def withdrawal(row: Row) -> Movement:
    """A row of the withdrawal history: the fee is taken besides."""
    _completed(row)
    return row.movement(
        at_us=row.at_us("Date"),
        asset=row.asset("Coin"),
        amount=MONEY.minus(row.positive("Amount")),
        fee=row.fee("Fee"),
    )


def _completed(row: Row) -> None:
    status = row.text("Status").lower()
    if not status:
        raise row.bad("Status", "must be told")
    if status != "completed":
        raise LeftOut("not completed")


def _readings(row: Row) -> Iterator[tuple[str, Decimal, str, Decimal]]:
    """Every way to cut the pair in two so that both amounts end in their asset."""
    pair = row.text("Pair")
    executed, amount = row.text("Executed"), row.text("Amount")
    for cut in range(1, len(pair)):
        base, quote = pair[:cut], pair[cut:]
        quantity, cost = _amount(executed, base), _amount(amount, quote)
        if quantity and cost:
            yield base, quantity, quote, cost


def _amount(text: str, asset: str) -> Decimal | None:
    if not text.endswith(asset):
        return None
    told = text.removesuffix(asset).strip().replace(",", "")
    if not told or not told.replace(".", "", 1).isdigit():
        return None
    try:
        return number(told)
    except NotANumber:
        return None


def _fee(row: Row, assets: tuple[str, ...]) -> tuple[Decimal, str]:
    text = row.text("Fee")
    if not text:
        return ZERO, ""
    for asset in assets:
        fee = _amount(text, asset)
        if fee is not None:
            return fee, asset
    raise row.bad("Fee", f"not an amount of {', '.join(assets)}")
