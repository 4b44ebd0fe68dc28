"""The desk's withdrawals by themselves, before a venue that does what it is told to.

Real parts (second factor, policy, address book, dispatch, tracing, fold) on virtual time and a
disk that outlives a crash. The one rule: what is allowed is worked out here a second time, from
the ledger's facts alone.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any, TypeVar, cast

from domain import asks_withdrawals as asks
from domain import bookings, controls, sightings
from domain import withdrawal_facts as facts
from domain.board import AccountView, Board, Mode, Phase
from domain.errors import DeskError, InDoubt, Unavailable
from domain.events import Fact
from domain.halts import GLOBAL, Level
from domain.instruments import Account
from domain.market import AssetBalance, Balances, Movement
from domain.policies import Policy, Rule
from domain.ports import Market, VenueTraits
from domain.rulings import Action
from domain.table import Table
from domain.withdrawals import (
    PROMISED,
    Request,
    Submission,
    VenueStatus,
    VenueWithdrawal,
    Withdrawal,
)
from engine.connections import Connection, Connections
from engine.desk import Desk
from engine.door import Door
from engine.floor import Floor
from engine.operators import Operator
from engine.secondfactor import SecondFactor
from engine.settings import EngineSettings
from engine.stop import Stop
from engine.supervise import Crew
from engine.withdrawals import Withdrawals
from risk.codes import code_at, step_at
from risk.limits import Limits
from risk.proposal import GateSettings
from tests.engine.order_desk import GENESIS
from tests.engine.rig import Secrets
from tests.sim.disk import Disk, SimLedger, SimLedgerReader, SimMarker
from tests.sim.loop import SECOND_US, SeededDice, VirtualClock, VirtualLoop

D = Decimal
T = TypeVar("T")
ACCOUNT = Account("model", "main")
PEOPLE = {name: Operator(name=name) for name in ("anna", "ben", "cleo")}
PLACES = {"cold": "cold-address", "warm": "warm-address"}
QUARANTINE_S, COOL_OFF_S, LARGE, SMALL = 100, 10, D(1000), D(100)
POLICY = Policy(
    rules=(
        Rule(name="small", action=Action.AUTO),
        Rule(
            name="large",
            action=Action.REQUIRE,
            value_over=LARGE,
            approvals=2,
            two_person=True,
        ),
        Rule(name="middle", action=Action.REQUIRE, value_to=LARGE),
    ),
    auto_approve_under=SMALL,
    quarantine_s=QUARANTINE_S,
    cool_off_s=COOL_OFF_S,
    expiry_s=5_000,
)
# What somebody who can write the settings file would like it to say.
LOOSENED = (
    replace(POLICY, auto_approve_under=D(100_000)),
    replace(POLICY, rules=(Rule(name="lax", action=Action.REQUIRE), *POLICY.rules)),
    replace(POLICY, quarantine_s=0, cool_off_s=0, expiry_s=500_000),
)


@dataclass
class Venue:
    """Takes withdrawals as it is told to; `calls` is what reached it, `wrong` what should not."""

    clock: VirtualClock
    mode: str = "ok"
    listing: str = "ok"
    calls: list[Withdrawal] = field(default_factory=list)
    rows: list[VenueWithdrawal] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ledger: "list[Fact]" = field(default_factory=list)

    async def withdraw(self, request: Withdrawal) -> Submission:
        self.calls.append(request)
        self.wrong += why_not(self.ledger, request, self.clock.now_us())
        if any(call.reference == request.reference for call in self.calls[:-1]):
            self.wrong.append(f"{request.reference} was asked for twice")
        if self.mode == "refused":
            return Submission(accepted=False, code="NO", reason="refused")
        if self.mode == "no route":
            raise Unavailable("model", "no route")
        if self.mode != "lost on the way":
            self._take(request)
        if self.mode == "ok":
            return Submission(accepted=True, venue_id=self.rows[-1].venue_id)
        if self.mode == "silent":
            await asyncio.sleep(3_600)
        raise InDoubt(request.reference, "the line broke")

    def _take(self, request: Withdrawal) -> None:
        self.rows.append(
            VenueWithdrawal(
                account=request.account,
                venue_id=f"V{len(self.rows)}",
                asset=request.asset,
                amount=request.amount,
                at_us=self.clock.now_us(),
                status=VenueStatus.PENDING,
                address=request.address,
                fee=D(1),
            )
        )

    async def withdrawals(self, since_us: int) -> Sequence[VenueWithdrawal]:
        if self.listing == "broken":
            raise Unavailable("model", "the answer was cut off")
        rows = [] if self.listing == "late" else self.rows
        return [row for row in rows if row.at_us >= since_us]


class Diary:
    """Every durable fact, in the ledger's order."""

    def __init__(self, told: list[Fact]) -> None:
        told.clear()
        self._told = told

    def fact(self, fact: Fact, _: Board) -> None:
        self._told.append(fact)

    def sighting(self, sighting: object, board: Board) -> None:
        """Not a fact."""


