"""The plain format: fills, deposits and withdrawals as anybody can write them, CSV or JSON lines.

The one rule: an `id` is the venue's own trade id or reference, or it is left empty; one that was
thought up would hide that the venue has told the same fact already.
"""

from domain.market import Movement
from domain.money import MONEY, ZERO
from domain.names import MADE_HERE
from domain.orders import Fill
from venues.imports.row import Row

REQUIRED = ("kind", "time")
COLUMNS = (
    *REQUIRED,
    *("symbol", "side", "quantity", "price"),
    *("asset", "amount", "fee", "fee_asset", "id", "order_id"),
)


def fact(row: Row) -> Fill | Movement:
    """A row: `kind` is fill, deposit or withdrawal."""
    kind = row.text("kind").lower()
    if row.identity("id").startswith(MADE_HERE):
        raise row.bad("id", f"names that begin with {MADE_HERE} are made here; leave it empty")
    if kind == "fill":
        return _fill(row)
    if kind in ("deposit", "withdrawal"):
        return _movement(row, comes=kind == "deposit")
    raise row.bad("kind", "neither fill, deposit nor withdrawal")


def _fill(row: Row) -> Fill:
    symbol = row.symbol("symbol")
    fee = row.number("fee") or ZERO
    if fee and not row.text("fee_asset"):
        raise row.bad("fee_asset", "a fee has an asset")
    return row.fill(
        at_us=row.at_us("time"),
        symbol=symbol,
        side=row.side("side"),
        quantity=row.positive("quantity"),
        price=row.positive("price"),
        fee=fee,
        fee_asset=row.asset("fee_asset") if fee else symbol.partition("/")[2],
        trade_id=row.identity("id"),
        order_id=row.identity("order_id"),
    )


def _movement(row: Row, *, comes: bool) -> Movement:
    asset, amount = row.asset("asset"), row.positive("amount")
    if row.text("fee_asset") not in ("", asset):
        raise row.bad("fee_asset", "the fee of a deposit or withdrawal is in its own asset")
    return row.movement(
        at_us=row.at_us("time"),
        asset=asset,
        amount=amount if comes else MONEY.minus(amount),
        fee=row.fee("fee"),
        reference=row.identity("id"),
    )
