"""Resting paper orders and the public trades that fill them: streams, lists, gaps, restarts."""

import asyncio
import json
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from domain.instruments import Account
from domain.orders import Amendment, Side
from tests.venues.demo_desks import HandClock
from tests.venues.paper_desks import ASKS, BIDS, VENUE, FedMarket, Paper, memory, paper
from tests.venues.tape_desks import FedTape
from tests.wire.fixtures import until as soon
from venues.paper_state import file_name

D = Decimal
MAIN = Account(VENUE, "main")
BUY, SELL = Side.BUY, Side.SELL
pytestmark = [pytest.mark.usefixtures("hurried"), pytest.mark.timeout(60)]
until = partial(soon, within_s=15)  # the machine may be busy


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("venues.paper_tape._LOOK_S", 0.01)
    monkeypatch.setattr("venues.paper_tape._FIRST_PAUSE_US", 10_000)
    monkeypatch.setattr("venues.paper_tape._LONGEST_PAUSE_US", 20_000)


@pytest.fixture
def tape() -> FedTape:
    return FedTape(HandClock())


async def followed(tape: FedTape) -> None:
    """The stream is on, and what was before it has been asked for."""
    await until(lambda: bool(tape.ears and tape.asked))
    for _ in range(5):
        await asyncio.sleep(0)


def ahead(desk: Paper, order_id: str) -> object:
    return desk.venue.desk.pits["BTC/USD"].queues.places[order_id].ahead


# Filling


async def test_the_queue_is_served_before_us_and_a_trade_through_the_price_is_all_ours(
    tape: FedTape,
) -> None:
    async with paper(clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "3", "99.8")
        assert ahead(desk, state.venue_order_id) == 2
        await followed(tape)
        tape.print(SELL, "1.5", "99.8")
        assert desk.fills(state) == []
        tape.print(SELL, "0.7", "99.8")
        tape.print(BUY, "9", "99.8")  # a buyer at our price met a seller, not us
        assert desk.fills(state) == [("0.2", "99.8", "maker")]
        tape.print(SELL, "0.4", "99.7")
        assert desk.fills(state)[1:] == [("0.4", "99.8", "maker")]
        cost = D("0.6") * D("99.8")
        assert desk.totals()["USD"] == 100_000 - cost - cost * D("0.002")


async def test_a_book_that_goes_through_the_price_without_volume_fills_nobody(
    tape: FedTape,
) -> None:
    async with paper(clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "1", "100")
        await followed(tape)
        desk.market.show((("98", "1"),), (("98.5", "5"), ("99", "2")))
        assert desk.fills(state) == []
        # Newcomers take what everybody sees, also where an order of ours stands beyond it.
        assert desk.fills(await desk.placed(BUY, "1", account="other")) == [("1", "98.5", "taker")]
        tape.print(SELL, "2", "98.5")
        assert desk.fills(state) == [("1", "100", "maker")]


async def test_a_newcomer_meets_the_live_volume_at_a_price_before_our_own_order_there(
    tape: FedTape,
) -> None:
    async with paper(clock=tape.clock, tape=tape) as desk:
        resting = await desk.placed(SELL, "1", "100.1")
        desk.market.show(BIDS, ASKS)
        state = await desk.placed(BUY, "1.5", "100.1", account="other")
        assert desk.fills(state) == [("1", "100.1", "taker")]
        assert desk.fills(resting) == []


async def test_of_trades_told_together_the_first_may_end_an_order(tape: FedTape) -> None:
    async with paper(clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "1", "100")
        other = await desk.placed(BUY, "1", "99.9")
        await followed(tape)
        together = [tape.print(SELL, "1", "99", heard=False) for _ in range(2)]
        tape.tell(together)
        assert desk.fills(state) == [("1", "100", "maker")]
        assert desk.fills(other) == [("1", "99.9", "maker")]


async def test_one_trade_is_shared_by_all_our_orders_better_price_first_then_older(
    tape: FedTape,
) -> None:
    async with paper(clock=tape.clock, tape=tape) as desk:
        first = await desk.placed(SELL, "1", "100")
        second = await desk.placed(SELL, "1", "100", account="other")
        dear = await desk.placed(SELL, "1", "100.1")
        await followed(tape)
        tape.print(BUY, "1.5", "100.1")
        assert desk.fills(first) == [("1", "100", "maker")]
        assert desk.fills(second) == [("0.5", "100", "maker")]
        assert desk.fills(dear) == []


