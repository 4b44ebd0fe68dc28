"""OBSERVE: the live account with its balances and fills, and no way to send an order."""

import json
from collections.abc import Generator

import pytest

from tests.cli.wire_home import Home, at_home, running_daemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
CHANGES = ("AddOrder", "AmendOrder", "EditOrder", "CancelOrder", "CancelAll")


@pytest.fixture
def place() -> Generator[Home]:
    with at_home() as made:
        made.mode = "--observe"
        yield made


def sent(place: Home) -> dict[str, int]:
    """How often each endpoint was called, by the venue's own count."""
    counts: dict[str, int] = place.admin.ask("counts")  # type: ignore[assignment]
    return counts


def changed(place: Home) -> list[str]:
    return [name for name in sent(place) if any(word in name for word in CHANGES)]


def test_observe_watches_everything_and_sends_nothing(place: Home) -> None:
    place.admin.ask("place", side="buy", symbol="BTC/USD", quantity="0.1", price="30000")
    with running_daemon(place):
        status, told = place.run("status")
        assert (status, told.splitlines()[0].split()) == (0, ["mode", "OBSERVE"])
        assert place.json("balance")
        (foreign,) = place.json("orders")
        assert foreign["foreign"]
        status, told = place.run("order", "buy", "BTC/USD", "0.01")
        assert (status, "OBSERVE places no orders" in told) == (77, True)
        assert place.run("cancel", foreign["id"])[0] == 77
        assert place.run("arm", "kraken/main", "--code", "123456")[0] == 77
        assert len(sent(place)) > 3
        assert changed(place) == []


def test_a_kill_beside_an_observing_engine_cancels_with_its_own_key(place: Home) -> None:
    place.admin.ask("place", side="buy", symbol="BTC/USD", quantity="0.1", price="30000")
    with running_daemon(place):
        status, told = place.run("--kill", "somebody else trades here")
        assert status == 0, told
        assert "the engine only observes" in told
        assert place.open_orders() == []
        halt = json.loads(place.run("kill", "status", "--json")[1])
        assert halt["level"] >= 2


def test_a_ledger_that_does_not_verify_can_be_looked_at_and_is_halted(place: Home) -> None:
    assert place.run("status")[0] == 0
    (place.folder / "data" / "live" / "head").unlink()
    status, told = place.run("status")
    assert status == 0, told
    assert "KILLED" in told
    assert "head is missing" in told
    place.mode = "--live"
    status, told = place.run("status")
    assert status in (70, 78), told
    assert "head" in told
