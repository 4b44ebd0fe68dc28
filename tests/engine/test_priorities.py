"""Who goes first when calls are scarce, seen at the venue: cancels, then orders, reads last.

Each test runs on each loopback venue, through the real ccxt class, at a pace that is used up.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cli.clock import SystemClock
from domain import asks
from domain.errors import DeskError, Unavailable
from domain.halts import HaltState
from domain.orders import Kind, Order, Side
from domain.ports import AccountReader, Trader
from tests.engine.wire_families import KRAKEN, KUCOIN, Family
from tests.engine.wire_rig import Site, trading_on
from tests.venues.ccxt_wire_desk import keys, state_of
from venues import ccxt_quirks
from venues.budget import Pace, Priority
from venues.ccxt_client import Client
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys

pytestmark = [pytest.mark.timeout(60)]
READS = 30
SCARCE = Pace(10, 2.0)
UNDER_WAY = 8  # what a full bucket let go at once, and may still be on its way
SECOND_US = 1_000_000
# What ends orders and proves their end; KuCoin lists by symbol, and its key for reading is not
# told the symbols, so they are found by what is held.
ENDING = (
    "CancelAll",
    "CancelAllOrdersAfter",
    "DELETE hf/orders/cancelAll",
    "GET hf/orders/active/symbols",
    "GET accounts",
)


@dataclass
class Caller:
    """One account of a venue whose read and trade keys are one: everything shares its calls."""

    site: Site
    reader: AccountReader
    trader: Trader

    def order(self, number: int) -> Order:
        return Order(
            client_id=f"QDT1{number:014}",
            account=self.site.family.account,
            symbol=self.site.family.symbol,
            side=Side.BUY,
            kind=Kind.LIMIT,
            quantity=Decimal("0.01"),
            price=Decimal(50_000),
            at_us=SystemClock().now_us(),
        )

    def arrived(self) -> list[str]:
        """The endpoints that were asked, in the order in which the requests arrived."""
        return [row["endpoint"] for row in self.site.ask("journal")]


@asynccontextmanager
async def calling(site: Site) -> AsyncGenerator[Caller]:
    key = keys(site.thread, "full")
    async with open_venue(
        site.family.venue,
        {"main": AccountKeys(read=key, trade=key)},
        clock=SystemClock(),
        settings=VenueSettings(timeout_ms=5_000),
        on_problem=lambda _: None,
    ) as venue:
        await venue.market.instruments()
        account = site.family.account
        yield Caller(site, venue.readers[account], venue.traders[account])


@pytest.fixture
def scarce(monkeypatch: pytest.MonkeyPatch, site: Site) -> None:
    """So few calls that thirty reads of history have to wait for many seconds."""
    row = replace(ccxt_quirks._KNOWN[site.family.venue], pace=SCARCE)
    monkeypatch.setitem(ccxt_quirks._KNOWN, site.family.venue, row)


@contextmanager
def counted_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The reads that have begun to wait for their turn."""
    begun: list[str] = []
    ask = Client.ask

    async def counting(
        self: Client, method: str, *args: Any, priority: Priority, section: str = ""
    ) -> Any:
        if priority is Priority.READ:
            begun.append(method)
        return await ask(self, method, *args, priority=priority, section=section)

    monkeypatch.setattr(Client, "ask", counting)
    yield begun


@asynccontextmanager
async def queued(caller: Caller, begun: list[str]) -> AsyncGenerator[None]:
    """Thirty reads of the whole history are under way, and most of them wait."""
    reads = [asyncio.ensure_future(_read(caller.reader)) for _ in range(READS)]
    try:
        async with asyncio.timeout(20):
            while len(begun) < READS:  # noqa: ASYNC110 - ccxt tells nobody
                await asyncio.sleep(0.01)
        yield
        assert sum(not read.done() for read in reads) > READS // 2, "they did not wait at all"
    finally:
        for read in reads:
            read.cancel()
        await asyncio.gather(*reads, return_exceptions=True)


async def _read(reader: AccountReader) -> None:
    with suppress(DeskError):  # its turn does not come in time
        while True:
            await reader.history(0)


async def refused(act: Callable[[], Awaitable[object]]) -> DeskError:
    """What it says when it is no longer done."""
    while True:
        try:
            await act()
        except DeskError as error:
            return error


async def overtaken_by(caller: Caller, act: Awaitable[Any], wanted: str) -> Sequence[str]:
    """What arrived at the venue after `act` was asked for and before it did."""
    before = len(caller.arrived())
    await act
    after = caller.arrived()[before:]
    return after[: after.index(wanted)]


