"""The withdraw key: loaded for one block, used over the wire, and nowhere afterwards."""

import gc
import traceback
from collections.abc import Generator

import pytest

from domain.errors import Misconfigured, Unavailable
from domain.keys import Purpose, Right
from tests.venues.ccxt_wire_desk import MAIN, Clock, keys
from tests.wire.kraken.loopback import Loopback, hosted
from tests.wire.redirect import redirected
from venues.budget import Priority
from venues.ccxt_errors import Failed
from venues.ccxt_venue import CcxtVenue, VenueSettings, open_venue
from venues.ccxt_withdraw_client import WithdrawClients
from venues.keys import AccountKeys, Keys, Secret

pytestmark = pytest.mark.usefixtures("unpaced")


@pytest.fixture
def kraken() -> Generator[Loopback]:
    with hosted() as running, redirected(running.routes):
        yield running


class Vault:
    """Counts how often the key is read; each time it is another object."""

    def __init__(self, loopback: Loopback) -> None:
        self.loopback = loopback
        self.reads = 0

    def load(self) -> Keys | None:
        self.reads += 1
        return keys(self.loopback, "withdraw")

    def texts(self) -> list[str]:
        told = self.loopback.ask("credentials", purpose="withdraw")
        return [told["apiKey"], told["secret"]]


def opened(loopback: Loopback, vault: Vault | None) -> object:
    account = AccountKeys(
        read=keys(loopback, "read"),
        trade=keys(loopback, "trade"),
        withdraw=None if vault is None else vault.load,
    )
    return open_venue(
        "kraken", {"main": account}, clock=Clock(), settings=VenueSettings(),
        on_problem=lambda _: None,
    )  # fmt: skip


def holders(texts: list[str]) -> list[object]:
    """Living objects with attributes that hold one of these texts."""
    gc.collect()
    found: list[object] = []
    for living in gc.get_objects():
        if isinstance(living, Secret) and living.reveal() in texts:
            found.append(living)
        if isinstance(living, dict) and any(
            isinstance(value, str) and any(text in value for text in texts)
            for value in list(living.values())
        ):
            found.append(living)
    return found


async def test_the_key_is_loaded_when_it_is_needed_and_forgotten_afterwards(
    kraken: Loopback,
) -> None:
    vault = Vault(kraken)
    async with opened(kraken, vault) as venue:  # type: ignore[attr-defined]
        await venue.market.instruments()
        await venue.readers[MAIN].balances()
        assert vault.reads == 0
        clients: WithdrawClients = venue.withdraw_clients[MAIN]
        async with clients.opened() as (client, held):
            answer = await client.ask("private_post_getapikeyinfo", priority=Priority.READ)
            assert "withdraw-funds" in answer[0]["result"]["permissions"]
            secret = vault.texts()[1:]  # Kraken's answer names the key, and no venue the secret
            assert holders(secret)
            key, api = held.key, client.api
        assert vault.reads == 1
        assert (api.apiKey, api.secret, bool(key), bool(held.secret)) == ("", "", False, False)
        assert not holders(secret)
        with pytest.raises(Failed):
            await client.ask("private_post_getapikeyinfo", priority=Priority.READ)
        assert kraken.ask("counts")["GetApiKeyInfo"] == 1


async def test_the_key_is_forgotten_when_the_block_fails_and_no_traceback_tells_it(
    kraken: Loopback,
) -> None:
    vault = Vault(kraken)
    async with opened(kraken, vault) as venue:  # type: ignore[attr-defined]
        clients: WithdrawClients = venue.withdraw_clients[MAIN]
        kraken.ask("revoke_key", purpose="withdraw")
        with pytest.raises(Unavailable) as failed:
            await clients.inspect()
        assert "exchanges.kraken.accounts.main.withdraw" in failed.value.remedy
        shown = "".join(
            traceback.TracebackException.from_exception(failed.value, capture_locals=True).format()
        )
        assert "getapikeyinfo" in shown
        for text in vault.texts():
            assert text not in shown


async def test_what_the_withdraw_key_may_do_is_asked_with_itself(kraken: Loopback) -> None:
    vault = Vault(kraken)
    async with opened(kraken, vault) as venue:  # type: ignore[attr-defined]
        inspector = venue.inspectors[MAIN][Purpose.WITHDRAW]
        assert inspector.fingerprint == ""
        report = await inspector.inspect()
        assert report.rights == (Right.READ, Right.WITHDRAW)
        assert report.fingerprint == keys(kraken, "withdraw").fingerprint
        assert report.lacks == ()


async def test_without_a_withdraw_key_there_is_no_way_to_withdraw(kraken: Loopback) -> None:
    async with opened(kraken, None) as venue:  # type: ignore[attr-defined]
        known: CcxtVenue = venue
        assert known.withdraw_clients == {}
        assert set(known.inspectors[MAIN]) == {Purpose.READ, Purpose.TRADE}
    lost = AccountKeys(read=keys(kraken, "read"), withdraw=lambda: None)
    async with open_venue(
        "kraken", {"main": lost}, clock=Clock(), settings=VenueSettings(),
        on_problem=lambda _: None,
    ) as empty:  # fmt: skip
        with pytest.raises(Misconfigured, match=r"accounts\.main\.withdraw"):
            await empty.inspectors[MAIN][Purpose.WITHDRAW].inspect()
