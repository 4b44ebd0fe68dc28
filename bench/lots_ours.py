"""Allocation by our lot book, and by the plainest loop over Decimals that gives the same gains."""

from collections import deque
from collections.abc import Iterable, Iterator
from decimal import Decimal, localcontext
from typing import Protocol

from accounting.book import LotBook
from accounting.elections import Election, Elections, Method, Scope
from accounting.entries import Trade
from accounting.lots import QUANTUM, gain_of
from bench.lots_input import Contestant, Fill
from domain.money import MONEY


def trade(fill: Fill) -> Trade:
    """A fill as an entry of the lot book."""
    return Trade(
        key=f"T{fill.number}",
        at_us=fill.at_us,
        account="kraken/main",
        base="BTC",
        quote="USD",
        buys=fill.buys,
        quantity=fill.quantity,
        cost=fill.cost,
        fee=fill.fee,
        fee_asset="USD",
        trade_id=str(fill.number),
        seq=fill.number,
    )


def trades(told: Iterable[Fill]) -> list[Trade]:
    """Entries in the order of time."""
    return list(map(trade, told))


def replayed(entries: Iterable[Trade], method: Method = Method.FIFO) -> LotBook:
    """A new book that took them all."""
    election = Election(effective_us=-1, method=method, scope=Scope.ACCOUNT)
    book = LotBook(Elections([election]))
    book.extend(entries)
    return book


class Told(Protocol):
    """What the plain loop asks of an entry: units, and money before the fee and for it."""

    @property
    def buys(self) -> bool:
        """Whether units came."""

    @property
    def quantity(self) -> Decimal:
        """Units."""

    @property
    def cost(self) -> Decimal:
        """Before the fee."""

    @property
    def fee(self) -> Decimal:
        """Beside the cost."""


def plainly(entries: Iterable[Told]) -> list[Decimal]:
    """What each sale earned, first in first out; keeps nothing else, checks nothing."""
    lots: deque[list[Decimal]] = deque()
    gains = []
    with localcontext(MONEY):
        for entry in entries:
            if entry.buys:
                lots.append([entry.quantity, entry.cost + entry.fee])
                continue
            wanted, gain = entry.quantity, entry.cost - entry.fee
            while wanted:
                lot = lots[0]
                if lot[0] > wanted:
                    part = (lot[1] * wanted / lot[0]).quantize(QUANTUM)
                    lot[0], lot[1] = lot[0] - wanted, lot[1] - part
                    gain -= part
                    break
                wanted -= lot[0]
                gain -= lot[1]
                lots.popleft()
            gains.append(gain)
    return gains


def _gains(book: LotBook) -> Iterator[Decimal]:
    assert not book.problems, book.problems[0]
    return map(gain_of, book.disposals)


OURS = Contestant(load=trades, work=replayed, gains=_gains)
PLAIN = Contestant(load=trades, work=plainly, gains=iter)
