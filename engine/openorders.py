"""An account's open orders, as its venue lists them, against the board (semantics 7).

The one rule: one list proves nothing, because lists lag. What a list lacks, or shows though it
has ended here, must be so in two lists in a row before the venue is asked after that order; and
what was touched a moment ago is left alone.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

from domain.errors import DeskError
from domain.instruments import Account
from domain.orders import TERMINAL, OrderState, Status, VenueOrder
from engine.disputes import REOPENED
from engine.floor import Floor
from engine.intake import Intake
from engine.lookups import Lookups

SECOND_US = 1_000_000
TOUCHED_US = 5 * SECOND_US  # an order touched this recently is left to the stream
AGAIN_S = 1.0
log = logging.getLogger(__name__)


class OpenOrders:
    """Compares one account's lists with the board; `again` asks for another list soon."""

    def __init__(
        self,
        account: Account,
        floor: Floor,
        intake: Intake,
        lookups: Lookups,
        again: Callable[[], None],
    ) -> None:
        self._account = account
        self._floor = floor
        self._intake = intake
        self._lookups = lookups
        self._again = again
        self._suspects: frozenset[str] = frozenset()

    async def compare(self, listed: Sequence[VenueOrder], asked_us: int) -> None:
        """Take in a whole list that was asked for at `asked_us`, and look after what differs."""
        present = {self._taken_in(report) for report in listed}
        await self._floor.desk.flushed()
        suspects = frozenset(self._differing(present, asked_us))
        twice = suspects & self._suspects
        self._suspects = suspects - twice
        if self._suspects:
            asyncio.get_running_loop().call_later(AGAIN_S, self._again)
        for client_id in sorted(twice):
            await self._asked_after(client_id)
        await self._lookups.disputes.settled(self._account)

    def _taken_in(self, report: VenueOrder) -> str:
        state = self._intake.report(report, "list")
        return report.client_id if state is None else state.client_id

    def _differing(self, present: set[str], asked_us: int) -> list[str]:
        return [
            state.client_id
            for state in self._floor.desk.board.orders.values()
            if state.order.account == self._account
            and asked_us - state.updated_us >= TOUCHED_US
            and self._differs(state, present=state.client_id in present)
        ]

    def _differs(self, state: OrderState, *, present: bool) -> bool:
        """Gone from the list though it works here, or in it though it has ended here."""
        status = state.status
        if status in TERMINAL:
            return present
        if self._lookups.searching(state.client_id):
            return False
        if status is Status.ANOMALY:
            told = self._lookups.disputes.standing(REOPENED, state.client_id)
            return not (present and told)
        return state.seen and not present

    async def _asked_after(self, client_id: str) -> None:
        """Two lists agree: look the order up, and search on if that shows nothing."""
        state = self._floor.desk.board.orders.get(client_id)
        if state is None:
            return
        try:
            found = (await self._lookups.look_up(state)).found
        except DeskError as error:
            log.info("look-up of %s failed: %s", client_id, error)
            found = None
        state = self._floor.desk.board.orders.get(client_id) or state
        if found is None and not state.terminal:
            self._lookups.search(client_id)
        elif found is not None and found.final is None and _over(state):
            await self._lookups.disputes.reopened(state)


def _over(state: OrderState) -> bool:
    return state.terminal or state.status is Status.ANOMALY