class Core:
    """One life of the desk."""

    def __init__(
        self, disk: Disk, venue: Venue, clock: VirtualClock, dice: SeededDice, file: Policy
    ) -> None:
        self.desk = Desk(Board(mode=Mode.DEMO), clock)
        self.desk.keep(Diary(venue.ledger))
        self.ledger = SimLedger(disk, self.desk.committed, dice)
        self.desk.attach(self.ledger)
        self._disk, self._venue, self._clock, self._dice = disk, venue, clock, dice
        self._file = file
        self.up = asyncio.Event()
        self.task = asyncio.ensure_future(self._live())

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._made(Crew(group))
            async for _, fact in self.ledger.facts():
                self.desk.replay(fact)
            self.door.replayed()
            view = AccountView(account=ACCOUNT, reconciled_us=self._clock.now_us())
            self.desk.show(phase=Phase.READY, accounts=Table({ACCOUNT: view}))
            for halt in self.desk.board.halts:
                self.floor.stop.follow(halt.level, halt.reason, halt.scope)
            self.balance()
            await self.withdrawals.started()
            self.up.set()
            await asyncio.Event().wait()

    def balance(self) -> None:
        """The venue tells what the account has: always the same, so that sums can be compared."""
        now_us = self._clock.now_us()
        assets = {"USD": AssetBalance(total=D(100_000), used=D(0))}
        told = Balances(account=ACCOUNT, assets=assets, asked_us=now_us, at_us=now_us)
        self.desk.see(sightings.BalancesSeen(balances=told))

    def _made(self, crew: Crew) -> None:
        stop = Stop()
        limits = Limits(max_order_value=D(1), max_daily_volume=D(1), max_position_size={})
        self.door = Door(self.desk, stop, self._clock, self._dice, limits, GateSettings())
        connection = Connection(
            traits=VenueTraits(venue="model"),
            market=cast("Market", self._venue),
            readers={ACCOUNT: cast("Any", self._venue)},
            traders={},
            withdrawers={ACCOUNT: self._venue},
            listers={ACCOUNT: self._venue},
        )
        self.floor = Floor(
            desk=self.desk,
            door=self.door,
            connections=Connections({ACCOUNT.venue: connection}),
            stop=stop,
            marker=SimMarker(self._disk),
            clock=self._clock,
            dice=self._dice,
            settings=EngineSettings(),
            crew=crew,
        )
        self.codes = SecondFactor(self.floor, Secrets(), self._dice)
        reader = SimLedgerReader(self._disk)
        self.withdrawals = Withdrawals(self.floor, self.codes, reader, self._file, {})


