"""Coinbase's account report: every kind of transaction in one file, below a few lines of words.

Followed: the columns of the report since 2024 (with `ID`) and since 2021 (without), as tax tools
read them. Its ids are those of transactions, not of trades. The one rule: what is worth something
in another currency than it was traded in is not guessed at; such a row is named.
"""

import re
from decimal import Decimal

from domain.market import Movement
from domain.money import MONEY, ZERO, NotANumber, number
from domain.names import MADE_HERE
from domain.orders import Fill, Side
from venues.imports.row import LeftOut, Row, price_from

_MONEY = re.compile(r"(-?)[^\d.,()\-\s]{0,3}(-?)([\d,]*\.?\d+)")
_PAIR = re.compile(r"\bon ([A-Z0-9]+)-([A-Z0-9]+)\b")
_FOR = re.compile(r"\bfor \S*[\d.,]+ ([A-Z0-9]{2,10})\b")
_TRADES = {
    "buy": Side.BUY,
    "advanced trade buy": Side.BUY,
    "advance trade buy": Side.BUY,
    "sell": Side.SELL,
    "advanced trade sell": Side.SELL,
    "advance trade sell": Side.SELL,
}
# To Coinbase's other houses is out of this account, though not out of Coinbase.
_IN = frozenset({"deposit", "receive", "exchange withdrawal", "pro withdrawal"})
_OUT = frozenset({"withdrawal", "send", "exchange deposit", "pro deposit"})
_INSIDE = frozenset({"vault withdrawal", "vault deposit", "cash to savings"})


def transaction(row: Row) -> Fill | Movement:
    """A row of the report."""
    kind = row.text("Transaction Type").lower()
    if kind in _INSIDE:
        raise LeftOut("a move between wallets of the account")
    if kind in _TRADES:
        return _trade(row, _TRADES[kind])
    if kind in _IN or kind in _OUT:
        return _moved(row, comes=kind in _IN)
    raise row.bad("Transaction Type", "no trade, deposit or withdrawal; write it as a plain row")


def _trade(row: Row, side: Side) -> Fill:
    base, quote = row.asset("Asset"), row.asset("Currency")
    for told in (_PAIR.search(_notes(row)), _FOR.search(_notes(row))):
        if told is not None and told[told.re.groups] != quote:
            raise row.bad("Notes", f"traded against another asset than {quote}, told in {quote}")
    quantity = _size(row, "Quantity Transacted")
    cost = _size(row, "Subtotal")
    if base == quote or not quantity or not cost:
        raise row.bad("Subtotal", "not a trade of two assets")
    return row.fill(
        at_us=row.at_us("Timestamp"),
        symbol=f"{base}/{quote}",
        side=side,
        quantity=quantity,
        price=price_from(cost, quantity, _size(row, "Price")),
        fee=_size(row, "Fees"),
        fee_asset=quote,
        trade_id=_name(row),
    )


def _moved(row: Row, *, comes: bool) -> Movement:
    asset, size = row.asset("Asset"), _size(row, "Quantity Transacted")
    fee = _size(row, "Fees")
    if fee and asset != row.text("Currency"):
        raise row.bad("Fees", f"a fee in another asset than {asset}")
    if not size or fee >= size:
        raise row.bad("Quantity Transacted", "must be more than its fee")
    # What is told is what changed: a deposit after its fee, a withdrawal with it.
    amount = MONEY.add(size, fee) if comes else MONEY.minus(MONEY.subtract(size, fee))
    told = _number(row, "Quantity Transacted")
    if comes and told < ZERO:
        raise row.bad("Quantity Transacted", "goes out, and its type says it comes in")
    return row.movement(
        at_us=row.at_us("Timestamp"),
        asset=asset,
        amount=amount,
        fee=fee,
        reference=_name(row),
    )


def _name(row: Row) -> str:
    """The transaction's id as a name of ours: a trade has another one at the interface."""
    told = row.identity("ID")
    return f"{MADE_HERE}{told}" if told else ""


def _notes(row: Row) -> str:
    return row.cells.get("Notes", "")[:500]


def _size(row: Row, name: str) -> Decimal:
    """A number without its sign: sells and sends are below zero since 2024, and were not."""
    return MONEY.abs(_number(row, name))


def _number(row: Row, name: str) -> Decimal:
    """`-1234.5`, `$1,234.50` or `-$1,234.50`; an empty cell is zero."""
    text = row.text(name)
    if not text:
        return ZERO
    told = _MONEY.fullmatch(text)
    if told is None or (told[1] and told[2]):
        raise row.bad(name, "not a number")
    try:
        value = number(told[3].replace(",", ""))
    except NotANumber:
        raise row.bad(name, "not a number") from None
    return MONEY.minus(value) if told[1] or told[2] else value
