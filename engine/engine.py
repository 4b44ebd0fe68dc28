"""The engine: from INIT to READY, through whatever comes, and back down.

The one rule: start-up is recovery, so there is no other way to start; and whatever happens,
streams, fills and cancels go on while new orders are stopped.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

from domain import events
from domain.board import LedgerView, Mode, Phase
from domain.errors import Corrupt, DeskError, Misconfigured
from engine.desk import Desk
from engine.names import token
from engine.parts import Outfit, Parts
from engine.supervise import Crew
from engine.threads import unswept

TAIL = 1_000
DRAIN_S = 20
VERIFY_EVERY_S = 86_400
log = logging.getLogger(__name__)


class Engine:
    """One desk from start to stop.

    `opened` is set when asks are answered, `ready` when the first reconciliation is through.
    """

    def __init__(self, desk: Desk, outfit: Outfit) -> None:
        self.desk = desk
        self._outfit = outfit
        self.opened = asyncio.Event()
        self.ready = asyncio.Event()
        self._stopping = asyncio.Event()
        self._reason = "asked to stop"
        self._doubt = ""
        self._counted_in = ""
        self.parts: Parts | None = None

    def stop(self, reason: str) -> None:
        """Leave in an orderly way: no new orders, write everything, end."""
        self._reason = reason
        self._stopping.set()

    async def run(self, beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()) -> None:
        """Run until `stop`; `beside` are tasks of the composition root (server, demo market).

        Raises:
            Corrupt: when the ledger does not verify; nothing was connected then.
        """
        async with asyncio.TaskGroup() as group:
            crew = Crew(group)
            self.parts = parts = Parts(self.desk, self._outfit, crew)
            self.opened.set()
            for work in beside:
                crew.run(work(), "beside")
            await self._start(parts)
            await self._stopping.wait()
            await self._drain(parts)
            crew.stop()

    async def _start(self, parts: Parts) -> None:
        self._phase(Phase.LEDGER_VERIFY)
        await self._verify_tail()
        self._phase(Phase.LOAD)
        await self._load(parts)
        self._phase(Phase.CONNECT)
        parts.lookups.replayed()
        parts.marker.at_start()
        await self._first_words()
        await parts.limiting.start(self._outfit.limits.values())
        parts.kill.started()
        parts.flattener.started()
        parts.triggers.started()
        if self._doubt:
            parts.kill.ledger_failed(self._doubt)
        parts.releases.resume_later()
        await parts.withdrawals.started()
        crew = parts.floor.crew
        crew.run(parts.reopening.run(), "ledger")
        crew.run(parts.views.run(), "views")
        crew.run(parts.marker.run(), "marker")
        crew.run(parts.limiting.run(), "limits")
        crew.run(parts.witness.run(), "witness")
        crew.run(parts.rekeying.run(), "missing keys")
        parts.dead_man.start()
        self._phase(Phase.RECONCILE)
        await parts.first_reconciliation()
        crew.run(parts.equity.run(), "equity")
        crew.run(parts.triggers.run(), "triggers")
        crew.run(parts.schedule.run(), "schedule")
        parts.withdrawals.run()
        crew.run(self._verify_all(parts), "verify")
        self._phase(Phase.READY)
        self.ready.set()

    def _phase(self, phase: Phase) -> None:
        self.desk.show(phase=phase, now_us=self._outfit.clock.now_us())
        told = f"the engine is {phase.value}"  # whole, so that no two are taken for the same
        log.info(told)

    async def _verify_tail(self) -> None:
        """The newest rows are proven, or only OBSERVE goes on, and halts (semantics 6, row 1).

        So does a start that is there for a person to accept what was lost.
        """
        report = await self._outfit.ledger.verify(tail=TAIL)
        if report.result != "FAIL":
            return
        if self._outfit.mode is not Mode.OBSERVE and not self._outfit.accepts_loss:
            raise Corrupt(
                f"the ledger does not verify at row {report.bad_seq}: {report.problem}; see "
                "`quarterdeck ledger verify`; rows that are lost for good: `ledger accept-loss`"
            )
        self._doubt = f"it does not verify at row {report.bad_seq}: {report.problem}"

    async def _load(self, parts: Parts) -> None:
        head = LedgerView()
        with unswept():
            async for row, fact in self._outfit.ledger.facts():
                self.desk.replay(fact, row.seq)
                if isinstance(fact, events.EngineStarted):
                    self._counted_in = fact.base_currency or self._counted_in
                head = LedgerView(head_seq=row.seq, head_hash=row.hash)
        self.desk.show(ledger=head)
        parts.floor.door.replayed()
        for account in parts.books.opened.intersection(parts.floor.connections.accounts):
            parts.floor.door.sums.assume(account, parts.books.held(account))

    async def _first_words(self) -> None:
        outfit = self._outfit
        if not self.desk.board.ledger_id:
            raise Corrupt("the ledger has no genesis; it was not made by this program")
        currency = self.desk.board.base_currency
        if self._counted_in not in ("", currency):
            # Otherwise every limit would mean another amount, and nobody had approved that.
            known = self._counted_in
            hint = f"this book counts in {known}; write {known}, or begin another data directory"
            raise Misconfigured("base_currency", hint)
        await self.desk.record(
            events.EngineStarted(
                at_us=outfit.clock.now_us(),
                actor="engine",
                run_id=token(outfit.dice),
                mode=outfit.mode.value,
                version=outfit.version,
                settings_sha=outfit.settings_sha,
                base_currency=currency,
            )
        )

    async def _verify_all(self, parts: Parts) -> None:
        """The whole chain in the background, now and daily; a failure trips the kill switch."""
        while True:
            report = await self._outfit.ledger.verify()
            shown = replace(
                self.desk.board.ledger,
                verified=report.result,
                verified_seq=report.head_seq,
                verified_us=self._outfit.clock.now_us(),
            )
            self.desk.show(ledger=shown)
            log.info("the whole ledger verified %s to row %s", report.result, report.head_seq)
            if report.result == "FAIL":
                parts.kill.ledger_failed(
                    f"verification failed at {report.bad_seq}: {report.problem}"
                )
            await asyncio.sleep(VERIFY_EVERY_S)

    async def _drain(self, parts: Parts) -> None:
        """No new orders; cancel what is open if the configuration says so; say goodbye."""
        self._phase(Phase.DRAINING)
        self.ready.clear()
        try:
            async with asyncio.timeout(DRAIN_S):
                await parts.drained()
        except (DeskError, TimeoutError) as error:
            log.warning("drained without an answer: %s", error)
        goodbye = events.EngineStopped(
            at_us=self._outfit.clock.now_us(),
            actor="engine",
            run_id=self.desk.board.run_id,
            reason=self._reason,
        )
        try:
            await self.desk.record(goodbye)
        except DeskError as error:  # start-up is recovery: it needs no goodbye
            log.critical("the last row could not be written: %s", error)
        self._phase(Phase.STOPPED)