@pytest.mark.usefixtures("scarce")
async def test_a_cancel_goes_before_thirty_waiting_reads(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with calling(site) as caller:
        order = caller.order(1)
        placed = await caller.trader.place(order)
        with counted_waits(monkeypatch) as begun:
            async with queued(caller, begun):
                state = state_of(order, placed.venue_order_id)
                passed = await overtaken_by(caller, caller.trader.cancel(state), site.family.cancel)
        assert len(passed) <= UNDER_WAY
        assert not site.open_ids()


@pytest.mark.usefixtures("scarce")
async def test_a_dead_mans_switch_goes_before_reads_and_never_before_a_cancel(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    if site.family is not KRAKEN:
        async with calling(site) as caller:
            with pytest.raises(Unavailable, match="it has no dead-man's switch"):
                await caller.trader.dead_man(60)
        return
    async with calling(site) as caller:
        order = caller.order(3)
        placed = await caller.trader.place(order)
        with counted_waits(monkeypatch) as begun:
            async with queued(caller, begun):
                before = len(caller.arrived())
                # More of them than the bucket may let go at once: some wait beside the cancel.
                renewals = [asyncio.ensure_future(caller.trader.dead_man(60)) for _ in range(6)]
                await asyncio.sleep(0)
                await caller.trader.cancel(state_of(order, placed.venue_order_id))
                await asyncio.gather(*renewals)
                arrived = caller.arrived()[before:]
        assert "CancelAllOrdersAfter" in arrived[arrived.index(site.family.cancel) :]
        assert arrived.index("CancelAllOrdersAfter") <= 2 * UNDER_WAY


@pytest.mark.usefixtures("scarce")
async def test_an_order_goes_before_thirty_waiting_reads(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with calling(site) as caller:
        with counted_waits(monkeypatch) as begun:
            async with queued(caller, begun):
                act = caller.trader.place(caller.order(2))
                passed = await overtaken_by(caller, act, site.family.place)
        assert len(passed) <= UNDER_WAY
        assert len(site.open_ids()) == 1


# Bans


def banned(family: Family) -> dict[str, Any]:
    """The venue's own words for too many calls."""
    words = {"kraken": "EAPI:Rate limit exceeded", "kucoin": "429000 Too many requests"}
    return {"kind": "error", "text": words[family.venue], "execute": False}


@pytest.mark.usefixtures("unpaced")
async def test_a_ban_is_shown_until_when_and_the_kill_switch_works_within_it(
    site: Site, tmp_path: Path
) -> None:
    venue = site.family.venue
    async with trading_on(site, tmp_path) as wire:
        for number in range(3):
            await wire.submit(wire.draft(quantity=f"0.01{number}"))
        site.ask("fault", endpoint=site.family.open_orders, times=1, **banned(site.family))
        board = await wire.rig.until(lambda b: b.venues[venue].banned_us)
        shown = board.venues[venue]
        assert shown.banned_us - board.now_us > SECOND_US
        assert "ate limit" in shown.ban or "oo many" in shown.ban
        started = len(site.ask("journal"))
        await wire.rig.ask(asks.Trip(reason="test"))
        await wire.rig.until(lambda b: b.halts and b.halts[0].state is HaltState.HALTED)
        assert not site.open_ids()
        assert wire.rig.board.venues[venue].ban, "it was over before the proof"
        rows = site.ask("journal")[started:]
    # While it lasted nothing was asked with a key but what ends orders and proves their end.
    asked = {row["endpoint"] for row in rows if row["key"]}
    assert asked <= {site.family.open_orders, site.family.cancel, *ENDING}


@pytest.mark.usefixtures("unpaced")
async def test_orders_that_cannot_be_listed_are_ended_all_the_same_and_proven_later(
    site: Site, tmp_path: Path
) -> None:
    async with trading_on(site, tmp_path) as wire:
        await wire.submit()
        site.ask("fault", endpoint=site.family.open_orders, kind="page", status=503, times=10_000)
        await wire.rig.ask(asks.Trip(reason="test"))
        await wire.rig.until(lambda _: not site.open_ids())
        assert wire.rig.board.halts[0].state is not HaltState.HALTED  # nothing is proven yet
        site.ask("calm")
        await wire.rig.until(
            lambda b: b.halts and b.halts[0].state is HaltState.HALTED, within_s=20
        )
        await wire.agrees()


@pytest.mark.usefixtures("unpaced")
async def test_a_gateways_retry_after_holds_every_key_back_and_the_first_call_goes_alone(
    site: Site,
) -> None:
    async with calling(site) as caller:
        await caller.trader.place(caller.order(3))  # KuCoin lists nothing where nothing is
        path = site.family.open_orders
        site.ask("fault", endpoint=path, kind="page", status=429, retry_after="2", execute=False)
        await refused(caller.reader.open_orders)
        seen = len(site.ask("journal"))
        refused_us = site.ask("journal")[-1]["at_us"]
        await asyncio.gather(*(caller.reader.balances() for _ in range(5)))
        later = [row["at_us"] - refused_us for row in site.ask("journal")[seen:]]
        assert min(later) >= 1_900_000


@pytest.mark.usefixtures("unpaced")
@pytest.mark.parametrize("site", [KUCOIN], indirect=True)
async def test_a_venue_that_tells_what_is_left_is_never_asked_for_the_last_of_it(
    site: Site,
) -> None:
    async with calling(site) as caller:
        order = caller.order(4)
        placed = await caller.trader.place(order)
        site.ask("limits", calls="200")
        assert "the rest is kept for cancels" in str(await refused(caller.reader.balances))
        assert all(not row["error"] for row in site.ask("journal"))  # it had not to refuse
        assert (await caller.trader.cancel(state_of(order, placed.venue_order_id))).accepted
        assert not site.open_ids()
