"""Prices and balances that are old are never taken for new: seen over real sockets.

Each test runs on each loopback venue, through the real ccxt class.
"""

import asyncio
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from domain.board import Board, Health
from domain.errors import Refused
from domain.orders import Status
from tests.engine.rig import quick
from tests.engine.wire_families import KRAKEN, Family
from tests.engine.wire_rig import WIRE, Site, WireRig, trading_on

pytestmark = [pytest.mark.usefixtures("unpaced"), pytest.mark.timeout(60)]
SECOND_US = 1_000_000
PRICES = {"kraken": "Ticker", "kucoin": "GET market/allTickers"}
BALANCES = {"kraken": "BalanceEx", "kucoin": "GET accounts"}


def prices_of(board: Board, family: Family) -> Any:
    return board.feeds[f"{family.venue} prices"]


def shown(board: Board, family: Family) -> Decimal:
    price = board.price(family.venue, family.symbol)
    assert price is not None
    assert price.mid is not None
    return price.mid


async def test_a_silent_price_stream_is_replaced_by_requests_and_takes_over_again(
    site: Site, tmp_path: Path
) -> None:
    family = site.family
    async with trading_on(site, tmp_path) as wire:
        site.ask("refuse_sockets", on=True)
        site.ask(family.hush, side="public", on=True)
        await wire.rig.until(lambda b: prices_of(b, family).problem, within_s=25)
        site.ask("price", symbol=family.symbol, middle="64500")
        await wire.rig.until(
            lambda b: (
                abs(shown(b, family) - 64_500) < 200
                and prices_of(b, family).health is Health.STALE  # by request, and it says so
            ),
            within_s=15,
        )
        assert (await wire.submit()).status is Status.OPEN
        site.ask("refuse_sockets", on=False)
        site.ask(family.hush, side="public", on=False)
        board = await wire.rig.until(
            lambda b: prices_of(b, family).health is Health.OK, within_s=25
        )
        assert prices_of(board, family).problem == ""
        assert prices_of(board, family).attempt == 0


async def test_without_stream_and_requests_prices_grow_old_in_plain_sight_and_deny_orders(
    site: Site, tmp_path: Path
) -> None:
    family = site.family
    async with trading_on(site, tmp_path) as wire:
        site.ask("fault", endpoint=PRICES[family.venue], kind="page", status=503, times=10_000)
        site.ask("refuse_sockets", on=True)
        site.ask("cut_sockets", side="public")
        board = await wire.rig.until(lambda b: _age_us(b, family) > 5 * SECOND_US, within_s=25)
        assert prices_of(board, family).health is not Health.OK
        with pytest.raises(Refused, match=r"NO_PRICE|STALE"):
            await wire.rig.submit(wire.draft(quantity="0.02"))
        site.ask("calm")
        await wire.rig.until(lambda b: prices_of(b, family).health is Health.OK, within_s=25)
        assert (await wire.submit()).status is Status.OPEN


def _age_us(board: Board, family: Family) -> int:
    price = board.price(family.venue, family.symbol)
    return 0 if price is None else board.now_us - price.at_us


async def test_balances_that_cannot_be_read_grow_old_say_why_and_deny_orders(
    site: Site, tmp_path: Path
) -> None:
    family = site.family
    async with trading_on(site, tmp_path) as wire:
        view = wire.rig.door.view
        view.settings = replace(view.settings, balance_stale_us=3 * SECOND_US)
        site.ask("fault", endpoint=BALANCES[family.venue], kind="page", status=503, times=10_000)
        board = await wire.rig.until(
            lambda b: b.feeds[family.account].problem and _held_us(b, family) > 3 * SECOND_US,
            within_s=25,
        )
        assert "503" in board.feeds[family.account].problem
        assert "status page" in board.feeds[family.account].remedy
        with pytest.raises(Refused, match="STALE"):
            await wire.rig.submit(wire.draft(quantity="0.02"))
        site.ask("calm")
        await _placed(wire)


def _held_us(board: Board, family: Family) -> int:
    balances = board.accounts[family.account].balances
    return 0 if balances is None else board.now_us - balances.at_us


async def _placed(wire: WireRig) -> None:
    async with asyncio.timeout(25):
        assert (await wire.submit()).status is Status.OPEN


# Clocks


async def test_a_venue_whose_clock_is_off_takes_no_orders_and_the_others_do(
    sites: tuple[Site, Site], tmp_path: Path
) -> None:
    settings = quick(**{**_of(WIRE), "clock_every_s": 1})
    async with trading_on(sites, tmp_path, settings=settings) as wire:
        off = wire.sites[0]
        assert off.family is KRAKEN
        off.ask("skew", seconds=90)
        await wire.rig.until(lambda b: abs(b.venues["kraken"].skew_us or 0) > 60 * SECOND_US)
        with pytest.raises(Refused, match=r"CLOCK: (89|90)"):
            await wire.rig.submit(wire.draft())
        fine = wire.draft(at=wire.sites[1].family)
        assert (await wire.submit(fine)).status is Status.OPEN
        off.ask("skew", seconds=0)
        await wire.rig.until(lambda b: abs(b.venues["kraken"].skew_us or 0) < 2 * SECOND_US)
        assert (await wire.submit()).status is Status.OPEN


def _of(settings: Any) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in type(settings).__slots__}


@pytest.mark.parametrize("site", [KRAKEN], indirect=True)
async def test_a_clock_that_is_off_is_measured_again_soon_and_not_at_the_next_turn(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.markets.CLOCK_AGAIN_S", 1)
    settings = quick(**{**_of(WIRE), "clock_every_s": 3_600})
    site.ask("skew", seconds=30)
    async with trading_on(site, tmp_path, settings=settings) as wire:
        assert abs(wire.rig.board.venues["kraken"].skew_us or 0) > 20 * SECOND_US
        with pytest.raises(Refused, match="CLOCK"):
            await wire.rig.submit(wire.draft())
        site.ask("skew", seconds=0)
        await wire.rig.until(lambda b: abs(b.venues["kraken"].skew_us or 0) < 2 * SECOND_US)
        assert (await wire.submit()).status is Status.OPEN
