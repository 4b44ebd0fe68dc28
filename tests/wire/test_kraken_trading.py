"""The real ccxt.pro.kraken class places, changes and cancels orders at the loopback venue."""

from decimal import Decimal
from typing import Any

import pytest

from tests.wire.fixtures import MakeKraken
from tests.wire.kraken.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt

CLIENT_ID = "QD01ABCDEFGHJKMNPQ"


def truth(venue: Loopback) -> dict[str, Any]:
    found: dict[str, Any] = venue.ask("truth")
    return found


def order_of(venue: Loopback, order_id: str) -> dict[str, Any]:
    return next(order for order in truth(venue)["orders"] if order["order_id"] == order_id)


async def test_markets_carry_exact_steps_and_minimums(kraken: MakeKraken) -> None:
    client = await kraken()
    btc = client.market("BTC/USD")
    assert btc["id"] == "XXBTZUSD"
    assert (btc["precision"]["price"], btc["precision"]["amount"]) == ("0.1", "0.00000001")
    assert (btc["limits"]["amount"]["min"], btc["limits"]["cost"]["min"]) == ("0.00005", "0.5")
    assert (btc["maker"], btc["taker"]) == ("0.0025", "0.004")
    assert set(client.symbols) == {
        "BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD", "ETH/BTC", "USDT/USD",
    }  # fmt: skip


