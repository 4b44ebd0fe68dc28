"""Lists at the loopback venue: pages of fifty, lag, and money that moved behind our back."""

from decimal import Decimal
from typing import Any

import pytest

from tests.wire.fixtures import MakeKraken
from tests.wire.kraken.loopback import Loopback


def traded(venue: Loopback, times: int) -> None:
    """So many executions, a second apart, spread over two symbols."""
    for n in range(times):
        venue.ask("skew", seconds=n)
        symbol, quantity = ("BTC/USD", "0.001") if n % 5 else ("ETH/USD", "0.01")
        venue.ask("place", side="buy", symbol=symbol, quantity=quantity)


async def all_trades(client: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while page := await client.fetch_my_trades(params={"ofs": len(found)}):
        found += page
    return found


async def test_trades_come_in_pages_of_fifty_newest_first(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken(enableLastJsonResponse=True)  # off by default in ccxt
    traded(venue, 120)
    found = await all_trades(client)
    truth = venue.ask("truth")["trades"]
    assert len(found) == len({trade["id"] for trade in found}) == len(truth) == 120
    first_page = await client.fetch_my_trades()
    assert {t["id"] for t in first_page} == {t["exec_id"] for t in truth[-50:]}
    assert client.last_json_response["result"]["count"] == 120


async def test_since_and_limit_leave_a_silent_hole(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    traded(venue, 80)
    oldest = venue.ask("truth")["trades"][0]
    since_ms = client.parse8601(oldest["at"]) - 5000
    page = await client.fetch_my_trades(since=since_ms, limit=10)
    assert page[0]["id"] == venue.ask("truth")["trades"][30]["exec_id"]  # the newest 50 begin here
    symbol_page = await client.fetch_my_trades("ETH/USD")
    assert len(symbol_page) == 10  # filtered after paging: 16 exist


async def test_closed_orders_are_paged_and_filtered_by_time(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    traded(venue, 70)
    first = await client.fetch_closed_orders()
    second = await client.fetch_closed_orders(params={"ofs": 50})
    assert (len(first), len(second)) == (50, 20)
    assert not {o["id"] for o in first} & {o["id"] for o in second}
    newest = venue.ask("truth")["trades"][-1]
    recent = await client.fetch_closed_orders(since=client.parse8601(newest["at"]) - 3000)
    assert 2 <= len(recent) <= 4


async def test_the_ledger_explains_the_balance(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    traded(venue, 7)
    entries = await client.fetch_ledger("USD")
    newest = max(entries, key=lambda entry: (entry["timestamp"], -Decimal(entry["after"])))
    balance = await client.fetch_balance()
    assert Decimal(newest["after"]) == Decimal(balance["USD"]["total"])
    moved = sum(
        (Decimal(e["info"]["amount"]) - Decimal(e["info"]["fee"]) for e in entries), Decimal(0)
    )
    assert moved == Decimal(balance["USD"]["total"])


async def test_trades_link_to_their_ledger_entries(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    traded(venue, 1)
    (trade,) = await client.fetch_my_trades(params={"ledgers": "true"})
    entries = await client.fetch_ledger_entries_by_ids(trade["info"]["ledgers"])
    assert {entry["currency"] for entry in entries} == {"ETH", "USD"}
    assert {entry["referenceId"] for entry in entries} == {trade["id"]}


@pytest.mark.parametrize(
    ("what", "read"),
    [("trades", "fetch_my_trades"), ("orders", "fetch_closed_orders"), ("ledgers", "fetch_ledger")],
)
async def test_history_may_lag_behind(
    kraken: MakeKraken, venue: Loopback, what: str, read: str
) -> None:
    client = await kraken()
    before = len(await getattr(client, read)())
    venue.ask("lag", what=what, seconds=5)
    venue.ask("skew", seconds=100)
    venue.ask("place", side="buy", symbol="BTC/USD", quantity="0.01")
    assert len(await getattr(client, read)()) == before
    venue.ask("skew", seconds=106)
    assert len(await getattr(client, read)()) > before


async def test_an_open_order_may_be_missing_from_the_list_for_a_while(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    venue.ask("lag", what="orders", seconds=3)
    await client.create_order("BTC/USD", "limit", "buy", "0.1", "50000")
    assert await client.fetch_open_orders() == []
    venue.ask("skew", seconds=4)
    assert len(await client.fetch_open_orders()) == 1


async def test_balances_may_be_old(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    venue.ask("skew", seconds=100)
    venue.ask("lag", what="balances", seconds=5)
    await client.create_order("BTC/USD", "market", "sell", "0.5")
    assert (await client.fetch_balance())["BTC"]["total"] == "1.5000000000"
    venue.ask("skew", seconds=106)
    assert (await client.fetch_balance())["BTC"]["total"] == "1.0000000000"


async def test_deposits_and_withdrawals_behind_our_back_are_listed(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken("withdraw")
    venue.ask("skew", seconds=60)
    arrived = venue.ask("deposit", asset="BTC", amount="0.25")
    gone = venue.ask("withdrawal", asset="USD", amount="1000", fee="4")
    deposits = await client.fetch_deposits()
    newest = max(deposits, key=lambda deposit: deposit["timestamp"])
    assert (newest["id"], newest["amount"]) == (arrived["reference"], "0.2500000000")
    (withdrawal,) = await client.fetch_withdrawals()
    assert (withdrawal["id"], withdrawal["status"]) == (gone["reference"], "pending")
    venue.ask("transfer_status", reference=gone["reference"], status="Success", txid="0xabc")
    (withdrawal,) = await client.fetch_withdrawals()
    assert (withdrawal["status"], withdrawal["txid"]) == ("ok", "0xabc")
    balance = await client.fetch_balance()
    assert (balance["BTC"]["total"], balance["USD"]["total"]) == ("1.7500000000", "98996.0000")


async def test_an_order_from_the_website_shows_in_our_lists(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    theirs = venue.ask("place", side="sell", symbol="BTC/USD", quantity="0.2", price="90000")
    (found,) = await client.fetch_open_orders()
    assert (found["id"], found["clientOrderId"]) == (theirs, None)
    venue.ask("fill", order_id=theirs, quantity="0.05")
    (found,) = await client.fetch_open_orders()
    assert found["filled"] == "0.05000000"
    (trade,) = await client.fetch_my_trades()
    assert (trade["takerOrMaker"], trade["price"], trade["order"]) == (
        "maker", "90000.00000", theirs,
    )  # fmt: skip
