"""What one halt covers: which orders it must cancel, and which leave it unproven.

The one rule: an order that may be inside is looked up before anyone says that it is gone.
"""

from collections.abc import Callable

from domain.board import Board
from domain.halts import GLOBAL, Level, scope_of
from domain.instruments import Account
from domain.orders import OrderState, Status, VenueOrder
from domain.scopes import NotAScope, Reach, Scope
from engine.floor import Floor
from engine.sweep import stand_in

UNPROVEN = frozenset({Status.NEW, Status.SUBMITTED, Status.UNKNOWN, Status.ANOMALY})


def misread(floor: Floor, scope: str) -> str:
    """Why a scope covers nothing on this desk, "" when it does or may."""
    if scope == GLOBAL:
        return ""
    try:
        reach = Scope.parse(scope)
    except NotAScope as error:
        return str(error)
    accounts = floor.connections.accounts
    if not any(reach.touches(account) for account in accounts):
        return f"no account of this desk is in {reach}; there are {', '.join(accounts)}"
    known = {one.symbol for one in floor.desk.board.instruments.values()}
    if reach.reach is Reach.SYMBOL and known and reach.name not in known:
        return f"no venue of this desk lists {reach.name}"
    return ""


def meant(floor: Floor, scope: str) -> str:
    """What a trip over a scope halts here: one that covers nothing here is everything."""
    return GLOBAL if misread(floor, scope) else str(scope_of(scope))


class Coverage:
    """A scope at a level, on one floor."""

    def __init__(self, floor: Floor, scope: Scope, level: int) -> None:
        self._floor = floor
        self.scope = scope
        self.level = level

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The accounts that any of its orders could be at."""
        known = self._floor.connections.accounts
        return tuple(account for account in known if self.scope.touches(account))

    @property
    def whole(self) -> bool:
        """Whether every order of its accounts goes, so that a venue's cancel-all may be used."""
        return self.scope.takes_foreign and self.level >= Level.HALT_CANCEL

    def covers(self, state: OrderState) -> bool:
        """Whether an order is inside, whatever becomes of it."""
        order = state.order
        if state.foreign and not self.scope.takes_foreign:
            return False
        return self.scope.covers(order.account, order.symbol, order.strategy)

    def cancels(self, state: OrderState) -> bool:
        """Whether this halt must cancel it: REDUCE_ONLY keeps what only reduces, HALT all."""
        if self.level == Level.HALT or not self.covers(state):
            return False
        return self.level >= Level.HALT_CANCEL or not self._floor.door.reduces(state.order)

    def waits_for(self, state: OrderState, listed_us: int) -> bool:
        """Whether it keeps the halt from being proven: not finished, and it should be, or in doubt.

        Foreign ones are for the venue's lists to tell, unless they were seen after `listed_us`,
        which a list that lags does not show.
        """
        if state.terminal or not self.covers(state):
            return False
        if state.foreign:
            return self.cancels(state) and state.updated_us > listed_us
        if state.status is Status.SETTLING:
            return False
        return state.status in UNPROVEN or self.cancels(state)

    def row(self) -> Callable[[VenueOrder], bool] | None:
        """Whether a row of a venue's list must be cancelled; None: every row must."""
        return None if self.whole else self._listed

    def _listed(self, row: VenueOrder) -> bool:
        return self.cancels(_known(self._floor.desk.board, row) or stand_in(row, foreign=True))


def _known(board: Board, row: VenueOrder) -> OrderState | None:
    """The order on the board that a row of a venue's list is."""
    named = board.orders.get(row.client_id) if row.client_id else None
    if named is not None:
        return named
    return next(
        (
            state
            for state in board.orders.values()
            if state.venue_order_id == row.venue_order_id and state.order.account == row.account
        ),
        None,
    )
