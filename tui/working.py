"""The orders that are not finished, followed from board to board at the cost of what changed.

The one rule: a status is computed once per change of an order, not once per picture; with ten
thousand orders on the board that is the difference between 30 ms and none.
"""

from decimal import Decimal

from domain.money import MONEY, ZERO
from domain.orders import TERMINAL, OrderState, Status
from domain.table import Table


class WorkingOrders:
    """Working orders by client id, with their count of UNKNOWN and what they reserve."""

    def __init__(self) -> None:
        self.orders: dict[str, OrderState] = {}
        self.unknown: set[str] = set()
        self.reserved = ZERO
        self._reserved: dict[str, Decimal] = {}
        self._table: Table[str, OrderState] = Table()

    def follow(self, table: Table[str, OrderState]) -> bool:
        """Take in the newest table; whether anything changed."""
        if table is self._table:
            return False
        put, dropped = table.changed_since(self._table)
        self._table = table
        for client_id in dropped:
            self._forget(client_id)
        for client_id, state in put.items():
            self._forget(client_id)
            status = state.status
            if status not in TERMINAL:
                self._keep(client_id, state, status)
        return bool(put or dropped)

    def newest_first(self, *, every: bool) -> list[OrderState]:
        """Working orders, or every order on the board, the newest first."""
        orders = self._table.values() if every else self.orders.values()
        return sorted(orders, key=_age_key)

    def _keep(self, client_id: str, state: OrderState, status: Status) -> None:
        self.orders[client_id] = state
        if status is Status.UNKNOWN:
            self.unknown.add(client_id)
        value = self._reserved[client_id] = reserved_value(state)
        self.reserved = MONEY.add(self.reserved, value)

    def _forget(self, client_id: str) -> None:
        if self.orders.pop(client_id, None) is not None:
            self.unknown.discard(client_id)
            self.reserved = MONEY.subtract(self.reserved, self._reserved.pop(client_id))


def reserved_value(state: OrderState) -> Decimal:
    """What the rest of an order still counts against the limits, in the base currency."""
    order = state.order
    rate = MONEY.multiply(order.reference, order.base_rate)
    return MONEY.multiply(state.reserved_quantity, rate)


def _age_key(state: OrderState) -> int:
    return -state.order.at_us
