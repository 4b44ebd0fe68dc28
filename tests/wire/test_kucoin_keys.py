"""Keys at the loopback KuCoin: signature, passphrase, clock, permissions, pool of weight."""

from typing import Any

import pytest

from tests.wire.fixtures import MakeKucoin
from tests.wire.kucoin.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt


@pytest.mark.parametrize(
    ("part", "code"), [("apiKey", "400003"), ("password", "400004"), ("secret", "400004")]
)
async def test_a_wrong_part_of_a_key_is_refused_by_its_own_code(
    kucoin: MakeKucoin, part: str, code: str
) -> None:
    client = await kucoin()
    setattr(client, part, "wrong")
    with pytest.raises(ccxt.AuthenticationError, match=code):
        await client.fetch_balance()


async def test_a_wrong_signature_is_refused(kucoin: MakeKucoin) -> None:
    client = await kucoin()
    sign = client.sign

    def forged(*asked: Any) -> Any:
        request = sign(*asked)
        request["headers"]["KC-API-SIGN"] = "Zm9yZ2Vk"
        return request

    client.sign = forged
    with pytest.raises(ccxt.AuthenticationError, match=r"400005.*Invalid KC-API-SIGN"):
        await client.fetch_balance()


async def test_the_signature_covers_path_query_and_body(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    sign = client.sign

    def meddled(*asked: Any) -> Any:
        request = sign(*asked)
        request["url"] = request["url"].replace("BTC-USDT", "ETH-USDT")
        request["body"] = request["body"] and request["body"].replace("0.01", "0.02")
        return request

    client.sign = meddled
    with pytest.raises(ccxt.AuthenticationError, match="400005"):
        await client.fetch_open_orders("BTC/USDT")
    with pytest.raises(ccxt.AuthenticationError, match="400005"):
        await client.create_order("BTC/USDT", "limit", "buy", "0.01", "60000")
    assert kucoin_venue.ask("truth")["orders"] == []


async def test_a_request_without_its_headers_is_refused(kucoin: MakeKucoin) -> None:
    client = await kucoin()
    sign = client.sign

    def bare(*asked: Any) -> Any:
        return {**sign(*asked), "headers": {}}

    client.sign = bare
    with pytest.raises(ccxt.AuthenticationError, match="400001"):
        await client.fetch_balance()


@pytest.mark.parametrize("seconds", [-6, 6])
async def test_a_clock_off_by_more_than_five_seconds_is_refused_and_can_be_cured(
    kucoin: MakeKucoin, kucoin_venue: Loopback, seconds: int
) -> None:
    client = await kucoin()
    kucoin_venue.ask("skew", seconds=seconds // 2)
    await client.fetch_balance()
    kucoin_venue.ask("skew", seconds=seconds)
    with pytest.raises(ccxt.InvalidNonce, match=r"400002.*Invalid KC-API-TIMESTAMP"):
        await client.fetch_balance()
    await client.load_time_difference()
    await client.fetch_balance()


async def test_a_revoked_key_is_unknown(kucoin: MakeKucoin, kucoin_venue: Loopback) -> None:
    client = await kucoin()
    await client.fetch_balance()
    kucoin_venue.ask("revoke_key", purpose="full")
    with pytest.raises(ccxt.AuthenticationError, match="KC-API-KEY not exists"):
        await client.fetch_balance()


@pytest.mark.parametrize("purpose", ["read", "withdraw"])
async def test_only_a_trading_key_trades(
    kucoin: MakeKucoin, kucoin_venue: Loopback, purpose: str
) -> None:
    client = await kucoin(purpose)
    await client.fetch_balance()
    await client.fetch_my_trades("BTC/USDT")
    for refused in (
        client.create_order("BTC/USDT", "limit", "buy", "0.1", "60000"),
        client.cancel_all_orders(),
    ):
        # In ccxt this is AuthenticationError: its table of codes comes before its PermissionDenied.
        with pytest.raises(ccxt.AuthenticationError, match=r"400007.*require more permission"):
            await refused
    assert kucoin_venue.ask("truth")["orders"] == []


@pytest.mark.parametrize("purpose", ["read", "trade", "full"])
async def test_only_the_withdrawal_key_withdraws(
    kucoin: MakeKucoin, kucoin_venue: Loopback, purpose: str
) -> None:
    kucoin_venue.ask("deposit", asset="BTC", amount="1")
    client = await kucoin(purpose)
    with pytest.raises(ccxt.AuthenticationError, match="400007"):
        await client.withdraw("BTC", "0.1", "bc1q-home")
    assert kucoin_venue.ask("truth")["funding"]["BTC"] == "1"


async def test_the_venue_tells_what_a_key_may_do_and_whose_it_is(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    uids = set()
    for purpose, permission in (("read", "General"), ("trade", "General,Spot")):
        client = await kucoin(purpose)
        told = (await client.private_get_user_api_key())["data"]
        assert told["permission"] == permission
        uids.add(told["uid"])
    assert len(uids) == 1
    kucoin_venue.ask("permit", purpose="trade", permissions=["General", "Withdrawal"])
    assert "Withdrawal" in (await client.private_get_user_api_key())["data"]["permission"]


async def test_an_empty_pool_refuses_until_thirty_seconds_are_over(
    kucoin: MakeKucoin, kucoin_venue: Loopback
) -> None:
    client = await kucoin()
    kucoin_venue.ask("limits", calls="12")
    await client.fetch_balance()  # weighs 5
    assert client.last_response_headers["gw-ratelimit-remaining"] == "7"
    await client.fetch_balance()
    with pytest.raises(ccxt.RateLimitExceeded, match="429000"):
        await client.fetch_balance()
    assert client.last_response_headers["gw-ratelimit-limit"] == "12"
    assert 29_000 < int(client.last_response_headers["gw-ratelimit-reset"]) <= 30_000
    await client.create_order("BTC/USDT", "limit", "buy", "0.1", "60000")  # weighs 1
    kucoin_venue.ask("skew", seconds=30)
    await client.load_time_difference()
    await client.fetch_balance()
    assert [c["error"][:6] for c in kucoin_venue.ask("journal", endpoint="GET accounts")] == [
        "", "", "429000", "",
    ]  # fmt: skip
