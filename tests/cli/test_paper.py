"""PAPER: live prices of a real venue, accounts and orders that are ours alone."""

import time
from collections.abc import Generator

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
        status, told = place.run("--kill", "a try on paper")
        assert status == 0, told
        assert place.run("ledger", "verify")[0] == 0
    assert place.open_orders() == []
    assert private_calls(place) == []
    # A restart knows what was bought, and that it is killed.
    status, told = place.run("balance")
    assert (status, "0.01" in told) == (0, True)
    assert "KILLED" in place.run("kill", "status")[1]


def test_without_a_network_paper_says_so_and_offers_the_demo(place: Home) -> None:
    place.admin.ask("down")
    status, told = place.run("status")
    assert status == 69, told
    assert "--demo" in told
