"""The kill switch by itself on virtual time: three accounts, a disk, and venues that fail it.

Real parts (switch, jobs, sweeps, marker watch, releases, gate rule, pre-send check, fold); the
venues and the second factor do only what they are told to. The one rule: `wrong` is judged from
what the venues truly hold and from what was truly tripped, never from what the desk says.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar, cast

from domain import controls, events
from domain.board import AccountView, Board, Mode, Phase
from domain.errors import Refused
from domain.halts import Level, scope_of
from domain.instruments import Account
from domain.orders import Draft, Final, Kind, Order, OrderState, Side, Status, VenueOrder
from domain.ports import AccountReader, Market, Trader, VenueTraits
from domain.table import Table
from domain.verdicts import Verdict
from engine.connections import Connection, Connections
from engine.desk import Desk
from engine.door import Door
from engine.floor import Floor
from engine.killswitch import KillSwitch
from engine.lookups import Lookups
from engine.markerwatch import MarkerWatch
from engine.operators import Operator
from engine.release import Releases
from engine.secondfactor import SecondFactor
from engine.settings import EngineSettings
from engine.stop import Stop
from engine.supervise import Crew
from engine.trading import Trading
from risk.conditions import halt as halt_rule
from risk.limits import Limits
from risk.proposal import GateSettings, propose
from tests.engine.kill_street import Place, Street
from tests.engine.order_desk import GENESIS
from tests.sim.disk import Disk, SimLedger, SimMarker
from tests.sim.loop import SeededDice, VirtualClock, VirtualLoop

D = Decimal
T = TypeVar("T")
ME = Operator(name="me")
ACCOUNTS = (Account("kraken", "main"), Account("kraken", "second"), Account("kucoin", "main"))
SYMBOLS = ("BTC/USD", "ETH/USD")
STRATEGIES = ("manual", "grid")
HOLD_S = 5
SETTINGS = EngineSettings(resume_hold_s=HOLD_S, kill_deadline_s=10)


def inside(scope: str, account: Account, symbol: str, strategy: str) -> bool:
    """Semantics 3.1 said once more, so that the desk's own word is not what it is judged by."""
    kind, _, name = scope.partition(":")
    return {
        "GLOBAL": True,
        "VENUE": str(account).split("/")[0] == name,
        "ACCOUNT": str(account) == name,
        "STRATEGY": strategy == name,
        "SYMBOL": symbol == name,
    }[kind]


def must_go(scope: str, level: int, order: Order, *, foreign: bool) -> bool:
    """Whether a halt must cancel an order; every order here is a purchase."""
    whole = scope.partition(":")[0] in ("GLOBAL", "VENUE", "ACCOUNT")
    covered = inside(scope, order.account, order.symbol, order.strategy)
    return level != Level.HALT and covered and (whole or not foreign)


class Codes:
    """A second factor whose good codes are the machine's to make; each works once."""

    def __init__(self) -> None:
        self.good: set[str] = set()
        self.spent: set[str] = set()

    async def allow(self, operator: str, code: str, purpose: str) -> events.Fact:
        if code not in self.good or code in self.spent:
            raise Refused("second_factor", "wrong or used already")
        self.spent.add(code)
        return controls.CodeAccepted(
            at_us=1, actor=operator, operator=operator, step=int(code), purpose=purpose
        )


class Watched:
    """Whoever is looked up is looked at by the machine."""

    def follow(self, client_id: str) -> None:
        """The machine decides when it is told."""


class KillCore:
    """One life of the switch, on a disk that outlives it."""

    def __init__(self, outside: "KillDesk") -> None:
        self.outside = outside
        self.desk = Desk(Board(mode=Mode.DEMO), outside.clock)
        self.ledger = SimLedger(outside.disk, self.desk.committed, outside.dice)
        self.desk.attach(self.ledger)
        self.stop = Stop()
        self.up = asyncio.Event()
        self.task = asyncio.ensure_future(self._live())

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as group:
            self._made(Crew(group))
            async for _, fact in self.ledger.facts():
                self.desk.replay(fact)
            self.door.replayed()
            self.markers.at_start()
            self.kill.started()
            self.releases.resume_later()
            self.desk.show(phase=Phase.READY)
            group.create_task(self.markers.run())
            self.up.set()
            await asyncio.Event().wait()

    def _made(self, crew: Crew) -> None:
        out = self.outside
        limits = Limits(max_order_value=D(1), max_daily_volume=D(1), max_position_size={})
        self.door = Door(self.desk, self.stop, out.clock, out.dice, limits, GateSettings())
        self.floor = Floor(
            desk=self.desk,
            door=self.door,
            connections=out.connections(),
            stop=self.stop,
            marker=SimMarker(out.disk),
            clock=out.clock,
            dice=out.dice,
            settings=SETTINGS,
            crew=crew,
        )
        self.trading = Trading(self.floor)
        self.kill = KillSwitch(self.floor, cast("Lookups", Watched()), out.dice)
        self.markers = MarkerWatch(self.floor, self.kill)
        self.releases = Releases(self.floor, cast("SecondFactor", out.codes), self._reconciled)
        self.desk.keep(out)

    async def _reconciled(self) -> None:
        now = self.outside.clock.now_us()
        views = {account: AccountView(account=account, reconciled_us=now) for account in ACCOUNTS}
        self.desk.show(accounts=Table(views))


