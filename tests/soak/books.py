"""The ledger as it was left: every order, fill and balance, folded from the stored rows.

The one rule: read from the file, without the engine and without the board, which is bounded.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from domain import bookings, controls, events
from domain.events import Fact
from domain.instruments import Account
from domain.lifecycle import advance, intended
from domain.money import exactly
from domain.orders import Fill, OrderState
from storage.database import open_reader
from storage.entries import fact_of


@dataclass(slots=True)
class Books:
    """Orders by client id, fills by key (`booked` counts how often), balances, and postings."""

    orders: dict[str, OrderState] = field(default_factory=dict)
    fills: dict[str, Fill] = field(default_factory=dict)
    booked: Counter[str] = field(default_factory=Counter)
    balances: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    postings: Counter[tuple[str, str]] = field(default_factory=Counter)
    breaks: dict[str, str] = field(default_factory=dict)
    rows: int = 0


def read_books(ledger: Path) -> Books:
    """Everything that the ledger holds."""
    books = Books()
    with open_reader(ledger) as reader:
        for seq, payload in reader.execute("SELECT seq, payload FROM event ORDER BY seq"):
            books.rows += 1
            _fold(books, fact_of(seq, payload))
        lines = reader.execute("SELECT account, asset, amount FROM posting").fetchall()
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    with exactly():
        for account, asset, amount in lines:
            sums[account, asset] += Decimal(amount)
            books.postings[account, asset] += 1
    books.balances = dict(sums)
    return books


def held(books: Books, account: Account) -> dict[str, Decimal]:
    """What an account holds by the postings, asset by asset."""
    name = f"asset:{account}"
    return {asset: total for (owner, asset), total in books.balances.items() if owner == name}


def _fold(books: Books, fact: Fact) -> None:
    match fact:
        case events.OrderApproved(order=order) | events.OrderDenied(order=order):
            known = books.orders.get(order.client_id)
            state = known or intended(order, at_us=fact.at_us)
            books.orders[order.client_id] = advance(state, fact)
        case events.ForeignOrderSeen(order=order):
            foreign = intended(order, at_us=fact.at_us, foreign=True)
            books.orders.setdefault(order.client_id, foreign)
        case events.OrderFact(client_id=client_id):
            _advance(books, client_id, fact)
        case bookings.FillBooked(fill=fill):
            books.fills[fill.key] = fill
            books.booked[fill.key] += 1
            _advance(books, fill.client_id, fact)
        case bookings.FillReversed(fill=fill):
            books.fills.pop(fill.key, None)
            books.booked[fill.key] -= 1
            _advance(books, fill.client_id, fact)
        case controls.BreakOpened(break_id=break_id, account=account, detail=detail):
            books.breaks[break_id] = f"{fact.kind} of {account}: {detail}"
        case controls.BreakClosed(break_id=break_id):
            books.breaks.pop(break_id, None)
        case _:
            pass


def _advance(books: Books, client_id: str, fact: Fact) -> None:
    state = books.orders.get(client_id)
    if state is not None:
        books.orders[client_id] = advance(state, fact)
