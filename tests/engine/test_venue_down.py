"""A venue that is down, closed or forgets a market: the others go on, and everybody is told.

Over real sockets and the real ccxt classes.
"""

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from cli.clock import SystemClock
from domain import asks
from domain.board import Board, Health, Mode
from domain.errors import Refused
from domain.instruments import Account
from domain.orders import Status
from engine.connections import Connection, Connections
from tests.engine.rig import TIRELESS, Rig, quick, running
from tests.engine.wire_families import KRAKEN
from tests.engine.wire_rig import WIRE, Site, trading_on
from tests.venues.ccxt_wire_desk import keys
from venues import ccxt_market
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys, Keys, Secret

pytestmark = [pytest.mark.usefixtures("unpaced"), pytest.mark.timeout(60)]
SECOND = Account("kraken", "second")


def said(caplog: pytest.LogCaptureFixture, about: str) -> list[str]:
    return [r.getMessage() for r in caplog.records if about in r.getMessage()]


def _of(settings: Any) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in type(settings).__slots__}


async def test_a_venue_that_is_down_at_start_joins_when_it_is_up_and_the_other_trades_meanwhile(
    sites: tuple[Site, Site], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "engine")
    kucoin, kraken = sites[1], sites[0]
    kraken.ask("down")
    settings = quick(**{**_of(WIRE), "first_try_s": 1})
    async with trading_on((kucoin, kraken), tmp_path, settings=settings, down=[kraken]) as wire:
        assert (await wire.submit()).status is Status.OPEN
        board = await wire.rig.until(lambda b: b.feeds["kraken prices"].attempt >= 3)
        feed = board.feeds["kraken prices"]
        assert feed.health is Health.DOWN
        assert feed.problem
        assert feed.remedy
        assert feed.next_try_us
        with pytest.raises(Refused, match=r"STALE|does not list"):
            await wire.rig.ask(asks.SubmitOrder(draft=_like(wire.draft(), KRAKEN.account)))
        assert len(said(caplog, "kraken at start")) == 1
        kraken.ask("up")
        await wire.rig.until(lambda b: b.accounts[KRAKEN.account].reconciled_us, within_s=30)
        assert (await wire.submit(wire.draft(at=KRAKEN))).status is Status.OPEN
        told = said(caplog, "kraken at start")
        assert len(told) == 2
        assert "well again" in told[1]


def _like(draft: Any, account: Account) -> Any:
    return type(draft)(
        account=account,
        symbol="BTC/USD",
        side=draft.side,
        kind=draft.kind,
        quantity=draft.quantity,
        price=draft.price,
    )


# Several accounts of one venue


@asynccontextmanager
async def two_accounts(site: Site) -> AsyncGenerator[Connection]:
    site.ask("open_account", owner="second", balances={"USD": "50000"})
    told = site.ask("credentials", purpose="read", owner="second")
    other = Keys(key=Secret(told["apiKey"]), secret=Secret(told["secret"]))
    mine = AccountKeys(read=keys(site.thread, "read"), trade=keys(site.thread, "trade"))
    async with open_venue(
        "kraken",
        {"main": mine, "second": AccountKeys(read=other, trade=None)},
        clock=SystemClock(),
        settings=VenueSettings(timeout_ms=1_000),
        on_problem=lambda _: None,
    ) as venue:
        yield Connection(
            traits=venue.traits,
            market=venue.market,
            readers=venue.readers,
            traders=venue.traders,
            vitals=venue.vitals,
        )


