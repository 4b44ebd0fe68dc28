"""Replies that are spoiled, keys that are refused, words that are hostile: on the wire."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest

from domain.errors import InDoubt, Unavailable
from domain.orders import Final
from domain.ports import AccountReader
from tests.venues.ccxt_wire_desk import (
    Clock,
    Desk,
    desk_at,
    finals,
    keys,
    listening,
    state_of,
)
from tests.wire.fixtures import until
from tests.wire.kraken.loopback import Loopback
from venues import ccxt_quirks
from venues.ccxt_errors import VenueUnavailable
from venues.ccxt_sayings import Cause
from venues.ccxt_venue import VenueSettings, open_venue
from venues.keys import AccountKeys

D = Decimal
pytestmark = pytest.mark.usefixtures("unpaced")

# Replies that go wrong

SPOILED: list[tuple[str, dict[str, Any]]] = [
    ("lost", {}),
    ("drop", {}),
    ("hang", {}),
    ("page", {"status": 200}),
    ("page", {"status": 502}),
    ("page", {"status": 502, "execute": False}),
    ("page", {"status": 429}),
    ("empty", {}),
    ("truncated", {}),
    ("short", {}),
    ("garbled", {}),
    ("odd", {"text": "[]"}),
    ("odd", {"text": '{"error":[],"result":{"txid":[],"descr":{}}}'}),
    ("odd", {"text": '{"error":[],"result":{"txid":null,"descr":7}}'}),
    ("error", {"text": "EService:Unavailable"}),
    ("error", {"text": "EService:Busy", "execute": False}),
    ("error", {"text": "EGeneral:Internal error"}),
]


def named(value: str | dict[str, Any]) -> str:
    return value if isinstance(value, str) else "-".join(map(str, value.values()))


@pytest.mark.parametrize(("kind", "how"), SPOILED, ids=named)
async def test_a_create_in_doubt_is_settled_by_looking_and_was_sent_once(
    loopback: Loopback, kind: str, how: dict[str, Any]
) -> None:
    async with desk_at(loopback) as desk:
        await desk.venue.market.instruments()
        order = desk.order()
        loopback.ask("fault", endpoint="AddOrder", kind=kind, **how)
        with pytest.raises(InDoubt) as doubt:
            await desk.trader.place(order)
        assert doubt.value.reference == order.client_id
        sought = await desk.reader.find(state_of(order))
        lives = [true["client_id"] for true in desk.truth("orders")]
    assert loopback.ask("counts")["AddOrder"] == 1
    assert lives == ([order.client_id] if sought.found is not None else [])
    assert sought.complete


READS: dict[str, Callable[[AccountReader], Awaitable[object]]] = {
    "OpenOrders": lambda reader: reader.open_orders(),
    "BalanceEx": lambda reader: reader.balances(),
    "TradesHistory": lambda reader: reader.history(0),
    "ClosedOrders": lambda reader: reader.history(0),
}


@pytest.mark.parametrize("endpoint", READS)
@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("lost", {}),
        ("page", {"status": 200}),
        ("empty", {}),
        ("truncated", {}),
        ("short", {}),
        ("garbled", {}),
        ("odd", {"text": "{}"}),
        ("odd", {"text": '{"error":[],"result":{}}'}),
    ],
    ids=named,
)
async def test_a_spoiled_list_is_never_taken_for_an_empty_one(
    loopback: Loopback, endpoint: str, kind: str, how: dict[str, Any]
) -> None:
    async with desk_at(loopback) as desk:
        await desk.trader.place(desk.order())
        await desk.trader.place(desk.market())
        loopback.ask("fault", endpoint=endpoint, kind=kind, **how)
        if endpoint == "BalanceEx" and how.get("text") == '{"error":[],"result":{}}':
            return  # an account without anything is answered like this
        with pytest.raises(Unavailable):
            await READS[endpoint](desk.reader)


async def test_a_page_with_fewer_rows_than_it_counts_is_read_on(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        for _ in range(4):
            await desk.trader.place(desk.market())
        loopback.ask("fault", endpoint="TradesHistory", kind="fewer", rows=1)
        history = await desk.reader.history(0)
        true = {trade["exec_id"] for trade in desk.truth("trades")}
    assert {fill.trade_id for fill in history.fills} == true


async def test_a_cancel_whose_answer_was_lost_is_in_doubt(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        order = desk.order()
        placed = await desk.trader.place(order)
        loopback.ask("fault", endpoint="CancelOrder", kind="lost")
        state = state_of(order, placed.venue_order_id)
        with pytest.raises(InDoubt):
            await desk.trader.cancel(state)
        sought = await desk.reader.find(state)
    assert sought.found is not None
    assert sought.found.final is Final.CANCELED


async def test_a_create_goes_by_a_hanging_one_only_as_a_cancel(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        await desk.venue.market.instruments()
        loopback.ask("fault", endpoint="AddOrder", kind="hang")
        hanging = asyncio.ensure_future(desk.trader.place(desk.order()))
        await until(lambda: loopback.ask("counts").get("AddOrder", 0) == 1)
        started = asyncio.get_running_loop().time()
        await desk.trader.cancel_all()
        took_s = asyncio.get_running_loop().time() - started
        with pytest.raises(InDoubt):
            await hanging
        assert all(order["status"] != "open" for order in desk.truth("orders"))
    assert took_s < 0.9


# Keys, limits, hostility


@pytest.mark.parametrize(
    ("permissions", "cause"), [([], Cause.PERMISSION), (["query-open-trades"], Cause.PERMISSION)]
)
async def test_a_missing_permission_is_named(
    loopback: Loopback, permissions: list[str], cause: Cause
) -> None:
    async with desk_at(loopback) as desk:
        loopback.ask("permit", purpose="read", permissions=permissions)
        with pytest.raises(VenueUnavailable) as refused:
            await desk.reader.balances()
        with pytest.raises(VenueUnavailable) as deaf:
            await desk.reader.stream(desk.heard.append)
    assert (refused.value.cause, deaf.value.cause) == (cause, cause)
    assert "exchanges.kraken.accounts.main.read" in refused.value.remedy


async def test_a_revoked_key_rejects_orders_and_explains_reads(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        await desk.venue.market.instruments()
        loopback.ask("revoke_key", purpose="trade")
        loopback.ask("revoke_key", purpose="read")
        placed = await desk.trader.place(desk.order())
        with pytest.raises(VenueUnavailable) as refused:
            await desk.reader.balances()
    assert (placed.accepted, placed.code) == (False, "EAPI:Invalid key")
    assert refused.value.cause is Cause.KEY


async def test_one_key_for_everything_keeps_its_nonces_in_order(loopback: Loopback) -> None:
    shared = keys(loopback, "full")
    account = AccountKeys(read=shared, trade=shared)
    settings = VenueSettings(timeout_ms=1_000)
    async with open_venue(
        "kraken", {"main": account}, clock=Clock(), settings=settings, on_problem=print
    ) as venue:
        desk = Desk(loopback, venue, [])
        await venue.market.instruments()
        async with listening(desk):
            works = [desk.reader.balances() for _ in range(8)]
            works += [desk.reader.open_orders() for _ in range(8)]  # type: ignore[misc]
            works += [desk.trader.place(desk.order()) for _ in range(8)]  # type: ignore[misc]
            done = await asyncio.gather(*works)
    assert len(done) == 24
    assert all(getattr(answer, "accepted", True) for answer in done)


async def test_our_pace_never_meets_the_venues_limit(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ccxt_quirks._KNOWN, "kraken", ccxt_quirks.KRAKEN)
    loopback.ask("limits", calls="15", orders=None)
    async with desk_at(loopback) as desk:
        for _ in range(12):
            await desk.reader.open_orders()
        left = desk.venue.vitals().budget_left
        await desk.trader.cancel_all()  # another key, another budget
    assert left <= 3


async def test_hostile_words_of_the_venue_reach_nobody(loopback: Loopback) -> None:
    evil = "\x1b]52;c;cHduZWQ=\x07[@click=app.quit]x[/]\u202e" + "a" * 5_000
    for where in ("descr", "misc", "reason", "asset"):
        loopback.ask("hostile", where=where, text=evil)
    async with desk_at(loopback) as desk:
        async with listening(desk):
            order = desk.order()
            with suppress(InDoubt):  # ccxt reads the price out of the description
                await desk.trader.place(order)
            await desk.trader.cancel(state_of(order))
            await until(lambda: len(finals(desk)) == 1)
        history = await desk.reader.history(order.at_us)
        instruments = await desk.venue.market.instruments()
    shown = repr((history, instruments, desk.heard, desk.problems))
    assert "\\x1b" not in shown
    assert "click" not in shown
    assert [o.final for o in history.orders] == [Final.CANCELED]


async def test_a_venue_that_goes_down_and_comes_back_is_followed(loopback: Loopback) -> None:
    async with desk_at(loopback) as desk:
        await desk.venue.market.instruments()
        loopback.ask("down")
        with pytest.raises(VenueUnavailable) as gone:
            await desk.reader.balances()
        with pytest.raises(Unavailable):
            await desk.trader.place(desk.order())
        loopback.ask("up")
        assert (await desk.reader.balances()).assets
        assert (await desk.trader.place(desk.order())).accepted
    assert gone.value.cause is Cause.NETWORK
