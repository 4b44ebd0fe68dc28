"""Keys at the loopback venue: signature, nonce, permissions and limits are checked strictly."""

import pytest

from tests.wire.fixtures import MakeKraken
from tests.wire.kraken.loopback import Loopback
from tests.wire.real_ccxt import errors as ccxt


async def test_a_wrong_secret_is_an_invalid_signature(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken(secret=venue.ask("credentials", purpose="read")["secret"])
    with pytest.raises(ccxt.ExchangeError, match="EAPI:Invalid signature") as caught:
        await client.fetch_balance()
    assert type(caught.value) is ccxt.ExchangeError  # not an AuthenticationError in ccxt


async def test_a_revoked_key_is_an_invalid_key(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    await client.fetch_balance()
    venue.ask("revoke_key", purpose="full")
    with pytest.raises(ccxt.AuthenticationError, match="EAPI:Invalid key"):
        await client.fetch_balance()


async def test_two_clients_on_one_key_break_each_others_nonce(kraken: MakeKraken) -> None:
    first, second = await kraken(), await kraken()
    first.options["lastNonce"] = first.nonce() + 60_000
    await first.fetch_balance()
    with pytest.raises(ccxt.InvalidNonce, match="EAPI:Invalid nonce"):
        await second.fetch_balance()


async def test_a_wrong_signature_does_not_use_the_nonce_up(
    kraken: MakeKraken, venue: Loopback
) -> None:
    right = await kraken()
    wrong = await kraken(secret=venue.ask("credentials", purpose="read")["secret"])
    wrong.options["lastNonce"] = wrong.nonce() + 60_000
    with pytest.raises(ccxt.ExchangeError):
        await wrong.fetch_balance()
    assert (await right.fetch_balance())["BTC"]["total"] == "1.5000000000"


async def test_a_venues_wrong_clock_does_not_matter_to_nonces(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    venue.ask("skew", seconds=-3600)
    skew_ms = await client.fetch_time() - client.milliseconds()
    assert -3_602_000 < skew_ms < -3_598_000
    await client.fetch_balance()


@pytest.mark.parametrize(
    ("purpose", "allowed", "refused"),
    [
        ("read", "fetch_balance", "cancel_all_orders"),
        ("read", "fetch_my_trades", "cancel_all_orders"),
        ("trade", "cancel_all_orders", "fetch_balance"),
        ("withdraw", "fetch_balance", "fetch_open_orders"),
    ],
)
async def test_a_key_can_do_what_it_is_for_and_nothing_else(
    kraken: MakeKraken, purpose: str, allowed: str, refused: str
) -> None:
    client = await kraken(purpose)
    await getattr(client, allowed)()
    with pytest.raises(ccxt.PermissionDenied, match="EGeneral:Permission denied"):
        await getattr(client, refused)()


@pytest.mark.parametrize("purpose", ["read", "trade", "full"])
async def test_only_the_withdrawal_key_withdraws(
    kraken: MakeKraken, venue: Loopback, purpose: str
) -> None:
    client = await kraken(purpose)
    with pytest.raises(ccxt.PermissionDenied):
        await client.withdraw("BTC", "0.1", "bc1q-home", {"key": "home"})
    assert venue.ask("truth")["balances"]["BTC"] == "1.5"


async def test_a_withdrawal_needs_an_address_set_up_before(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken("withdraw")
    with pytest.raises(ccxt.InvalidAddress, match="Unknown withdraw key"):
        await client.withdraw("BTC", "0.1", "bc1q-home", {"key": "home"})
    venue.ask("withdraw_key", key="home", asset="BTC", address="bc1q-home")
    sent = await client.withdraw("BTC", "0.1", "bc1q-home", {"key": "home"})
    (listed,) = await client.fetch_withdrawals()
    assert (listed["id"], listed["amount"], listed["fee"]["cost"], listed["status"]) == (
        sent["id"], "0.0999000000", "0.0001000000", "pending",
    )  # fmt: skip
    assert venue.ask("truth")["balances"]["BTC"] == "1.4"
    with pytest.raises(ccxt.ExchangeError, match="EFunding:Insufficient funds"):
        await client.withdraw("BTC", "9", "bc1q-home", {"key": "home"})


async def test_the_venue_tells_what_a_key_may_do(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken("trade")
    told = (await client.private_post_getapikeyinfo())["result"]
    assert set(told["permissions"]) == {
        "query-open-trades", "query-closed-trades", "modify-trades", "close-trades",
    }  # fmt: skip
    venue.ask("permit", purpose="trade", permissions=["modify-trades", "withdraw-funds"])
    told = (await client.private_post_getapikeyinfo())["result"]
    assert "withdraw-funds" in told["permissions"]


async def test_every_key_of_an_account_tells_the_same_account_number(kraken: MakeKraken) -> None:
    ibans = {
        (await (await kraken(purpose)).private_post_getapikeyinfo())["result"]["iban"]
        for purpose in ("read", "trade", "withdraw")
    }
    assert len(ibans) == 1


async def test_too_many_calls_are_refused_until_the_counter_has_decayed(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    venue.ask("limits", calls="5")
    for _ in range(5):
        await client.fetch_balance()
    with pytest.raises(ccxt.DDoSProtection, match="EAPI:Rate limit exceeded"):
        await client.fetch_balance()
    venue.ask("skew", seconds=10)
    await client.fetch_balance()


async def test_history_costs_two_and_orders_have_a_counter_of_their_own(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    venue.ask("limits", calls="4", orders="3")
    await client.fetch_my_trades()
    await client.fetch_ledger()
    with pytest.raises(ccxt.DDoSProtection, match="EAPI:Rate limit"):
        await client.fetch_balance()
    for _ in range(3):
        await client.create_order("BTC/USD", "limit", "buy", "0.001", "50000")
    with pytest.raises(ccxt.DDoSProtection, match="EOrder:Rate limit exceeded"):
        await client.create_order("BTC/USD", "limit", "buy", "0.001", "50000")
    await client.create_order("ETH/USD", "limit", "buy", "0.1", "3000")  # per pair
    assert len(venue.ask("truth")["orders"]) == 4


async def test_canceling_young_orders_is_dear_but_never_refused(
    kraken: MakeKraken, venue: Loopback
) -> None:
    client = await kraken()
    venue.ask("limits", calls=None, orders="20")
    placed = [
        await client.create_order("BTC/USD", "limit", "buy", "0.001", "50000") for _ in range(3)
    ]
    for order in placed:
        await client.cancel_order(order["id"])
    with pytest.raises(ccxt.DDoSProtection, match="EOrder:Rate limit exceeded"):
        await client.create_order("BTC/USD", "limit", "buy", "0.001", "50000")


async def test_fees_follow_the_accounts_volume(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken()
    assert (await client.fetch_trading_fee("BTC/USD"))["taker"] == "0.004"
    venue.ask("volume", usd="100000")
    fee = await client.fetch_trading_fee("BTC/USD")
    assert (fee["maker"], fee["taker"]) == ("0.0012", "0.0022")
    await client.create_order("BTC/USD", "market", "sell", "0.1")
    (trade,) = await client.fetch_my_trades()
    rate = float(trade["fee"]["cost"]) / float(trade["cost"])  # a ratio to look at, not money
    assert rate == pytest.approx(0.0022, rel=1e-4)
