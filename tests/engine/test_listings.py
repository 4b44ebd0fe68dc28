"""What a venue lists may change: while we were away, and while we look."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemClock, SystemDice
from domain.board import at
from domain.errors import Refused, Unavailable
from domain.instruments import Instrument
from domain.ports import Vitals
from engine.connections import Connections
from engine.listings import relisted
from tests.engine.rig import KRAKEN, connections_of, running
from venues.demo import open_demo

D = Decimal
HOUR_US = 3_600_000_000
BTC = Instrument(venue="kraken", symbol="BTC/USD", tick=D("0.1"), lot=D("0.00001"))
ADA = Instrument(venue="kraken", symbol="ADA/USD")


def listing(*known: Instrument) -> dict[str, Instrument]:
    return {each.symbol: each for each in known}


def test_what_stayed_the_same_stays_the_same_object() -> None:
    renewed, changes = relisted(listing(BTC), [replace(BTC)])
    assert renewed["BTC/USD"] is BTC
    assert changes == {}


def test_a_new_tick_is_told_with_both_figures() -> None:
    renewed, changes = relisted(listing(BTC), [replace(BTC, tick=D("0.01"), lot=None)])
    assert renewed["BTC/USD"].tick == D("0.01")
    assert changes == {"BTC/USD": "tick 0.1 → 0.01, lot 0.00001 → unknown"}


def test_what_is_gone_stays_known_and_does_not_trade() -> None:
    renewed, changes = relisted(listing(BTC, ADA), [BTC])
    assert (renewed["ADA/USD"].active, changes) == (False, {"ADA/USD": "is no longer listed"})
    again, changes = relisted(renewed, [BTC])
    assert (again["ADA/USD"], changes) == (renewed["ADA/USD"], {})


def test_what_is_suspended_and_what_trades_again_is_told() -> None:
    renewed, changes = relisted(listing(BTC), [replace(BTC, active=False)])
    assert changes == {"BTC/USD": "is suspended"}
    _, changes = relisted(renewed, [BTC])
    assert changes == {"BTC/USD": "trades again"}


def test_a_new_listing_is_no_change_of_an_old_one() -> None:
    renewed, changes = relisted({}, [BTC, ADA])
    assert (renewed, changes) == (listing(BTC, ADA), {})


class Remembering:
    """A demo venue whose first list is the disk's, and whose next ones are as a test says."""

    def __init__(self, market: Any, told_us: int) -> None:
        self._market = market
        self.told_us = told_us
        self.calls = 0
        self.answering = asyncio.Event()
        self.answers = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._market, name)

    async def instruments(self) -> Sequence[Instrument]:
        self.calls += 1
        known: Sequence[Instrument] = await self._market.instruments()
        if self.calls == 1:
            return known
        await self.answering.wait()
        if not self.answers:
            raise Unavailable("kraken", "it is being maintained")
        self.told_us = SystemClock().now_us()
        gone, *others = [each for each in known if each.symbol != "BTC/USD"]
        (btc,) = [each for each in known if each.symbol == "BTC/USD"]
        assert gone not in others
        return [*others, replace(btc, tick=D(50))]

    def vitals(self) -> Vitals:
        return Vitals(
            budget_left=1,
            budget=1,
            banned_for_us=0,
            latency_us=0,
            rejected=0,
            markets_us=self.told_us,
        )


def desk(age_h: int) -> tuple[Any, Remembering, Connections]:
    clock, dice = SystemClock(), SystemDice()
    demo = open_demo(clock, dice, seed=7, instant=True)
    plain = {connection.venue: connection for connection in connections_of(demo)}
    kraken = plain["kraken"]
    market = Remembering(kraken.market, clock.now_us() - age_h * HOUR_US)
    plain["kraken"] = replace(kraken, market=market, vitals=market.vitals)
    return demo, market, Connections(plain)


async def test_orders_wait_while_what_the_disk_knows_is_too_old(tmp_path: Path) -> None:
    demo, market, connections = desk(age_h=31)
    async with running(tmp_path, demo=demo, connections=connections) as rig:
        await rig.until(lambda board: board.venues["kraken"].markets_us)
        wanted = rig.draft(account=KRAKEN)
        with pytest.raises(Refused, match=r"INSTRUMENTS: what kraken lists was read 31 h ago"):
            await rig.submit(wanted)
        old_us = market.told_us
        market.answering.set()
        await rig.until(lambda board: (board.venues["kraken"].markets_us or 0) > old_us)
        assert (await rig.submit(rig.draft(account=KRAKEN))).client_id


async def test_a_young_list_from_the_disk_is_traded_on_at_once(tmp_path: Path) -> None:
    demo, _, connections = desk(age_h=23)
    async with running(tmp_path, demo=demo, connections=connections) as rig:
        assert (await rig.submit(rig.draft(account=KRAKEN))).client_id


async def test_what_changed_behind_the_disks_back_is_shown_and_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    demo, market, connections = desk(age_h=1)
    caplog.set_level(logging.INFO, "engine.markets")
    async with running(tmp_path, demo=demo, connections=connections) as rig:
        before = dict(rig.board.instruments)
        market.answering.set()
        board = await rig.until(lambda b: b.instruments[at("kraken", "BTC/USD")].tick == D(50))
        gone = [
            key
            for key, known in board.instruments.items()
            if before[key].active and not known.active
        ]
        assert len(gone) == 1
        with pytest.raises(Refused, match="suspended"):
            await rig.submit(replace(rig.draft(), symbol=gone[0].split()[1]))
    (line,) = [text for text in caplog.messages if "changed" in text]
    assert "tick" in line
    assert "→ 50" in line
    assert "is no longer listed" in line


async def test_a_list_that_cannot_be_read_again_is_logged_and_the_old_one_stands(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    demo, market, connections = desk(age_h=1)
    market.answers = False
    async with running(tmp_path, demo=demo, connections=connections) as rig:
        before = rig.board.instruments
        market.answering.set()
        await rig.until(lambda _: any("not read again" in text for text in caplog.messages))
        assert rig.board.instruments == before
        assert (await rig.submit(rig.draft(account=KRAKEN))).client_id
