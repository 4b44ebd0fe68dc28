"""Lists at the loopback KuCoin: pages by id, windows of seven days, two wallets, lag."""

from decimal import Decimal
from typing import Any

import pytest

from tests.wire.fixtures import MakeKucoin
from tests.wire.kucoin.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt

DAY = 86_400


def traded(venue: Loopback, times: int, symbol: str = "BTC/USDT") -> None:
    for _ in range(times):
        venue.ask("place", side="buy", symbol=symbol, quantity="0.001")


async def later(client: Any, venue: Loopback, seconds: int) -> None:
    """The venue's clock is so much ahead; the client follows it."""
    venue.ask("skew", seconds=seconds)
    await client.load_time_difference()


async def every(client: Any, read: str, *limit: int, **more: object) -> list[dict[str, Any]]:
    """All rows of a list, page by page, until a page is empty."""
    found: list[dict[str, Any]] = []
    client.enableLastJsonResponse = True
    while page := await getattr(client, read)("BTC/USDT", None, *(limit or (None,)), more):
        found += page
        more["lastId"] = client.last_json_response["data"]["lastId"]
    return found


@pytest.mark.parametrize(
    ("read", "named"), [("fetch_my_trades", "trade_id"), ("fetch_closed_orders", "order_id")]
)
async def test_pages_go_by_the_last_id_until_one_is_empty(
    kucoin: MakeKucoin, kucoin_venue: Loopback, read: str, named: str
) -> None:
    client = await kucoin()
    traded(kucoin_venue, 25)
    traded(kucoin_venue, 3, "ETH/USDT")
    found = await every(client, read, limit=7)
    truth = kucoin_venue.ask("truth")["trades"]
    mine = {str(trade[named]) for trade in truth if trade["symbol"] == "BTC/USDT"}
    assert {row["id"] for row in found} == mine
    assert len(found) == 25


