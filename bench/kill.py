"""Goal 9: the kill switch, from the key to the last cancel, on loopback venues.

Three questions. How soon is the gate closed while eight submitters hammer at it, and does one
order more leave? How soon are the cancels of ten accounts sent, by one call each and by
their names, against the venue's own ccxt.pro class that lists and cancels the same? How soon does
`--kill` send its first cancel from a process that does not run yet?
"""

import asyncio
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable
from typing import Any

from bench.harness import Row, at_least, at_most, milliseconds
from bench.kill_hotkey import hotkey
from bench.kill_venue import ACCOUNTS, Street, at_once, street_of
from cli.clock import SystemClock
from domain.halts import Evidence
from domain.instruments import Account
from domain.orders import VenueOrder
from engine.sweep import Sweep
from tests.cli.wire_home import TOP, Home, at_home
from tests.engine.wire_families import KRAKEN, KUCOIN
from tests.wire.demo import surroundings
from venues import ccxt_quirks

ORDERS, FULL_ORDERS = 20, 200
ROUNDS = 3
ON_TOP = 1.2
TRIES = 20
COLD_ROUNDS, FULL_COLD_ROUNDS = 5, 15
FIRST = "CancelAll"
COLD_IMPORT = "from venues.lazy_ccxt import exchange_class; exchange_class('kraken')"


def main(full: bool) -> list[Row]:  # noqa: FBT001 - the one argument of every benchmark
    """The key, the cancels, the cold start."""
    return [
        *hotkey(full=full),
        *asyncio.run(_cancels(FULL_ORDERS if full else ORDERS)),
        *_cold(FULL_COLD_ROUNDS if full else COLD_ROUNDS),
    ]


# All cancels


async def _cancels(each: int) -> list[Row]:
    rows = []
    for family in (KRAKEN, KUCOIN):
        async with street_of(family) as street:
            for single in (False, True):
                # Once uncounted: placing the orders has opened the peer's connections already.
                await _ours(street, each, single=single)
                await _peer(street, each, single=single)
                gc.collect()
                gc.freeze()  # as the engine does when it is ready
                rows.append(await _row(street, each, single=single))
    return rows


async def _row(street: Street, each: int, *, single: bool) -> Row:
    mine, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(await _peer(street, each, single=single))
        mine.append(await _ours(street, each, single=single))
    ours, peer = statistics.median(mine), statistics.median(theirs)
    most = street.ours.traits.cancels_at_once
    batches = f"ours by calls of {most}, ccxt.pro's" if most else "each"
    how = f"as chosen orders, {batches} one by one" if single else "by one call each"
    what = (
        f"{ACCOUNTS} accounts of {street.family.venue}, {each} orders each, listed and cancelled "
        f"{how}, venue's pace off / ccxt.pro"
    )
    return at_most("9", what, milliseconds(ours), milliseconds(peer), ours / peer, ON_TOP)


async def _ours(street: Street, each: int, *, single: bool) -> float:
    """What the engine and `--kill` run for every account, until the last cancel is answered."""
    await street.fill(each)
    clock, venue = SystemClock(), street.ours
    sweeps = [
        Sweep(
            account,
            venue.readers[account],
            venue.traders[account],
            venue.traits,
            clock,
            inside=_every if single else None,
        )
        for account in street.accounts
    ]
    begin = time.perf_counter()
    told = await asyncio.gather(*(_swept(sweep) for sweep in sweeps))
    taken = time.perf_counter() - begin
    assert all(seen.open_before == each for seen in told), told
    await street.is_empty()
    return taken


async def _swept(sweep: Sweep) -> Evidence:
    """One try, and at once another one for as long as the venue refuses a cancel."""
    seen = await sweep.attempt()
    for _ in range(TRIES):
        if not seen.error:
            break
        seen = await sweep.attempt()
    return seen


def _every(_: VenueOrder) -> bool:
    """A halt that is asked about each order cancels them by their names."""
    return True


async def _peer(street: Street, each: int, *, single: bool) -> float:
    await street.fill(each)
    begin = time.perf_counter()
    await asyncio.gather(*(_ended(street, account, single=single) for account in street.accounts))
    taken = time.perf_counter() - begin
    await street.is_empty()
    return taken


async def _ended(street: Street, account: Account, *, single: bool) -> None:
    api = street.plain[account]
    orders = await api.fetch_open_orders(street.family.symbol)
    if not single:
        await getattr(api, ccxt_quirks.quirks_of(account.venue).cancels_all)()
        return

    def cancel(order: Any) -> Awaitable[object]:
        done: Awaitable[object] = api.cancel_order(order["id"], order["symbol"])
        return done

    await at_once(cancel, orders)


# From a process that does not run yet


def _cold(rounds: int) -> list[Row]:
    with at_home() as place:
        environ = surroundings(place.folder, place.found)
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        _killed(place, environ)  # the byte code, of everything
        turns = [
            (
                _killed(place, environ),
                _process(environ, "-c", "pass"),
                _process(environ, "-c", COLD_IMPORT),
            )
            for _ in range(rounds)
        ]
    ours, nothing, ccxt = (statistics.median(each) for each in zip(*turns, strict=True))
    what = "--kill without an engine, from exec to the first cancel at the venue"
    told = milliseconds(ours)
    return [
        at_least("9", f"{what} / python -c pass", told, milliseconds(nothing), ours / nothing, 0),
        at_least("9", f"{what} / import of its ccxt", told, milliseconds(ccxt), ours / ccxt, 0),
    ]


def _killed(place: Home, environ: dict[str, str]) -> float:
    """Seconds from exec to the first cancel's arrival, by the venue's own log."""
    for number in range(3):
        place.admin.ask(
            "place", side="buy", symbol="BTC/USD", quantity="0.01", price=str(40_000 - number)
        )
    clock = SystemClock()
    began_us = clock.now_us()
    done = subprocess.run(
        place.command("--kill", "bench"),
        cwd=TOP,
        env=environ,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    calls: Any = place.admin.ask("journal", endpoint=FIRST)
    first_us = min(call["at_us"] for call in calls if call["at_us"] >= began_us)
    return float(first_us - began_us) / 1e6


def _process(environ: dict[str, str], *words: str) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=TOP, env=environ, check=True)
    return time.perf_counter() - begin