class PayingDesk:
    """A venue, a disk and a desk on a virtual loop, moved by one call at a time."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.venue = Venue(self.clock)
        self.disk = Disk(GENESIS)
        self._dice = SeededDice(1)
        self._halts = 0
        self.file = POLICY  # what the settings file says at the next start
        self.core = self._do(self._started())

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _started(self) -> Core:
        core = Core(self.disk, self.venue, self.clock, self._dice, self.file)
        await core.up.wait()
        return core

    @property
    def board(self) -> Board:
        return self.core.desk.board

    @property
    def requests(self) -> list[Request]:
        return sorted(self.board.withdrawals.values(), key=lambda r: (r.requested_us, r.request_id))

    # What happens to it

    def ask(self, ask: Any, who: str) -> Any:
        """Ask in somebody's name; a refusal is an answer too."""
        try:
            return self._do(self._asked(ask, who))
        except DeskError as error:
            return error

    async def _asked(self, ask: Any, who: str) -> Any:
        asking = asyncio.ensure_future(self.core.desk.ask(ask, PEOPLE[who]))
        async with asyncio.timeout(30):
            return await asking

    def code(self, back: int = 0) -> str:
        """The demo desk's code of this time step, or of an earlier one."""
        return code_at(self.core.codes._demo_seed(), step_at(self.clock.now_us()) - back)

    def wait(self, seconds: float) -> None:
        """Let time pass, and have everything looked at."""
        self._do(asyncio.sleep(seconds))
        self._do(self.core.withdrawals.dispatch.look())
        self._do(asyncio.sleep(2))
        with suppress(Unavailable):
            self._do(self.core.withdrawals.tracing.look())
        self._do(asyncio.sleep(0.5))
        self.core.balance()
        if self.core.task.done():
            self.core.task.result()
            raise AssertionError("the desk ended")

    def send(self, seconds: float) -> None:
        """Let time pass and what is ready be sent; nobody waits for the answer."""
        self._do(asyncio.sleep(seconds))
        self._do(self.core.withdrawals.dispatch.look())
        self._do(asyncio.sleep(0.1))

    def halt(self) -> None:
        """Trip over everything, as the kill switch does: the flag, then the ledger."""
        if self.board.halts:
            return
        self._halts += 1
        self.core.floor.stop.trip(Level.HALT, "test")
        self._record(
            controls.HaltTripped(
                at_us=self.clock.now_us(),
                actor="me",
                halt_id=f"H{self._halts}",
                level=Level.HALT,
                reason="test",
                scope=GLOBAL,
            )
        )

    def release(self) -> None:
        for halt in self.board.halts:
            at_us, name = self.clock.now_us(), halt.halt_id
            self._record(
                controls.HaltReleased(at_us=at_us, actor="me", halt_id=name, reason="over"),
                controls.HaltResumed(at_us=at_us, actor="me", halt_id=name),
            )
            self.core.floor.stop.lowered(Level.NORMAL)

    def moved(self, number: int) -> None:
        """A row of the venue's is told as a movement, perhaps again."""
        if self.venue.rows:
            row = self.venue.rows[number % len(self.venue.rows)]
            movement = Movement(
                account=ACCOUNT,
                reference=row.venue_id,
                asset=row.asset,
                amount=-row.amount,
                fee=D(1),
                at_us=row.at_us,
            )
            at_us = self.clock.now_us()
            self._record(
                bookings.MovementBooked(at_us=at_us, actor="model", movement=movement, source="m")
            )

    def _record(self, *told: Fact) -> None:
        self._do(self._recorded(*told))

    async def _recorded(self, *told: Fact) -> None:
        await self.core.desk.record(*told)

    def crash(self) -> None:
        """Be gone between two instructions, and start again."""
        self._do(self._crashed())
        self.core = self._do(self._started())

    async def _crashed(self) -> None:
        self.core.ledger.crash()
        self.core.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.core.task

    def close(self) -> None:
        """Leave nothing running."""
        self._do(self._crashed())
        self.loop.close()

    # What must be true of it

    def wrong(self) -> list[str]:
        """What must never be, whatever has happened so far."""
        found = list(self.venue.wrong)
        promised = sum((r.terms.amount for r in self.requests if r.state in PROMISED), D(0))
        free = self.core.door.view.exposure.available(ACCOUNT, "USD")
        if free != D(100_000) - promised:
            found.append(f"{promised} is promised and {free} is free")
        taken = {row.venue_id for row in self.venue.rows}
        done = [r for r in self.requests if r.completed and r.venue_id not in taken]
        return [*found, *(f"{r.request_id} is completed and was never taken" for r in done)]

    def differs(self) -> list[str]:
        """At rest: what the venue has taken and the desk does not know."""
        known = {r.venue_id for r in self.requests if r.completed}
        lost = [row.venue_id for row in self.venue.rows if row.venue_id not in known]
        return [f"{name} was taken and is not known" for name in lost]


def why_not(ledger: Sequence[Fact], asked: Withdrawal, now_us: int) -> list[str]:
    """What the ledger's facts say against this withdrawal at this moment."""
    mine = [f for f in ledger if isinstance(f, facts.WithdrawalRequested)]
    wanted = next((f for f in mine if f.terms.nonce == asked.reference), None)
    if wanted is None:
        return [f"{asked.reference} was never asked for"]
    told = [
        f
        for f in ledger
        if isinstance(f, facts.WithdrawalFact) and f.request_id == wanted.request_id
    ]
    name, found = wanted.request_id, []
    if wanted.terms.withdrawal != asked:
        found.append(f"{name} is not what was asked for")
    kinds = {type(f) for f in told}
    ended = {facts.WithdrawalRejected, facts.WithdrawalCancelled, facts.WithdrawalExpired}
    found += [f"{name} was over: {kind.__name__}" for kind in kinds & ended]
    if facts.WithdrawalSubmitting not in kinds:
        found.append(f"{name} left before it was written down")
    if _halted(ledger):
        found.append(f"{name} left in a halt")
    if not _active(ledger, wanted.terms.destination, now_us):
        found.append(f"{name} went to an address that is not active")
    return found + _unapproved(ledger, wanted, told, now_us)


