"""Reading what was: ledger pages, fills, orders, logs, and the proof of the chain.

The one rule: a question about history never waits for the ledger's writer, and never keeps it
waiting.
"""

from typing import Protocol

from domain import queries
from domain.storage_ports import Ledger, LedgerReader
from engine.floor import Floor
from engine.operators import Operator, Role

MOST = 1_000


class LogTail(Protocol):
    """The newest log lines, kept in memory."""

    def page(self, ask: queries.ReadLogs) -> queries.LogPage:
        """Lines numbered above `ask.after`, oldest first."""
        ...


class Histories:
    """Answers ReadLedger, ReadFills, ReadOrders, ReadLogs and VerifyLedger."""

    def __init__(
        self, floor: Floor, ledger: Ledger, reader: LedgerReader, logs: LogTail | None
    ) -> None:
        self._floor = floor
        self._ledger = ledger
        self._reader = reader
        self._logs = logs
        desk = floor.desk
        desk.answer(queries.ReadLedger, self.ledger, Role.VIEWER)
        desk.answer(queries.ReadFills, self.fills, Role.VIEWER)
        desk.answer(queries.ReadOrders, self.orders, Role.VIEWER)
        desk.answer(queries.ReadLogs, self.logs, Role.VIEWER)
        desk.answer(queries.VerifyLedger, self.verify, Role.VIEWER)

    async def ledger(self, ask: queries.ReadLedger, _: Operator) -> queries.LedgerPage:
        """A page of rows."""
        return await self._reader.rows(ask)

    async def fills(self, ask: queries.ReadFills, _: Operator) -> queries.FillPage:
        """A page of fills."""
        return await self._reader.fills(ask)

    async def orders(self, ask: queries.ReadOrders, _: Operator) -> queries.OrderPage:
        """Orders of the board, newest first."""
        states = [
            state
            for state in self._floor.desk.board.orders.values()
            if ask.every or not state.terminal
        ]
        states.sort(key=lambda state: (-state.order.at_us, state.client_id))
        limit = max(1, min(ask.limit, MOST))
        return queries.OrderPage(orders=tuple(states[:limit]), older=len(states) > limit)

    async def logs(self, ask: queries.ReadLogs, _: Operator) -> queries.LogPage:
        """The newest log lines; none where logs are not kept in memory."""
        if self._logs is None:
            return queries.LogPage(lines=(), newest=ask.after)
        return self._logs.page(ask)

    async def verify(self, ask: queries.VerifyLedger, _: Operator) -> queries.VerifyReport:
        """Check the chain now."""
        return await self._ledger.verify(tail=ask.tail)
