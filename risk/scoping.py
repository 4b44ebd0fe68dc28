"""Scopes with limits of their own, each seen through sums of its own.

A scope has the same sums as the whole desk (`Exposure`, `Turnover`, `Pace`), fed with what is
inside it, so the same rules judge by them. A fact changes the sums of the scopes that cover it
and no others: its cost does not grow with the number of scopes. What a scope that gets its
first limit tomorrow must know of today is remembered by cell. The one rule: a sum changes here
and nowhere else, so that no scope misses what the whole desk has counted.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from domain.instruments import Account
from domain.market import Balances
from domain.money import ZERO
from domain.orders import Fill, Side
from domain.scopes import Reach, Scope
from risk.exposure import Cell, Claim, Exposure
from risk.limits import Limits
from risk.pace import KEPT_US, MINUTE_US, Pace, Terms
from risk.proposal import Lens, View
from risk.scoped import ScopedLimits
from risk.turnover import Turnover

REMEMBERED_US = 5 * MINUTE_US
_Paced = tuple[int, str, Cell, Terms | None]  # when, what, and of which order
Bought = dict[tuple[str, str], Decimal]  # strategy and asset → bought less sold


class _Bought(Exposure):
    """A strategy holds no balance: its position is what its orders bought, less what they sold."""

    def __init__(self, strategy: str, bought: Bought) -> None:
        super().__init__()
        self._strategy, self._bought = strategy, bought

    def most(self, asset: str) -> Decimal:
        """What its orders bought and have not sold; selling what others bought leaves no room."""
        return max(self._bought.get((self._strategy, asset), ZERO), ZERO)

    def least(self, asset: str) -> Decimal:
        """The same: its own fills are never in doubt."""
        return self.most(asset)


class Scopes:
    """All sums of the gate: those of the whole desk in `view`, and those of each limited scope."""

    def __init__(self, view: View, time_zone: str = "UTC") -> None:
        self._view = view
        self._time_zone = time_zone
        self._followed: Limits | None = None
        self._lenses: tuple[Lens, ...] = ()
        self._covering: dict[Cell, tuple[Lens, ...]] = {}
        self._today: dict[Cell, Turnover] = {}
        self._bought: Bought = {}
        self._passed: deque[_Paced] = deque()  # orders that passed the gate
        self._recent: deque[_Paced] = deque()  # and what came of them
        view.covering = self.covering

    @property
    def lenses(self) -> tuple[Lens, ...]:
        """Every limited scope, with its sums as they are now."""
        self.follow()
        for lens in self._lenses:
            lens.view.board, lens.view.now_us = self._view.board, self._view.now_us
        return self._lenses

    def covering(self, cell: Cell) -> tuple[Lens, ...]:
        """The limited scopes that an order of this account, symbol and strategy is in."""
        self.follow()
        known = self._covering.get(cell)
        if known is None:
            known = tuple(lens for lens in self._lenses if lens.scope.covers(*cell))
            self._covering[cell] = known
        return known

    # What changes the sums

    def claim(self, client_id: str, claim: Claim | None) -> None:
        """Replace what an order claims; None releases it."""
        self.follow()
        exposure = self._view.exposure
        told = claim or exposure.claims.get(client_id)
        exposure.claim(client_id, claim)
        if told is not None:
            for lens in self.covering(told.cell):
                lens.view.exposure.claim(client_id, claim)

    def lift(self, client_id: str) -> None:
        """Release an order while new terms of it are judged; a claim has to follow."""
        exposure = self._view.exposure
        claim = exposure.claims.get(client_id)
        exposure.lift(client_id)
        if claim is not None:
            for lens in self.covering(claim.cell):
                lens.view.exposure.claim(client_id, None)

    def balances_seen(self, balances: Balances) -> None:
        """A whole balance of an account arrived."""
        self.follow()
        self._view.exposure.balances_seen(balances)
        for lens in self._lenses:
            if _holds(lens.scope, balances.account):
                lens.view.exposure.balances_seen(balances)

    def assume(self, account: Account, totals: Mapping[str, Decimal]) -> None:
        """What the books say of an account whose balances nobody has told yet."""
        self.follow()
        self._view.exposure.assume(account, totals)
        for lens in self._lenses:
            if _holds(lens.scope, account):
                lens.view.exposure.assume(account, totals)

    def filled(self, fill: Fill, booked_us: int) -> None:
        """A fill was booked that the last balance may not contain."""
        self.follow()
        self._view.exposure.filled(fill, booked_us)
        for lens in self._lenses:
            if _holds(lens.scope, fill.account):
                lens.view.exposure.filled(fill, booked_us)

    def traded(self, fill: Fill, strategy: str, value: Decimal | None, now_us: int) -> None:
        """A fill of `strategy` ("": of nobody that we know) counts; None: its value is unknown."""
        self.follow()
        self._credit(fill, strategy)
        if value is None or not self._view.turnover.executed(value, fill.at_us, now_us):
            return
        cell = (fill.account, fill.symbol, strategy)
        known = self._today.get(cell)
        if known is None:
            known = self._today[cell] = Turnover(self._time_zone)
        known.executed(value, fill.at_us, now_us)
        for lens in self.covering(cell):
            lens.view.turnover.executed(value, fill.at_us, now_us)

    def _credit(self, fill: Fill, strategy: str) -> None:
        """What the strategy holds now; fees left aside, which would only make it less."""
        if not strategy:
            return
        base, _, quote = fill.symbol.partition("/")
        sign = 1 if fill.side is Side.BUY else -1
        for asset, change in ((base, sign * fill.quantity), (quote, -sign * fill.cost)):
            key = (strategy, asset)
            self._bought[key] = self._bought.get(key, ZERO) + change

    def submitted(self, terms: Terms, strategy: str, at_us: int) -> None:
        """An order with these terms passed the gate."""
        self._paced(at_us, "submitted", (terms[0], terms[1], strategy), terms)

    def executed(self, cell: Cell, at_us: int) -> None:
        """An order of the cell traded."""
        self._paced(at_us, "executed", cell)

    def denied(self, cell: Cell, at_us: int) -> None:
        """An order of the cell was denied."""
        self._paced(at_us, "denied", cell)

    def _paced(self, at_us: int, what: str, cell: Cell, terms: Terms | None = None) -> None:
        self.follow()
        passed = terms is not None
        recent = self._passed if passed else self._recent
        longest_us = KEPT_US if passed else REMEMBERED_US
        while recent and recent[0][0] <= at_us - longest_us:
            recent.popleft()
        recent.append((at_us, what, cell, terms))
        _pace(self._view.pace, at_us, what, cell, terms)
        for lens in self.covering(cell):
            _pace(lens.view.pace, at_us, what, cell, terms)

    # Other limits, other scopes

    def follow(self) -> None:
        """Whatever put other limits in force: the scopes are those of the limits that judge."""
        view = self._view
        if view.limits is self._followed:
            return
        self._followed = view.limits
        self._covering = {}
        self._lenses = tuple(self._lens(scoped) for scoped in view.limits.by_scope)
        view.pace.within(view.limits.identical_window_s)
        for client_id, claim in view.exposure.claims.items():
            for lens in self.covering(claim.cell):
                lens.view.exposure.claim(client_id, claim)
        for cell, executed in self._today.items():
            for lens in self.covering(cell):
                lens.view.turnover.take_over(executed)
        for at_us, what, cell, terms in (*self._passed, *self._recent):
            for lens in self.covering(cell):
                _pace(lens.view.pace, at_us, what, cell, terms)

    def _lens(self, scoped: ScopedLimits) -> Lens:
        """The scope with its own limits and, but for orders and trades, its own sums."""
        view, scope = self._view, scoped.scope
        limits = replace(view.limits, **scoped.given, by_scope=())  # type: ignore[arg-type]
        exposure = Exposure()
        if scope.reach is Reach.STRATEGY:
            exposure = _Bought(scope.name, self._bought)
        exposure.take_over(view.exposure, lambda account: _holds(scope, account))
        inside = View(
            board=view.board,
            limits=limits,
            settings=view.settings,
            exposure=exposure,
            pace=Pace(limits.identical_window_s),
            turnover=Turnover(self._time_zone),
            now_us=view.now_us,
        )
        return Lens(scoped=scoped, name=str(scope), rules=frozenset(scoped.given), view=inside)


def _holds(scope: Scope, account: Account) -> bool:
    """Whether the account's balances are positions of the scope; a strategy owns no account."""
    return scope.reach is not Reach.STRATEGY and scope.touches(account)


def _pace(pace: Pace, at_us: int, what: str, cell: Cell, terms: Terms | None) -> None:
    if terms is not None:
        pace.submitted(terms, at_us)
    elif what == "executed":
        pace.executed(cell[2], at_us)
    else:
        pace.denied(cell[2], at_us)
