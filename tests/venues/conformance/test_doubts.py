"""A create whose answer is lost: in doubt in every way there is to lose one, and sent once.

A venue on a real port, asked by the real ccxt class through our own transport. The one rule:
what the venue has counted is the truth; a second create for one order is an order too many.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

import pytest
from aiohttp import web

from domain.errors import InDoubt
from domain.instruments import Account
from domain.orders import Kind, Order, OrderState, Side
from domain.ports import AccountReader, Trader
from tests.venues.ccxt_wire_desk import Clock
from tests.venues.conformance.captured import keys_for, payloads
from tests.venues.conformance.test_conformance import OURS, PRICES, SYMBOLS
from tests.wire.redirect import redirected
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys

HOSTS = {
    "alpaca": ("api.alpaca.markets", "data.alpaca.markets"),
    "bitfinex": ("api.bitfinex.com", "api-pub.bitfinex.com"),
    "gemini": ("api.gemini.com",),
}
CREATES = {
    "alpaca": "POST /v2/orders",
    "bitfinex": "POST /v2/auth/w/order/submit",
    "gemini": "POST /v1/order/new",
}
HANGS_MS = 3_000
Fault = Callable[[web.Request, str], Awaitable[web.StreamResponse]]


async def _hang(_: web.Request, __: str) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def _cut(request: web.Request, _: str) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _html(_: web.Request, __: str) -> web.StreamResponse:
    return web.Response(status=502, text="<html>Bad gateway</html>", content_type="text/html")


async def _empty(_: web.Request, __: str) -> web.StreamResponse:
    return web.Response(text="")


async def _truncated(_: web.Request, body: str) -> web.StreamResponse:
    return web.Response(text=body[: len(body) // 2], content_type="application/json")


async def _good(_: web.Request, body: str) -> web.StreamResponse:
    return web.Response(text=body, content_type="application/json")


FAULTS: dict[str, Fault] = {
    "hang": _hang,
    "cut": _cut,
    "502 html": _html,
    "empty 200": _empty,
    "truncated JSON": _truncated,
}


@dataclass
class Venue:
    """What the venue was asked, and how it answers a create."""

    create: str
    bodies: dict[str, str]
    fault: Fault = _good
    asked: list[str] = field(default_factory=list)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer from `payloads/`; the first part of the path was the host."""
        asked = f"{request.method} /{request.path.split('/', 2)[2]}"
        self.asked.append(asked)
        for head, body in self.bodies.items():
            if re.fullmatch(re.escape(head).replace(r"\*", "[^/]+"), asked):
                return await (self.fault if asked == self.create else _good)(request, body)
        return web.Response(status=500, text="no answer")

    @property
    def created(self) -> int:
        """How many creates have arrived."""
        return self.asked.count(self.create)


@asynccontextmanager
async def trading(name: str) -> AsyncGenerator[tuple[Venue, Trader, AccountReader]]:
    """Trader and reader of an account at a venue that does as told."""
    venue = Venue(CREATES[name], payloads(name))
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", venue.serve)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    keys = AccountKeys(read=keys_for(name), trade=keys_for(name))
    opening = open_venue(
        name,
        {"main": keys},
        clock=Clock(),
        settings=VenueSettings(timeout_ms=HANGS_MS),
        on_problem=print,
    )
    try:
        with redirected({host: f"{base}/{host}" for host in HOSTS[name]}):
            async with opening as opened:
                account = Account(name, "main")
                yield venue, opened.traders[account], opened.readers[account]
    finally:
        await runner.cleanup()


def order(name: str, client_id: str = OURS) -> Order:
    return Order(
        client_id=client_id,
        account=Account(name, "main"),
        symbol=SYMBOLS.get(name, "BTC/USDT"),
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=Decimal("0.01"),
        price=PRICES.get(name, Decimal("50000.1")),
    )


def sent(placed: Order) -> OrderState:
    return OrderState(order=placed, quantity=placed.quantity, price=placed.price, sent=True)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", sorted(CREATES))
async def test_a_create_without_a_verdict_is_in_doubt_and_never_sent_again(
    name: str, fault: str
) -> None:
    async with trading(name) as (venue, trader, reader):
        assert (await trader.place(order(name, "QDT100000000000002"))).accepted
        venue.fault = FAULTS[fault]
        with pytest.raises(InDoubt) as doubt:
            await trader.place(order(name))
        found = (await reader.find(sent(order(name)))).found
        assert venue.created == 2
    assert doubt.value.reference == OURS
    assert found is not None
    assert found.client_id == OURS  # it had gone through
