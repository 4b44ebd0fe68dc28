"""What paper accounts remember across restarts, kills and damaged files."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from domain.errors import Corrupt, InDoubt, Misconfigured, Unavailable
from domain.instruments import Account
from domain.orders import Final, Side
from domain.sightings import FillSeen, Sighting
from tests.venues.demo_desks import HandClock, file_size_limit
from tests.venues.paper_desks import (
    ASKS,
    AT_ONCE,
    BIDS,
    BTC,
    VENUE,
    FedMarket,
    Paper,
    memory,
    paper,
)
from venues.paper_state import file_name

MAIN = Account(VENUE, "main")
BUY, SELL = Side.BUY, Side.SELL
FILE = file_name(VENUE)


async def busy(desk: Paper) -> None:
    """Orders of every kind and fate."""
    await desk.placed(BUY, "1.5")
    await desk.placed(BUY, "1", "98", account="other")
    partly = await desk.placed(SELL, "1", "101")
    desk.market.show((("101.5", "0.4"), ("101", "1")), (("102", "5"),))
    assert desk.fills(partly) == [("0.4", "101", "maker")]
    gone = await desk.placed(SELL, "0.1", "150")
    await desk.venue.traders[MAIN].cancel(gone)
    await desk.venue.traders[MAIN].dead_man(3_600)


async def test_a_killed_desk_comes_back_as_it_was(tmp_path: Path) -> None:
    async with paper(tmp_path) as desk:
        assert desk.venue.fresh == "there is no earlier state"
        await busy(desk)
        before = memory(desk)
        killed = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(killed)
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as after:
        assert after.venue.fresh == ""
        assert memory(after) == before
        ids = {row.venue_order_id for row in await after.venue.readers[MAIN].open_orders()}
        assert len(ids) == 1


async def test_resting_orders_go_on_after_a_restart(tmp_path: Path) -> None:
    async with paper(tmp_path) as desk:
        bought = await desk.placed(BUY, "1", "99")
        ended = await desk.placed(BUY, "1", "98")
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as after:
        assert (await after.venue.traders[MAIN].cancel(ended)).accepted
        await after.placed(SELL, "0.1", "150")  # the book has come by now
        after.market.show((("98", "1"),), (("98.5", "5"),))
        assert after.fills(bought) == [("1", "99", "maker")]
        assert after.fills(ended) == []


async def test_a_market_that_went_through_while_the_desk_was_away_fills(tmp_path: Path) -> None:
    async with paper(tmp_path) as desk:
        state = await desk.placed(BUY, "1", "99")
    desk.market.show((("90", "1"),), (("91", "0.7"),))
    desk.clock.at_us += 3_600_000_000
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as after:
        await after.placed(SELL, "0.1", "150")
        assert after.fills(state) == [("0.7", "99", "maker")]


async def test_a_restart_does_not_serve_the_same_level_again(tmp_path: Path) -> None:
    async with paper(tmp_path) as desk:
        await desk.placed(BUY, "1")
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as after:
        assert after.fills(await after.placed(BUY, "1")) == [("1", "100.2", "taker")]
    desk.clock.at_us += 3_600_000_000
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as later:
        assert later.fills(await later.placed(BUY, "1")) == [("1", "100.1", "taker")]


async def test_an_account_is_endowed_once_and_a_new_one_when_it_comes(tmp_path: Path) -> None:
    async with paper(tmp_path, accounts=["main"]) as desk:
        await desk.placed(BUY, "1")
        before = desk.totals()
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as after:
        assert after.totals() == before
        assert after.totals("other") == AT_ONCE.balances


async def test_an_order_holds_at_the_rates_it_was_taken_at(tmp_path: Path) -> None:
    purse = {"USD": Decimal("100.4"), "BTC": Decimal(1)}
    settings = replace(AT_ONCE, balances=purse)
    async with paper(tmp_path, settings=settings) as desk:
        state = await desk.placed(BUY, "1", "100")
        assert desk.used("USD") == Decimal("100.4")
    dearer = FedMarket(desk.clock, listed=[replace(BTC, fee_rate=Decimal("0.009"))])
    dearer.show(BIDS, ASKS)
    async with paper(tmp_path, clock=desk.clock, market=dearer, settings=settings) as after:
        assert after.used("USD") == Decimal("100.4")
        assert (await after.venue.traders[MAIN].cancel(state)).accepted
        await after.venue.desk.load(["main"])
        await after.placed(BUY, "0.5", "100")
        assert after.used("USD") == Decimal("50.45")


async def test_a_dead_mans_switch_outlasts_a_restart(tmp_path: Path) -> None:
    async with paper(tmp_path) as desk:
        state = await desk.placed(BUY, "1", "90")
        await desk.venue.traders[MAIN].dead_man(60)
    desk.clock.at_us += 61_000_000
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as after:
        await asyncio.sleep(0.01)
        found = (await after.venue.readers[MAIN].find(state)).found
        assert found is not None
        assert found.final is Final.CANCELED


async def test_ids_of_another_life_are_never_given_again(tmp_path: Path) -> None:
    ids: list[str] = []
    for directory in (tmp_path / "one", tmp_path / "two"):
        directory.mkdir()
        async with paper(directory, clock=HandClock(1_795_000_000_000_000 + len(ids))) as desk:
            desk.clock.at_us += len(ids) * 1_000
            ids.append((await desk.placed(BUY, "1")).venue_order_id)
    assert len(set(ids)) == 2
    assert all(order_id.startswith("PAPER-") for order_id in ids)


# Kept before told


async def test_a_fill_is_in_the_file_before_anybody_hears_of_it(tmp_path: Path) -> None:
    async with paper(tmp_path) as desk:
        path, missing, heard = tmp_path / FILE, [], []

        def hear(sighting: Sighting) -> None:
            if isinstance(sighting, FillSeen):
                heard.append(sighting.fill.trade_id)
                if sighting.fill.trade_id not in path.read_text():
                    missing.append(sighting.fill.trade_id)

        stream = asyncio.ensure_future(desk.venue.readers[MAIN].stream(hear))
        await asyncio.sleep(0.01)
        state = await desk.placed(BUY, "1.5", "100.1")
        assert state.venue_order_id in path.read_text()
        desk.market.show((("99", "1"),), (("99.5", "1"),))
        await asyncio.sleep(0.01)
        stream.cancel()
        assert (len(heard), missing) == (2, [])


async def test_what_cannot_be_written_is_in_doubt_and_told_to_nobody_until_it_is(
    tmp_path: Path,
) -> None:
    async with paper(tmp_path) as desk:
        await desk.placed(BUY, "1", "90")
        path = tmp_path / FILE
        with file_size_limit(path, lambda size: size):
            with pytest.raises(InDoubt, match="cannot write"):
                await desk.place(BUY, "1")
            told = memory(desk)
            with pytest.raises(Unavailable, match="cannot write"):
                await desk.place(BUY, "1")
            assert memory(desk) == told
            with pytest.raises(Unavailable, match="cannot write"):
                await desk.venue.readers[MAIN].balances()
        await desk.venue.readers[MAIN].balances()
        before = memory(desk)
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as after:
        assert memory(after) == before


async def test_a_file_that_another_process_has_written_is_not_written_over(tmp_path: Path) -> None:
    async with paper(tmp_path) as desk:
        state = await desk.placed(BUY, "1", "90")
        settings = replace(AT_ONCE, hurry=True)
        offline = FedMarket(desk.clock, offline=True)
        async with paper(
            tmp_path, clock=desk.clock, market=offline, settings=settings, book=None, runs=False
        ) as kill:
            await kill.venue.traders[MAIN].cancel_all()
            assert await kill.venue.readers[MAIN].open_orders() == []
        with pytest.raises(InDoubt, match="another process has written it"):
            await desk.place(BUY, "1")
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as after:
        found = (await after.venue.readers[MAIN].find(state)).found
        assert found is not None
        assert found.final is Final.CANCELED
        assert after.totals() == AT_ONCE.balances


# Damage


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: b"",
        lambda raw: b"\x00" * len(raw),
        lambda raw: raw[: raw.index(b"\n", len(raw) // 2) - 3],
        lambda raw: raw[:-1],
        lambda raw: raw[:-9],
        lambda raw: raw[raw.index(b"\n", len(raw) // 2) - 3 :],
        lambda raw: raw.replace(b'"version":2', b'"version":3'),
        lambda raw: raw.replace(b'"venue":"coinbase"', b'"venue":"kraken"'),
        lambda raw: raw.replace(b'"BTC":"', b'"BTC":"1'),
        lambda raw: raw.replace(b'"price":"98"', b'"price":null'),
        lambda raw: raw.replace(b'"price":"98"', b'"price":"98000000"'),
        lambda raw: raw.replace(b'"price":"98"', b'"price":98.5'),
        lambda raw: raw.replace(b'"price":"101"', b'"price":"1"'),
        lambda raw: raw.replace(b'"symbol":"BTC/USD"', b'"symbol":"LTC/USD"'),
        lambda raw: b"[" * 100_000 + b"\n",
    ],
)
async def test_a_torn_or_damaged_file_is_refused_and_left_as_it_is(
    tmp_path: Path, spoil: Callable[[bytes], bytes]
) -> None:
    async with paper(tmp_path) as desk:
        await busy(desk)
    path = tmp_path / FILE
    spoilt = spoil(path.read_bytes())
    assert spoilt != path.read_bytes()
    path.write_bytes(spoilt)
    with pytest.raises((Corrupt, Misconfigured), match=FILE) as refused:
        async with paper(tmp_path, clock=desk.clock, market=desk.market):
            pass
    assert "move" in str(refused.value)
    assert path.read_bytes() == spoilt


async def test_the_refusal_of_a_torn_file_names_the_command_that_mends_it(tmp_path: Path) -> None:
    async with paper(tmp_path) as desk:
        await desk.placed(BUY, "1", "90")
        before = memory(desk)
    path = tmp_path / FILE
    whole = path.stat().st_size
    path.write_bytes(path.read_bytes() + b'{"changes":[{"ven')
    with pytest.raises(Corrupt, match=f"truncate -s {whole}"):
        async with paper(tmp_path):
            pass
    path.write_bytes(path.read_bytes()[:whole])
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as after:
        assert memory(after) == before


async def test_another_ledgers_paper_is_refused(tmp_path: Path) -> None:
    async with paper(tmp_path, book="one"):
        pass
    with pytest.raises(Misconfigured, match="another ledger"):
        async with paper(tmp_path, book="two"):
            pass
    async with paper(tmp_path, book=None) as desk:
        assert desk.venue.fresh == ""
    async with paper(tmp_path, book="one") as desk:
        assert desk.venue.fresh == ""


async def test_the_file_is_private_and_holds_money_as_text(tmp_path: Path) -> None:
    async with paper(tmp_path) as desk:
        await busy(desk)
    path = tmp_path / FILE
    assert path.stat().st_mode & 0o777 == 0o600
    refused: list[str] = []
    for line in path.read_text().splitlines():
        json.loads(line, parse_float=refused.append)
    assert refused == []


async def test_a_file_that_has_grown_is_shortened_and_still_says_what_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("venues.state_file.LARGEST", 40_000)
    monkeypatch.setattr("venues.state_file.KEPT", 5_000)
    async with paper(tmp_path) as desk:
        await desk.placed(BUY, "1", "90")
        for number in range(60):
            desk.market.show(BIDS, (("100.1", "1"), ("100.2", f"{number + 1}")))
            await desk.placed(BUY, "0.01")
        size = (tmp_path / FILE).stat().st_size
        desk.pass_time(61)
        desk.venue.desk.tend()
        assert (tmp_path / FILE).stat().st_size < size // 2
        standing, fees = desk.venue.desk.till.standing(), dict(desk.venue.desk.fees.known)
    async with paper(tmp_path, clock=desk.clock, market=desk.market) as after:
        assert after.venue.desk.till.standing() == standing
        assert dict(after.venue.desk.fees.known) == fees


async def test_without_a_directory_nothing_is_kept() -> None:
    async with paper() as desk:
        await desk.placed(BUY, "1", "90")
        assert desk.venue.fresh == "nothing is kept between runs"
