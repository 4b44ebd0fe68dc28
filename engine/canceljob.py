"""The job behind a halt: sweep every account until each is proven, and tell what was seen.

The one rule: it ends only with proof. After the deadline it says NOT VERIFIED and goes on for
ever; a ledger that takes nothing stops no cancel.
"""

import asyncio
import logging
from dataclasses import replace

from domain import controls, events
from domain.errors import DeskError
from domain.halts import Evidence, Halt, Marker
from domain.instruments import Account
from domain.orders import Status
from engine.floor import Floor
from engine.lookups import Lookups
from engine.sweep import Sweep

SECOND_US = 1_000_000
LISTS_LAG_US = 5 * SECOND_US  # a venue's lists may trail its streams by this much
log = logging.getLogger(__name__)


class CancelJob:
    """At most one cancel-all at a time; a start while it runs makes it begin anew."""

    def __init__(self, floor: Floor, lookups: Lookups) -> None:
        self._floor = floor
        self._lookups = lookups
        self._task: asyncio.Task[None] | None = None
        self._again = asyncio.Event()

    def start(self, unwritten: Marker | None = None) -> None:
        """Begin, or begin anew. `unwritten` is a halt that the ledger could not take."""
        if self._task is not None and not self._task.done():
            self._again.set()
            return
        self._task = self._floor.run(self._cancel_all(unwritten), "cancel all")

    async def _cancel_all(self, unwritten: Marker | None) -> None:
        """Sweep every account until all are verified; after the deadline go on for ever."""
        settings, clock = self._floor.settings, self._floor.clock
        started = clock.monotonic_us()
        await self._in_flight()
        sweeps = [self._sweep(account) for account in self._floor.connections.accounts]
        told: dict[Account, Evidence] = {}
        late = False
        while True:
            if self._again.is_set():
                self._again.clear()
                sweeps = [self._sweep(account) for account in self._floor.connections.accounts]
            await asyncio.gather(*(s.attempt() for s in sweeps if not s.evidence.verified))
            await self._evidenced(sweeps, told, unwritten)
            elapsed_us = clock.monotonic_us() - started
            if all(sweep.evidence.verified for sweep in sweeps):
                await self._verified(elapsed_us // 1000, unwritten)
                if not self._again.is_set():
                    return
                continue
            if not late and elapsed_us > settings.kill_deadline_s * SECOND_US:
                late = True
                await self._unverified(sweeps, unwritten)
            pause_ms = settings.kill_retry_s * 1000 if late else settings.kill_list_gap_ms
            await asyncio.sleep(pause_ms / 1000)

    async def _in_flight(self) -> None:
        """Give creates that are on the wire a moment to answer."""
        clock, wait_us = self._floor.clock, self._floor.settings.kill_in_flight_wait_ms * 1000
        until = clock.monotonic_us() + wait_us
        async for board in self._floor.desk.watch():
            sent = [s for s in board.orders.values() if s.status is Status.SUBMITTED]
            if not sent or clock.monotonic_us() >= until:
                return

    def _sweep(self, account: Account) -> Sweep:
        connection = self._floor.connections.of(account)
        return Sweep(
            account,
            connection.readers[account],
            connection.traders.get(account),
            connection.traits,
            self._floor.clock,
            gap_us=self._floor.settings.kill_list_gap_ms * 1000,
            unknown=lambda: self._unproven(account),
        )

    def _unproven(self, account: Account) -> int:
        """Own orders here that are neither finished nor settling; each is being looked up.

        Foreign ones are for the lists to tell, unless they are too new for a list that lags.
        """
        waiting, listed_us = 0, self._floor.now_us() - LISTS_LAG_US
        for state in self._floor.desk.board.orders.values():
            if state.order.account != account or state.terminal:
                continue
            if state.foreign:
                waiting += state.updated_us > listed_us
            elif state.status is not Status.SETTLING:
                waiting += 1
                self._lookups.follow(state.client_id)
        return waiting

    # Telling

    async def _evidenced(
        self, sweeps: list[Sweep], told: dict[Account, Evidence], unwritten: Marker | None
    ) -> None:
        halt = self._standing()
        if halt is None or unwritten is not None:
            return
        facts = []
        for sweep in sweeps:
            evidence = sweep.evidence
            known = told.get(evidence.account)
            if known is None or replace(evidence, attempts=0) != replace(known, attempts=0):
                told[evidence.account] = evidence
                facts.append(
                    controls.HaltEvidenced(
                        at_us=self._floor.now_us(),
                        actor="engine",
                        halt_id=halt.halt_id,
                        evidence=evidence,
                    )
                )
        await self._written(*facts)

    def _standing(self) -> Halt | None:
        halts = self._floor.desk.board.halts
        return halts[0] if halts else None

    async def _written(self, *facts: events.Fact) -> None:
        """Write down what can be; a ledger that fails stops no cancel."""
        if not facts:
            return
        try:
            await self._floor.desk.record(*facts)
        except DeskError as error:
            log.critical("kill evidence could not be written: %s", error)

    async def _verified(self, elapsed_ms: int, unwritten: Marker | None) -> None:
        halt = self._standing()
        if halt is None or unwritten is not None:
            log.warning("all orders cancelled and verified after %d ms", elapsed_ms)
            return
        await self._written(
            controls.HaltVerified(
                at_us=self._floor.now_us(),
                actor="engine",
                halt_id=halt.halt_id,
                verified_ms=elapsed_ms,
            )
        )

    async def _unverified(self, sweeps: list[Sweep], unwritten: Marker | None) -> None:
        open_at = [
            f"{s.evidence.account}: {s.evidence.error or f'{s.evidence.still_open} open'}"
            for s in sweeps
            if not s.evidence.verified
        ]
        text = f"NOT VERIFIED: {'; '.join(open_at)}"
        halt = self._standing()
        if halt is None or unwritten is not None:
            log.critical(text)
            return
        at_us = self._floor.now_us()
        await self._written(
            controls.HaltUnverified(at_us=at_us, actor="engine", halt_id=halt.halt_id, reason=text),
            controls.AlarmRaised(
                at_us=at_us, actor="engine", alarm="kill unverified", severity="critical", text=text
            ),
        )
