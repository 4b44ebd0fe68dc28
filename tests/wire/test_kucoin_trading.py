"""The real ccxt.pro.kucoin class places, finds and cancels orders at the loopback venue."""

from decimal import Decimal
from typing import Any

import pytest

from tests.wire.fixtures import MakeKucoin
from tests.wire.kucoin.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt

OURS = {"clientOrderId": "QD01-ABCDEFGHJKMNPQ"}
NOBODYS = "6306cf6e27ecbe0001e1e03a"


def order_of(venue: Loopback, order_id: str) -> dict[str, Any]:
    orders: list[dict[str, Any]] = venue.ask("truth")["orders"]
    return next(order for order in orders if order["order_id"] == order_id)


async def test_markets_carry_exact_steps_and_minimums(kucoin: MakeKucoin) -> None:
    client = await kucoin()
    btc = client.market("BTC/USDT")
    assert btc["id"] == "BTC-USDT"
    assert (btc["precision"]["price"], btc["precision"]["amount"]) == ("0.1", "0.00000001")
    assert (btc["limits"]["amount"]["min"], btc["limits"]["cost"]["min"]) == ("0.00001", "0.1")
    assert (btc["maker"], btc["taker"]) == ("0.001", "0.001")
    assert set(client.symbols) == {
        "BTC/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT", "ETH/BTC", "USDC/USDT",
    }  # fmt: skip
    assert client.currency("USDT")["networks"]["TRC20"]["fee"] == "1.5"


