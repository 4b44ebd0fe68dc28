"""The admin commands: one table, in process and over HTTP, and a venue that can be calmed."""

import json
from decimal import Decimal
from urllib.request import urlopen

import pytest

from tests.wire.admin import AdminClient, Unheard
from tests.wire.clock import SteppedClock
from tests.wire.fixtures import MakeKraken
from tests.wire.kraken.limits import Limits
from tests.wire.kraken.loopback import Loopback, hosted
from tests.wire.real_ccxt import errors as ccxt


def test_every_command_explains_itself(venue: Loopback) -> None:
    with urlopen(venue.admin_url, timeout=5) as reply:
        told = json.load(reply)
    assert {"fault", "truth", "down", "up", "poison", "deposit"} <= set(told)
    assert all(len(text.partition(")")[2]) > len(" ab") for text in told.values())


def test_the_port_and_the_process_give_the_same_answers(venue: Loopback) -> None:
    outside = AdminClient(venue.admin_url)
    order = outside.ask("place", side="buy", symbol="BTC/USD", quantity="0.1", price="50000")
    inside = venue.ask("truth")
    over_http = outside.ask("truth")
    assert isinstance(over_http, dict)
    assert over_http["orders"] == inside["orders"]
    assert inside["orders"][0]["order_id"] == order


@pytest.mark.parametrize(
    ("command", "arguments", "error"),
    [
        ("explode", {}, "no command 'explode'"),
        ("_key", {}, "no command '_key'"),
        ("deposit", {"asset": "BTC"}, "missing a required argument"),
    ],
)
def test_a_command_that_does_not_fit_is_refused(
    venue: Loopback, command: str, arguments: dict[str, object], error: str
) -> None:
    with pytest.raises(Unheard, match=error):
        venue.ask(command, **arguments)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("fault", {"endpoint": "AddOrder", "kind": "shred"}),
        ("frames", {"action": "shred", "channel": "executions"}),
        ("mode", {"mode": "lunch"}),
        ("lag", {"what": "prices", "seconds": 1}),
    ],
)
def test_a_fault_that_does_not_exist_is_refused(
    venue: Loopback, command: str, arguments: dict[str, object]
) -> None:
    with pytest.raises(ValueError, match=r"is no fault|is not one of"):
        venue.ask(command, **arguments)


async def test_calm_ends_every_fault_and_quirk(kraken: MakeKraken, venue: Loopback) -> None:
    client = await kraken(timeout_ms=800)
    venue.ask("fault", endpoint="*", kind="page", times=99)
    venue.ask("latency", ms=5000)
    venue.ask("mode", mode="maintenance")
    venue.ask("mute")
    venue.ask("refuse_sockets")
    venue.ask("lag", what="orders", seconds=60)
    with pytest.raises(ccxt.NetworkError):
        await client.fetch_balance()
    venue.ask("calm")
    await client.create_order("BTC/USD", "limit", "buy", "0.01", "50000")
    assert len(await client.fetch_open_orders()) == 1
    assert (await client.watch_balance())["BTC"]["total"] == "1.5"


async def test_a_new_key_replaces_the_one_before(kraken: MakeKraken, venue: Loopback) -> None:
    old = venue.ask("credentials", purpose="read")
    new = venue.ask("issue_key", purpose="read", permissions=["query-funds"])
    assert venue.ask("credentials", purpose="read") == new != old
    client = await kraken("read")
    await client.fetch_balance()
    with pytest.raises(ccxt.PermissionDenied):
        await client.fetch_open_orders()


def test_the_venue_itself_is_reached_on_its_own_thread(venue: Loopback) -> None:
    free = venue.do(lambda server: server.venue.exchange.free("main", "BTC"))
    assert free == Decimal("1.5")


def test_a_venue_on_a_stepped_clock_with_a_seed_repeats_itself() -> None:
    def story() -> object:
        limits = Limits(calls=None, orders=None)
        with hosted(seed=9, clock=SteppedClock(), limits=limits) as running:
            running.ask("step", times=3)
            running.ask("place", side="buy", symbol="ETH/USD", quantity="0.2")
            running.ask("skew", seconds=5)
            running.ask("place", side="sell", symbol="BTC/USD", quantity="0.1", price="70000")
            return running.ask("truth"), running.ask("credentials")

    assert story() == story()
