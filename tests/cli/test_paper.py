"""PAPER: live prices of a real venue, accounts and orders that are ours alone."""

import time
from collections.abc import Generator
from decimal import Decimal

import pytest

from tests.cli.wire_home import Home, at_home, running_daemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def place() -> Generator[Home]:
    with at_home() as made:
        made.mode = "--paper"
        yield made


def private_calls(place: Home) -> list[str]:
    counts: dict[str, int] = place.admin.ask("counts")  # type: ignore[assignment]
    public = ("Assets", "AssetPairs", "Time", "Ticker", "Depth", "Trades", "SystemStatus", "OHLC")
    return [name for name in counts if name not in public]


def filled_by_what_others_trade(place: Home) -> None:
    """A resting order gets 0.004: what is sold beyond the queue that stood before it."""
    place.admin.ask("pace", step_ms=0)  # nobody else moves
    depth: dict[str, list[list[str]]] = place.admin.ask("depth", symbol="BTC/USD")  # type: ignore[assignment]
    price, queue = depth["bids"][0]
    resting = place.json("order", "buy", "BTC/USD", "0.01", "--price", price, "--post-only")
    sold = str(Decimal(queue) + Decimal("0.004"))
    place.admin.ask("place", side="sell", symbol="BTC/USD", quantity=sold)
    latest = time.monotonic() + 40
    while len(fills := place.json("fills")) == 1:
        assert time.monotonic() < latest, resting
        time.sleep(0.5)
    (fill,) = (row["fill"] for row in fills if row["fill"]["client_id"] == resting["client_id"])
    assert (fill["quantity"], fill["liquidity"]) == ("0.004", "maker")
    assert Decimal(fill["price"]) == Decimal(price)


def test_an_order_is_filled_on_paper_and_nothing_private_is_ever_called(place: Home) -> None:
    with running_daemon(place):
        status, told = place.run("status")
        assert (status, told.splitlines()[0].split()) == (0, ["mode", "PAPER"])
        bought = place.json("order", "buy", "BTC/USD", "0.01")
        latest = time.monotonic() + 20
        while not place.json("fills"):
            assert time.monotonic() < latest, bought
            time.sleep(0.5)
        (fill,) = place.json("fills", "--limit", "1")
        assert fill["fill"]["client_id"] == bought["client_id"]
        held = {row["asset"]: row for row in place.json("balance")}
        assert held["BTC"]["total"] == "0.01"
        filled_by_what_others_trade(place)
        status, told = place.run("--kill", "a try on paper")
        assert status == 0, told
        assert place.run("ledger", "verify")[0] == 0
    assert place.open_orders() == []
    assert private_calls(place) == []
    # A restart knows what was bought, and that it is killed.
    status, told = place.run("balance")
    assert (status, "0.014" in told) == (0, True)
    assert "KILLED" in place.run("kill", "status")[1]


def test_the_brake_is_drilled_on_paper_and_a_persons_order_stays(place: Home) -> None:
    place.enrol()
    with running_daemon(place):
        depth: dict[str, list[list[str]]] = place.admin.ask("depth", symbol="BTC/USD")  # type: ignore[assignment]
        price = str(int(Decimal(depth["bids"][0][0]) * Decimal("0.97")))
        mine = place.json("order", "buy", "BTC/USD", "0.01", "--price", price)
        done = place.json("drill", "kill", "--code", place.code())
        assert (done["proven"], done["released"]) == (True, True)
        assert done["drill"]["accounts"] == ["kraken/main"]
        (left,) = place.json("orders")
        assert (left["id"], left["status"]) == (mine["client_id"], "OPEN")
    assert private_calls(place) == []


def test_without_a_network_paper_says_so_and_offers_the_demo(place: Home) -> None:
    place.admin.ask("down")
    status, told = place.run("status")
    assert status == 69, told
    assert "--demo" in told
