"""The open lots of one asset in one place, and the orders in which they are taken.

    FIFO, LIFO   one list of lots by age, taken from its head or its tail
    HIFO         a heap by basis per unit (fees included), ties to the oldest
    ACB          one quantity and one basis for all; the lots only give dates, oldest first

The one rule: whatever the method, quantities are exact and nothing is taken twice. A transfer
takes by age also where sales go by another order, so the orders live side by side: a lot that
was used up through one of them is skipped by the others.

Theory of the heap: an entry holds the basis per unit at the time it was pushed. A lot changes
by being taken from; its rounded basis per unit then differs in the last digits. Whoever takes a
part pushes the lot again, and an entry that no longer tells its lot's rank is dropped when it
comes up. So the top entry that tells the truth is the highest of all (after eprbell/rp2#156).
"""

from bisect import insort
from decimal import Decimal
from heapq import heapify, heappop, heappush

from accounting.elections import Method
from accounting.lots import BASIS, SINCE, Lots, Taken, each_of, share
from domain.money import MONEY, ZERO

_FIFO, _LIFO, _AVERAGE = Method.FIFO, Method.LIFO, Method.AVERAGE  # a name of an enum is slow
_SLACK = 64
_LAST = Decimal("Infinity")  # where the basis is not known, no other lot comes after
Took = tuple[int, Decimal, Decimal | None]  # one take: row, quantity, basis
HeapEntry = tuple[Decimal, tuple[int, int], int]