async def test_an_amended_order_queues_up_again_unless_it_only_wants_less(tape: FedTape) -> None:
    async with paper(clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "2", "99.9")
        await followed(tape)
        tape.print(SELL, "0.6", "99.9")
        trader = desk.venue.traders[MAIN]
        for quantity, left in ((D(1), D("0.4")), (D("1.5"), D(1))):
            wish = Amendment(client_id="qdA", quantity=quantity, price=D("99.9"), at_us=1)
            assert (await trader.amend(state, wish)).accepted
            assert ahead(desk, state.venue_order_id) == left


# Streams and lists


async def test_only_symbols_with_resting_orders_are_followed(tape: FedTape) -> None:
    async with paper(clock=tape.clock, tape=tape) as desk:
        await desk.placed(BUY, "1")
        await asyncio.sleep(0.05)
        assert tape.dialled == 0
        state = await desk.placed(BUY, "1", "99")
        await followed(tape)
        await desk.venue.traders[MAIN].cancel(state)
        await until(lambda: tape.ears == [])
        assert tape.dialled == 1


async def test_a_trade_told_twice_or_late_or_of_another_symbol_changes_nothing(
    tape: FedTape,
) -> None:
    async with paper(clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "5", "100")
        await followed(tape)
        missed = tape.print(SELL, "1", "99", heard=False)
        newer = tape.print(SELL, "1", "99")
        tape.tell([newer, missed, newer])
        tape.print(SELL, "1", "99", symbol="ETH/USD")
        assert desk.fills(state) == [("1", "100", "maker")]


async def test_what_was_traded_before_the_stream_began_is_asked_for(tape: FedTape) -> None:
    async with paper(clock=tape.clock, tape=tape) as desk:
        tape.print(SELL, "1", "90", heard=False)
        desk.pass_time(1)
        state = await desk.placed(BUY, "5", "100")
        tape.print(SELL, "1", "99", heard=False)
        await until(lambda: desk.fills(state) != [])
        assert desk.fills(state) == [("1", "100", "maker")]


async def test_after_a_cut_the_trades_in_between_count_once(tape: FedTape) -> None:
    async with paper(clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "5", "100")
        await followed(tape)
        tape.print(SELL, "1", "99")
        tape.cut()
        await until(lambda: tape.ears == [])
        tape.print(SELL, "0.5", "99", heard=False)
        await until(lambda: len(desk.fills(state)) == 2)
        tape.streams = True
        await until(lambda: bool(tape.ears))
        tape.print(SELL, "0.25", "99")
        await until(lambda: len(desk.fills(state)) == 3)
        assert [q for q, _, _ in desk.fills(state)] == ["1", "0.5", "0.25"]
        assert desk.problems == []


async def test_without_a_stream_the_list_is_asked_again_and_again(tape: FedTape) -> None:
    tape.streams = False
    async with paper(clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "5", "100")
        await until(lambda: len(tape.asked) > 2)
        tape.print(SELL, "1", "99", heard=False)
        await until(lambda: desk.fills(state) == [("1", "100", "maker")])


async def test_a_stream_waits_with_its_trades_for_the_list(tape: FedTape) -> None:
    tape.lists = False
    async with paper(clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "5", "100")
        await followed(tape)
        tape.print(SELL, "1", "99", heard=False)
        tape.print(SELL, "0.5", "99")
        assert desk.fills(state) == []
        tape.lists = True
        await until(lambda: len(desk.fills(state)) == 2)
        assert [q for q, _, _ in desk.fills(state)] == ["1", "0.5"]


async def test_a_gap_is_told_and_fills_nobody(tape: FedTape) -> None:
    tape.reach = 2
    async with paper(clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "9", "100")
        await followed(tape)
        tape.print(SELL, "1", "99")
        tape.cut()
        await until(lambda: tape.ears == [])
        desk.pass_time(5)
        for quantity in ("0.1", "0.2", "0.3", "0.4"):
            tape.print(SELL, quantity, "99", heard=False)
        await until(lambda: len(desk.fills(state)) == 3)
        assert [q for q, _, _ in desk.fills(state)] == ["1", "0.3", "0.4"]
        assert "some trades of BTC/USD since 20" in desk.problems[0]
        assert "fill no paper order" in desk.problems[0]


