"""The loopback venue that the kill is measured on: a process of its own with ten accounts.

The one rule: both sides trade with the same keys on the same accounts. Ours are the program's
own adapters; the other side is the venue's ccxt.pro class as it comes. Neither paces itself:
the venue's rate limits are off, because at its true pace the pace alone would be measured.
"""

import argparse
import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from bench.harness import percentile
from cli.clock import SystemClock
from domain.instruments import Account
from engine.sweep import AT_ONCE
from tests.engine.wire_families import Family
from tests.wire.admin import AdminClient
from tests.wire.demo import venue
from tests.wire.fixtures import SPOT_ONLY
from tests.wire.redirect import redirected
from venues import ccxt_quirks
from venues.ccxt_venue import CcxtVenue, VenueSettings, open_venue
from venues.keys import AccountKeys, Keys, Secret
from venues.lazy_ccxt import exchange_class

ACCOUNTS = 10

WAIT_MS = 60_000
ROUND_TRIPS = 40
_MONEY = {"USD": "100000000", "USDT": "100000000", "BTC": "1"}
_NO_LIMITS: dict[str, dict[str, None]] = {
    "kraken": {"calls": None, "orders": None},
    "kucoin": {"calls": None},
}


@dataclass(frozen=True, slots=True)
class Street:
    """The venue, our side of it and the other side, account by account."""

    family: Family
    admin: AdminClient
    ours: CcxtVenue
    plain: dict[Account, Any]

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Every account, in the order of both sides."""
        return tuple(self.plain)

    async def fill(self, each: int) -> None:
        """So many resting orders in every account, placed by the other side."""
        await asyncio.gather(*(self._placed(api, each) for api in self.plain.values()))

    async def _placed(self, api: Any, each: int) -> None:
        symbol = self.family.symbol

        def place(number: int) -> Awaitable[object]:
            price = str(40_000 - number)
            order: Awaitable[object] = api.create_order(symbol, "limit", "buy", "0.001", price)
            return order

        await at_once(place, range(each))

    async def is_empty(self) -> None:
        """AssertionError when an order is left anywhere."""
        symbol = self.family.symbol
        left = [await api.fetch_open_orders(symbol) for api in self.plain.values()]
        assert not any(left), f"{sum(map(len, left))} orders are left"

    async def round_trip_s(self) -> float:
        """The median of one small request and its answer, by the other side, one after another."""
        api = next(iter(self.plain.values()))
        loop, taken = asyncio.get_running_loop(), []
        for _ in range(ROUND_TRIPS):
            begin = loop.time()
            await api.fetch_time()
            taken.append(loop.time() - begin)
        return percentile(taken, 50)


async def at_once(act: Callable[[Any], Awaitable[object]], over: Sequence[Any]) -> None:
    """Do it for each, `AT_ONCE` at a time; the first failure is raised."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(item: Any) -> None:
        async with gate:
            await act(item)

    await asyncio.gather(*(one(item) for item in over))


@asynccontextmanager
async def street_of(family: Family, accounts: int = ACCOUNTS) -> AsyncGenerator[Street]:
    """A venue of that family, opened from both sides, with its markets loaded."""
    options = argparse.Namespace(seed=7, step_ms=0)
    with TemporaryDirectory() as folder, venue(Path(folder), options, family.venue) as found:
        admin = AdminClient(found["admin"])
        admin.ask("limits", **_NO_LIMITS[family.venue])
        names = [f"desk{number}" for number in range(accounts)]
        for name in names:
            admin.ask("open_account", owner=name, balances=_MONEY)
        with redirected(found["routes"]):
            async with AsyncExitStack() as stack:
                keys = {name: _keys(admin, name) for name in names}
                ours = await stack.enter_async_context(opened(family, keys))
                await ours.market.instruments()
                plain = {}
                for name in names:
                    api = await _plain(family, admin, name)
                    stack.push_async_callback(api.close)
                    plain[Account(family.venue, name)] = api
                yield Street(family, admin, ours, plain)


@asynccontextmanager
async def opened(family: Family, keys: dict[str, AccountKeys]) -> AsyncGenerator[CcxtVenue]:
    """Our adapters without the venue's pace."""
    known = ccxt_quirks._KNOWN  # noqa: SLF001 - as tests/engine/wire_rig.py's `unpaced`
    paced = known[family.venue]
    known[family.venue] = family.row
    try:
        async with open_venue(
            family.venue,
            keys,
            clock=SystemClock(),
            settings=VenueSettings(timeout_ms=WAIT_MS),
            on_problem=_unexpected,
        ) as live:
            yield live
    finally:
        known[family.venue] = paced


async def _plain(family: Family, admin: AdminClient, owner: str) -> Any:
    api = exchange_class(family.venue)(
        {**_credentials(admin, owner, "full"), "enableRateLimit": False, "timeout": WAIT_MS}
    )
    api.options |= {**SPOT_ONLY, "maxRetriesOnFailure": 0}
    await api.load_markets()
    return api


def _keys(admin: AdminClient, owner: str) -> AccountKeys:
    def of(purpose: str) -> Keys:
        told = _credentials(admin, owner, purpose)
        third = told.get("password")
        passphrase = None if third is None else Secret(third)
        return Keys(
            key=Secret(told["apiKey"]), secret=Secret(told["secret"]), passphrase=passphrase
        )

    return AccountKeys(read=of("read"), trade=of("trade"))


def _credentials(admin: AdminClient, owner: str, purpose: str) -> dict[str, str]:
    return cast("dict[str, str]", admin.ask("credentials", purpose=purpose, owner=owner))


def _unexpected(problem: str) -> None:
    raise AssertionError(problem)
