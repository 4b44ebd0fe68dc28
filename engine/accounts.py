"""One account kept in step with its venue: its polls and its reconciliation.

The one rule (semantics 7): lists, history and balances are asked for on every (re)connect and
on a timer, and only a complete, successful answer changes anything.
"""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import replace

from domain import bookings, controls, sightings
from domain.board import AccountView
from domain.errors import DeskError, Unavailable
from domain.instruments import Account
from domain.market import Balances, History
from domain.orders import OrderState, VenueOrder
from engine.balancing import Balancing
from engine.books import Books
from engine.floor import Floor
from engine.intake import Intake
from engine.lookups import Lookups
from engine.streams import AccountStream

SECOND_US = 1_000_000
TOUCHED_US = 5 * SECOND_US  # an order touched this recently is left to the stream
CHECKPOINT_US = 600 * SECOND_US
ANSWER_S = 900  # a long history takes its time; each request has a limit of its own
BURST_S = 0.25
log = logging.getLogger(__name__)


class AccountWatch:
    """Everything that keeps one account's picture true."""

    def __init__(
        self,
        account: Account,
        floor: Floor,
        intake: Intake,
        lookups: Lookups,
        books: Books,
    ) -> None:
        self.account = account
        self._floor = floor
        self._intake = intake
        self._lookups = lookups
        self._books = books
        self._reader = floor.connections.reader(account)
        self.stream = AccountStream(account, floor, intake)
        self.pulse = self.stream.pulse
        self._missing: set[str] = set()
        self._checkpoint_us = 0
        self.balancing = Balancing(
            account, floor, books, self.catch_up, self.stream.balances_due.set
        )

    # Polls

    async def poll_orders(self) -> None:
        """Open orders, on a timer and at once after a (re)connect."""
        settings = self._floor.settings
        while True:
            healthy, degraded = settings.open_orders_every_s, settings.open_orders_degraded_every_s
            await _either(self.stream.orders_due, healthy if self.pulse.connected else degraded)
            await self._safely(self.check_orders())

    async def poll_balances(self) -> None:
        """Balances, on a timer and shortly after anything that moved them."""
        settings = self._floor.settings
        while True:
            healthy, degraded = settings.balances_every_s, settings.balances_degraded_every_s
            every_s = healthy if self.pulse.connected else degraded
            if await _either(self.stream.balances_due, every_s):
                await asyncio.sleep(BURST_S)  # fills come in bursts; one question answers them all
                self.stream.balances_due.clear()
            await self._safely(self.check_balances())

    async def poll_history(self) -> None:
        """Fills and movements that no stream told, on a timer and after every (re)connect."""
        settings = self._floor.settings
        while True:
            healthy, degraded = settings.fills_every_s, settings.balances_degraded_every_s
            await _either(self.stream.history_due, healthy if self.pulse.connected else degraded)
            self.stream.history_due.clear()
            await self._safely(self.catch_up())

    async def _safely(self, work: Awaitable[object]) -> None:
        """Run one poll; a venue that does not answer is shown, and asked again next time."""
        try:
            async with asyncio.timeout(ANSWER_S):
                await work
        except Unavailable as error:
            if not self.pulse.connected:
                self.pulse.problem = error.why
                self.pulse.remedy = error.remedy
            log.warning("%s: %s", self.account, error)
        except TimeoutError:
            log.warning("%s: no answer in %d s", self.account, ANSWER_S)

    def _polled(self) -> None:
        self.pulse.poll_us = self._floor.now_us()
        if not self.stream.streamed:
            self.pulse.problem = ""
            self.pulse.remedy = ""

    # Open orders

    async def check_orders(self) -> None:
        """Compare the venue's open orders with ours; what is missing is looked up.

        Raises:
            Unavailable: when the list could not be read whole; nothing changes then.
        """
        self.stream.orders_due.clear()
        asked_us = self._floor.now_us()
        listed = await self._reader.open_orders()
        self._polled()
        present = {self._listed(report) for report in listed}
        await self._floor.desk.flushed()
        for state in self._working():
            await self._maybe_missing(state, present, asked_us)

    def _listed(self, report: VenueOrder) -> str:
        state = self._intake.report(report, "list")
        if state is None:
            return report.client_id
        self._missing.discard(state.client_id)
        if state.terminal and not state.foreign:
            self._risen(state)
        return state.client_id

    def _risen(self, state: OrderState) -> None:
        """Terminal here and open there (semantics 6, case H)."""
        if self._floor.now_us() - state.updated_us < TOUCHED_US:
            return
        self._floor.desk.post(
            controls.BreakOpened(
                at_us=self._floor.now_us(),
                actor="engine",
                break_id=f"ORDER_REOPENED:{state.client_id}",
                kind="ORDER_REOPENED",
                account=self.account,
                detail=f"{state.client_id} is {state.status.value} here and open at the venue",
            )
        )

    def _working(self) -> list[OrderState]:
        orders = self._floor.desk.board.orders.values()
        return [
            state
            for state in orders
            if state.order.account == self.account and not state.terminal and state.seen
        ]

    async def _maybe_missing(self, state: OrderState, present: set[str], asked_us: int) -> None:
        """Missing in two successful lists, and left alone for a while: look it up."""
        client_id = state.client_id
        if client_id in present or asked_us - state.updated_us < TOUCHED_US:
            return
        if client_id not in self._missing and not state.foreign:
            self._missing.add(client_id)
            asyncio.get_running_loop().call_later(1.0, self.stream.orders_due.set)
            return
        self._missing.discard(client_id)
        try:
            await self._lookups.look_up(state)
        except DeskError as error:
            log.info("look-up of missing %s failed: %s", client_id, error)

    # History

    async def read_history(self, since_us: int) -> History:
        """A complete look back, nothing booked yet. Unavailable when a page is missing."""
        history = await self._reader.history(since_us)
        self._polled()
        return history

    async def catch_up(self) -> History:
        """Read history from the watermark less the overlap, book it, move the watermark.

        Raises:
            Unavailable: when any page of it could not be read; the watermark stays.
        """
        view = self._view()
        overlap_us = self._floor.settings.history_overlap_s * SECOND_US
        history = await self.read_history(max(0, view.watermark_us - overlap_us))
        self.take_in(history, "poll")
        await self._floor.desk.flushed()
        self.show(watermark_us=max(view.watermark_us, history.until_us))
        if self._floor.now_us() - self._checkpoint_us > CHECKPOINT_US:
            await self.checkpoint(history.until_us)
        return history

    def take_in(self, history: History, source: str) -> None:
        """Book everything a look back told; what is known already is dropped."""
        for report in history.orders:
            self._intake.report(report, source)
        for fill in sorted(history.fills, key=lambda fill: (fill.at_us, fill.trade_id)):
            self._intake.fill(fill, source)
        for movement in sorted(history.movements, key=lambda moved: moved.at_us):
            self._intake.movement(movement, source)

    async def checkpoint(self, watermark_us: int) -> None:
        """Write down up to where history is complete, and what the account should hold."""
        self._checkpoint_us = self._floor.now_us()
        await self._floor.desk.record(
            bookings.Checkpoint(
                at_us=self._floor.now_us(),
                actor="engine",
                account=self.account,
                watermark_us=watermark_us,
                balances=self._books.held(self.account),
            )
        )

    # Balances

    async def read_balances(self) -> Balances:
        """All balances, shown on the board. Unavailable when they could not be read whole."""
        balances = await self._reader.balances()
        self._polled()
        self._floor.desk.see(sightings.BalancesSeen(balances=balances))
        return balances

    async def check_balances(self, *, compare: bool = True) -> Balances:
        """Read the balances and compare them with the facts when nothing moves.

        Raises:
            Unavailable: when they could not be read whole.
        """
        balances = await self.read_balances()
        touched_us = self._intake.touched_us.get(self.account, 0)
        if compare and self.balancing.quiet(balances, touched_us):
            await self.balancing.compare(balances)
        return balances

    # All of it

    async def reconcile(self) -> None:
        """One whole pass: history, open orders, balances; marks the account reconciled.

        Raises:
            Unavailable: when any part could not be read; the account stays as it was.
        """
        await self.catch_up()
        await self.check_orders()
        await self.check_balances()
        self.show(reconciled_us=self._floor.now_us(), problem="")

    def _view(self) -> AccountView:
        board = self._floor.desk.board
        return board.accounts.get(self.account) or AccountView(account=self.account)

    def show(self, **changes: object) -> None:
        """Change this account's view on the board (`reconciled_us`, `problem`, …)."""
        accounts = self._floor.desk.board.accounts
        view = replace(self._view(), **changes)  # type: ignore[arg-type]
        self._floor.desk.show(accounts=accounts.put(self.account, view))


async def _either(event: asyncio.Event, wait_s: int) -> bool:
    """Wait for the event or the timer; whether it was the event."""
    try:
        async with asyncio.timeout(wait_s):
            await event.wait()
    except TimeoutError:
        return False
    return True
