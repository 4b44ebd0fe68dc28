"""From what happens on a real desk to one message in a chat, over restarts and failures."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alerts.crier import ALARM_AT, MOST_TRIES, MOST_WAITING, OLD_US, Crier, Ledgered
from alerts.tidings import EVENTS
from alerts.webhooks import Poster, SlackHook, Webhook
from cli.clock import SystemDice
from cli.telling import halted_unwritten
from domain.asks import Trip
from domain.asks_withdrawals import RejectWithdrawal
from domain.controls import AlarmRaised, Armed, HaltReleased, HaltResumed, HaltTripped
from domain.errors import InDoubt, Unavailable
from domain.halts import Level
from domain.queries import ReadLedger
from domain.withdrawals import State
from engine.desk import Desk
from engine.stop import Stop
from tests.engine.paying import (
    ADDRESS,
    QUICKLY,
    JumpingClock,
    Wire,
    active,
    approved,
    reached,
    requested,
    wired,
)
from tests.engine.rig import ME, Rig, running
from tests.servers.chat import SECRET, chat
from venues.demo import open_demo

pytestmark = pytest.mark.timeout(60)


@dataclass
class Heard:
    """A chat that takes every message, or fails as it is told."""

    texts: list[str] = field(default_factory=list)
    fails: Exception | None = None
    tries: int = 0

    async def send(self, text: str) -> None:
        self.tries += 1
        if self.fails is not None:
            raise self.fails
        self.texts.append(text)


@dataclass
class Told:
    """A running desk with one webhook, whose crier the test lets look."""

    rig: Rig
    crier: Crier
    heard: Heard
    wire: Wire

    async def look(self) -> str:
        """Let it look when its pause is over; what it said, "" for nothing."""
        self.jump(6)
        before = len(self.heard.texts)
        await self.crier.look()
        await self.rig.desk.flushed()
        return "\n".join(self.heard.texts[before:])

    def jump(self, seconds: int) -> None:
        assert isinstance(self.rig.clock, JumpingClock)
        self.rig.clock.jump(seconds)

    async def marks(self) -> list[str]:
        page = await self.rig.ask(ReadLedger(limit=500))
        return [row.payload for row in page.rows if row.kind == "webhook_told"]


def crier_of(
    desk: Desk, stop: Stop, poster: Poster, clock: JumpingClock, events: frozenset[str]
) -> Crier:
    hook = Webhook(name="ops", url=lambda: "", events=events)
    ears = Ledgered(
        board=lambda: desk.board,
        row=lambda: desk.row,
        post=desk.post,
        unwritten=lambda: halted_unwritten(desk, stop),
    )
    return Crier(hook, poster, ears, clock, SystemDice(), "North desk")


@asynccontextmanager
async def telling(
    tmp_path: Path,
    clock: JumpingClock | None = None,
    heard: Heard | None = None,
    poster: Poster | None = None,
    events: frozenset[str] = frozenset(EVENTS),
) -> AsyncGenerator[Told]:
    clock, heard = clock or JumpingClock(), heard or Heard()
    criers: list[Crier] = []

    def hears(desk: Desk, stop: Stop) -> None:
        criers.append(crier_of(desk, stop, poster or heard, clock, events))
        desk.observe(criers[0])

    demo = open_demo(clock, SystemDice(), seed=7, instant=True)
    connections, wire = wired(demo)
    async with running(
        tmp_path,
        demo=demo,
        connections=connections,
        clock=clock,
        withdrawals=QUICKLY,
        hears=hears,
    ) as rig:
        yield Told(rig, criers[0], heard, wire)


def alarm(text: str, severity: str = "critical", name: str = "a", at_us: int = 0) -> AlarmRaised:
    return AlarmRaised(at_us=at_us, actor="engine", alarm=name, severity=severity, text=text)


async def raised(told: Told, *texts: str) -> None:
    now_us = told.rig.clock.now_us()
    facts = [alarm(text, at_us=now_us + number) for number, text in enumerate(texts)]
    await told.rig.desk.record(*facts)


async def test_a_kill_is_told_when_it_trips_is_proven_and_is_released(tmp_path: Path) -> None:
    async with telling(tmp_path) as told:
        assert await told.look() == ""
        await told.rig.ask(Trip(level=Level.HALT_CANCEL, reason="too <fast> for @channel"))
        await told.rig.until(lambda b: b.halts and b.halts[0].verified)
        said = await told.look()
        assert said.startswith("[DEMO] North desk: 2 events\n")
        tripped = "KILL SWITCH TRIPPED: HALT_CANCEL over GLOBAL by me: too &lt;fast&gt; for \uff20"
        assert tripped in said
        assert "KILL VERIFIED over GLOBAL: proven in" in said
        assert said.splitlines()[1].partition(" UTC ")[0].count("-") == 2
        (halt,) = told.rig.board.halts
        now_us = told.rig.clock.now_us()
        await told.rig.desk.record(
            HaltReleased(at_us=now_us, actor="me", halt_id=halt.halt_id, reason="looked at it"),
            HaltResumed(at_us=now_us, actor="engine", halt_id=halt.halt_id, trips=1),
        )
        assert "kill switch released over GLOBAL by me: looked at it" in (said := await told.look())
        assert f"trading goes on after halt {halt.halt_id}" in said


async def test_a_withdrawal_is_told_from_request_to_its_end_without_an_address(
    tmp_path: Path,
) -> None:
    async with telling(tmp_path) as told:
        await active(told.rig)
        request = await requested(told.rig, "100")
        name = request.request_id
        said = await told.look()
        what = (
            f"withdrawal {name} of 100 USD from kraken/main (about 100.00 USD) waits for approval"
        )
        assert what in said
        assert "asked for by me, good until" in said
        await approved(told.rig, request)
        told.jump(2)
        await reached(told.rig, request, State.SUBMITTED, State.CONFIRMING, State.COMPLETED)
        assert f"withdrawal {name} of 100 USD from kraken/main was sent" in await told.look()
        rejected = await requested(told.rig, "5")
        await told.rig.ask(RejectWithdrawal(request_id=rejected.request_id, reason="no"))
        told.wire.raises, told.wire.taken = InDoubt("x", f"{ADDRESS} <!here> timed out"), False
        frozen = await requested(told.rig, "9")
        doubted = await requested(told.rig, "7")
        await approved(told.rig, doubted)
        told.jump(2)
        await reached(told.rig, doubted, State.SUBMIT_UNKNOWN)
        assert "IS IN DOUBT, it may have been sent: " in await told.look()
        await requested(told.rig, "8")
        assert "of 8 USD from kraken/main was blocked by in_doubt: " in await told.look()
        await told.rig.ask(Trip(level=Level.HALT_CANCEL, reason="stop"))
        await told.rig.until(lambda b: b.withdrawals[frozen.request_id].frozen_us)
        assert f"{frozen.request_id} of 9 USD from kraken/main is frozen: " in await told.look()
        everything = "".join(told.heard.texts)
        assert ADDRESS not in everything
        assert "http" not in everything
        assert "<" not in everything


async def test_only_critical_alarms_and_changed_limits_are_told(tmp_path: Path) -> None:
    async with telling(tmp_path) as told:
        await told.look()
        now_us = told.rig.clock.now_us()
        await told.rig.desk.record(
            alarm("the marker is gone", at_us=now_us),
            alarm("a key is old", "warning", at_us=now_us),
            alarm("max_order_value differs", "warning", "limits differ", at_us=now_us),
            alarm("ops is not told", "critical", "webhook ops", at_us=now_us),
            alarm(f"W1 is not as approved: {ADDRESS}", name="withdrawal W1", at_us=now_us),
            Armed(at_us=now_us, actor="me", account="kraken/main"),
        )
        said = await told.look()
        assert "4 events" in said
        assert "ALARM: the marker is gone" in said
        assert "ALARM: max_order_value differs" in said
        assert "ALARM: W1 is not as approved\n" in said
        assert "DEMO ARMED by me: orders may leave (kraken/main)" in said


async def test_a_webhook_is_told_only_what_it_is_for(tmp_path: Path) -> None:
    async with telling(tmp_path, events=frozenset({"withdrawals"})) as told:
        await told.look()
        await raised(told, "one")
        await told.rig.ask(Trip(level=Level.HALT, reason="stop"))
        assert await told.look() == ""
        await active(told.rig)
        await requested(told.rig, "1")
        assert "waits for approval" in await told.look()


async def test_a_burst_is_one_message_with_a_count(tmp_path: Path) -> None:
    async with telling(tmp_path) as told:
        await told.look()
        await raised(told, *(f"alarm {number}" for number in range(50)))
        said = await told.look()
        assert len(told.heard.texts) == 1
        assert said.startswith("[DEMO] North desk: 50 events\n")
        assert "ALARM: alarm 0\n" in said
        assert said.endswith("ALARM: alarm 49")
        assert "more here: quarterdeck ledger tail" in said
        await raised(told, *["the same"] * 30)
        assert "ALARM: the same (30 times, the last " in await told.look()


async def test_between_two_messages_there_is_a_pause(tmp_path: Path) -> None:
    async with telling(tmp_path) as told:
        await told.look()
        for text in ("one", "two", "three"):
            await raised(told, text)
            await told.crier.look()
        assert len(told.heard.texts) == 1
        assert "2 events" in await told.look()


async def test_what_has_no_room_is_counted_and_the_row_is_right(tmp_path: Path) -> None:
    async with telling(tmp_path) as told:
        await told.look()
        await raised(told, *(f"alarm {number}" for number in range(MOST_WAITING + 30)))
        said = await told.look()
        assert f": {MOST_WAITING + 30} events" in said
        assert "and 30 more before: quarterdeck ledger tail" in said
        assert said.endswith(f"alarm {MOST_WAITING + 29}")
        assert len(told.crier._waiting) == 0
        await raised(told, "later")
        assert "events" not in await told.look()


async def test_what_comes_while_a_message_is_sent_is_counted_in_the_next(tmp_path: Path) -> None:
    class Busy(Heard):
        async def send(self, text: str) -> None:
            await super().send(text)
            if len(self.texts) == 1:
                await raised(told, *(f"meanwhile {number}" for number in range(MOST_WAITING + 9)))

    async with telling(tmp_path, heard=Busy()) as told:
        await told.look()
        await raised(told, *(f"before {number}" for number in range(MOST_WAITING + 30)))
        assert f": {MOST_WAITING + 30} events" in await told.look()
        assert f": {MOST_WAITING + 9} events" in await told.look()
        assert await told.look() == ""


async def test_a_burst_that_was_told_before_a_restart_is_counted_no_more(tmp_path: Path) -> None:
    clock = JumpingClock()
    async with telling(tmp_path, clock) as told:
        await told.look()
        await raised(told, *(f"alarm {number}" for number in range(MOST_WAITING + 30)))
        await told.look()
    async with telling(tmp_path, clock) as told:
        await raised(told, "later")
        said = await told.look()
        assert "later" in said
        assert "events" not in said


async def test_a_restart_tells_what_was_not_told_and_nothing_twice(tmp_path: Path) -> None:
    clock = JumpingClock()
    async with telling(tmp_path, clock) as told:
        await told.look()
        await raised(told, "told before")
        assert "told before" in await told.look()
        await raised(told, "recorded and not told")
    async with telling(tmp_path, clock) as told:
        said = await told.look()
        assert "recorded and not told" in said
        assert "told before" not in said
        assert await told.look() == ""
        assert len(await told.marks()) == 3


async def test_a_new_webhook_is_not_told_the_past(tmp_path: Path) -> None:
    clock = JumpingClock()
    async with telling(tmp_path, clock) as told:
        await raised(told, "nobody listens yet")
    async with telling(tmp_path, clock) as told:
        await raised(told, "heard")
        said = await told.look()
        assert "heard" in said
        assert "nobody" not in said
        assert '"events":0' in (await told.marks())[-1]


async def test_what_is_older_than_a_day_is_only_counted(tmp_path: Path) -> None:
    clock = JumpingClock()
    async with telling(tmp_path, clock) as told:
        await told.look()
        await raised(told, "long ago", "long ago, too")
    clock.jump(OLD_US // 1_000_000 + 60)
    async with telling(tmp_path, clock) as told:
        await raised(told, "now")
        said = await told.look()
        assert ": 3 events" in said
        assert "and 2 more before" in said
        assert "long ago" not in said
        assert "now" in said


async def test_a_chat_that_fails_is_tried_again_told_and_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with telling(tmp_path) as told:
        await told.look()
        await raised(told, "first")
        told.heard.fails = Unavailable("the webhook's host x", "it answered 500", remedy="look")

        def alarms() -> list[str]:
            return [a.text for a in told.rig.board.alarms if a.alarm == "webhook ops"]

        for tried in range(1, MOST_TRIES + 1):
            assert told.heard.tries == tried - 1
            await told.crier.look()
            await told.crier.look()  # too early: no second try
            await told.rig.desk.flushed()
            assert told.heard.tries == tried
            assert bool(alarms()) is (tried >= ALARM_AT)
            told.jump(301)
            if tried == 5:
                await raised(told, "second")
        assert "given up: 1 events, see the ledger" in alarms()[0]
        assert "it answered 500; look" in alarms()[0]
        assert '"lost":1' in (await told.marks())[0]
        assert f"webhook ops failed ({MOST_TRIES})" in caplog.text
        told.heard.fails = None
        said = await told.look()
        assert "second" in said
        assert "first" not in said


async def test_a_chat_that_asks_for_patience_gets_it(tmp_path: Path) -> None:
    async with telling(tmp_path) as told:
        await told.look()
        await raised(told, "one")
        told.heard.fails = Unavailable("x", "too much", retry_after_us=60_000_000)
        await told.crier.look()
        told.heard.fails = None
        told.jump(50)
        await told.crier.look()
        assert told.heard.tries == 1
        told.jump(11)
        await told.crier.look()
        assert told.heard.tries == 2


async def test_whatever_a_message_fails_of_the_crier_goes_on_and_shows_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with telling(tmp_path) as told:
        await told.look()
        await raised(told, "one")
        told.heard.fails = ZeroDivisionError(f"https://hooks.slack.com{SECRET}")
        await told.crier.look()
        assert "webhook ops failed (1): ZeroDivisionError" in caplog.text
        assert SECRET not in caplog.text
        told.heard.fails = None
        assert "one" in await told.look()


async def test_a_halt_that_the_ledger_cannot_take_is_told_all_the_same(tmp_path: Path) -> None:
    async with telling(tmp_path) as told:
        await told.look()
        told.rig.stop.trip(Level.HALT_CANCEL, "the ledger failed: disk full")
        assert await told.look() == ""  # it may be on its way into the ledger
        assert "the ledger has not taken it: the ledger failed: disk full" in await told.look()
        assert await told.look() == ""
        told.rig.stop.lowered(Level.NORMAL)


async def test_a_chat_that_hangs_holds_nobody_up(tmp_path: Path) -> None:
    called = asyncio.Event()

    class Hanging:
        async def send(self, text: str) -> None:
            called.set()
            await asyncio.Event().wait()

    async with telling(tmp_path, poster=Hanging()) as told:
        await told.look()
        async with asyncio.TaskGroup() as group:
            hanging = group.create_task(told.crier.run())
            await raised(told, "one")
            await called.wait()
            await told.rig.ask(Trip(level=Level.HALT_CANCEL, reason="stop"))
            await told.rig.until(lambda b: b.halts and b.halts[0].verified)
            assert not hanging.done()
            hanging.cancel()


async def test_the_past_is_silent_while_it_is_read(tmp_path: Path) -> None:
    """A replayed `Armed` puts the board into ARMED long before the engine is anywhere near it."""
    clock, heard = JumpingClock(), Heard()
    async with telling(tmp_path, clock) as told:
        desk = Desk(told.rig.board.but(ledger=type(told.rig.board.ledger)()), clock)
        crier = crier_of(desk, Stop(), heard, clock, frozenset(EVENTS))
        desk.observe(crier)
        now_us = clock.now_us()
        desk.replay(Armed(at_us=now_us, actor="me", account="x"), 1)
        trip = HaltTripped(
            at_us=now_us, actor="me", halt_id="H", level=Level.HALT, reason="r", scope="GLOBAL"
        )
        desk.replay(trip, 2)
        await crier.look()
        assert heard.tries == 0


async def test_a_real_message_reaches_a_real_server_and_its_url_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with chat(tmp_path) as server:
        poster: SlackHook = server.hook()
        async with telling(tmp_path / "data", poster=poster) as told:
            await told.crier.look()
            await told.rig.ask(Trip(level=Level.HALT, reason="stop", scope="VENUE:kraken"))
            await told.crier.look()
            await told.rig.desk.flushed()
            assert "HALTED: HALT over VENUE:kraken by me: stop" in server.texts[0]
            assert b'"mrkdwn": false' in server.bodies[0]
            page = await told.rig.ask(ReadLedger(limit=500), ME)
            assert not [row for row in page.rows if "secret" in row.payload]
    assert "XyZsecret" not in caplog.text