async def test_ccxts_limit_is_not_that_of_closed_orders_and_leaves_silent_holes(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    traded(kucoin_venue, 45)
    # ccxt sends `pageSize`, which this list does not know: a page is twenty, whatever is asked.
    assert len(await client.fetch_closed_orders("BTC/USDT", None, 100)) == 20
    assert len(await client.fetch_closed_orders("BTC/USDT", None, None, {"limit": 100})) == 45
    # A smaller one cuts rows off that the next page does not bring back.
    assert len(await every(client, "fetch_closed_orders", 15)) == 15 + 15 + 5
    # Fills are asked for by `limit`, and come whole.
    assert len(await every(client, "fetch_my_trades", 15)) == 45


async def test_a_window_is_seven_days_and_what_is_older_needs_one_of_its_own(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    traded(kucoin_venue, 1)
    began_ms = await client.fetch_time() - 1000
    await later(client, kucoin_venue, 8 * DAY)
    traded(kucoin_venue, 2)
    assert len(await client.fetch_my_trades("BTC/USDT")) == 2
    assert len(await client.fetch_my_trades("BTC/USDT", began_ms)) == 1
    second = {"until": began_ms + 9 * DAY * 1000}
    assert len(await client.fetch_my_trades("BTC/USDT", None, None, second)) == 2
    with pytest.raises(ccxt.BadRequest, match="time range cannot exceed 7 days"):
        await client.fetch_my_trades("BTC/USDT", began_ms, None, second)
    with pytest.raises(ccxt.BadRequest, match="time range"):
        await client.fetch_closed_orders("BTC/USDT", began_ms, None, second)


async def test_the_fills_of_one_order_are_found_by_its_id(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    placed = await client.create_order("BTC/USDT", "limit", "sell", "0.3", "70000")
    for part in ("0.1", "0.05"):
        kucoin_venue.ask("fill", order_id=placed["id"], quantity=part)
    traded(kucoin_venue, 1)
    found = await client.fetch_order_trades(placed["id"], "BTC/USDT")
    assert sorted(trade["amount"] for trade in found) == ["0.05", "0.1"]
    assert {trade["takerOrMaker"] for trade in found} == {"maker"}
    (order,) = await client.fetch_open_orders("BTC/USDT")
    assert (order["filled"], order["cost"], order["fee"]["cost"]) == ("0.15", "10500", "10.5")


async def test_a_deposit_arrives_in_the_funding_wallet_and_has_no_id(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    arrived = kucoin_venue.ask("deposit", asset="BTC", amount="0.25")
    kucoin_venue.ask(
        "transfer_status", reference=arrived["reference"], status="SUCCESS", txid="0xabc"
    )
    newest = max(await client.fetch_deposits("BTC"), key=lambda deposit: deposit["timestamp"])
    assert (newest["id"], newest["txid"], newest["amount"]) == (None, "0xabc", "0.25000000")
    assert newest["status"] == "ok"
    assert (await client.fetch_balance())["BTC"]["total"] == "1.5"
    assert (await client.fetch_balance({"type": "main"}))["BTC"]["total"] == "0.25"
    kucoin_venue.ask("move", asset="BTC", amount="0.2", inwards=True)
    assert (await client.fetch_balance())["BTC"]["total"] == "1.7"
    assert kucoin_venue.ask("truth")["funding"] == {"BTC": "0.05"}


async def test_a_withdrawal_leaves_from_the_funding_wallet_with_its_fee_on_top(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin("withdraw")
    with pytest.raises(ccxt.InsufficientFunds, match=r"account\.noBalance"):
        await client.withdraw("USDT", "100", "T-home", {"network": "TRC20"})
    kucoin_venue.ask("deposit", asset="USDT", amount="500")
    sent = await client.withdraw("USDT", "100.25", "T-home", {"network": "TRC20", "tag": "7"})
    (listed,) = await client.fetch_withdrawals()
    assert (listed["id"], listed["status"], listed["amount"]) == (
        sent["id"], "pending", "100.25000000",
    )  # fmt: skip
    assert (listed["address"], listed["tag"], listed["network"]) == ("T-home", "7", "TRC20")
    assert listed["fee"]["cost"] == "1.50000000"
    kucoin_venue.ask("transfer_status", reference=sent["id"], status="SUCCESS", txid="0xdef")
    (listed,) = await client.fetch_withdrawals()
    assert (listed["status"], listed["txid"]) == ("ok", "0xdef")
    assert kucoin_venue.ask("truth")["funding"] == {"USDT": "398.25"}


async def test_a_withdrawal_to_an_address_or_chain_that_is_not_allowed_is_refused(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin("withdraw")
    kucoin_venue.ask("deposit", asset="USDT", amount="500")
    kucoin_venue.ask("whitelist", addresses=["T-home"])
    with pytest.raises(ccxt.BadRequest, match="address book"):
        await client.withdraw("USDT", "100", "T-elsewhere", {"network": "TRC20"})
    with pytest.raises(ccxt.BadRequest, match="Invalid chainId"):
        await client.withdraw("USDT", "100", "T-home", {"chain": "sol"})
    with pytest.raises(ccxt.ExchangeError, match="below the minimum"):
        await client.withdraw("USDT", "1", "T-home", {"network": "TRC20"})
    assert kucoin_venue.ask("truth")["funding"] == {"USDT": "500"}


async def test_transfers_are_listed_in_numbered_pages_that_count_the_whole(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin(enableLastJsonResponse=True)
    for n in range(24):
        kucoin_venue.ask("deposit", asset="SOL", amount=f"{n + 1}")
    second = await client.fetch_deposits("SOL", None, 10, {"currentPage": 2})
    assert len(second) == 10
    data = client.last_json_response["data"]
    assert (data["totalNum"], data["totalPage"], data["currentPage"]) == (25, 3, 2)
    with pytest.raises(ccxt.BadRequest, match="pageSize should not greater than 500"):
        await client.fetch_deposits("SOL", None, 501)


@pytest.mark.parametrize(
    ("what", "read"),
    [("trades", "fetch_my_trades"), ("orders", "fetch_closed_orders"), ("ledgers", "deposits")],
)
async def test_history_may_lag_behind(
    kucoin: MakeKucoin, kucoin_venue: Loopback, what: str, read: str
) -> None:
    client = await kucoin()

    async def count() -> int:
        if read == "deposits":
            return len(await client.fetch_deposits())
        return len(await getattr(client, read)("BTC/USDT"))

    before = await count()
    kucoin_venue.ask("lag", what=what, seconds=5)
    await later(client, kucoin_venue, 100)
    traded(kucoin_venue, 1)
    kucoin_venue.ask("deposit", asset="SOL", amount="1")
    assert await count() == before
    await later(client, kucoin_venue, 106)
    assert await count() > before


async def test_balances_may_be_old(kucoin: MakeKucoin, kucoin_venue: Loopback) -> None:
    client = await kucoin()
    await later(client, kucoin_venue, 100)
    kucoin_venue.ask("lag", what="balances", seconds=5)
    await client.create_order("BTC/USDT", "market", "sell", "0.5")
    assert (await client.fetch_balance())["BTC"]["total"] == "1.5"
    await later(client, kucoin_venue, 106)
    assert (await client.fetch_balance())["BTC"]["total"] == "1"


async def test_money_moves_between_the_wallets_only_with_permission_and_cover(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    with pytest.raises(ccxt.AuthenticationError, match="400007"):
        await client.transfer("USDT", "10", "spot", "main")
    kucoin_venue.ask("permit", purpose="full", permissions=["General", "Spot", "InnerTransfer"])
    request = {"currency": "USDT", "type": "INTERNAL", "clientOid": "one"}
    request |= {"fromAccountType": "TRADE", "toAccountType": "MAIN"}
    with pytest.raises(ccxt.InsufficientFunds, match="230003"):
        await client.private_post_accounts_universal_transfer({**request, "amount": "100001"})
    await client.private_post_accounts_universal_transfer({**request, "amount": "1.5"})
    truth = kucoin_venue.ask("truth")
    assert (truth["balances"]["USDT"], truth["funding"]["USDT"]) == ("99998.5", "1.5")
    assert {Decimal(total) for total in truth["sums"].values()} == {Decimal(0)}
