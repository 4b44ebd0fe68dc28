"""All pools of lots, by asset and place, and what was ever put in and taken out.

A place is an account, `EVERYWHERE` where lots are matched over all accounts, or
`in transit:<key>` for what left one account and has not reached another.

The one rule: units enter by `put` and end by `dispose`; what is `taken_up` is `laid_down` and
only changes its place. So per asset, what was put equals what was disposed of and what is open,
quantity and basis.
"""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from accounting.elections import Method, Policy, Scope
from accounting.lots import Lots, Take, takes_of
from accounting.pools import Pool
from accounting.reallocation import EVERYWHERE, Place, allocated, gathered
from accounting.records import Acquisitions, Disposals
from domain.money import ZERO

IN_TRANSIT = "in transit:"
_FIFO = Method.FIFO
_AVERAGE = Method.AVERAGE


class OpenLot(NamedTuple):
    """What is left of a lot in one account. `account` is `in transit:<key>` on its way.

    `since_us` is its age among lots: acquired, or arrived where that is not known.
    """

    key: str
    asset: str
    account: str
    acquired_us: int | None
    quantity: Decimal
    basis: Decimal | None
    since_us: int = 0


class Moving(NamedTuple):
    """Units taken up in an account to be moved, and how many of them were not there."""

    asset: str
    account: str
    takes: list[Take]
    missing: Decimal


class Holdings:
    """Pools under one policy at a time; `acquired` and `disposals` only grow."""

    def __init__(self, policy: Policy) -> None:
        self.lots = Lots()
        self.acquired = Acquisitions()
        self.disposals = Disposals(self.lots)
        self.policy = policy
        self._everywhere = policy.scope is Scope.UNIVERSAL
        self._pools: dict[Place, Pool] = {}
        self._moved: dict[Place, Decimal] = {}
        self._method, self._methods = policy.method, dict(policy.methods)

    def use(self, policy: Policy) -> None:
        """Go on under another policy; a new scope moves the lots."""
        before, self.policy = self.policy, policy
        self._method, self._methods = policy.method, dict(policy.methods)
        if before.scope is policy.scope:
            return
        self._everywhere = policy.scope is Scope.UNIVERSAL
        if self._everywhere:
            self._pools = gathered(self._pools)
        else:
            self._pools = allocated(self._pools, self._held(), policy.reallocation)

    def put(
        self,
        key: str,
        asset: str,
        account: str,
        quantity: Decimal,
        basis: Decimal | None,
        acquired_us: int | None,
        at_us: int,
    ) -> None:
        """A new lot; without `acquired_us` it stands at the age of its arrival, `at_us`."""
        since_us = at_us if acquired_us is None else acquired_us
        self.acquired.add(key, asset, account, acquired_us, quantity, basis)
        row = self.lots.add(key, account, quantity, basis, acquired_us, since_us)
        place = asset, (EVERYWHERE if self._everywhere else account)
        (self._pools.get(place) or self._pool(asset, account)).add(row)

    def dispose(
        self,
        key: str,
        asset: str,
        account: str,
        at_us: int,
        kind: str,
        quantity: Decimal,
        proceeds: Decimal | None,
    ) -> None:
        """Units that leave for good, out of the lots that the method in force names."""
        method = self._methods.get(asset, self._method)
        place = asset, (EVERYWHERE if self._everywhere else account)
        pool = self._pools.get(place) or self._pool(asset, account)
        taken, missing = pool.take(quantity, method)
        told = (key, asset, account, at_us, kind, quantity, proceeds)
        self.disposals.add(told, taken, missing)

    def taken_up(self, asset: str, account: str, quantity: Decimal) -> Moving:
        """Take units up to move them: the oldest first, at average cost where that is elected."""
        average = self._methods.get(asset, self._method) is _AVERAGE
        method = _AVERAGE if average else _FIFO
        taken, missing = self._pool(asset, account).take(quantity, method)
        return Moving(asset, account, takes_of(taken), missing)

    def laid_down(self, moving: Moving, account: str, key: str, at_us: int) -> None:
        """Put what was taken up into another account, with its dates and basis.

        What was missing becomes a lot of unknown basis: somewhere it must have come from.
        """
        pool = self._pool(moving.asset, account)
        for row, quantity, basis in moving.takes:
            # Matched over all accounts, a lot keeps the name of the one that bought it.
            name = self.lots.account(row) if self._everywhere else account
            pool.add(self.lots.part(row, name, quantity, basis))
        units = sum((take.quantity for take in moving.takes), moving.missing)
        self._move(moving.asset, moving.account, units.copy_negate())
        self._move(moving.asset, account, units)
        if moving.missing:
            bare = (moving.missing, None)
            self.acquired.add(key, moving.asset, moving.account, None, *bare)
            pool.add(self.lots.add(key, moving.account, *bare, None, at_us))

    def in_transit(self, asset: str, key: str) -> Decimal:
        """How many units of a departure have not arrived."""
        place = IN_TRANSIT + key
        if not self._everywhere:
            # A re-allocation may have placed other units there than were sent.
            return self._pool(asset, place).total()
        return self._moved.get((asset, place), ZERO)

    def open_lots(self) -> Iterator[OpenLot]:
        """Every lot with something left, by asset and place, the oldest first."""
        lots = self.lots
        for asset, place in sorted(self._pools):
            for row in self._pools[asset, place].open():
                key, acquired_us = lots.origin(row)
                since_us, _ = lots.place(row)
                left = (lots.left(row), lots.left_basis(row), since_us)
                yield OpenLot(key, asset, place or lots.account(row), acquired_us, *left)

    def _pool(self, asset: str, account: str) -> Pool:
        place = asset, (EVERYWHERE if self._everywhere else account)
        pool = self._pools.get(place)
        if pool is None:
            pool = self._pools[place] = Pool(self.lots)
        return pool

    def _move(self, asset: str, account: str, quantity: Decimal) -> None:
        place = asset, account
        self._moved[place] = self._moved.get(place, ZERO) + quantity

    def _held(self) -> dict[Place, Decimal]:
        """What each account holds by everything that came, left and was moved."""
        held = defaultdict(lambda: ZERO, self._moved)
        for lot in self.acquired:
            held[lot.asset, lot.account] += lot.quantity
        for sold in self.disposals:
            held[sold.asset, sold.account] -= sold.quantity
        return held
