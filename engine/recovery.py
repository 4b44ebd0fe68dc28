"""Start-up is recovery: each account is brought to agree with its venue (semantics 6).

The one rule: nothing is assumed. What the venue does not show is searched for; what the facts
do not explain is a break; and an account that cannot be read stays reduce-only while the
others go on.
"""

import asyncio
import logging
from collections.abc import Iterable
from decimal import Decimal

from domain import bookings, controls, events
from domain.errors import Unavailable
from domain.instruments import Account
from domain.market import Balances, History
from domain.money import ZERO
from domain.orders import Fill, OrderState
from engine.accounts import AccountWatch
from engine.books import Books
from engine.floor import Floor
from engine.lookups import Lookups
from engine.supervise import backoff_ms
from engine.trails import IN_FLIGHT
from engine.troubles import Troubles
from risk.exposure import changes_of

SECOND_US = 1_000_000
DAY_US = 86_400 * SECOND_US
SAME_TRIES = 5
SETTLE_TRIES = 3
log = logging.getLogger(__name__)


class Recovery:
    """Brings one account after another (all at once) from the ledger's past to the present."""

    def __init__(self, floor: Floor, lookups: Lookups, books: Books) -> None:
        self._floor = floor
        self._lookups = lookups
        self._books = books
        self._troubles = Troubles(log)

    async def until_clean(self, watch: AccountWatch) -> None:
        """Try until the account is reconciled; a venue that is down is asked less and less."""
        about, attempt, settings = f"start-up of {watch.account}", 0, self._floor.settings
        while True:
            try:
                await self.reconcile(watch)
            except (Unavailable, TimeoutError) as error:
                why, attempt = str(error) or "no answer in time", attempt + 1
                remedy = error.remedy if isinstance(error, Unavailable) else ""
                watch.show(problem=why)
                watch.pulse.unanswered("start-up", why, remedy)
                self._troubles.met(about, why, remedy)
                first_ms, last_ms = settings.reconnect_first_ms, settings.reconnect_last_ms
                wait_ms = backoff_ms(attempt, first_ms, last_ms, self._floor.dice)
                await asyncio.sleep(wait_ms / 1_000)
            else:
                watch.pulse.answered("start-up")
                self._troubles.over(about)
                return

    async def reconcile(self, watch: AccountWatch) -> None:
        """History, open orders, doubtful orders, balances, checkpoint: one account.

        Raises:
            Unavailable: when any part could not be read whole.
        """
        if watch.account not in self._books.opened:
            await self._open(watch)
        history = await watch.catch_up("recon")
        await self._phantoms(history)
        await watch.check_orders()
        await self._search(self._doubtful(watch.account))
        await self._explain(watch)
        await watch.checkpoint(history.until_us)
        watch.show(reconciled_us=self._floor.now_us(), problem="")

    # The first start

    async def _open(self, watch: AccountWatch) -> None:
        """Book what the account held before the first fact we can get of it."""
        first_us = self._floor.now_us() - self._floor.settings.history_first_days * DAY_US
        history, balances = await self._same_moment(watch, first_us)
        opening = {asset: held.total for asset, held in balances.assets.items()}
        for asset, change in _all_changes(history):
            opening[asset] = opening.get(asset, ZERO) - change
        await self._floor.desk.record(
            bookings.OpeningBalance(
                at_us=self._floor.now_us(),
                actor="engine",
                account=watch.account,
                assets={asset: value for asset, value in sorted(opening.items()) if value},
            )
        )
        await watch.take_in(history, "history")
        watch.show(watermark_us=history.until_us)

    async def _same_moment(self, watch: AccountWatch, since_us: int) -> tuple[History, Balances]:
        """History and balances with nothing in between: the balances stood still around it."""
        before = await watch.read_balances()
        for _ in range(SAME_TRIES):
            history = await watch.read_history(since_us)
            after = await watch.read_balances()
            if _totals(before) == _totals(after):
                return history, after
            before = after
        raise Unavailable(watch.account.venue, f"{watch.account} moves while it is being opened")

    # What the ledger holds and the venue does not

    async def _phantoms(self, history: History) -> None:
        """A fill in the ledger that the venue's own complete history lacks (case M)."""
        told = {fill.key for fill in history.fills}
        settled_us = history.until_us - 60 * SECOND_US
        for fill in self._floor.desk.board.fills:
            within = history.since_us <= fill.at_us <= settled_us
            known = fill.key in told or fill.inferred
            if fill.account == history.account and within and not known:
                await self._phantom(fill)

    async def _phantom(self, fill: Fill) -> None:
        await self._floor.desk.record(
            controls.BreakOpened(
                at_us=self._floor.now_us(),
                actor="engine",
                break_id=f"PHANTOM_TRADE:{fill.key}",
                kind="PHANTOM_TRADE",
                account=fill.account,
                detail=f"trade {fill.trade_id} of {fill.symbol} is in the ledger and not at "
                f"{fill.account.venue}",
            )
        )

    def _doubtful(self, account: Account) -> list[OrderState]:
        return [
            state
            for state in self._floor.desk.board.orders.values()
            if state.order.account == account
            and (state.status in IN_FLIGHT or state.amendment is not None)
        ]

    async def _search(self, states: Iterable[OrderState]) -> None:
        """Look each doubtful order up now; what that does not settle is followed."""
        for state in states:
            await self._lookups.look_up(state)
            if state.amendment is not None and not state.amendment.in_doubt:
                await self._amended(state.client_id)
            self._lookups.follow(state.client_id)

    async def _amended(self, client_id: str) -> None:
        """Nobody who asked for a change before the start is there to hear its answer."""
        await self._floor.desk.record(
            events.AmendInDoubt(
                at_us=self._floor.now_us(),
                actor="engine",
                client_id=client_id,
                reason="the engine stopped before the answer came",
            )
        )

    # Balances

    async def _explain(self, watch: AccountWatch) -> None:
        """The facts must give the venue's balances; what they do not is a break."""
        for _ in range(SETTLE_TRIES):
            balances = await watch.check_balances(compare=False)
            if not watch.balancing.significant(balances):
                await watch.balancing.close_all()
                return
            await asyncio.sleep(1)
            await watch.catch_up("recon")
        await watch.balancing.open_all(balances)


def _totals(balances: Balances) -> dict[str, Decimal]:
    return {asset: held.total for asset, held in balances.assets.items() if held.total}


def _all_changes(history: History) -> Iterable[tuple[str, Decimal]]:
    for fill in history.fills:
        yield from changes_of(fill)
    for moved in history.movements:
        yield moved.asset, moved.amount - moved.fee