@pytest.mark.parametrize("site", [KRAKEN], indirect=True)
async def test_an_account_whose_key_is_refused_holds_up_neither_its_venue_nor_its_neighbour(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "engine")
    async with two_accounts(site) as connection:
        site.ask("revoke_key", purpose="read", owner="second")
        settings = quick(**{**_of(WIRE), "first_try_s": 3})
        async with running(
            tmp_path,
            mode=Mode.LIVE,
            settings=settings,
            limits=TIRELESS,
            connections=Connections({"kraken": connection}),
        ) as rig:
            await rig.until(lambda b: b.accounts[KRAKEN.account].reconciled_us)
            await rig.until(lambda b: b.feeds["kraken prices"].health is Health.OK)
            await _polled(rig)
            board = await rig.until(lambda b: b.feeds[SECOND].problem, within_s=20)
            assert not board.accounts[SECOND].reconciled_us
            assert "EAPI:Invalid key" in board.feeds[SECOND].problem
            assert "exchanges.kraken.accounts.second.read" in board.feeds[SECOND].remedy
            assert board.feeds[KRAKEN.account].problem == ""


async def _polled(rig: Rig) -> None:
    """The good account's polls go on, though its neighbour is not clean yet."""
    first = (await rig.until(lambda b: b.feeds[KRAKEN.account].poll_us)).feeds[KRAKEN.account]
    await rig.until(lambda b: b.feeds[KRAKEN.account].poll_us > first.poll_us + 1_000_000)


# Maintenance


async def test_a_maintenance_is_named_once_with_what_to_do_and_its_end_is_noticed(
    site: Site, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "engine")
    account = site.family.account
    async with trading_on(site, tmp_path) as wire:
        name = (await wire.submit()).client_id
        site.ask("mode", mode="maintenance", quiet=True)  # its status says that all is well
        # The dead-man's switch may be the first to notice: it has words of its own.
        await wire.rig.until(lambda b: "status page" in b.feeds[account].remedy, within_s=15)
        before = site.ask("counts")
        await wire.rig.until(lambda _: _more(site, before) > 12, within_s=20)
        about = [f"orders of {account}", f"balances of {account}", f"history of {account}"]
        assert all(len(said(caplog, one)) <= 1 for one in about)
        site.ask("mode", mode="online")
        await wire.rig.until(lambda b: not b.feeds[account].problem, within_s=20)
        assert any("well again" in line for one in about for line in said(caplog, one))
        assert wire.rig.order(name).status is Status.OPEN
        await wire.agrees()


def _more(site: Site, before: dict[str, int]) -> int:
    now: dict[str, int] = site.ask("counts")
    return sum(now.values()) - sum(before.values())


# Markets that vanish


@pytest.mark.parametrize("site", [KRAKEN], indirect=True)
async def test_a_market_that_vanishes_takes_no_more_orders_and_its_open_ones_stay_watched(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "engine")
    monkeypatch.setattr("engine.markets.RELIST_S", 1)
    monkeypatch.setattr(ccxt_market, "STALE_US", 0)
    async with trading_on(site, tmp_path) as wire:
        resting = (await wire.submit()).client_id
        listed = _asset_pairs(site)
        del listed["result"]["XXBTZUSD"]
        site.ask("fault", endpoint="AssetPairs", kind="odd", text=json.dumps(listed), times=10_000)
        await wire.rig.until(lambda b: not _active(b, "BTC/USD"), within_s=15)
        with pytest.raises(Refused, match=r"BTC/USD.*(suspended|delisted)"):
            await wire.rig.submit(wire.draft(quantity="0.02"))
        assert said(caplog, "BTC/USD is no longer listed")
        site.ask("fill", order_id=wire.rig.order(resting).venue_order_id)
        await wire.rig.until(lambda b: b.orders[resting].status is Status.FILLED, within_s=20)
        await wire.agrees()
        site.ask("calm")
        await wire.rig.until(lambda b: _active(b, "BTC/USD"), within_s=15)
        assert (await wire.submit()).status is Status.OPEN


def _asset_pairs(site: Site) -> Any:
    where = site.thread.routes["api.kraken.com"]
    with urlopen(f"{where}/0/public/AssetPairs") as answer:
        return json.loads(answer.read())


def _active(board: Board, symbol: str) -> bool:
    known = board.instrument("kraken", symbol)
    return known is not None and known.active
