"""Bringing a venue up: connect, reconcile each of its accounts, then keep all of it going.

The one rule (R-D9): nobody waits for somebody else. A venue that is down is asked again, less
and less often, while the others trade; an account whose key is refused holds up neither the
prices of its venue nor the other accounts there.
"""

import asyncio
import logging
from collections.abc import Awaitable, Sequence

from domain.errors import Unavailable
from engine.accounts import AccountWatch
from engine.audit import KeyAudit
from engine.floor import Floor
from engine.markets import MarketWatch, told_of
from engine.recovery import Recovery
from engine.supervise import backoff_ms
from engine.troubles import Troubles

log = logging.getLogger(__name__)


class Rising:
    """Brings the venues up, each by itself."""

    def __init__(self, floor: Floor, recovery: Recovery, keys: KeyAudit) -> None:
        self._floor = floor
        self._recovery = recovery
        self._keys = keys
        self._troubles = Troubles(log)

    async def rise(self, market: MarketWatch, mine: Sequence[AccountWatch]) -> None:
        """One venue and its accounts; done when every account was reconciled once."""
        await self._connect(market, mine)
        crew, venue = self._floor.crew, market.venue
        crew.run(market.stream(), f"prices {venue}")
        crew.run(market.poll(), f"poll {venue}")
        crew.run(market.watch_clock(), f"clock {venue}")
        crew.run(market.follow_listing(), f"instruments {venue}")
        await asyncio.gather(*(self._reconciled(watch) for watch in mine))

    async def _reconciled(self, watch: AccountWatch) -> None:
        """One account: whose it is, then listen, so that nothing is missed, then look back."""
        crew, account = self._floor.crew, watch.account
        if not await self._keys.admission(account):
            return
        crew.run(self._keys.watch(account), f"keys {account}")
        crew.run(watch.stream.run(), f"stream {account}")
        await self._recovery.until_clean(watch)
        crew.run(watch.poll_orders(), f"orders {account}")
        crew.run(watch.poll_balances(), f"balances {account}")
        crew.run(watch.poll_history(), f"history {account}")

    async def _connect(self, market: MarketWatch, mine: Sequence[AccountWatch]) -> None:
        """Instruments, clock and prices; balances where they are told."""
        name, attempt = f"{market.venue} at start", 0
        while True:
            problem = await self._joined(market, mine)
            if problem is None:
                self._troubles.over(name)
                return
            attempt += 1
            why, remedy = told_of(problem)
            market.pulse.broke(why, remedy)
            self._troubles.met(name, why, remedy)
            wait_ms = self._pause_ms(attempt)
            market.pulse.next_try_us = self._floor.now_us() + wait_ms * 1_000
            await asyncio.sleep(wait_ms / 1_000)

    def _pause_ms(self, attempt: int) -> int:
        settings = self._floor.settings
        return backoff_ms(
            attempt, settings.reconnect_first_ms, settings.reconnect_last_ms, self._floor.dice
        )

    async def _joined(
        self, market: MarketWatch, mine: Sequence[AccountWatch]
    ) -> BaseException | None:
        """What keeps the venue from joining; None when it has."""
        listed, timed, *_ = await asyncio.gather(
            _problem_of(market.load()),
            _problem_of(market.measure_clock()),
            *(self._told(watch) for watch in mine),
        )
        return listed or timed or await _problem_of(market.choose())

    async def _told(self, watch: AccountWatch) -> None:
        """An account's balances, once it is known whose they are; its problems are its own."""
        if not await self._keys.admitted(watch.account):
            return
        problem = await _problem_of(watch.read_balances())
        if problem is not None:
            watch.pulse.problem, watch.pulse.remedy = told_of(problem)


async def _problem_of(work: Awaitable[object]) -> BaseException | None:
    try:
        await work
    except (Unavailable, TimeoutError) as error:
        return error
    return None
