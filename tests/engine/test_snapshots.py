"""One snapshot a date, whatever the clock, the calendar, the venues and the process do."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemClock, SystemDice
from domain.board import AccountView
from domain.bookings import MovementBooked
from domain.days import iso, to_us
from domain.errors import Refused, Unavailable
from domain.instruments import Account
from domain.market import Movement
from domain.money import MONEY
from domain.performance import Pull, ReadBenchmark, ReadReturns, ReadSnapshots
from engine.parts import Parts
from engine.schedule import Schedule
from engine.settings import PerformanceSettings
from tests.engine.rig import KRAKEN, Rig, quick, running
from venues.demo import DemoDesk, open_demo

D = Decimal
NEW_YORK = "America/New_York"
MINUTE_US = 60_000_000
LATER = Account("kraken", "later")
DEPOSIT = "kraken:main:movement:d1:USD"


class SetClock:
    """Goes like the machine's, from where it was set; the monotonic one cannot be set."""

    def __init__(self, told: str) -> None:
        self._ahead_us = 0
        self.set(told)

    def set(self, told: str) -> None:
        self._ahead_us = us(told) - SystemClock().now_us()

    def now_us(self) -> int:
        return SystemClock().now_us() + self._ahead_us

    def monotonic_us(self) -> int:
        return SystemClock().monotonic_us()


def us(told: str) -> int:
    return to_us(datetime.fromisoformat(told).replace(tzinfo=UTC))


def daily(at: str = "00:05", time_zone: str = "UTC", **changes: Any) -> PerformanceSettings:
    """Snapshots that wait an hour of the test's own time for what they lack."""
    told = PerformanceSettings(snapshot_at=at, time_zone=time_zone, snapshot_wait_s=3_600)
    return replace(told, **changes)


def demo_of(clock: SetClock) -> DemoDesk:
    return open_demo(clock, SystemDice(), seed=7, instant=True)


@asynccontextmanager
async def desk_at(
    folder: Path, clock: SetClock, performance: PerformanceSettings, demo: DemoDesk | None = None
) -> AsyncGenerator[Rig]:
    """A desk on the demo's venues, whose market moves only when it is told to."""
    async with running(
        folder, clock=clock, demo=demo or demo_of(clock), performance=performance, moving=False
    ) as rig:
        yield rig


def parts_of(rig: Rig) -> Parts:
    assert rig.engine.parts is not None
    return rig.engine.parts


async def refreshed(rig: Rig) -> None:
    """Wait until every balance and every price is known and young at the clock's time."""
    parts = parts_of(rig)

    def young(_: object) -> bool:
        rig.advance()
        return not parts.snapshots.picture().doubts

    await rig.until(young)


async def looked(rig: Rig) -> list[str]:
    """What is there once everything is known and the schedule has looked."""
    await refreshed(rig)
    await parts_of(rig).snapshots.look()
    return dates(rig)


def dates(rig: Rig, account: str = "") -> list[str]:
    return [taken.local_date for taken in parts_of(rig).track.snapshots(account)]


# When


