"""A floor where time stands still until a test moves it: a real desk, a ledger in memory."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from domain.board import Board, Mode
from domain.events import Fact
from domain.halts import GLOBAL, Level
from domain.money import number
from domain.storage_ports import Appended
from engine.books import Books
from engine.desk import Desk
from engine.equity import Equity
from engine.floor import Floor
from engine.settings import EngineSettings
from engine.triggers import Triggers
from risk.limits import Limits
from risk.proposal import GateSettings, View
from risk.triggers import TRIGGERS, Rule

START_US = 1_790_000_000_000_000
SECOND_US = 1_000_000
LIMITS = Limits(
    max_order_value=number("1"),
    max_daily_volume=number("1"),
    max_position_size={"default": number("1")},
)


class StillClock:
    """Both clocks at once; a test moves them."""

    def __init__(self) -> None:
        self.us = START_US

    def now_us(self) -> int:
        return self.us

    def monotonic_us(self) -> int:
        return self.us - START_US + SECOND_US


class MemoryLedger:
    """Takes everything at once."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.rows: list[Fact] = []

    def append(self, facts: Sequence[Fact]) -> "asyncio.Future[Sequence[Appended]]":
        stored = []
        for fact in facts:
            self.rows.append(fact)
            stored.append(Appended(len(self.rows), ""))
        self._desk.committed(list(zip(stored, facts, strict=True)))
        future: asyncio.Future[Sequence[Appended]] = asyncio.get_running_loop().create_future()
        future.set_result(stored)
        return future


class Recorder:
    """The kill switch as a list of what was tripped: (level, scope, reason, actor)."""

    def __init__(self) -> None:
        self.trips: list[tuple[Level, str, str, str]] = []

    def trip(self, level: Level, reason: str, actor: str, *, scope: str = GLOBAL) -> None:
        self.trips.append((level, scope, reason, actor))

    @property
    def wanted(self) -> list[tuple[Level, str]]:
        return [(level, scope) for level, scope, _, _ in self.trips]


class Still:
    """Equity and triggers on such a floor; `past` is folded before anything is news."""

    def __init__(
        self,
        past: Sequence[Fact] = (),
        *,
        mode: Mode = Mode.PAPER,
        settings: EngineSettings | None = None,
        enabled: bool = True,
        rules: tuple[Rule, ...] = TRIGGERS,
        clock: StillClock | None = None,
    ) -> None:
        self.clock = clock or StillClock()
        self.desk = Desk(Board(mode=mode, now_us=START_US, started_us=self.clock.us), self.clock)
        self.ledger = MemoryLedger(self.desk)
        self.view = View(
            board=self.desk.board,
            limits=LIMITS,
            settings=GateSettings(skew_limits_us={"kraken": 2_500_000}),
        )
        anything: Any = None
        door: Any = SimpleNamespace(view=self.view)
        self.floor = Floor(
            desk=self.desk,
            door=door,
            connections=anything,
            stop=anything,
            marker=anything,
            clock=self.clock,
            dice=anything,
            settings=settings or EngineSettings(),
            crew=anything,
        )
        books = Books()
        self.desk.keep(books)
        self.equity = Equity(self.floor, books, ())
        self.kill = Recorder()
        recorder: Any = self.kill
        self.rules = rules
        self.triggers = Triggers(self.floor, recorder, self.equity, enabled=enabled, rules=rules)
        for fact in past:
            self.desk.replay(fact)
        self.desk.attach(self.ledger)  # type: ignore[arg-type]
        self.triggers.started()

    @property
    def board(self) -> Board:
        return self.desk.board

    async def tell(self, *facts: Fact) -> None:
        """News."""
        await self.desk.record(*facts)

    def wait(self, seconds: int) -> int:
        """Let time pass; what time it is then."""
        self.clock.us += seconds * SECOND_US
        return self.clock.us

    def look(self) -> list[tuple[Level, str]]:
        """One look; what it has tripped, all in all."""
        self.triggers.look(self.rules)
        return self.kill.wanted
