"""Equity followed over time: flows are no loss, a restart forgets nothing, doubt blinds aloud."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from domain import bookings
from domain.adjustments import BalanceAdopted
from domain.board import AccountView, Feed, Health, Mode
from domain.bookings import MovementBooked, NavMarked, OpeningBalance
from domain.events import Fact
from domain.halts import Level
from domain.instruments import Account
from domain.market import AssetBalance, Balances, Mark, Movement
from domain.money import exactly
from domain.table import Table
from tests.engine.rig import running
from tests.engine.still import SECOND_US, START_US, Still, StillClock

D = Decimal
KRAKEN, MEXC = Account("kraken", "main"), Account("mexc", "main")
STOP_ALL = (Level.HALT_CANCEL, "GLOBAL")
REDUCE = (Level.REDUCE_ONLY, "GLOBAL")


def opening(account: Account = KRAKEN, **assets: str) -> OpeningBalance:
    held = {asset: D(total) for asset, total in assets.items()}
    return OpeningBalance(at_us=START_US, actor="e", account=account, assets=held)


def moved(
    amount: str, *, asset: str = "USD", rate: str | None = "1", number: int = 1,
    at_us: int = START_US, source: str = "poll",
) -> MovementBooked:  # fmt: skip
    movement = Movement(
        account=KRAKEN,
        reference=f"R{number}",
        asset=asset,
        amount=D(amount),
        fee=D(0),
        at_us=at_us,
        base_rate=None if rate is None else D(rate),
    )
    return MovementBooked(at_us=at_us, actor="k", movement=movement, source=source)


def shows(still: Still, account: Account = KRAKEN, **totals: str) -> None:
    """What the venue says now."""
    now = still.clock.us
    balances = Balances(
        account=account,
        assets={asset: AssetBalance(total=D(total)) for asset, total in totals.items()},
        asked_us=now,
        at_us=now,
    )
    board = still.board
    feed = Feed(venue=account.venue, kind="account", account=account, health=Health.OK,
                message_us=now)  # fmt: skip
    still.desk.show(
        accounts=board.accounts.put(account, AccountView(account=account, balances=balances)),
        feeds=board.feeds.put(account, feed),
    )


def marks(still: Still, aged_s: int = 0, **values: str) -> None:
    at_us = still.clock.us - aged_s * SECOND_US
    told = {a: Mark(asset=a, value=D(v), at_us=at_us, source="") for a, v in values.items()}
    still.desk.show(marks=Table({**still.board.marks, **told}))


async def sampled(still: Still, seconds: int = 1, aged_s: int = 0, **prices: str) -> None:
    """Time passes in seconds, each with a sample of what the venue shows."""
    for _ in range(seconds):
        still.wait(1)
        for account, view in still.board.accounts.items():
            assert view.balances is not None
            totals = {a: str(b.total) for a, b in view.balances.assets.items()}
            shows(still, Account.parse(account), **totals)
        marks(still, aged_s, **prices)
        await still.equity.sample()
        still.look()


async def opened(past: Sequence[Fact] = (), clock: StillClock | None = None) -> Still:
    """A desk of 1,000 USD and 10 BTC at 100 each: 2,000, which is its high-water mark."""
    still = Still(past or [opening(USD="1000", BTC="10")], clock=clock, mode=Mode.DEMO)
    shows(still, USD="1000", BTC="10")
    if not past:
        await sampled(still, BTC="100")
        assert still.board.high_water == 2_000
    return still


async def test_a_price_that_falls_by_the_limit_stops_everything_after_ten_seconds() -> None:
    still = await opened()
    await sampled(still, 10, BTC="70")  # 1,700 of 2,000: 15 %
    assert still.kill.wanted == []
    await sampled(still, 1, BTC="70")
    assert still.kill.wanted == [STOP_ALL]
    assert "15.00 %" in still.kill.trips[0][2]


async def test_one_valid_sample_of_twice_the_limit_stops_everything_at_once() -> None:
    still = await opened()
    await sampled(still, 1, BTC="39.99")
    assert still.kill.wanted == [STOP_ALL]


async def test_a_stale_price_however_low_trips_nothing_and_a_minute_of_it_is_said() -> None:
    still = await opened()
    await sampled(still, 60, aged_s=15, BTC="1")
    assert still.kill.wanted == []
    await sampled(still, 1, aged_s=15, BTC="1")
    assert still.kill.wanted == [REDUCE]
    assert "no fresh price of BTC" in still.kill.trips[0][2]


async def test_one_bad_price_between_good_ones_trips_nothing() -> None:
    still = await opened()
    for _ in range(20):
        await sampled(still, 2, BTC="70")
        await sampled(still, 1, BTC="100")
    assert still.kill.wanted == []


@pytest.mark.parametrize("booked_after_s", [0, 1, 30, 59])
async def test_a_withdrawal_is_no_drawdown_whenever_it_is_booked(booked_after_s: int) -> None:
    still = await opened()
    shows(still, USD="100", BTC="10")  # 900 of 2,000 left the venue: 45 %
    await sampled(still, booked_after_s, BTC="100")
    await still.tell(moved("-900"))
    await sampled(still, 20, BTC="100")
    assert still.kill.wanted == []
    assert still.board.high_water == 1_100
    assert still.board.flows_today == -900


async def test_a_deposit_raises_the_mark_once_whichever_tells_it_first() -> None:
    still = await opened()
    shows(still, USD="2000", BTC="10")
    await sampled(still, 5, BTC="100")  # seen, not booked
    assert still.board.high_water == 2_000
    await still.tell(moved("1000"))
    await sampled(still, 5, BTC="100")
    assert still.board.high_water == 3_000
    assert still.kill.wanted == []


async def test_a_withdrawal_hides_no_loss() -> None:
    still = await opened()
    shows(still, USD="500", BTC="10")
    await still.tell(moved("-500"))
    await sampled(still, 12, BTC="70")  # 1,200 of 1,500: 20 %
    assert still.kill.wanted == [STOP_ALL]


async def test_a_movement_without_a_rate_shifts_the_mark_when_it_can_be_valued() -> None:
    still = await opened()
    shows(still, USD="1000", BTC="2")
    await still.tell(moved("-8", asset="BTC", rate=None))
    await sampled(still, 20, BTC="100")
    assert still.board.high_water == 1_200
    assert still.kill.wanted == []


async def test_a_restart_keeps_the_mark_with_every_flow_of_it() -> None:
    first = await opened()
    await sampled(first, 3, BTC="150")
    await first.tell(moved("-300", number=2))
    past = [opening(USD="1000", BTC="10"), *first.ledger.rows]
    again = await opened(past)
    assert again.board.high_water == 2_200
    shows(again, USD="700", BTC="10")
    await sampled(again, 12, BTC="100")  # 1,700 of 2,200 is 22.7 %: the mark was not forgotten
    assert again.kill.wanted == [STOP_ALL]


async def test_after_a_restart_nothing_is_judged_before_the_prices_are_there() -> None:
    first = await opened()
    again = await opened([opening(USD="1000", BTC="10"), *first.ledger.rows])
    await sampled(again, 5)
    assert again.kill.wanted == []
    assert "; ".join(again.equity.doubts) == "BTC has no price any more"
    await sampled(again, 3, BTC="100")
    assert not again.equity.doubts


async def test_a_worthless_token_does_not_keep_the_drawdown_from_being_judged() -> None:
    still = Still([opening(USD="1000", BTC="10", SCAM="9999")])
    shows(still, USD="1000", BTC="10", SCAM="9999")
    await sampled(still, 30, BTC="100")
    assert still.board.high_water is None  # its price could still be on its way
    await sampled(still, 1, BTC="100")
    assert still.board.high_water == 2_000
    await sampled(still, 11, BTC="60")
    assert still.kill.wanted == [STOP_ALL]
    marked = next(f for f in still.ledger.rows if isinstance(f, NavMarked))
    assert (marked.left_out, marked.counted) == (("SCAM",), ("BTC", "USD"))


async def test_a_token_that_gets_a_price_one_day_neither_hides_a_loss_nor_makes_one() -> None:
    still = Still([opening(USD="1000", BTC="10", NEW="100")])
    shows(still, USD="1000", BTC="10", NEW="100")
    await sampled(still, 31, BTC="100")
    await sampled(still, 5, BTC="80", NEW="5")  # 500 appear, 200 are lost
    assert still.board.high_water == 2_500
    assert still.board.flows_today == 500
    await sampled(still, 12, BTC="60", NEW="5")
    assert still.kill.wanted == [STOP_ALL]  # 400 of 2,500: 16 %


async def test_an_account_that_joins_is_no_profit_and_one_that_goes_no_loss() -> None:
    still = await opened()
    await sampled(still, 2, BTC="90")  # 1,900: 5 % below
    await still.tell(opening(MEXC, USD="5000"))
    shows(still, MEXC, USD="5000")
    await sampled(still, 2, BTC="90")
    assert still.board.high_water == 7_000
    past = [opening(USD="1000", BTC="10"), *still.ledger.rows]
    alone = await opened(past)
    await sampled(alone, 20, BTC="90")
    assert alone.board.high_water == 2_000
    assert alone.kill.wanted == []


async def test_a_balance_that_a_person_adopts_is_no_loss() -> None:
    still = await opened()
    shows(still, USD="400", BTC="10")
    await sampled(still, 5, BTC="100")
    await still.tell(
        BalanceAdopted(
            at_us=START_US, actor="me", account=KRAKEN, asset="USD", amount=D(-600), reason="old"
        )
    )
    await sampled(still, 20, BTC="100")
    assert still.board.high_water == 1_400
    assert still.kill.wanted == []


async def test_what_was_imported_from_before_the_opening_shifts_nothing() -> None:
    still = await opened()
    await still.tell(moved("-900", source=bookings.IMPORTED_EARLIER))
    await sampled(still, 2, BTC="100")
    assert still.board.high_water == 2_000


async def test_a_mark_of_an_older_ledger_is_taken_as_it_stands() -> None:
    older = NavMarked(
        at_us=START_US, actor="engine", local_date="2026-09-21", nav=D(2_000), high_water=D(2_000)
    )
    still = await opened([opening(USD="1000", BTC="10"), older])
    await sampled(still, 12, BTC="60")
    assert still.kill.wanted == [STOP_ALL]


async def test_a_person_may_count_the_drawdown_from_now_on() -> None:
    still = await opened()
    await sampled(still, 12, BTC="60")
    lower = still.equity.rebased("me")
    assert lower is not None
    assert (lower.high_water, lower.actor) == (D(1_600), "me")
    await still.tell(lower)
    await sampled(still, 1, BTC="60")
    assert still.board.high_water == 1_600
    assert still.triggers.standing("GLOBAL") == []
    shows(still, USD="1000")
    marks(still, 20, BTC="60")
    await still.equity.sample()
    assert Still().equity.rebased("me") is None


async def test_a_sample_that_cannot_be_computed_stops_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    still = await opened()

    def broken(*_: object) -> None:
        raise ZeroDivisionError("bad mark")

    monkeypatch.setattr("engine.equity.sampled", broken)
    await sampled(still, 1, BTC="100")
    assert still.kill.wanted == [STOP_ALL]
    assert "ZeroDivisionError" in still.kill.trips[0][2]
    monkeypatch.undo()
    await sampled(still, 1, BTC="100")
    assert still.equity.error == ""


async def test_flows_while_a_mark_is_written_are_in_the_next_row() -> None:
    still = await opened()
    rows = still.ledger.rows
    await sampled(still, 1, BTC="200")
    newest = rows[-1]
    assert isinstance(newest, NavMarked)
    assert newest.high_water == 3_000
    assert newest.accounts == (KRAKEN,)


async def test_the_demo_desk_is_judged_from_its_first_seconds(tmp_path: Path) -> None:
    async with running(tmp_path, triggers=True) as rig:
        board = await rig.until(lambda b: b.high_water and b.nav)
        assert rig.board.mode is Mode.DEMO
        with exactly():
            assert board.high_water is not None
            assert board.high_water >= board.nav[-1].nav * D("0.99")
        assert not rig.board.halts