async def test_it_is_taken_at_its_local_time_and_not_before(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T03:58:00")
    settings = daily("00:05", NEW_YORK)
    async with desk_at(tmp_path, clock, settings) as rig:
        assert await looked(rig) == ["2025-05-31"]  # the first one of all; it is late
        clock.set("2025-06-01T04:04:00")
        assert await looked(rig) == ["2025-05-31"]
        clock.set("2025-06-01T04:05:01")
        assert await looked(rig) == ["2025-05-31", "2025-06-01"]
        page = await rig.ask(ReadSnapshots())
        assert [row.late for row in page.snapshots] == [False, True]
        assert page.snapshots[0].planned_us == us("2025-06-01T04:05")
        assert page.next_us == us("2025-06-02T04:05")


async def test_golden_case_g22_a_time_that_the_spring_skips_comes_an_hour_later(
    tmp_path: Path,
) -> None:
    clock = SetClock("2025-03-08T08:00:00")
    async with desk_at(tmp_path, clock, daily("02:30", NEW_YORK)) as rig:
        assert await looked(rig) == ["2025-03-08"]
        clock.set("2025-03-09T07:29:00")
        assert await looked(rig) == ["2025-03-08"]
        clock.set("2025-03-09T07:30:01")
        assert await looked(rig) == ["2025-03-08", "2025-03-09"]
        planned = [taken.planned_us for taken in parts_of(rig).track.snapshots("")]
        assert iso(planned[-1]) == "2025-03-09T07:30:00.000000Z"


async def test_golden_case_g22_a_time_that_the_autumn_repeats_comes_once(tmp_path: Path) -> None:
    clock = SetClock("2025-11-01T12:00:00")
    async with desk_at(tmp_path, clock, daily("01:30", NEW_YORK)) as rig:
        assert await looked(rig) == ["2025-11-01"]
        clock.set("2025-11-02T05:30:01")
        assert await looked(rig) == ["2025-11-01", "2025-11-02"]
        clock.set("2025-11-02T06:30:01")  # half past one for the second time
        assert await looked(rig) == ["2025-11-01", "2025-11-02"]


async def test_a_restart_on_the_same_date_takes_no_second_one(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T09:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        assert await looked(rig) == ["2025-06-01"]
        first = parts_of(rig).track.snapshots("")
    clock.set("2025-06-01T18:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        assert await looked(rig) == ["2025-06-01"]
        assert parts_of(rig).track.snapshots("") == first
        assert rig.board.snapshots[""].at_us == first[0].at_us


async def test_a_late_start_says_so_and_dates_that_were_missed_stay_missed(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T00:06:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        assert await looked(rig) == ["2025-06-01"]
    clock.set("2025-06-04T15:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        assert await looked(rig) == ["2025-06-01", "2025-06-04"]
        page = await rig.ask(ReadSnapshots())
        assert [row.late for row in page.snapshots] == [True, False]
        told = await rig.ask(ReadReturns())
        assert [(day.local_date, day.days) for day in told.days] == [("2025-06-01", 3)]


async def test_a_clock_that_steps_back_takes_nothing_twice(tmp_path: Path) -> None:
    clock = SetClock("2025-06-02T00:06:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        assert await looked(rig) == ["2025-06-02"]
        for told in ("2025-06-01T12:00:00", "2025-06-02T00:04:59", "2025-06-02T00:05:01"):
            clock.set(told)
            assert parts_of(rig).snapshots.due() is None
            await parts_of(rig).snapshots.look()
        clock.set("2025-06-03T00:05:01")
        assert await looked(rig) == ["2025-06-02", "2025-06-03"]


async def test_two_that_look_at_the_same_moment_take_one(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        await looked(rig)
        clock.set("2025-06-02T12:00:00")
        await refreshed(rig)
        snapshots = parts_of(rig).snapshots
        told = await asyncio.gather(*(snapshots.take(partial=False) for _ in range(5)))
        assert [taken.local_date for taken in told if taken.local_date] == ["2025-06-02"]
        assert dates(rig) == ["2025-06-01", "2025-06-02"]


async def test_without_a_time_none_is_taken(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily(snapshot_at=None)) as rig:
        assert await looked(rig) == []
        assert (await rig.ask(ReadSnapshots())).next_us == 0
        assert (await rig.ask(Pull())).taken == ""


# What is in it


async def test_it_holds_every_account_and_all_together(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        await looked(rig)
        track = parts_of(rig).track
        assert track.accounts == {"", *rig.board.accounts}
        (whole,) = track.snapshots("")
        each = [track.snapshots(account)[0] for account in rig.board.accounts]
        assert whole.nav == sum(taken.nav for taken in each) == sum(whole.values.values()) > 0
        assert whole.assets["BTC"] == sum(taken.assets.get("BTC", D(0)) for taken in each)
        assert whole.assets["BTC"] * whole.prices["BTC"] == whole.values["BTC"]
        assert not any(taken.partial for taken in (whole, *each))
        assert (rig.board.snapshots[""].nav, rig.board.snapshots[""].partial) == (whole.nav, False)


async def test_old_prices_and_balances_make_it_wait_and_then_say_so(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        await looked(rig)
        clock.set("2025-06-02T12:00:00")  # the market stands still: its prices are of yesterday
        await parts_of(rig).snapshots.look()
        assert dates(rig) == ["2025-06-01"]
        page = await rig.ask(ReadSnapshots())
        assert any("price" in why for why in page.waiting)
        taken = await parts_of(rig).snapshots.take(partial=True)
        assert taken.local_date == "2025-06-02"
        assert any(why.startswith("BTC: its price is 86") for why in taken.doubts)
        assert rig.board.snapshots[""].partial
        (shown, _) = (await rig.ask(ReadSnapshots())).snapshots
        assert shown.doubts == taken.doubts
        assert (await rig.ask(ReadReturns())).partial


async def test_patience_ends_and_what_is_missing_is_named(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily(snapshot_wait_s=0)) as rig:
        await rig.until(lambda board: "" in board.snapshots)
        clock.set("2025-06-02T12:00:00")
        await refreshed(rig)
        rig.desk.show(accounts=rig.board.accounts.put(LATER, AccountView(account=LATER)))
        await parts_of(rig).snapshots.look()
        assert rig.board.snapshots[""].local_date == "2025-06-02"
        (_, taken) = parts_of(rig).track.snapshots("")
        assert taken.doubts == ("kraken/later: its balances are not known",)
        assert LATER not in rig.board.snapshots
        assert not rig.board.snapshots[KRAKEN].partial


async def test_a_dollar_stablecoin_is_never_worth_one_euro(tmp_path: Path) -> None:
    settings = quick(base_currency="EUR")
    async with running(tmp_path, settings=settings, performance=daily(pegged=True)) as rig:
        assert "USDT" not in rig.board.marks
        doubts = parts_of(rig).snapshots.picture().doubts_of("")
        assert "USDT: no price" in doubts


async def test_pegged_stablecoins_are_worth_one_whatever_the_market_says(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily(pegged=True)) as rig:
        await looked(rig)
        (taken,) = parts_of(rig).track.snapshots("")
        assert taken.prices["USDT"] == 1
        assert taken.values["USDT"] == taken.assets["USDT"]


async def test_nothing_is_taken_while_no_balance_is_known(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily(snapshot_wait_s=0)) as rig:
        await looked(rig)
        clock.set("2025-06-02T12:00:00")
        unknown = type(rig.board.accounts)({LATER: AccountView(account=LATER)})
        rig.desk.show(accounts=unknown)
        taken = await parts_of(rig).snapshots.take(partial=True)
        assert taken.doubts[0] == "no balance of any account is known"
        assert dates(rig) == ["2025-06-01"]


async def test_a_clock_that_no_venue_agrees_with_takes_none(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        await looked(rig)
        clock.set("2031-01-01T12:00:00")
        for venue, view in rig.board.venues.items():
            wrong = replace(view, skew_us=-1_000 * MINUTE_US)
            rig.desk.show(venues=rig.board.venues.put(venue, wrong))
        taken = await parts_of(rig).snapshots.take(partial=True)
        assert taken.doubts[0] == "this machine's clock is 60000 s ahead of every venue's"
        assert dates(rig) == ["2025-06-01"]


# Flows, rebalances and the asks


def deposit(clock: SetClock, reference: str, amount: str, *, ago_us: int = 0) -> MovementBooked:
    movement = Movement(
        account=KRAKEN,
        reference=reference,
        asset="USD",
        amount=D(amount),
        fee=D(0),
        at_us=clock.now_us() - ago_us,
    )
    return MovementBooked(at_us=clock.now_us(), actor="kraken", movement=movement, source="poll")


async def test_a_flow_and_a_rebalance_get_their_prices_once_and_survive_a_restart(
    tmp_path: Path,
) -> None:
    clock = SetClock("2025-06-01T12:00:00")  # a Sunday
    demo = demo_of(clock)
    async with desk_at(tmp_path, clock, daily(), demo) as rig:
        await looked(rig)
        occasions = parts_of(rig).occasions
        await rig.desk.record(deposit(clock, "d1", "5000"))
        for _ in range(2):
            await rig.desk.record(deposit(clock, "d1", "5000"))
            await refreshed(rig)
            await occasions.look()
        clock.set("2025-06-02T12:00:00")
        assert await looked(rig) == ["2025-06-01", "2025-06-02"]
        await rig.ask(Pull())  # what the demo's own people moved in a day
        await refreshed(rig)
        await occasions.look()
        before = await rig.ask(ReadBenchmark())
    async with desk_at(tmp_path, clock, daily(), demo) as rig:
        track = parts_of(rig).track
        assert [row.amount for row in track.flows("") if row.key == DEPOSIT] == [D(5_000)]
        assert {f"flow:{DEPOSIT}", "rebalance:2025-06-02"} <= track.marks.keys()
        assert await rig.ask(ReadBenchmark()) == before
    (day,) = before.days
    assert before.flows >= 1  # the demo's venues have deposits of their own
    assert day.value is not None
    assert day.difference == MONEY.subtract(day.nav, day.value)
    assert day.benchmark is not None
    assert abs(day.benchmark) < D("0.5")


async def test_a_desk_that_slept_over_rebalances_does_the_newest_and_once(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        occasions, track = parts_of(rig).occasions, parts_of(rig).track
        await occasions.look()
        await looked(rig)
        await occasions.look()
        assert [day for day, _ in track.rebalances()] == []  # last Monday's was before the first
        clock.set("2025-06-25T12:00:00")
        await occasions.look()
        assert [day for day, _ in track.rebalances()] == []  # the prices are of three weeks ago
        for told in ("2025-06-25T12:00:00", "2025-06-29T23:59:00"):
            clock.set(told)
            await refreshed(rig)
            await occasions.look()
            assert [day for day, _ in track.rebalances()] == ["2025-06-23"]
        clock.set("2025-06-30T00:00:01")
        await refreshed(rig)
        await occasions.look()
        assert [day for day, _ in track.rebalances()] == ["2025-06-23", "2025-06-30"]


async def test_a_flow_that_is_told_late_is_not_given_the_prices_of_now(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        await looked(rig)
        clock.set("2025-06-01T18:00:00")
        await refreshed(rig)
        await rig.desk.record(deposit(clock, "d1", "5", ago_us=90 * MINUTE_US))
        await parts_of(rig).occasions.look()
        track = parts_of(rig).track
        assert DEPOSIT in {row.key for row in track.flows("kraken/main")}
        assert f"flow:{DEPOSIT}" not in track.marks


async def test_a_pull_reads_every_account_and_takes_what_is_due(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        await looked(rig)
        clock.set("2025-06-02T12:00:00")
        await refreshed(rig)
        pulled = await rig.ask(Pull())
        assert {known.account for known in pulled.accounts} == set(rig.board.accounts)
        assert not any(known.problem for known in pulled.accounts)
        assert (pulled.taken, pulled.newest, pulled.doubts) == ("2025-06-02", "2025-06-02", ())
        again = await rig.ask(Pull())
        assert (again.taken, again.newest) == ("", "2025-06-02")


async def test_a_venue_that_is_down_is_named_and_the_others_are_read_and_taken(
    tmp_path: Path,
) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        await looked(rig)
        clock.set("2025-06-02T12:00:00")
        await refreshed(rig)
        rig.demo.venues["mexc"].faults.unreachable = True
        clock.set("2025-06-02T12:02:00")  # mexc's balances are two minutes old from now on
        await rig.until(lambda _: _only_mexc_is_old(rig))
        pulled = await rig.ask(Pull())
        problems = {known.account: known.problem for known in pulled.accounts if known.problem}
        assert problems == {"mexc/main": "cannot connect (a fault of the demo desk)"}
        assert pulled.taken == ""
        assert pulled.doubts
        await rig.until(lambda _: _only_mexc_is_old(rig))
        allowed = await rig.ask(Pull(partial=True))
        assert allowed.taken == "2025-06-02"
        assert all("mexc" in why or "price" in why for why in allowed.doubts)
        assert rig.board.snapshots[""].partial
        assert rig.board.snapshots["mexc/main"].partial
        assert not rig.board.snapshots[KRAKEN].partial


def _only_mexc_is_old(rig: Rig) -> bool:
    rig.advance()
    doubts = parts_of(rig).snapshots.picture().doubts
    return bool(doubts) and {account for account, _ in doubts} == {"mexc/main"}


async def test_an_account_that_nobody_knows_is_refused_with_those_that_are(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    async with desk_at(tmp_path, clock, daily()) as rig:
        for ask in (ReadSnapshots, ReadReturns, ReadBenchmark):
            with pytest.raises(Refused, match=r"no account mexc/none .*kraken/main"):
                await rig.ask(ask(account="mexc/none"))


# The schedule


async def test_a_job_that_fails_keeps_no_other_back(tmp_path: Path) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    done: list[str] = []

    async def failing() -> None:
        done.append("failing")
        raise Unavailable("the ledger", "the disk is full")

    async def working() -> None:
        done.append("working")

    async with desk_at(tmp_path, clock, daily(snapshot_at=None)) as rig:
        schedule = Schedule(parts_of(rig).floor, (("a", failing), ("b", working)))
        await schedule.look()
        await schedule.look()
    assert done == ["failing", "working"] * 2


async def test_after_a_step_of_the_clock_jobs_wait_until_the_venues_were_asked(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = SetClock("2025-06-01T12:00:00")
    done: list[int] = []

    async def job() -> None:
        done.append(clock.now_us())

    async with running(tmp_path, clock=clock, settings=quick(clock_every_s=1), moving=False) as rig:
        schedule = Schedule(parts_of(rig).floor, (("a", job),))
        await schedule.look()
        clock.set("2030-01-01T00:00:00")
        await schedule.look()
        assert len(done) == 1
        assert "the clock stepped by" in caplog.text
        began = len(done)
        while len(done) == began:  # a second of the clock that cannot be set
            await schedule.look()
            await asyncio.sleep(0.05)
