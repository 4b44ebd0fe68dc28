"""The drill of the kill switch: a real halt over canaries, measured stage by stage (semantics 3.5).

It goes the way of every trip: the same gate, marker, ledger row, cancel-all and proof, over
`STRATEGY:drill` alone, so that no other order is touched. The one rule: it never releases; that
takes a code, like every halt.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from itertools import islice

from domain import asks, controls, events
from domain.board import Board, Mode
from domain.drills import DAY_US, SCOPE, DrillCompleted, ReadDrills, RunDrill, overdue
from domain.errors import DeskError, Refused
from domain.halts import Halt, HaltState, Level
from domain.instruments import Account
from domain.money import exactly
from domain.orders import Draft, Status
from engine.floor import Floor
from engine.killswitch import KillSwitch
from engine.operators import Operator, Role
from engine.trading import Trading
from risk.canary import canaries

TRIED = 60  # drafts an account: what it holds decides which of them it can pay for
PLACED_S = 12
PROVEN_S = 40
KEPT = 50
ALARM = "drill overdue"


@dataclass(slots=True)
class _Watched:
    """What is measured of one drill; microseconds since the trip was asked for, -1: not yet."""

    halt_id: str
    began_us: int
    names: tuple[str, ...]
    gate_us: int = -1
    cancelled_us: int = -1
    verified_us: int = -1
    proven_at: dict[Account, int] = field(default_factory=dict)
    halt: Halt | None = None

    def saw(self, board: Board, now_us: int) -> None:
        """Note each stage the first time that the board shows it."""
        at_us = now_us - self.began_us
        self.halt = next((h for h in board.halts if h.halt_id == self.halt_id), None)
        if self.cancelled_us < 0 and all(_ended(board, name) for name in self.names):
            self.cancelled_us = at_us
        if self.halt is None:
            return
        for seen in self.halt.evidence:
            if seen.verified:
                self.proven_at.setdefault(seen.account, at_us)
        if self.halt.verified and self.verified_us < 0:
            self.verified_us = at_us

    @property
    def over(self) -> bool:
        """Whether every stage was reached."""
        return self.verified_us >= 0 and self.cancelled_us >= 0

    @property
    def first_cancel_us(self) -> int:
        """When the first cancel had left, at the latest.

        That is the proof, less what the sweep says lay between. The proof is seen a ledger's
        write later, and no canary ended before a cancel left.
        """
        if self.halt is None:
            return -1
        sent = [
            self.proven_at[seen.account] - (seen.verified_ms - seen.first_cancel_ms) * 1000
            for seen in self.halt.evidence
            if seen.account in self.proven_at and seen.first_cancel_ms >= 0
        ]
        if self.cancelled_us >= 0:
            sent.append(self.cancelled_us)
        return max(0, min(sent)) if sent else -1


class Drill:
    """Answers RunDrill and ReadDrills; reminds a LIVE desk when the last one is too long ago."""

    def __init__(self, floor: Floor, trading: Trading, kill: KillSwitch) -> None:
        self._floor = floor
        self._trading = trading
        self._kill = kill
        self._running = False
        self._reminded_us = 0
        self._opened_us = 0
        self._past: deque[DrillCompleted] = deque(maxlen=KEPT)
        floor.desk.keep(self)
        floor.desk.answer(RunDrill, self.run, Role.TRADER)
        floor.desk.answer(ReadDrills, self.read, Role.VIEWER)

    def fact(self, fact: events.Fact, _: Board) -> None:
        """Remember the newest drills, also those of earlier runs, and when the book began."""
        if isinstance(fact, DrillCompleted):
            self._past.appendleft(fact)
        elif isinstance(fact, events.LedgerOpened):
            self._opened_us = fact.at_us

    def sighting(self, sighting: object, board: Board) -> None:
        """A drill hears facts only."""

    async def read(self, ask: ReadDrills, _: Operator) -> tuple[DrillCompleted, ...]:
        """The newest drills."""
        return tuple(islice(self._past, max(0, ask.limit)))

    async def run(self, ask: RunDrill, caller: Operator) -> DrillCompleted:
        """Canaries, a trip over them, the proof, and a row in the ledger."""
        self._allowed(ask)
        self._running = True
        # In a task of its own: an asker that goes away leaves no canary behind.
        work = self._whole(ask, caller)
        return await asyncio.shield(self._floor.spawn(work, "drill of the kill switch"))

    async def _whole(self, ask: RunDrill, caller: Operator) -> DrillCompleted:
        try:
            return await self._drilled(ask, caller)
        finally:
            self._running = False

    def _allowed(self, ask: RunDrill) -> None:
        board = self._floor.desk.board
        if self._running:
            raise Refused("drill", "a drill is under way; wait for it")
        if board.mode is Mode.OBSERVE:
            raise Refused("mode", "OBSERVE places no orders; drill in DEMO, PAPER or LIVE")
        if board.mode is Mode.LIVE and not ask.live_canaries:
            raise Refused(
                "drill",
                "in LIVE a drill places a real order at each account; ask for --live-canaries",
            )
        standing = next((halt for halt in board.halts if halt.scope == SCOPE), None)
        if standing is not None and standing.state is HaltState.RESUMING:
            hold_s = self._floor.settings.resume_hold_s
            raise Refused("drill", f"an earlier drill is resuming; wait up to {hold_s} s")
        if standing is not None:
            raise Refused("drill", f"{SCOPE} is halted by an earlier drill; release it first")
        if ask.venue:
            self._floor.connections.by_venue(ask.venue)

    async def _drilled(self, ask: RunDrill, caller: Operator) -> DrillCompleted:
        placed, left_out = await self._place(ask, caller)
        if not placed:
            raise Refused("drill", f"no canary could be placed: {'; '.join(left_out) or 'nowhere'}")
        told = await self._tripped(placed, caller)
        done = DrillCompleted(
            at_us=self._floor.now_us(),
            actor=caller.name,
            halt_id=told.halt_id,
            mode=self._floor.desk.board.mode.value,
            canaries=tuple(placed),
            accounts=tuple(sorted({self._floor.state(n).order.account for n in placed})),
            left_out=tuple(left_out),
            gate_us=told.gate_us,
            first_cancel_us=told.first_cancel_us,
            cancelled_us=told.cancelled_us,
            verified_us=told.verified_us,
            problem=self._problem(told),
        )
        await self._floor.desk.record(done)
        return done

    # Canaries

    async def _place(self, ask: RunDrill, caller: Operator) -> tuple[list[str], list[str]]:
        """(client ids that rest, what was left out and why), one order an account."""
        accounts = [
            account
            for account in self._floor.connections.accounts
            if ask.venue in ("", account.venue)
            and account in self._floor.connections.of(account).traders
        ]
        answers = await asyncio.gather(*(self._one(account, caller) for account in accounts))
        placed = [name for name, _ in answers if name]
        await self._resting(placed)
        left_out = [
            f"{account}: {why}" for account, (_, why) in zip(accounts, answers, strict=True) if why
        ]
        return placed, left_out

    async def _one(self, account: Account, caller: Operator) -> tuple[str, str]:
        draft, why = self._choice(account)
        if draft is None:
            return "", why
        try:
            answer = await self._trading.submit(asks.SubmitOrder(draft=draft), caller)
        except DeskError as error:
            return "", str(error)
        if answer.status is Status.REJECTED:
            return "", answer.reason
        return answer.client_id, ""

    def _choice(self, account: Account) -> tuple[Draft | None, str]:
        """The first canary that the gate lets through, else why the last one was denied."""
        floor, why = self._floor, "no symbol with a price"
        with exactly():
            tried = list(
                islice(
                    canaries(account, floor.desk.board, floor.door.view.limits.price_collar_pct),
                    TRIED,
                )
            )
        for draft in tried:
            verdict = floor.door.verdict(draft)
            if verdict.approved:
                return draft, ""
            why = verdict.reason
            if verdict.rule in ("mode", "halt", "venue_health"):
                break  # no other draft of the account would pass either
        return None, why

    async def _resting(self, placed: list[str]) -> None:
        """Wait until the venues have answered; what stays in doubt is a canary all the same."""
        waiting = (Status.NEW, Status.SUBMITTED, Status.UNKNOWN)
        try:
            async with asyncio.timeout(PLACED_S):
                async for board in self._floor.desk.watch():
                    if not any(board.orders[name].status in waiting for name in placed):
                        return
        except TimeoutError:
            return

    # The trip

    async def _tripped(self, placed: list[str], caller: Operator) -> _Watched:
        """Trip as everybody does, and note when each stage was reached."""
        clock = self._floor.clock
        probe = self._floor.state(placed[0]).order
        began_us = clock.monotonic_us()
        marker = self._kill.trip(Level.HALT_CANCEL, "drill of the kill switch", caller.name,
                                 scope=SCOPE)  # fmt: skip
        told = _Watched(marker.halt_id, began_us, tuple(placed))
        if self._trading.closed(probe):
            told.gate_us = clock.monotonic_us() - began_us
        try:
            async with asyncio.timeout(PROVEN_S):
                async for board in self._floor.desk.watch():
                    told.saw(board, clock.monotonic_us())
                    if told.over:
                        break
        except TimeoutError:
            told.saw(self._floor.desk.board, clock.monotonic_us())
        return told

    def _problem(self, told: _Watched) -> str:
        if told.gate_us < 0:
            return "the gate stayed open after the trip"
        traded = [name for name in told.names if self._floor.state(name).filled]
        if traded:
            return f"{len(traded)} canaries traded: {', '.join(traded)}"
        if told.over:
            return ""
        return f"not proven in {PROVEN_S} s; see `quarterdeck kill status`"

    # Reminding

    async def remind(self) -> None:
        """In LIVE, once a day: for more than 30 days there was no proven drill."""
        board, now = self._floor.desk.board, self._floor.now_us()
        if board.mode is not Mode.LIVE or now - self._reminded_us < DAY_US:
            return
        waiting = any(a.alarm == ALARM and not a.acknowledged for a in board.alarms)
        # A book that is younger than that has the words in the mode bar alone.
        if waiting or not overdue(board.drilled_us or self._opened_us or now, now):
            return
        why = overdue(board.drilled_us, now)
        self._reminded_us = now
        await self._floor.desk.record(
            controls.AlarmRaised(
                at_us=now, actor="engine", alarm=ALARM, severity="warning", text=why
            )
        )


def _ended(board: Board, name: str) -> bool:
    state = board.orders.get(name)
    return state is not None and state.terminal
