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
from operator import attrgetter

from accounting.elections import Method
from accounting.lots import Lot, Take, share
from domain.money import MONEY, ZERO

_PLACE = attrgetter("place")
_SLACK = 64
_LAST = Decimal("Infinity")  # where the basis is not known, no other lot comes after
_new_take = tuple.__new__  # a third of the cost of calling the class, and the hottest line
HeapEntry = tuple[Decimal, int, int, int, Lot]


class Pool:
    """Lots by age from `head` on; `heap` and `average` exist once their method was used."""

    __slots__ = ("average", "head", "heap", "lots", "pushes", "spent")

    def __init__(self) -> None:
        self.lots: list[Lot] = []
        self.head = 0
        self.spent = 0
        self.pushes = 0
        self.heap: list[HeapEntry] | None = None
        self.average: tuple[Decimal, Decimal] | None = None

    def add(self, lot: Lot) -> None:
        """Take a lot in at its age: by acquisition, not by arrival."""
        lots = self.lots
        if len(lots) == self.head or lots[-1].since_us < lot.since_us or lots[-1].place < lot.place:
            lots.append(lot)
        else:
            insort(lots, lot, lo=self.head, key=_PLACE)
        if self.heap is not None:
            self._push(self.heap, lot)
        if self.average is not None and lot.left_basis is not None:
            quantity, basis = self.average
            self.average = quantity + lot.left, basis + lot.left_basis

    def take(self, wanted: Decimal, method: Method) -> tuple[list[Take], Decimal]:
        """Take up to `wanted` units; answers what was taken and how much was not there."""
        if method is not Method.AVERAGE and self.average is not None:
            self.settle()
        if method is Method.FIFO:
            return self._oldest_first(wanted)
        if method is Method.LIFO:
            return self._newest_first(wanted)
        if method is Method.HIFO:
            return self._highest_first(wanted)
        return self._at_average(wanted)

    def open(self) -> list[Lot]:
        """The lots with something left, oldest first, each with its true basis."""
        if self.average is not None:
            self.spread()
        return [lot for lot in self.lots[self.head :] if lot.left]

    def spread(self) -> None:
        """Give each lot of the average its share of it; the last one has the remainder."""
        if self.average is None:
            return
        quantity, basis = self.average
        for lot in self.lots[self.head :]:
            if lot.left and lot.left_basis is not None:
                lot.left_basis = share(basis, lot.left, quantity)
                quantity, basis = quantity - lot.left, basis - lot.left_basis
        self.heap = None

    def settle(self) -> None:
        """End the average: from now on each lot has its own share of the basis."""
        self.spread()
        self.average = None

    def _oldest_first(self, wanted: Decimal) -> tuple[list[Take], Decimal]:
        lots, head, end = self.lots, self.head, len(self.lots)
        takes = []
        while head < end:
            lot = lots[head]
            left = lot.left
            if left > wanted:
                takes.append(self._part(lot, wanted))
                wanted = ZERO
                break
            head += 1
            if left:
                takes.append(_new_take(Take, (lot, left, lot.left_basis)))
                lot.left = ZERO
                lot.left_basis = None if lot.left_basis is None else ZERO
                if left == wanted:
                    wanted = ZERO
                    break
                wanted = wanted - left
        if head > _SLACK and head * 2 > end:
            del lots[:head]
            head = 0
        self.head = head
        return takes, wanted

    def _newest_first(self, wanted: Decimal) -> tuple[list[Take], Decimal]:
        lots = self.lots
        takes = []
        while wanted and len(lots) > self.head:
            lot = lots[-1]
            if lot.left > wanted:
                takes.append(self._part(lot, wanted))
                return takes, ZERO
            lots.pop()
            if lot.left:
                wanted = wanted - lot.left
                takes.append(_whole(lot))
        return takes, wanted

    def _highest_first(self, wanted: Decimal) -> tuple[list[Take], Decimal]:
        heap = self._heap()
        takes = []
        while wanted and heap:
            unit, *_, lot = heap[0]
            if not lot.left or unit != _rank(lot):
                heappop(heap)
            elif lot.left > wanted:
                takes.append(self._part(lot, wanted))
                wanted = ZERO
            else:
                heappop(heap)
                wanted = wanted - lot.left
                takes.append(_whole(lot))
                self.spent += 1
        self._forget_spent()
        return takes, wanted

    def _heap(self) -> list[HeapEntry]:
        if self.heap is None:
            live = (lot for lot in self.lots[self.head :] if lot.left)
            self.heap = [(_rank(lot), *lot.place, n, lot) for n, lot in enumerate(live)]
            self.pushes = len(self.heap)
            heapify(self.heap)
        return self.heap

    def _push(self, heap: list[HeapEntry], lot: Lot) -> None:
        # The count keeps two parts of one lot from being compared themselves.
        self.pushes += 1
        heappush(heap, (_rank(lot), *lot.place, self.pushes, lot))

    def _forget_spent(self) -> None:
        if self.spent > _SLACK and self.spent * 2 > len(self.lots) - self.head:
            self.lots = [lot for lot in self.lots[self.head :] if lot.left]
            self.head = self.spent = 0

    def _part(self, lot: Lot, wanted: Decimal) -> Take:
        basis, left = lot.left_basis, lot.left
        if basis is not None:
            taken = share(basis, wanted, left)
            lot.left_basis = basis - taken
            basis = taken
        lot.left = left - wanted
        if self.heap is not None:
            self._push(self.heap, lot)
        return _new_take(Take, (lot, wanted, basis))

    def _at_average(self, wanted: Decimal) -> tuple[list[Take], Decimal]:
        if self.average is None:
            known = [lot for lot in self.lots[self.head :] if lot.left_basis is not None]
            quantity = sum((lot.left for lot in known), ZERO)
            self.average = quantity, sum((lot.left_basis or ZERO for lot in known), ZERO)
        takes, rest = self._oldest_first(wanted)
        taken = sum((take.quantity for take in takes if take.basis is not None), ZERO)
        quantity, basis = self.average
        cost = share(basis, taken, quantity) if taken else ZERO
        self.average = quantity - taken, basis - cost
        return _priced(takes, taken, cost), rest


def _priced(takes: list[Take], taken: Decimal, cost: Decimal) -> list[Take]:
    """The same takes with the average's cost split over those whose basis is known."""
    made = []
    for take in takes:
        if take.basis is None:
            made.append(take)
            continue
        part = share(cost, take.quantity, taken)
        taken, cost = taken - take.quantity, cost - part
        made.append(Take(take.lot, take.quantity, part))
    return made


def _whole(lot: Lot) -> Take:
    take = Take(lot, lot.left, lot.left_basis)
    lot.left = ZERO
    if lot.left_basis is not None:
        lot.left_basis = ZERO
    return take


def _rank(lot: Lot) -> Decimal:
    if lot.left_basis is None:
        return _LAST
    return -MONEY.divide(lot.left_basis, lot.left)
