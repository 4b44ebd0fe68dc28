"""The job behind one halt: sweep every account in its scope until each is proven, and tell it.

The one rule: it ends only with proof, or with a release. After the deadline it says NOT VERIFIED
and goes on for ever; a ledger that takes nothing stops no cancel.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace

from domain import controls, events
from domain.errors import DeskError
from domain.halts import Evidence, Halt, Level, scope_of
from domain.instruments import Account
from domain.orders import Status
from engine.coverage import Coverage
from engine.floor import Floor
from engine.lookups import Lookups
from engine.sweep import Sweep

SECOND_US = 1_000_000
WRITE_S = 2
LISTS_LAG_US = 5 * SECOND_US  # a venue's lists may trail its streams by this much
NOBODY = "no account of this desk is inside the scope"
log = logging.getLogger(__name__)


class CancelJob:
    """The cancel-all of one scope; a start while it runs makes it begin anew.

    A halt that the ledger could not take is swept all the same: its evidence goes to the log.
    """

    def __init__(self, floor: Floor, lookups: Lookups, scope: str) -> None:
        self._floor = floor
        self._lookups = lookups
        self._scope = scope
        self._level = 0
        self._task: asyncio.Future[None] | None = None
        self._again = asyncio.Event()

    def start(self, level: int) -> None:
        """Begin, or begin anew, with what a halt of this level cancels; it never goes down."""
        running = self._task is not None and not self._task.done()
        self._level = max(self._level, level) if running else level
        if running:
            self._again.set()
            return
        self._again.clear()
        self._task = self._floor.run(self._cancel_all(), f"cancel all of {self._scope}")

    async def _cancel_all(self) -> None:
        """Sweep until all is verified; after the deadline go on for ever."""
        settings, clock = self._floor.settings, self._floor.clock
        await self._in_flight()
        self._again.set()
        while self._floor.stop.held(self._scope):
            if self._again.is_set():
                self._again.clear()
                started, late = clock.monotonic_us(), False
                sweeps = self._sweeps()
                told: dict[Account, Evidence] = {}
            await asyncio.gather(*(s.attempt() for s in sweeps if not s.evidence.verified))
            await self._evidenced(sweeps, told)
            elapsed_us = clock.monotonic_us() - started
            if sweeps and all(sweep.evidence.verified for sweep in sweeps):
                if self._again.is_set():
                    continue  # what was proven was proven before the newest trip
                await self._verified(elapsed_us // 1000)
                if self._again.is_set():
                    continue
                return
            if not late and elapsed_us > settings.kill_deadline_s * SECOND_US:
                late = True
                await self._unverified(sweeps)
            pause_ms = settings.kill_retry_s * 1000 if late else settings.kill_list_gap_ms
            await asyncio.sleep(pause_ms / 1000)

    async def _in_flight(self) -> None:
        """Give creates that are on the wire a moment to answer."""
        clock, wait_us = self._floor.clock, self._floor.settings.kill_in_flight_wait_ms * 1000
        until, coverage = clock.monotonic_us() + wait_us, self._coverage()
        async for board in self._floor.desk.watch():
            orders = board.orders.values()
            sent = [s for s in orders if s.status is Status.SUBMITTED and coverage.covers(s)]
            if not sent or clock.monotonic_us() >= until:
                return

    def _coverage(self) -> Coverage:
        return Coverage(self._floor, scope_of(self._scope), self._level)

    def _sweeps(self) -> list[Sweep]:
        coverage = self._coverage()
        return [self._sweep(account, coverage) for account in coverage.accounts]

    def _sweep(self, account: Account, coverage: Coverage) -> Sweep:
        connection = self._floor.connections.of(account)
        return Sweep(
            account,
            connection.readers[account],
            connection.traders.get(account),
            connection.traits,
            self._floor.clock,
            gap_us=self._floor.settings.kill_list_gap_ms * 1000,
            unknown=lambda: self._unproven(account, coverage),
            inside=coverage.row(),
        )

    def _unproven(self, account: Account, coverage: Coverage) -> int:
        """Orders here that keep it from being proven; each of ours is being looked up."""
        waiting, listed_us = 0, self._floor.now_us() - LISTS_LAG_US
        for state in self._floor.desk.board.orders.values():
            if state.order.account != account or not coverage.waits_for(state, listed_us):
                continue
            waiting += 1
            if not state.foreign:
                self._lookups.follow(state.client_id)
        return waiting

    # Telling

    async def _evidenced(self, sweeps: list[Sweep], told: dict[Account, Evidence]) -> None:
        halt = self._standing()
        if halt is None:
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
        """The halt as the ledger has it: of this scope, and no weaker than what is swept for."""
        for halt in self._floor.desk.board.halts:
            if halt.scope == self._scope and halt.level >= self._level:
                return halt
        return None

    async def _written(self, *facts: events.Fact) -> None:
        """Write down what can be; a ledger that fails or hangs stops no cancel."""
        if not facts:
            return
        recording = self._floor.run(self._record(facts), "kill evidence")
        done, _ = await asyncio.wait([recording], timeout=WRITE_S)
        if not done:
            log.critical("the ledger has not taken the kill's evidence yet")

    async def _record(self, facts: Sequence[events.Fact]) -> None:
        try:
            await self._floor.desk.record(*facts)
        except DeskError as error:
            log.critical("kill evidence could not be written: %s", error)

    async def _verified(self, elapsed_ms: int) -> None:
        halt = self._standing()
        if halt is None:
            log.warning("all of %s cancelled and verified after %d ms", self._scope, elapsed_ms)
            return
        await self._written(
            controls.HaltVerified(
                at_us=self._floor.now_us(),
                actor="engine",
                halt_id=halt.halt_id,
                verified_ms=elapsed_ms,
                level=Level(self._level),
            )
        )

    async def _unverified(self, sweeps: list[Sweep]) -> None:
        open_at = [
            f"{s.evidence.account}: {s.evidence.error or f'{s.evidence.still_open} open'}"
            for s in sweeps
            if not s.evidence.verified
        ]
        text = f"NOT VERIFIED {self._scope}: {'; '.join(open_at) or NOBODY}"
        halt = self._standing()
        if halt is None:
            log.critical(text)
            return
        at_us = self._floor.now_us()
        await self._written(
            controls.HaltUnverified(at_us=at_us, actor="engine", halt_id=halt.halt_id, reason=text),
            controls.AlarmRaised(
                at_us=at_us, actor="engine", alarm="kill unverified", severity="critical", text=text
            ),
        )
