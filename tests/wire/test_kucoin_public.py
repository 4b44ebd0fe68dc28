"""What KuCoin tells everyone: prices, books, trades, with every digit."""

from decimal import Decimal

import pytest

from tests.wire.fixtures import MakeKucoin
from tests.wire.kucoin.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt


async def test_tickers_tell_best_prices_and_the_session(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin("")
    kucoin_venue.ask("empty_book", symbol="BTC/USDT")
    kucoin_venue.ask("open_account", owner="other", balances={"USDT": "100000", "BTC": "1"})
    for side, price in (("buy", "64100.1"), ("sell", "64100.3")):
        kucoin_venue.ask(
            "place", side=side, symbol="BTC/USDT", quantity="0.123", price=price, owner="other"
        )
    kucoin_venue.ask("place", side="buy", symbol="BTC/USDT", quantity="0.023")
    one = await client.fetch_ticker("BTC/USDT")
    every = await client.fetch_tickers()
    assert (one["bid"], one["ask"], one["last"]) == ("64100.1", "64100.3", "64100.3")
    assert (every["BTC/USDT"]["last"], one["open"], one["high"]) == ("64100.3", "64000", "64100.3")
    assert set(every) == set(client.symbols)


@pytest.mark.parametrize("limit", [20, 100])
async def test_a_book_is_told_to_a_depth_with_its_number(
    kucoin: MakeKucoin, kucoin_venue: Loopback, limit: int
) -> None:
    client = await kucoin("")
    book = await client.fetch_order_book("ETH/USDT", limit)
    levels = kucoin_venue.do(lambda s: s.venue.exchange.books["ETH/USDT"].depth(limit))
    for told, true in zip((book["bids"], book["asks"]), levels, strict=True):
        assert [(Decimal(str(p)), Decimal(str(q))) for p, q in told] == true
    kucoin_venue.ask("step")
    assert (await client.fetch_order_book("ETH/USDT", limit))["nonce"] > book["nonce"]


async def test_a_depth_that_kucoin_does_not_have_is_no_path(kucoin: MakeKucoin) -> None:
    client = await kucoin("")
    with pytest.raises(ccxt.NotSupported, match="404000"):
        await client.public_get_market_orderbook_level_level_limit(
            {"symbol": "BTC-USDT", "level": 2, "limit": 50}
        )


async def test_public_trades_are_told_in_nanoseconds(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin("")
    kucoin_venue.ask("place", side="buy", symbol="SOL/USDT", quantity="1.2345")
    newest = (await client.fetch_trades("SOL/USDT"))[-1]
    (truth,) = kucoin_venue.ask("truth")["trades"]
    assert (newest["price"], newest["amount"]) == (truth["price"], "1.2345")
    assert newest["timestamp"] == client.parse8601(truth["at"])
