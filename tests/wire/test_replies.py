"""What each spoiled reply becomes inside ccxt: what an adapter has to survive, venue by venue.

Every fault is injected after (or instead of) execution at the venue, and the exception's class
tells neither. The one rule that follows: only a verdict parsed from the venue's own answer is
a verdict.
"""

from contextlib import suppress

import pytest

from tests.wire.cases import HOSTILE, LIVE, Case, named
from tests.wire.families import FAMILIES, Family, Street
from tests.wire.fixtures import until
from tests.wire.real_ccxt import errors as ccxt

LOST = ("hang", "truncated", "page")


def each(names: str) -> pytest.MarkDecorator:
    """Every case of every family; `names` is a field of the table."""
    cases = [
        pytest.param(family, case, id=f"{family.name}-{named(case)}")
        for family in FAMILIES
        for case in getattr(family, names)
    ]
    return pytest.mark.parametrize(("street", "case"), cases, indirect=["street"])


@each("doubts")
async def test_a_create_whose_outcome_ccxt_does_not_know(street: Street, case: Case) -> None:
    client = await street.client(timeout_ms=800)
    street.spoil(street.family.place, case)
    create = street.rest(client, name="QD-one")
    if case.error is None:
        assert (await create)["id"] is None
    else:
        with pytest.raises(case.error) as caught:
            await create
        assert type(caught.value) is case.error
    assert [order["client_id"] for order in street.orders()] == ["QD-one"] * case.alive
    assert street.ask("client_ids") in ({"QD-one": 1}, {"": 1})  # sent once, never again
    found = await client.fetch_open_orders(street.family.symbol)
    assert len(found) == case.alive  # the client goes on


@each("garbage")
async def test_a_garbled_list_looks_like_an_empty_one(street: Street, case: Case) -> None:
    client, symbol = await street.client(), street.family.symbol
    await client.create_order(symbol, "market", "buy", "0.01")
    await street.rest(client)
    for endpoint, read in street.family.lists.items():
        for fault in (case, Case("fewer", None, LIVE, {"rows": 0})):
            street.spoil(endpoint, fault)
            assert await getattr(client, read)(symbol) == []
            assert len(await getattr(client, read)(symbol)) == 1  # the truth


@each("garbage")
async def test_a_garbled_balance_looks_like_an_empty_account(street: Street, case: Case) -> None:
    client = await street.client()
    street.spoil(street.family.balances, case)
    assert (await client.fetch_balance())["total"] == {}
    assert (await client.fetch_balance())["BTC"]["total"] in ("1.5", "1.5000000000")


@pytest.mark.parametrize("kind", LOST)
async def test_a_cancel_whose_reply_is_lost_was_done(street: Street, kind: str) -> None:
    client, symbol = await street.client(timeout_ms=800), street.family.symbol
    placed = await street.rest(client)
    street.ask("fault", endpoint=street.family.cancel, kind=kind)
    with suppress(ccxt.NetworkError):
        await client.cancel_order(placed["id"], symbol)
    with pytest.raises(ccxt.OrderNotFound):
        await client.cancel_order(placed["id"], symbol)
    assert street.orders()[0]["status"] == "canceled"


async def test_a_stubborn_venue_refuses_every_second_cancel(street: Street) -> None:
    client, symbol = await street.client(), street.family.symbol
    placed = [await street.rest(client) for _ in range(4)]
    street.ask("stubborn", every=2)
    refused = 0
    for order in placed[:2]:
        try:
            await client.cancel_order(order["id"], symbol)
        except ccxt.ExchangeNotAvailable:
            refused += 1
    assert refused == 1
    await client.cancel_all_orders()  # answers with success
    assert len(await client.fetch_open_orders(symbol)) == 1


async def test_maintenance_refuses_everything_and_may_not_say_so(street: Street) -> None:
    client = await street.client()
    street.ask("mode", mode="maintenance")
    assert (await client.fetch_status())["status"] == "maintenance"
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.fetch_balance()
    street.ask("mode", mode="maintenance", quiet=True)
    assert (await client.fetch_status())["status"] == "ok"  # status is advice, not proof
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await street.rest(client)
    street.ask("mode", mode="online")
    await client.fetch_balance()


async def test_latency_is_waited_before_anything_is_done(street: Street) -> None:
    client = await street.client(timeout_ms=150)
    street.ask("latency", ms=300, endpoint=street.family.place)
    with pytest.raises(ccxt.RequestTimeout):
        await street.rest(client)
    assert street.orders() == []
    await until(lambda: len(street.orders()) == 1)  # it arrives all the same


async def test_hostile_text_arrives_in_assets_and_errors_unchanged(street: Street) -> None:
    client = await street.client()
    street.ask("hostile", where="asset", text=HOSTILE)
    assert any("@CLICK=" in asset for asset in (await client.fetch_balance())["total"])
    balances = street.family.balances
    street.ask("fault", endpoint=balances, kind="error", text=f"400100 EOrder:{HOSTILE}")
    with pytest.raises(ccxt.ExchangeError) as caught:
        await client.fetch_balance()
    assert "click" in str(caught.value)


async def test_faults_can_hit_each_second_request(street: Street) -> None:
    client = await street.client()
    street.ask("fault", endpoint=street.family.balances, kind="page", times=2, every=2)
    outcomes: list[str] = []
    for _ in range(6):
        try:
            await client.fetch_balance()
            outcomes.append("ok")
        except ccxt.ExchangeNotAvailable:
            outcomes.append("bad")
    assert outcomes == ["ok", "bad", "ok", "bad", "ok", "ok"]


async def test_calm_ends_every_fault_and_quirk(street: Street) -> None:
    client, symbol = await street.client(timeout_ms=800), street.family.symbol
    street.ask("fault", endpoint="*", kind="page", times=99)
    street.ask("mode", mode="maintenance")
    street.ask("mute")
    street.ask("refuse_sockets")
    street.ask("lag", what="orders", seconds=60)
    with pytest.raises(ccxt.NetworkError):
        await client.fetch_balance()
    street.ask("calm")
    await street.rest(client)
    assert len(await client.fetch_open_orders(symbol)) == 1
    assert (await client.watch_ticker(symbol))["last"]


async def test_a_venue_that_is_down_comes_back_on_the_same_port(street: Street) -> None:
    client = await street.client()
    placed = await street.rest(client)
    street.ask("down")
    with pytest.raises(ccxt.ExchangeNotAvailable):
        await client.fetch_balance()
    street.ask("up")
    found = await client.fetch_open_orders(street.family.symbol)
    assert [order["id"] for order in found] == [placed["id"]]


def test_no_family_has_a_table_without_cases() -> None:
    def tables(family: Family) -> list[int]:
        return [len(family.doubts), len(family.garbage), len(family.lists), len(family.poisons)]

    assert all(all(tables(family)) for family in FAMILIES)