async def test_without_options_ccxt_asks_the_account_and_the_futures_host(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    await kucoin(options={"hf": None, "uta": None})
    assert {"GET margin/symbols", "GET isolated/symbols"} <= set(kucoin_venue.ask("counts"))
    client = await kucoin("")
    client.options["fetchMarkets"]["types"] = ["spot", "swap"]
    with pytest.raises(Exception, match=r"api-futures\.kucoin\.com is not routed"):
        await client.load_markets(reload=True)


async def test_the_venues_time_is_told_in_milliseconds(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin("")
    kucoin_venue.ask("skew", seconds=60)
    assert 59_000 < await client.fetch_time() - client.milliseconds() < 61_000


async def test_a_limit_order_rests_and_holds_its_cost_and_fee(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.5", "60000", OURS)
    assert (placed["clientOrderId"], placed["status"]) == (OURS["clientOrderId"], None)
    balance = await client.fetch_balance()
    assert balance["USDT"] == {"free": "69970", "used": "30030", "total": "100000"}
    truth = order_of(kucoin_venue, placed["id"])
    assert (truth["client_id"], truth["status"]) == (OURS["clientOrderId"], "open")


async def test_a_market_order_fills_at_what_the_book_asks_with_every_digit(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    placed = await client.create_order("BTC/USDT", "market", "buy", "0.12345678")
    found = await client.fetch_order(placed["id"], "BTC/USDT")
    (fill,) = await client.fetch_my_trades("BTC/USDT")
    (truth,) = kucoin_venue.ask("truth")["trades"]
    assert (found["status"], found["filled"]) == ("closed", "0.12345678")
    assert (fill["id"], fill["order"]) == (str(truth["trade_id"]), placed["id"])
    assert (fill["amount"], fill["price"]) == (truth["quantity"], truth["price"])
    cost = Decimal(truth["price"]) * Decimal("0.12345678")
    assert Decimal(fill["cost"]) == Decimal(found["cost"]) == cost
    assert Decimal(fill["fee"]["cost"]) == cost / 1000
    assert (fill["fee"]["currency"], fill["takerOrMaker"]) == ("USDT", "taker")
    assert Decimal((await client.fetch_balance())["USDT"]["total"]) == 100000 - cost * Decimal(
        "1.001"
    )


async def test_maker_and_taker_pay_their_own_rates(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    kucoin_venue.ask("volume", btc="50")
    fee = await client.fetch_trading_fee("BTC/USDT")
    assert (fee["maker"], fee["taker"]) == ("0.0009", "0.001")
    placed = await client.create_order("BTC/USDT", "limit", "sell", "0.1", "70000")
    kucoin_venue.ask("fill", order_id=placed["id"])
    (fill,) = await client.fetch_my_trades("BTC/USDT")
    assert (fill["takerOrMaker"], fill["cost"], fill["fee"]["cost"]) == ("maker", "7000", "6.3")
    assert fill["info"]["feeRate"] == "0.0009"


@pytest.mark.parametrize(
    ("quantity", "price", "params", "error", "words"),
    [
        ("0.000001", "60000", {}, ccxt.InvalidOrder, "Order size below the minimum requirement"),
        ("0.00001", "100", {}, ccxt.InvalidOrder, "The order funds should more then 0.1 USDT"),
        ("9", "60000", {}, ccxt.InsufficientFunds, "Balance insufficient!"),
        ("1", "60000", {"clientOrderId": "x" * 41}, ccxt.BadRequest, "clientOid is invalid"),
        ("1", "60000", {"clientOrderId": "a b"}, ccxt.BadRequest, "clientOid is invalid"),
        ("1", "60000", {"timeInForce": "DAY"}, ccxt.BadRequest, "timeInForce is invalid"),
        ("1", "60000", {"hidden": True}, ccxt.BadRequest, "hidden is invalid"),
    ],
)
async def test_a_refusal_carries_kucoins_own_words(
    kucoin: MakeKucoin,
    kucoin_venue: Loopback,
    quantity: str,
    price: str,
    params: dict[str, object],
    error: type[Exception],
    words: str,
) -> None:
    client = await kucoin()
    with pytest.raises(error, match=words) as caught:
        await client.create_order("BTC/USDT", "limit", "buy", quantity, price, params)
    assert type(caught.value) is error
    assert kucoin_venue.ask("truth")["orders"] == []


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("price", "60000.05", ccxt.InsufficientFunds),  # 600100 is "funds" in ccxt's table
        ("size", "0.000000001", ccxt.InvalidOrder),
        ("symbol", "DOGE-USDT", ccxt.BadSymbol),
    ],
)
async def test_numbers_off_the_steps_and_unknown_pairs_are_refused(
    kucoin: MakeKucoin, kucoin_venue: Loopback, field: str, value: str, error: type[Exception]
) -> None:
    client = await kucoin()
    wish = {"clientOid": "one", "symbol": "BTC-USDT", "side": "buy", "type": "limit"}
    wish |= {"size": "1", "price": "60000", field: value}
    with pytest.raises(error):
        await client.private_post_hf_orders(wish)
    assert kucoin_venue.ask("truth")["orders"] == []


async def test_immediate_and_post_only_orders_do_as_they_say(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()

    async def ended(price: str, params: dict[str, object]) -> tuple[str, str]:
        placed = await client.create_order("BTC/USDT", "limit", "sell", "0.5", price, params)
        order = order_of(kucoin_venue, placed["id"])
        return order["status"], order["filled"]

    kucoin_venue.ask("empty_book", symbol="BTC/USDT")
    kucoin_venue.ask("open_account", owner="other", balances={"USDT": "1000000"})
    bid = {"side": "buy", "symbol": "BTC/USDT", "quantity": "0.3", "price": "63990"}
    kucoin_venue.ask("place", owner="other", **bid)
    # A post-only order that would trade is accepted and canceled, not refused.
    assert await ended("63990", {"postOnly": True}) == ("canceled", "0")
    assert await ended("63990", {"timeInForce": "FOK"}) == ("canceled", "0")
    assert await ended("63990", {"timeInForce": "IOC"}) == ("canceled", "0.3")
    assert await ended("64000", {"postOnly": True}) == ("open", "0")


async def test_an_order_is_found_by_either_id_open_or_over(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.1", "60000", OURS)
    by_id = await client.fetch_order(placed["id"], "BTC/USDT")
    by_name = await client.fetch_order(None, "BTC/USDT", OURS)
    (listed,) = await client.fetch_open_orders("BTC/USDT")
    assert by_id == by_name == listed
    assert (by_id["status"], by_id["price"], by_id["amount"]) == ("open", "60000", "0.1")
    await client.cancel_order(None, "BTC/USDT", OURS)
    over = await client.fetch_order(None, "BTC/USDT", OURS)
    (closed,) = await client.fetch_closed_orders("BTC/USDT")
    assert (over["id"], over["status"], closed["id"]) == (placed["id"], "canceled", placed["id"])
    assert await client.fetch_open_orders("BTC/USDT") == []


async def test_an_unknown_order_is_an_order_of_nothing_and_no_error(kucoin: MakeKucoin) -> None:
    client = await kucoin()
    found = await client.fetch_order(NOBODYS, "BTC/USDT")
    assert (found["id"], found["status"]) == (None, None)


@pytest.mark.parametrize("read", ["fetch_open_orders", "fetch_closed_orders", "fetch_my_trades"])
async def test_every_list_needs_a_symbol(kucoin: MakeKucoin, read: str) -> None:
    client = await kucoin()
    with pytest.raises(ccxt.ArgumentsRequired, match="symbol"):
        await getattr(client, read)()
    with pytest.raises(ccxt.BadRequest, match="symbol can not be empty"):
        await client.private_get_hf_orders_active()


async def test_the_venue_tells_in_which_pairs_orders_are_open(kucoin: MakeKucoin) -> None:
    client = await kucoin()
    await client.create_order("BTC/USDT", "limit", "buy", "0.1", "60000")
    await client.create_order("ETH/BTC", "limit", "sell", "0.1", "0.09")
    told = await client.private_get_hf_orders_active_symbols()
    assert told["data"]["symbols"] == ["BTC-USDT", "ETH-BTC"]


async def test_a_client_id_is_unique_among_open_orders_only(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    await client.create_order("BTC/USDT", "limit", "buy", "0.1", "60000", OURS)
    with pytest.raises(ccxt.ExchangeError, match="102426"):
        await client.create_order("BTC/USDT", "limit", "buy", "0.1", "60000", OURS)
    await client.cancel_all_orders()
    for _ in range(2):  # a resent market order is executed a second time
        await client.create_order("BTC/USDT", "market", "buy", "0.1", None, OURS)
    assert len(kucoin_venue.ask("truth")["trades"]) == 2


async def test_cancel_all_keeps_to_its_symbol_and_without_one_takes_everything(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    await client.create_order("BTC/USDT", "limit", "buy", "0.1", "60000")
    eth = await client.create_order("ETH/USDT", "limit", "buy", "1", "3000")
    (answer,) = await client.cancel_all_orders("BTC/USDT")
    assert answer["info"]["data"] == "success"
    assert order_of(kucoin_venue, eth["id"])["status"] == "open"
    (answer,) = await client.cancel_all_orders()
    assert answer["info"]["data"] == {"succeedSymbols": ["ETH-USDT"], "failedSymbols": []}
    assert kucoin_venue.ask("truth")["holds"] == {}


async def test_canceling_what_is_not_open_says_not_found(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.1", "60000")
    for order_id, symbol in ((NOBODYS, "BTC/USDT"), (placed["id"], "ETH/USDT")):
        with pytest.raises(ccxt.OrderNotFound, match="not_allow_to_cancel"):
            await client.cancel_order(order_id, symbol)
    await client.cancel_order(placed["id"], "BTC/USDT")
    assert order_of(kucoin_venue, placed["id"])["status"] == "canceled"


async def test_a_good_till_time_order_ends_in_time(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    timed = {"timeInForce": "GTT", "cancelAfter": 30}
    placed = await client.create_order("BTC/USDT", "limit", "buy", "0.1", "60000", timed)
    assert (await client.fetch_order(placed["id"], "BTC/USDT"))["info"]["cancelAfter"] == 30
    kucoin_venue.ask("skew", seconds=31)
    await client.load_time_difference()
    (closed,) = await client.fetch_closed_orders("BTC/USDT")
    assert (closed["id"], closed["status"]) == (placed["id"], "canceled")