class KillDesk:
    """Everything, moved by one call at a time. `broken` is what must never have been."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.clock = VirtualClock(self.loop)
        self.dice = SeededDice(1)
        self.street = Street(self.clock)
        self.disk = Disk(GENESIS)
        self.codes = Codes()
        self.engaged: dict[str, Level] = {}
        self.reads_then: dict[str, Counter[Account]] = {}
        self.broken: list[str] = []
        self._highest: dict[str, Level] = {}
        self._count = 0
        self.core = self.do(self._started())

    def connections(self) -> Connections:
        places = {account: Place(account, self.street) for account in ACCOUNTS}
        return Connections(
            {
                venue: Connection(
                    traits=VenueTraits(venue=venue, cancel_all=venue == "kraken"),
                    market=cast("Market", None),
                    readers=cast("dict[Account, AccountReader]", of),
                    traders=cast("dict[Account, Trader]", of),
                )
                for venue in ("kraken", "kucoin")
                for of in [{a: place for a, place in places.items() if a.venue == venue}]
            }
        )

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def _started(self) -> KillCore:
        core = KillCore(self)
        self.street.desk = core.desk
        await core.up.wait()
        return core

    def wait(self, seconds: float) -> None:
        self.do(asyncio.sleep(seconds))
        if self.core.task.done():
            self.core.task.result()

    # What the desk is judged by while it runs

    def fact(self, fact: events.Fact, board: Board) -> None:
        """A proof is judged in the instant in which it is given, and so is a trip."""
        if isinstance(fact, controls.HaltReleased):
            self._highest.pop(next(h.scope for h in board.halts if h.halt_id == fact.halt_id), None)
        if isinstance(fact, controls.HaltTripped):
            level = max(fact.level, self._highest.get(fact.scope, Level.NORMAL))
            self._highest[fact.scope] = level
            if not any(h.scope == fact.scope and h.level >= level for h in board.halts):
                self.broken.append(f"a trip at {fact.level.name} left {fact.scope} below {level}")
        if not isinstance(fact, controls.HaltVerified) or not hasattr(self, "core"):
            return
        for halt in board.halts:
            wanted = self.engaged.get(halt.scope)
            if halt.halt_id != fact.halt_id or not halt.verified or wanted is None:
                continue
            if halt.level >= wanted:  # else the newest trip has not come in yet
                self._judge_proof(halt.scope, board)

    def sighting(self, sighting: object, board: Board) -> None:
        """Nothing here is only seen."""

    def _judge_proof(self, scope: str, board: Board) -> None:
        level = self.engaged[scope]
        for order, foreign, since_us in self.street.resting.values():
            listed_us = self.street.read_us.get(order.account, 0)
            if since_us < listed_us and must_go(scope, level, order, foreign=foreign):
                self.broken.append(f"{scope} is VERIFIED with {order.client_id} open")
        for state in board.orders.values():
            order = state.order
            covered = inside(scope, order.account, order.symbol, order.strategy)
            if state.status is Status.UNKNOWN and covered and not state.foreign:
                self.broken.append(f"{scope} is VERIFIED with {state.client_id} UNKNOWN")
        for account in ACCOUNTS:
            touched = scope_of(scope).touches(account)
            if touched and self.street.reads[account] - self.reads_then[scope][account] < 2:
                self.broken.append(f"{scope} is VERIFIED without two lists of {account}")

    def expected(self, account: Account, symbol: str, strategy: str) -> int:
        """The level that was truly engaged over an order."""
        covering = [n for s, n in self.engaged.items() if inside(s, account, symbol, strategy)]
        return max(covering, default=0)

    # What happens to it

    def note_trip(self, scope: str, level: Level) -> None:
        """From now on it is engaged, whoever says what."""
        known = self.engaged.get(scope, Level.NORMAL)
        self.engaged[scope] = max(known, level)
        if level > known:
            self.reads_then[scope] = self.street.reads.copy()

    def submit(self, account: Account, symbol: str, strategy: str, lost: str) -> None:
        """The gate and the last look before sending, each for itself."""
        self._count += 1
        draft = Draft(
            account=account,
            symbol=symbol,
            side=Side.BUY,
            kind=Kind.LIMIT,
            quantity=D(1),
            price=D(100),
            strategy=strategy,
        )
        forbidden = self.expected(account, symbol, strategy)
        view = self.core.door.seen()
        if forbidden and halt_rule(propose(draft, view), view).passed:
            self.broken.append(f"the gate passes {symbol} at {account} by {strategy}")
        order = Order(
            client_id=f"QDS1{self._count:014d}",
            reference=D(100),
            base_rate=D(1),
            at_us=self.clock.now_us(),
            **{name: getattr(draft, name) for name in ("account", "symbol", "side", "kind")},
            quantity=D(1),
            price=D(100),
            strategy=strategy,
        )
        self.street.lost = lost
        sent = len(self.street.left)
        with suppress(Refused):
            self.do(self.core.trading._launched(order, Verdict(approved=True), ME))
        self.street.lost = ""
        if forbidden and len(self.street.left) > sent:
            self.broken.append(f"{order.client_id} left at level {forbidden}")
        self.wait(0.5)

    def foreign(self, account: Account, symbol: str) -> None:
        """Somebody else's order appears, and the stream tells it."""
        self._count += 1
        order = Order(
            client_id=f"foreign:{account.venue}:{self._count}",
            account=account,
            symbol=symbol,
            side=Side.BUY,
            kind=Kind.LIMIT,
            quantity=D(1),
            price=D(90),
            at_us=self.clock.now_us(),
            strategy="",
        )
        name = self.street.arrives(order, foreign=True)
        seen = events.ForeignOrderSeen(
            at_us=self.clock.now_us(), actor="venue", order=order, report=self.street.row(name)
        )
        self.do(self._recorded(seen))
        self.wait(0.5)

    def settle(self) -> None:
        """What is unknown is found, or proven absent."""
        for state in list(self.core.desk.board.orders.values()):
            if state.status is not Status.UNKNOWN:
                self._catch_up(state)
                continue
            there = [n for n, (o, _, _) in self.street.resting.items() if o == state.order]
            now = self.clock.now_us()
            told: events.Fact = events.OrderAbsent(
                at_us=now, actor="engine", client_id=state.client_id, reason="two searches"
            )
            if there:
                told = events.OrderReported(
                    at_us=now,
                    actor="venue",
                    client_id=state.client_id,
                    report=self.street.row(there[0]),
                    source="look-up",
                )
            self.do(self._recorded(told))
        self.wait(0.1)

    def _catch_up(self, state: OrderState) -> None:
        """What the ledger missed of an order that is gone, as a look-up would tell it."""
        if state.terminal or not state.acked or state.order.client_id in self._resting():
            return
        report = VenueOrder(
            account=state.order.account,
            venue_order_id=state.venue_order_id,
            client_id=state.client_id,
            final=Final.CANCELED,
            at_us=self.clock.now_us(),
        )
        told = events.OrderReported(
            at_us=self.clock.now_us(),
            actor="venue",
            client_id=state.client_id,
            report=report,
            source="look-up",
        )
        self.do(self._recorded(told))

    def _resting(self) -> set[str]:
        return {order.client_id for order, _, _ in self.street.resting.values()}

    async def _recorded(self, fact: events.Fact) -> None:
        await self.core.desk.record(fact)

    def crash(self) -> None:
        """Be gone between two instructions, and start again."""
        self.do(self._crashed())
        self._highest.clear()
        self.core = self.do(self._started())
        self.wait(1)

    async def _crashed(self) -> None:
        self.core.ledger.crash()
        self.core.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.core.task

    def close(self) -> None:
        """Leave nothing running."""
        self.do(self._crashed())
        self.loop.close()

    # What must be true of it at every step

    def open_gates(self) -> list[str]:
        """Where the gate in memory is less than was tripped, before any store has heard of it."""
        return [
            f"{account} {symbol} {strategy}"
            for account in ACCOUNTS
            for symbol in SYMBOLS
            for strategy in STRATEGIES
            if self.core.stop.over(
                replace(_ORDER, account=account, symbol=symbol, strategy=strategy)
            )
            < self.expected(account, symbol, strategy)
        ]

    def wrong(self) -> list[str]:
        """What is not as it must be now, and whatever was not meanwhile."""
        found, board = list(self.broken), self.core.desk.board
        for account in ACCOUNTS:
            for symbol in SYMBOLS:
                for strategy in STRATEGIES:
                    wanted = self.expected(account, symbol, strategy)
                    draft = replace(_ORDER, account=account, symbol=symbol, strategy=strategy)
                    there = (
                        ("gate", self.core.stop.over(draft)),
                        ("ledger", int(board.level_over(account, symbol, strategy))),
                    )
                    for where, level in there:
                        if not wanted <= level <= max(wanted, Level.REDUCE_ONLY):
                            found.append(f"{where} {level} not {wanted}: {account} {symbol}")
        return found

    def outside_orders(self) -> list[str]:
        """Orders that were cancelled though no halt that ever was covers them."""
        return [
            order.client_id
            for order, foreign in self.street.cancelled
            if not any(must_go(s, n, order, foreign=foreign) for s, n in self.ever)
        ]

    @property
    def ever(self) -> list[tuple[str, Level]]:
        """Every halt that was ever tripped, as the ledger has it."""
        facts = [stored.fact for stored in self.disk.stored.values()]
        return [(f.scope, f.level) for f in facts if isinstance(f, controls.HaltTripped)]


_ORDER = Draft(
    account=ACCOUNTS[0], symbol=SYMBOLS[0], side=Side.BUY, kind=Kind.LIMIT, quantity=D(1)
)