def _halted(ledger: Sequence[Fact]) -> bool:
    tripped = {f.halt_id for f in ledger if isinstance(f, controls.HaltTripped)}
    return bool(tripped - {f.halt_id for f in ledger if isinstance(f, controls.HaltReleased)})


def _active(ledger: Sequence[Fact], address_id: str, now_us: int) -> bool:
    confirmed_us: int | None = None
    for fact in ledger:
        if getattr(fact, "address_id", "") != address_id:
            continue
        if isinstance(fact, facts.AddressConfirmed):
            confirmed_us = fact.at_us
        elif isinstance(fact, facts.AddressAdded | facts.AddressRevoked):
            confirmed_us = None
    return confirmed_us is not None and now_us >= confirmed_us + QUARANTINE_S * SECOND_US


def _unapproved(
    ledger: Sequence[Fact],
    wanted: facts.WithdrawalRequested,
    told: Sequence[facts.WithdrawalFact],
    now_us: int,
) -> list[str]:
    """Who had to say yes to the newest body and has not, and whether it has rested since."""
    name, amount = wanted.request_id, wanted.terms.amount
    ruled: list[tuple[str, int, Any]] = [(wanted.body_hash, wanted.at_us, wanted.ruling)]
    ruled += [
        (f.body_hash, f.at_us, f.ruling) for f in told if isinstance(f, facts.WithdrawalJudged)
    ]
    body, ruled_us, ruling = ruled[-1]
    thawed = [f.at_us for f in told if isinstance(f, facts.WithdrawalThawed)]
    yes = [f for f in told if isinstance(f, facts.WithdrawalApproved) and f.body_hash == body]
    if ruling.action is Action.AUTO:
        newest_us = ruled_us
        found = [] if _day(ledger, wanted, ruled_us) < SMALL else [f"{name} split the day's bound"]
    else:
        newest_us = max((f.at_us for f in yes), default=now_us)
        found = _too_few(ledger, name, amount, yes, wanted.terms.requester)
    if now_us < newest_us + COOL_OFF_S * SECOND_US:
        found.append(f"{name} did not rest")
    if thawed and newest_us < thawed[-1]:
        found.append(f"{name} was approved before a halt")
    return found


def _too_few(
    ledger: Sequence[Fact],
    name: str,
    amount: Decimal,
    yes: Sequence[facts.WithdrawalApproved],
    requester: str,
) -> list[str]:
    people = {f.operator for f in yes}
    found = []
    if len(people) < (2 if amount > LARGE else 1):
        found.append(f"{name} left with {len(people)} approvals")
    if amount > LARGE and requester in people:
        found.append(f"{name} was approved by its own requester")
    spent: dict[tuple[str, int], int] = {}
    for before, fact in pairwise(ledger):
        if not isinstance(fact, facts.WithdrawalApproved | facts.AddressConfirmed):
            continue
        if not isinstance(before, controls.CodeAccepted):
            found.append(f"{fact.actor} said yes without a code")
            continue
        step = (before.operator, before.step)
        spent[step] = spent.get(step, 0) + 1
    return found + [f"{who} used one code {n} times" for (who, _), n in spent.items() if n > 1]


def _day(ledger: Sequence[Fact], wanted: facts.WithdrawalRequested, now_us: int) -> Decimal:
    """All that was asked for before it within the day and not given up before it was judged."""
    gone = (
        facts.WithdrawalRejected,
        facts.WithdrawalCancelled,
        facts.WithdrawalExpired,
        facts.WithdrawalFailed,
    )
    over = {f.request_id for f in ledger if isinstance(f, gone)}
    total = wanted.terms.amount
    for fact in ledger:
        if fact is wanted:
            break
        if isinstance(fact, facts.WithdrawalRequested) and fact.request_id not in over:
            blocked = fact.ruling.action is Action.BLOCK
            recent = fact.at_us > now_us - 86_400 * SECOND_US
            total += fact.terms.amount if recent and not blocked else D(0)
    return total


def address_ask(name: str) -> asks.AddAddress:
    """The ask that adds one of the two places."""
    return asks.AddAddress(name=name, venue="model", asset="USD", network="X", address=PLACES[name])
