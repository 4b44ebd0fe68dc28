"""A stream that is only quiet: pongs are its signs of life, and our own pings are not."""

from types import SimpleNamespace
from typing import Any

from domain.sightings import Heartbeat, Sighting
from tests.venues.ccxt_stub import ManualClock
from tests.venues.conformance.captured import Captured
from venues.ccxt_caches import AnyFrame
from venues.ccxt_stream import Plan, Stream


def quiet(*, confirmed: bool) -> tuple[Stream, SimpleNamespace, list[Sighting]]:
    desk, clock = Captured("binance"), ManualClock()
    heard: list[Sighting] = []
    plan = Plan(
        watches=(),
        channels=frozenset({"account"}),
        frames=AnyFrame("binance", "account", clock),
        on_pong=lambda: Heartbeat(venue="binance", feed="account", at_us=clock.now_us()),
    )
    stream = Stream(desk.reader._client, plan, desk.quirks, clock, heard.append)
    socket: Any = SimpleNamespace(lastPong=None)
    stream._sockets["wss://somewhere"] = socket
    if confirmed:
        stream._missing.clear()
    return stream, socket, heard


def test_a_pong_is_a_sign_of_life_and_is_told_once() -> None:
    stream, socket, heard = quiet(confirmed=True)
    socket.lastPong = 1_000  # ccxt's own, from when it began to ping
    stream._hear_pongs()
    assert heard == []
    socket.lastPong = 2_000
    stream._hear_pongs()
    stream._hear_pongs()
    assert len(heard) == 1


def test_a_pong_before_the_subscription_was_confirmed_says_nothing() -> None:
    stream, socket, heard = quiet(confirmed=False)
    for at_ms in (1_000, 2_000, 3_000):
        socket.lastPong = at_ms
        stream._hear_pongs()
    assert heard == []