class Pool:
    """Rows of `lots` by age, from `head` on; `heap` and `average` exist once they were used."""

    __slots__ = ("average", "head", "heap", "lots", "rows", "spent")

    def __init__(self, lots: Lots) -> None:
        self.lots = lots
        self.rows: list[int] = []
        self.head = 0
        self.spent = 0
        self.heap: list[HeapEntry] | None = None
        self.average: tuple[Decimal, Decimal] | None = None

    def add(self, row: int) -> None:
        """Take a lot in at its age: by acquisition, not by arrival."""
        rows, lots = self.rows, self.lots
        if len(rows) > self.head:
            cells, last = lots.cells, rows[-1]
            older = cells[last + SINCE] < cells[row + SINCE] or lots.place(last) < lots.place(row)
        else:
            older = True
        if older:
            rows.append(row)
        else:
            insort(rows, row, lo=self.head, key=lots.place)
        if self.heap is not None:
            self._push(self.heap, row)
        if self.average is not None:
            basis = lots.left_basis(row)
            if basis is not None:
                self.average = self.average[0] + lots.left(row), self.average[1] + basis

    def take(self, wanted: Decimal, method: Method) -> tuple[Taken, Decimal]:
        """Take up to `wanted` units; answers what was taken and how much was not there."""
        if method is _AVERAGE:
            return self._at_average(wanted)
        if self.average is not None:
            self.settle()
        if method is _FIFO:
            return self._oldest_first(wanted)
        if method is _LIFO:
            return self._newest_first(wanted)
        return self._highest_first(wanted)

    def open(self) -> list[int]:
        """The lots with something left, oldest first, each with its true basis."""
        if self.average is not None:
            self.spread()
        cells = self.lots.cells
        return [row for row in self.rows[self.head :] if cells[row]]

    def total(self) -> Decimal:
        """How many units are left in all."""
        cells = self.lots.cells
        return sum((cells[row] for row in self.rows[self.head :]), ZERO)

    def spread(self) -> None:
        """Give each lot of the average its share of it; the last one has the remainder."""
        if self.average is None:
            return
        quantity, basis = self.average
        cells = self.lots.cells
        for row in self.rows[self.head :]:
            units = cells[row]
            if units and cells[row + BASIS] is not None:
                part = cells[row + BASIS] = share(basis, units, quantity)
                quantity, basis = quantity - units, basis - part
        self.heap = None

    def settle(self) -> None:
        """End the average: from now on each lot has its own share of the basis."""
        self.spread()
        self.average = None

    def _oldest_first(self, wanted: Decimal) -> tuple[Taken, Decimal]:
        rows, head, end = self.rows, self.head, len(self.rows)
        cells = self.lots.cells
        taken: Taken = []
        while head < end:
            row = rows[head]
            units = cells[row]
            if units > wanted:
                taken += self._part(row, wanted)
                wanted = ZERO
                break
            head += 1
            if units:
                taken += (row, units, cells[row + BASIS])
                cells[row] = ZERO
                if units == wanted:
                    wanted = ZERO
                    break
                wanted = wanted - units
        if head > _SLACK and head * 2 > end:
            del rows[:head]
            head = 0
        self.head = head
        return taken, wanted

    def _newest_first(self, wanted: Decimal) -> tuple[Taken, Decimal]:
        rows, cells = self.rows, self.lots.cells
        taken: Taken = []
        while wanted and len(rows) > self.head:
            row = rows[-1]
            if cells[row] > wanted:
                taken += self._part(row, wanted)
                return taken, ZERO
            rows.pop()
            if cells[row]:
                wanted = wanted - cells[row]
                taken += self._whole(row)
        return taken, wanted

    def _highest_first(self, wanted: Decimal) -> tuple[Taken, Decimal]:
        heap, cells = self._heap(), self.lots.cells
        taken: Taken = []
        while wanted and heap:
            unit, _, row = heap[0]
            if not cells[row] or unit != self._rank(row):
                heappop(heap)
            elif cells[row] > wanted:
                taken += self._part(row, wanted)
                wanted = ZERO
            else:
                heappop(heap)
                wanted = wanted - cells[row]
                taken += self._whole(row)
                self.spent += 1
        self._forget_spent()
        return taken, wanted

    def _heap(self) -> list[HeapEntry]:
        if self.heap is None:
            self.heap = [(self._rank(row), self.lots.place(row), row) for row in self.open()]
            heapify(self.heap)
        return self.heap

    def _push(self, heap: list[HeapEntry], row: int) -> None:
        heappush(heap, (self._rank(row), self.lots.place(row), row))

    def _rank(self, row: int) -> Decimal:
        basis = self.lots.left_basis(row)
        return _LAST if basis is None else -MONEY.divide(basis, self.lots.left(row))

    def _forget_spent(self) -> None:
        if self.spent > _SLACK and self.spent * 2 > len(self.rows) - self.head:
            self.rows = self.open()
            self.head = self.spent = 0

    def _part(self, row: int, wanted: Decimal) -> Took:
        cells = self.lots.cells
        units, basis = cells[row], cells[row + BASIS]
        if basis is not None:
            taken = share(basis, wanted, units)
            cells[row + BASIS] = basis - taken
            basis = taken
        cells[row] = units - wanted
        if self.heap is not None:
            self._push(self.heap, row)
        return row, wanted, basis

    def _whole(self, row: int) -> Took:
        cells = self.lots.cells
        units, cells[row] = cells[row], ZERO
        return row, units, cells[row + BASIS]

    def _at_average(self, wanted: Decimal) -> tuple[Taken, Decimal]:
        if self.average is None:
            self.average = self._known()
        taken, rest = self._oldest_first(wanted)
        known = sum((units for _, units, basis in each_of(taken) if basis is not None), ZERO)
        quantity, basis = self.average
        cost = share(basis, known, quantity) if known else ZERO
        self.average = quantity - known, basis - cost
        return _priced(taken, known, cost), rest

    def _known(self) -> tuple[Decimal, Decimal]:
        """Units and basis of the lots whose basis is known."""
        cells = self.lots.cells
        quantity = basis = ZERO
        for row in self.rows[self.head :]:
            known = cells[row + BASIS]
            if cells[row] and known is not None:
                quantity, basis = quantity + cells[row], basis + known
        return quantity, basis


def _priced(taken: Taken, known: Decimal, cost: Decimal) -> Taken:
    """The same takes with the average's cost split over those whose basis is known."""
    made: Taken = []
    for row, quantity, basis in each_of(taken):
        part = basis
        if basis is not None:
            part = share(cost, quantity, known)
            known, cost = known - quantity, cost - part
        made += (row, quantity, part)
    return made
