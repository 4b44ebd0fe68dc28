"""The warden: a trip needs an act that explains it; each halt is released by its own scope."""

import asyncio
import io
from typing import Any

from domain import asks
from domain.asks import Ask, Done
from domain.board import Board
from domain.halts import GLOBAL, Halt, HaltState, Level
from domain.triggers import ReadTriggers, TriggerView
from tests.console import boards
from tests.soak import warden
from tests.soak.seat import Codes, Seat
from tests.soak.stage import Stage
from tests.soak.test_script import stage

KRAKEN = "VENUE:kraken"


class FakeSeat(Seat):
    """A seat whose desk answers from a table."""

    def __init__(self, halts: tuple[Halt, ...], *, fired: tuple[TriggerView, ...] = ()) -> None:
        self.board: Board | None = boards.busy().but(halts=halts)
        self.fired = fired
        self.preview = ""
        self.released: list[asks.Release] = []

    async def ask(self, ask: Ask[Any]) -> Any:
        if isinstance(ask, ReadTriggers):
            return self.fired
        if isinstance(ask, asks.ReleasePreview):
            return Done(detail=self.preview)
        assert isinstance(ask, asks.Release)
        self.released.append(ask)
        return Done()


class FakeCodes(Codes):
    """Codes that need no waiting; an act may begin meanwhile."""

    def __init__(self, of: Stage) -> None:
        self.spent = 0
        self.an_act_begins = False
        self._stage = of

    async def fresh(self) -> str:
        self.spent += 1
        self._stage.asked_to_halt |= self.an_act_begins
        return "123456"


def halt(scope: str = KRAKEN, actor: str = "trigger:clock_skew") -> Halt:
    return Halt(halt_id=f"h {scope}", level=Level.HALT, reason="off", actor=actor, at_us=1,
                state=HaltState.HALTED, scope=scope)  # fmt: skip


def view(name: str, fired_us: int, scope: str = KRAKEN) -> TriggerView:
    return TriggerView(
        name=name, meaning="", on=True, value="", limit="", level=Level.HALT, fired_us=fired_us,
        fired_scope=scope, fired_reason=f"{name}: off",
    )  # fmt: skip


def staged(seat: FakeSeat) -> tuple[Stage, FakeCodes, io.StringIO]:
    made = stage(1)
    made.diary.out = out = io.StringIO()
    made.seat = seat
    made.codes = codes = FakeCodes(made)
    return made, codes, out


def found(of: Stage) -> list[str]:
    return [violation.what for violation in of.diary.violations]


def test_a_trip_without_an_act_that_explains_it_is_a_violation() -> None:
    seat = FakeSeat((), fired=(view("clock_skew", 5), view("drawdown", 0)))
    made, _, _ = staged(seat)
    made.diary.act("clock step")
    known: dict[str, tuple[int, str]] = {}
    asyncio.run(warden._judge(made, known))
    assert found(made) == []
    seat.fired = (view("clock_skew", 5), view("drawdown", 7, GLOBAL))
    asyncio.run(warden._judge(made, known))
    assert found(made) == ["tripped, and no act explains it: drawdown: off"]
    assert made.trips == {"clock_skew": 1, "drawdown": 1}


def test_an_act_explains_only_what_it_can_cause_and_not_for_ever() -> None:
    made, _, _ = staged(FakeSeat(()))
    made.diary.act("website")
    assert warden.explained(made, "security_incident")
    assert not warden.explained(made, "clock_skew")
    assert not warden.explained(made, "order_without_intent")
    made.diary.began_s -= 1_000  # it is a thousand seconds later
    assert not warden.explained(made, "security_incident")


def test_a_halt_is_released_by_its_own_scope_and_acknowledged() -> None:
    seat = FakeSeat((halt(), halt(GLOBAL)))
    made, _, _ = staged(seat)
    made.diary.act("clock step")
    seat.preview = "to be acknowledged: clock_skew still holds over VENUE:kraken: off"
    assert asyncio.run(warden.release(made, halt(), by_act=False))
    assert [(ask.scope, ask.acknowledge) for ask in seat.released] == [(KRAKEN, True)]
    assert found(made) == []


def test_what_still_holds_unexplained_is_a_violation_though_it_is_acknowledged() -> None:
    seat = FakeSeat((halt(),))
    seat.preview = "to be acknowledged: drawdown still holds over GLOBAL: deep"
    made, _, _ = staged(seat)
    assert asyncio.run(warden.release(made, halt(), by_act=False))
    assert found(made) == ["holds, and no act explains it: drawdown still holds over GLOBAL: deep"]


def test_no_code_is_spent_on_what_cannot_be_released_yet() -> None:
    seat = FakeSeat((halt(),))
    seat.preview = "still against it: the clock is 3000 ms off kraken's"
    made, codes, out = staged(seat)
    assert not asyncio.run(warden.release(made, halt(), by_act=False))
    assert (codes.spent, seat.released) == (0, [])
    assert "the clock is 3000 ms off" in out.getvalue()
    seat.preview = "still against it: kraken/main was not reconciled in the last 60 s"
    assert asyncio.run(warden.release(made, halt(), by_act=False))


def test_an_act_that_halts_while_a_code_is_awaited_keeps_its_halt() -> None:
    seat = FakeSeat((halt(GLOBAL),))
    made, codes, _ = staged(seat)
    codes.an_act_begins = True
    assert not asyncio.run(warden.release(made, halt(GLOBAL), by_act=False))
    assert seat.released == []
    assert asyncio.run(warden.release(made, halt(GLOBAL), by_act=True))


def test_a_trigger_that_must_trip_and_does_not_is_a_violation() -> None:
    seat = FakeSeat((), fired=(view("clock_skew", 5, "VENUE:kucoin"),))
    made, _, _ = staged(seat)
    trips = warden.must_trip(made, "clock_skew", KRAKEN, (0, ""), 0.05)
    asyncio.run(trips)
    assert found(made) == ["clock_skew did not trip over VENUE:kraken in 0 s"]


def test_a_trigger_that_trips_or_whose_halt_stands_is_no_violation() -> None:
    seat = FakeSeat((), fired=(view("clock_skew", 5),))
    made, _, _ = staged(seat)
    asyncio.run(warden.must_trip(made, "clock_skew", KRAKEN, (0, ""), 5))
    seat.fired, seat.board = (), boards.busy().but(halts=(halt(),))
    asyncio.run(warden.must_trip(made, "clock_skew", KRAKEN, (5, KRAKEN), 5))
    assert found(made) == []