async def test_a_stream_that_lost_a_trade_in_silence_is_found_out(
    tape: FedTape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venues.paper_tape.CHECK_S", 0.02)
    async with paper(clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "5", "100")
        await followed(tape)
        tape.print(SELL, "1", "99", heard=False)
        await until(lambda: desk.fills(state) == [("1", "100", "maker")])
        assert tape.dialled == 1


async def test_a_stream_without_a_sign_of_life_is_dialled_anew(
    tape: FedTape, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venues.paper_tape.QUIET_S", 0.02)
    async with paper(clock=tape.clock, tape=tape) as desk:
        await desk.placed(BUY, "5", "100")
        await until(lambda: tape.dialled > 2)


# Restarts


async def test_queue_and_cursor_survive_a_restart(tape: FedTape, tmp_path: Path) -> None:
    async with paper(tmp_path, clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "3", "99.8")
        await followed(tape)
        tape.print(SELL, "1.5", "99.8")
        tape.print(SELL, "0.1", "99.9")  # not our business
        before = memory(desk)
    desk.pass_time(60)
    tape.print(SELL, "0.75", "99.8", heard=False)
    async with paper(tmp_path, clock=tape.clock, market=desk.market, tape=tape) as after:
        assert memory(after) == before
        await until(lambda: after.fills(state) == [("0.25", "99.8", "maker")])
        pit = after.venue.desk.pits["BTC/USD"]
        assert pit.cursor is not None
        assert pit.cursor.number == 3


async def test_a_killed_desk_counts_the_trades_since_its_last_line_once(
    tape: FedTape, tmp_path: Path
) -> None:
    path = tmp_path / file_name(VENUE)
    async with paper(tmp_path, clock=tape.clock, tape=tape) as desk:
        state = await desk.placed(BUY, "3", "99.9")
        await followed(tape)
        tape.print(SELL, "1.5", "99.9")
        assert desk.fills(state) == [("0.5", "99.9", "maker")]
        killed = path.read_bytes()
        tape.print(SELL, "0.25", "99.9")
        assert len(desk.fills(state)) == 2
    path.write_bytes(killed)
    async with paper(tmp_path, clock=tape.clock, market=desk.market, tape=tape) as after:
        await until(lambda: len(after.fills(state)) == 2)
        assert [q for q, _, _ in after.fills(state)] == ["0.5", "0.25"]


async def test_a_state_file_of_before_there_were_queues_is_read(
    tape: FedTape, tmp_path: Path
) -> None:
    async with paper(tmp_path, clock=tape.clock) as desk:
        state = await desk.placed(BUY, "1", "99.8")
    path = tmp_path / file_name(VENUE)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    for line in lines:
        del line["places"], line["cursors"]
        if line["header"]:
            line["header"]["version"] = 1
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    tape.print(SELL, "9", "99", heard=False)  # nobody knows whether it was there by then
    desk.pass_time(60)
    desk.market.show(BIDS, ASKS)
    async with paper(tmp_path, clock=tape.clock, market=desk.market, tape=tape) as after:
        await followed(tape)
        assert ahead(after, state.venue_order_id) == 2
        tape.print(SELL, "2.5", "99.8")
        assert after.fills(state) == [("0.5", "99.8", "maker")]


async def test_a_venue_that_tells_no_trades_fills_by_its_book_as_before() -> None:
    clock = HandClock()
    async with paper(clock=clock, market=_shown(clock)) as desk:
        state = await desk.placed(BUY, "1", "100")
        desk.market.show((("99", "1"),), (("100", "5"),))
        assert desk.fills(state) == []
        desk.market.show((("99", "1"),), (("99.9", "5"),))
        assert desk.fills(state) == [("1", "100", "maker")]


def _shown(clock: HandClock) -> FedMarket:
    market = FedMarket(clock)
    market.show(BIDS, ASKS)
    return market
