"""The verified cancel-all of one account (semantics 3.3).

It needs a reader, perhaps a trader, and nothing of the desk, so that `--kill` without an
engine runs the very same code. The one rule: VERIFIED means two successful empty lists, apart
in time, and nothing of ours left unknown; a list that could not be read is not empty.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from domain.errors import DeskError
from domain.halts import Evidence
from domain.instruments import Account
from domain.lifecycle import intended
from domain.orders import Kind, Order, OrderState, Side, VenueOrder
from domain.ports import AccountReader, CancelsMany, Clock, Trader, VenueTraits

AT_ONCE = 32  # single cancels of one account; the venue's own pace holds them back where it must
CALL_S = 20
SEVERAL = 2
log = logging.getLogger(__name__)


class Sweep:
    """One account's cancel-all: call `attempt` until `evidence.verified`.

    `unknown` counts our own orders here that are neither finished nor proven; `gap_us` is how
    far apart the two empty lists must be. `inside` tells which rows of a list must go; without
    it all of them must, and a venue that cancels everything at once is asked to.
    """

    def __init__(
        self,
        account: Account,
        reader: AccountReader,
        trader: Trader | None,
        traits: VenueTraits,
        clock: Clock,
        *,
        gap_us: int = 1_000_000,
        unknown: Callable[[], int] = lambda: 0,
        inside: Callable[[VenueOrder], bool] | None = None,
    ) -> None:
        self._account = account
        self._reader = reader
        self._trader = trader
        self._clock = clock
        self._gap_us = gap_us
        self._unknown = unknown
        self._inside = inside
        self._together = traits.cancel_all and inside is None
        self._at_once = traits.cancels_at_once
        self._started_us = clock.monotonic_us()
        self._empty_us = 0
        self._gone: set[str] = set()
        self.evidence = Evidence(account=account)

    async def attempt(self) -> Evidence:
        """List, cancel what is there, and weigh the evidence; whatever fails is told in it."""
        try:
            async with asyncio.timeout(CALL_S):
                orders = await self._reader.open_orders(urgent=True)
        except Exception as error:  # noqa: BLE001 - boundary: kill step → next step
            self._empty_us = 0  # two *successful* lists in a row
            if self._together and self._trader is not None:
                await self._cancel_together(self._trader)  # what cannot be seen can be ended
            return self._noted(attempts=self.evidence.attempts + 1, error=_told(error))
        if self._inside is not None:
            orders = [order for order in orders if self._inside(order)]
        if self.evidence.open_before < 0:
            self._noted(open_before=len(orders))
        self._noted(attempts=self.evidence.attempts + 1, still_open=len(orders), error="")
        if not orders:
            return self._weigh_empty()
        self._empty_us = 0
        return await self._cancel(orders)

    def _weigh_empty(self) -> Evidence:
        now, unknown = self._clock.monotonic_us(), self._unknown()
        self._noted(unknown=unknown, cancelled=len(self._gone))
        if unknown:
            return self._noted(error=f"{unknown} orders are not settled")
        if not self._empty_us:
            self._empty_us = now
        elif now - self._empty_us >= self._gap_us:
            return self._noted(verified_ms=(now - self._started_us) // 1000)
        return self.evidence

    async def _cancel(self, orders: Sequence[VenueOrder]) -> Evidence:
        if self._trader is None:
            return self._noted(error="no trade key: cancel by hand at the venue")
        self._gone |= {order.venue_order_id for order in orders}
        if self.evidence.first_cancel_ms < 0:
            now = self._clock.monotonic_us()
            self._noted(first_cancel_ms=(now - self._started_us) // 1000)
        problem = await self._cancel_together(self._trader) if self._together else "-"
        if problem:
            left = await self._cancel_in_batches(self._trader, orders)
            problem = await self._cancel_singly(self._trader, left)
        return self._noted(error=problem)

    async def _cancel_together(self, trader: Trader) -> str:
        try:
            async with asyncio.timeout(CALL_S):
                await trader.cancel_all()
        except Exception as error:  # noqa: BLE001 - boundary: kill step → next step
            return _told(error)
        return ""

    async def _cancel_in_batches(
        self, trader: Trader, orders: Sequence[VenueOrder]
    ) -> list[VenueOrder]:
        """Those that no batch took: all of them, where a venue has no such call.

        After a batch that failed each order is cancelled by itself.
        """
        named = [order for order in orders if order.venue_order_id]
        if not isinstance(trader, CancelsMany) or not self._at_once or len(named) < SEVERAL:
            return list(orders)
        starts = range(0, len(named), self._at_once)
        batches = [named[start : start + self._at_once] for start in starts]
        taken = await asyncio.gather(*(self._taken(trader, batch) for batch in batches))
        self._at_once = self._at_once if all(taken) else 0
        nameless = [order for order in orders if not order.venue_order_id]
        refused = [batch for batch, took in zip(batches, taken, strict=True) if not took]
        return nameless + [order for batch in refused for order in batch]

    async def _taken(self, trader: CancelsMany, batch: Sequence[VenueOrder]) -> bool:
        try:
            async with asyncio.timeout(CALL_S):
                await trader.cancel_many([order.venue_order_id for order in batch])
        except Exception as error:  # noqa: BLE001 - boundary: kill step → next step
            log.warning(
                "%s: a cancel of %d orders failed: %s", self._account, len(batch), _told(error)
            )
            return False
        return True

    async def _cancel_singly(self, trader: Trader, orders: Sequence[VenueOrder]) -> str:
        gate = asyncio.Semaphore(AT_ONCE)
        problems: list[str] = []

        async def one(order: VenueOrder) -> None:
            async with gate:
                try:
                    async with asyncio.timeout(CALL_S):
                        answer = await trader.cancel(stand_in(order))
                except Exception as error:  # noqa: BLE001 - boundary: kill step → next step
                    problems.append(_told(error))
                    return
            if not answer.accepted:
                problems.append(f"{order.venue_order_id}: {answer.reason}")

        async with asyncio.TaskGroup() as group:
            for order in orders:
                group.create_task(one(order))
        return f"{len(problems)} refused, first: {problems[0]}" if problems else ""

    def _noted(self, **changes: object) -> Evidence:
        self.evidence = replace(self.evidence, **changes)  # type: ignore[arg-type]
        return self.evidence


def stand_in(report: VenueOrder, *, foreign: bool | None = None) -> OrderState:
    """Enough of an order to cancel it, from the venue's own row.

    `foreign` None: one without a client id is.
    """
    stranger = not report.client_id if foreign is None else foreign
    order = Order(
        client_id=report.client_id or f"foreign:{report.account.venue}:{report.venue_order_id}",
        account=report.account,
        symbol=report.symbol,
        side=report.side or Side.BUY,
        kind=report.kind or Kind.LIMIT,
        quantity=report.quantity or report.cumulative,
        price=report.price,
        at_us=report.at_us,
    )
    state = intended(order, at_us=report.at_us, foreign=stranger)
    return replace(state, sent=True, acked=True, venue_order_id=report.venue_order_id)


def _told(error: BaseException) -> str:
    """Why it fell short; of what is no error of ours only the kind: its words may hold a key."""
    if isinstance(error, TimeoutError):
        return f"no answer in {CALL_S} s"
    return str(error) if isinstance(error, DeskError) else f"it failed ({type(error).__name__})"