async def test_a_limit_order_rests_and_holds_its_cost_and_fee(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    placed = await client.create_order(
        "BTC/USD", "limit", "buy", "0.5", "60000", {"clientOrderId": CLIENT_ID}
    )
    assert placed["status"] is None  # ccxt: a create tells no status, filled or cost
    balance = await client.fetch_balance()
    assert balance["USD"] == {"free": "69880", "used": "30120.0000", "total": "100000.0000"}
    assert order_of(venue, placed["id"])["client_id"] == CLIENT_ID


async def test_a_market_order_fills_at_what_the_book_asks(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    ask = Decimal((await client.fetch_ticker("BTC/USD"))["ask"])
    placed = await client.create_order("BTC/USD", "market", "buy", "0.1")
    found = await client.fetch_order(placed["id"])
    assert (found["status"], found["filled"], found["average"]) == (
        "closed", "0.10000000", f"{ask:.5f}",
    )  # fmt: skip
    (trade,) = await client.fetch_order_trades(placed["id"], params={"trades": found["trades"]})
    assert (trade["takerOrMaker"], trade["fee"]["currency"]) == ("taker", "USD")
    assert Decimal(trade["fee"]["cost"]) == (ask / 10 * Decimal("0.004")).quantize(
        Decimal("0.00001"), "ROUND_DOWN"
    )
    assert truth(venue)["balances"]["BTC"] == "1.6"


@pytest.mark.parametrize(
    ("quantity", "price", "params", "error", "words"),
    [
        ("0.00001", "60000", {}, ccxt.InvalidOrder, "EOrder:Order minimum not met"),
        ("0.00005", "100", {}, ccxt.ExchangeError, "EOrder:Cost minimum not met"),
        ("9", "60000", {}, ccxt.InsufficientFunds, "EOrder:Insufficient funds"),
        ("1", "70000", {"postOnly": True}, ccxt.ExchangeError, "EOrder:Post only order"),
        ("1", "60000", {"clientOrderId": "x" * 22}, ccxt.BadRequest, "EGeneral:Invalid arguments"),
        ("1", "60000", {"timeInForce": "DAY"}, ccxt.ExchangeError, "arguments:timeinforce"),
    ],
)
async def test_a_refusal_carries_krakens_own_words(
    kraken: MakeKraken,
    venue: Loopback,
    quantity: str,
    price: str,
    params: dict[str, object],
    error: type[Exception],
    words: str,
) -> None:
    client = await kraken()
    # ccxt checks the smallest amount itself; the venue's check is what is asked here.
    client.markets["BTC/USD"]["precision"]["amount"] = "0.00000001"
    with pytest.raises(error, match=words) as caught:
        await client.create_order("BTC/USD", "limit", "buy", quantity, price, params)
    assert type(caught.value) is error
    assert truth(venue)["orders"] == []


async def test_a_price_off_the_tick_is_refused_with_the_number_of_decimals(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    request = {"pair": "XXBTZUSD", "type": "buy", "ordertype": "limit", "volume": "1"}
    with pytest.raises(ccxt.ExchangeError, match="price can only be specified up to 1 decimals"):
        await client.private_post_addorder({**request, "price": "60000.05"})
    assert truth(venue)["orders"] == []


async def test_immediate_fill_or_kill_and_post_only_orders_do_as_they_say(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()

    async def ended(quantity: str, lasting: str) -> tuple[str, str]:
        placed = await client.create_order(
            "BTC/USD", "limit", "sell", quantity, "63990", {"timeInForce": lasting}
        )
        order = order_of(venue, placed["id"])
        return order["status"], order["filled"]

    venue.ask("empty_book", symbol="BTC/USD")
    venue.ask("open_account", owner="other", balances={"USD": "1000000"})
    venue.ask("place", side="buy", symbol="BTC/USD", quantity="0.3", price="63990", owner="other")
    assert await ended("0.5", "FOK") == ("canceled", "0")
    assert await ended("0.5", "IOC") == ("canceled", "0.3")
    resting = await client.create_order(
        "BTC/USD", "limit", "buy", "0.5", "60000", {"postOnly": True}
    )
    assert order_of(venue, resting["id"])["status"] == "open"


async def test_an_order_is_found_by_our_id_in_open_and_closed_lists_only(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    ours = {"clientOrderId": CLIENT_ID}
    placed = await client.create_order("BTC/USD", "limit", "buy", "0.1", "60000", ours)
    (found,) = await client.fetch_open_orders(params=ours)
    assert (found["id"], found["clientOrderId"]) == (placed["id"], CLIENT_ID)
    # fetch_order sends `txid=None&userref=<our id>`, which finds nothing (venues.md).
    with pytest.raises(ccxt.ExchangeError):
        await client.fetch_order(None, params=ours)
    await client.cancel_order(None, params=ours)
    assert await client.fetch_open_orders(params=ours) == []
    (closed,) = await client.fetch_closed_orders(params=ours)
    assert (closed["id"], closed["status"]) == (placed["id"], "canceled")


async def test_a_client_id_is_unique_among_open_orders_only(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    ours = {"clientOrderId": CLIENT_ID}
    await client.create_order("BTC/USD", "limit", "buy", "0.1", "60000", ours)
    with pytest.raises(ccxt.ExchangeError, match="EOrder:Duplicate order"):
        await client.create_order("BTC/USD", "limit", "buy", "0.1", "60000", ours)
    await client.cancel_all_orders()
    again = await client.create_order("BTC/USD", "market", "buy", "0.1", None, ours)
    third = await client.create_order("BTC/USD", "market", "buy", "0.1", None, ours)
    assert again["id"] != third["id"]  # a resent market order is executed a second time
    assert len(truth(venue)["trades"]) == 2


async def test_cancel_all_cancels_everything_whatever_symbol_it_is_given(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    await client.create_order("BTC/USD", "limit", "buy", "0.1", "60000")
    await client.create_order("ETH/USD", "limit", "buy", "1", "3000")
    (answer,) = await client.cancel_all_orders("ETH/USD")
    assert answer["info"]["result"]["count"] == 2
    assert await client.fetch_open_orders() == []
    assert truth(venue)["holds"] == {}


async def test_several_orders_are_canceled_in_one_signed_json_request(kraken: MakeKraken) -> None:
    client = await kraken()
    placed = [
        await client.create_order("BTC/USD", "limit", "buy", "0.1", p) for p in (60000, 61000)
    ]
    await client.cancel_orders([order["id"] for order in placed])
    assert await client.fetch_open_orders() == []


async def test_canceling_an_unknown_order_says_not_found(kraken: MakeKraken) -> None:
    client = await kraken()
    with pytest.raises(ccxt.OrderNotFound, match="EOrder:Unknown order"):
        await client.cancel_order("OAAAAA-AAAAA-AAAAAA")


async def test_an_amended_order_keeps_its_ids(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    ours = {"clientOrderId": CLIENT_ID}
    placed = await client.create_order("BTC/USD", "limit", "buy", "0.1", "60000", ours)
    amended = await client.edit_order(placed["id"], "BTC/USD", "limit", "buy", "0.2", "61000")
    assert amended["id"] != placed["id"]  # ccxt puts the amend_id there
    (found,) = await client.fetch_open_orders(params=ours)
    assert (found["id"], found["amount"], found["price"]) == (placed["id"], "0.20000000", "61000.0")
    with pytest.raises(ccxt.InsufficientFunds):
        await client.edit_order(placed["id"], "BTC/USD", "limit", "buy", "5", "61000")
    assert order_of(venue, placed["id"])["quantity"] == "0.2"


async def test_the_dead_mans_switch_cancels_when_its_time_is_over(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    placed = await client.create_order("BTC/USD", "limit", "buy", "0.1", "60000")
    answer = await client.cancel_all_orders_after(60_000)
    assert answer["result"]["triggerTime"] > answer["result"]["currentTime"]
    venue.ask("skew", seconds=59)
    assert len(await client.fetch_open_orders()) == 1
    venue.ask("skew", seconds=61)
    assert await client.fetch_open_orders() == []
    assert order_of(venue, placed["id"])["status"] == "canceled"


async def test_a_disarmed_dead_mans_switch_cancels_nothing(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    await client.create_order("BTC/USD", "limit", "buy", "0.1", "60000")
    await client.cancel_all_orders_after(60_000)
    await client.cancel_all_orders_after(0)
    venue.ask("skew", seconds=600)
    assert len(await client.fetch_open_orders()) == 1


async def test_a_good_till_date_order_expires(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    dated = {"timeInForce": "GTD", "expiretm": "+30"}
    placed = await client.create_order("BTC/USD", "limit", "buy", "0.1", "60000", dated)
    venue.ask("skew", seconds=31)
    (closed,) = await client.fetch_closed_orders()
    assert (closed["id"], closed["status"]) == (placed["id"], "expired")
