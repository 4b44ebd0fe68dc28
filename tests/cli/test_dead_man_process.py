"""kill -9, and a stopped engine: the venue cancels by itself, and the desk understands it."""

import os
import signal
import time
from collections.abc import Callable, Generator
from typing import Any, cast

import pytest

from tests.cli.wire_home import QUICK, Home, at_home, running_daemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
LENGTH_S = 10
PATIENCE_S = 90


@pytest.fixture(scope="module")
def place() -> Generator[Home]:
    with at_home() as made:
        config = made.folder / "trading_config.yaml"
        text = config.read_text(encoding="utf-8")
        config.write_text(
            text.replace(QUICK, f"{QUICK}  dead_man_s: {LENGTH_S}\n"), encoding="utf-8"
        )
        yield made


def come(true: Callable[[], Any], what: str, place: Home) -> None:
    latest = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < latest, f"{what}\n{place.log()}"
        time.sleep(0.25)


def ordered(place: Home, quantity: str) -> str:
    checked = place.json("check", "buy", "BTC/USD", "0.01")
    price = str(int(checked["reference"].split(".")[0]) * 93 // 100)
    placed = place.json("order", "buy", "BTC/USD", quantity, "--price", price)
    assert placed["status"] == "OPEN"
    return str(placed["client_id"])


def told(place: Home) -> list[Any]:
    """Every time that the venue was told of its switch."""
    return cast("list[Any]", place.admin.ask("journal", endpoint="CancelAllOrdersAfter"))


def known(place: Home, name: str) -> Any:
    return next(order for order in place.json("orders", "--all") if order["id"] == name)


def test_the_venue_ends_what_a_dead_or_a_hung_engine_left_there(place: Home) -> None:
    with running_daemon(place) as daemon:
        place.enrol()
        place.arm()
        assert told(place) == []
        name = ordered(place, "0.02")
        come(lambda: place.json("status")["dead_man"], "the switch is shown", place)
        _outlives_its_length(place, name)
        os.kill(daemon.pid, signal.SIGKILL)
        daemon.wait()
    (resting,) = place.open_orders()
    place.admin.ask("fill", order_id=resting["order_id"], quantity="0.005")
    come(lambda: not place.open_orders(), "the venue cancels what the dead left", place)
    (place.folder / "daemon.log").unlink()  # its `ready` is that of the engine which is dead
    with running_daemon(place) as daemon:
        come(lambda: known(place, name)["status"] == "CANCELED", "the end is understood", place)
        assert known(place, name)["filled"] == "0.005"
        assert place.json("breaks") == []
        _sleeps_and_wakes(place, daemon.pid)
        kept = ordered(place, "0.03")
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(timeout=60) == 0, place.log()
    assert len(told(place)) > 4
    assert [order["client_id"] for order in place.open_orders()] == [kept]
    time.sleep(LENGTH_S + 2)  # what was left on purpose is still there when it would be due
    assert [order["client_id"] for order in place.open_orders()] == [kept]


def _outlives_its_length(place: Home, name: str) -> None:
    renewals = len(told(place))
    come(lambda: len(told(place)) >= renewals + 6, "it is renewed", place)
    assert [order["client_id"] for order in place.open_orders()] == [name]


def _sleeps_and_wakes(place: Home, daemon: int) -> None:
    """An engine that hangs loses its orders, and is told why when it wakes up."""
    status, answer = place.run("arm", "kraken/main", "--code", place.recovery[0])
    assert status == 0, answer
    name = ordered(place, "0.01")
    come(lambda: place.json("status")["dead_man"], "the switch is shown", place)
    os.kill(daemon, signal.SIGSTOP)
    come(lambda: not place.open_orders(), "the venue cancels what the hung one left", place)
    os.kill(daemon, signal.SIGCONT)
    come(lambda: known(place, name)["status"] == "CANCELED", "the end is understood", place)
    alarms = place.json("status")["alarms"]
    assert any("by itself" in alarm["text"] for alarm in alarms), alarms
    assert place.json("breaks") == []
