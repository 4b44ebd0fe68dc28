"""One account kept in step with its venue: its polls and its reconciliation.

The one rule (semantics 7): lists, history and balances are asked for on every (re)connect and
on a timer, and only a complete, successful answer changes anything.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial

from domain import bookings, sightings
from domain.board import AccountView
from domain.errors import Unavailable
from domain.instruments import Account
from domain.market import Balances, History
from engine.balancing import Balancing
from engine.books import Books
from engine.floor import Floor
from engine.intake import Intake
from engine.lookups import Lookups
from engine.openorders import OpenOrders
from engine.streams import AccountStream
from engine.troubles import Troubles

SECOND_US = 1_000_000
CHECKPOINT_US = 600 * SECOND_US
ANSWER_S = 900  # a long history takes its time; each request has a limit of its own
BURST_S = 0.25
AT_A_TIME = 500  # rows of a history that are queued for the ledger together
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
        self._books = books
        self._reader = floor.connections.reader(account)
        self.stream = AccountStream(account, floor, intake)
        self.pulse = self.stream.pulse
        self._troubles = Troubles(log)
        self._open_orders = OpenOrders(account, floor, intake, lookups, self.stream.orders_due.set)
        self._checkpoint_us = 0
        self.balancing = Balancing(
            account, floor, books, self.catch_up, self.stream.balances_due.set
        )

    # Polls

    async def poll_orders(self) -> None:
        """Open orders, on a timer and at once after a (re)connect."""
        settings, well = self._floor.settings, True
        while True:
            healthy, degraded = settings.open_orders_every_s, settings.open_orders_degraded_every_s
            every_s = healthy if self.pulse.connected and well else degraded
            await _either(self.stream.orders_due, every_s)
            well = await self._safely("orders", self.check_orders())

    async def poll_balances(self) -> None:
        """Balances, on a timer and shortly after anything that moved them."""
        settings = self._floor.settings
        while True:
            healthy, degraded = settings.balances_every_s, settings.balances_degraded_every_s
            every_s = healthy if self.pulse.connected else degraded
            if await _either(self.stream.balances_due, every_s):
                await asyncio.sleep(BURST_S)  # fills come in bursts; one question answers them all
                self.stream.balances_due.clear()
            await self._safely("balances", self.check_balances())

    async def poll_history(self) -> None:
        """Fills and movements that no stream told, on a timer and after every (re)connect."""
        settings, well = self._floor.settings, True
        while True:
            healthy, degraded = settings.fills_every_s, settings.balances_degraded_every_s
            every_s = healthy if self.pulse.connected and well else degraded
            await _either(self.stream.history_due, every_s)
            self.stream.history_due.clear()
            well = await self._safely("history", self.catch_up())

    async def _safely(self, what: str, work: Awaitable[object]) -> bool:
        """Run one poll; whether it was answered. One that was not is shown and asked again."""
        about = f"{what} of {self.account}"
        try:
            async with asyncio.timeout(ANSWER_S):
                await work
        except Unavailable as error:
            self.pulse.unanswered(what, error.why, error.remedy)
            self._troubles.met(about, error.why, error.remedy)
        except TimeoutError:
            self._troubles.met(about, f"no answer in {ANSWER_S} s")
        else:
            self.pulse.answered(what)
            self._troubles.over(about)
            return True
        return False

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
        await self._open_orders.compare(listed, asked_us)

    # History

    async def read_history(self, since_us: int) -> History:
        """A complete look back, nothing booked yet. Unavailable when a page is missing."""
        history = await self._reader.history(since_us)
        self.balancing.pending = history.pending
        self._polled()
        return history

    async def catch_up(self, source: str = "poll") -> History:
        """Read history from the watermark less the overlap, book it, move the watermark.

        Raises:
            Unavailable: when any page of it could not be read, or not all of it was stored;
                the watermark stays then.
        """
        view = self._view()
        overlap_us = self._floor.settings.history_overlap_s * SECOND_US
        history = await self.read_history(max(0, view.watermark_us - overlap_us))
        await self.take_in(history, source)
        self.show(watermark_us=max(view.watermark_us, history.until_us))
        if self._floor.now_us() - self._checkpoint_us > CHECKPOINT_US:
            await self.checkpoint(history.until_us)
        return history

    async def take_in(self, history: History, source: str) -> None:
        """Book everything a look back told, durably; what is known already is dropped.

        Raises:
            Unavailable: when the ledger did not take all of it.
        """
        fills = sorted(history.fills, key=lambda fill: (fill.at_us, fill.trade_id))
        movements = sorted(history.movements, key=lambda moved: moved.at_us)
        # First the orders: a trade may name only the venue's id of an order, which they tell.
        await self._each(partial(self._intake.report, row, source) for row in history.orders)
        await self._each(partial(self._intake.fill, fill, source) for fill in fills)
        await self._each(partial(self._intake.movement, moved, source) for moved in movements)
        keys = {fill.key for fill in fills} | {moved.key for moved in movements}
        unbooked = self._intake.unbooked & keys
        if unbooked:
            raise Unavailable(
                "the ledger", f"{len(unbooked)} of what {self.account} told is not in it"
            )

    async def _each(self, works: Iterator[Callable[[], object]]) -> None:
        """Do each, and wait until what it appended is durable; the ledger's queue is bounded."""
        for number, work in enumerate(works, 1):
            work()
            if not number % AT_A_TIME:
                await self._floor.desk.flushed()
        await self._floor.desk.flushed()

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
        if compare and self.is_quiet(balances):
            await self.balancing.compare(balances)
        return balances

    def is_quiet(self, balances: Balances) -> bool:
        """Whether nothing moved for long enough before these balances were asked for."""
        return self.balancing.quiet(balances, self._intake.touched_us.get(self.account, 0))

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
