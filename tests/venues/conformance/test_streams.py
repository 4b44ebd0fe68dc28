"""Every account stream that a row promises, over a real socket: what each frame makes us see.

`streams/<venue>.frames` holds what the venue sends, in its own shape; `golden_streams/` what is
heard of it, frame by frame, to the digit. A ccxt upgrade that subscribes in another way or reads
another thing fails here. To write a golden anew: delete it and run this test.
"""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.errors import Unavailable
from domain.sightings import FillSeen
from tests.venues.conformance.captured import Captured
from tests.venues.conformance.listening import NOW_US, listening
from tests.venues.conformance.scripted import SCRIPTS
from tests.venues.conformance.test_conformance import HOURS_US, shown
from venues import ccxt_quirks
from venues.ccxt_capabilities import capabilities
from venues.ccxt_reader import _watches
from venues.lazy_ccxt import exchange_class

HERE = Path(__file__).parent
DECODES = importlib.util.find_spec("google") is not None
NO_DECODER = pytest.mark.skipif(not DECODES, reason="protobuf is not installed")
STREAMED = [pytest.param(v, marks=NO_DECODER) if v == "mexc" else v for v in sorted(SCRIPTS)]
SIMULATED = {"kraken", "kucoin"}  # whole venues of their own, in tests/wire


def steps(name: str) -> Iterator[tuple[str, list[str]]]:
    """The steps of a venue's file: what it is about, and its frames."""
    told = (HERE / "streams" / f"{name}.frames").read_text(encoding="utf-8")
    for part in re.split(r"\n\s*\n", told.strip()):
        title, *frames = part.splitlines()
        yield title.removeprefix("# "), frames


@pytest.mark.parametrize("name", STREAMED)
async def test_what_is_heard_of_each_frame_is_what_was_looked_at(name: str) -> None:
    lines: list[str] = []
    async with listening(name) as listener:
        await listener.alive()
        for title, frames in steps(name):
            before = len(listener.problems)
            heard = await listener.after(*frames)
            lines += [f"# {title}", *(line for told in heard for line in shown(told))]
            lines += [*(f"! {problem}" for problem in listener.problems[before:]), ""]
    golden, told = HERE / "golden_streams" / f"{name}.txt", "\n".join(lines)
    if not golden.is_file():
        golden.write_text(told, encoding="utf-8")
        pytest.fail(f"{golden.name} was written: look at every line of it\n{told}")
    assert told == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["binance", "gate"])
async def test_a_fill_of_the_stream_is_the_same_one_by_request(name: str) -> None:
    async with listening(name) as listener:
        await listener.alive()
        heard = await listener.after(*(frame for _, frames in steps(name) for frame in frames))
        history = await listener.reader.history(NOW_US - HOURS_US)
    streamed = {told.fill.key: told.fill for told in heard if isinstance(told, FillSeen)}
    asked = {fill.key: fill for fill in history.fills}
    assert len(asked) == 2
    assert {key: streamed[key] for key in asked} == asked


@NO_DECODER
async def test_mexcs_fills_are_asked_for_because_its_stream_gives_them_other_names() -> None:
    async with listening("mexc") as listener:
        await listener.alive()
        frames = [frame for _, frames in steps("mexc") for frame in frames]
        assert any("privateDeals" in frame for frame in frames)
        heard = await listener.after(*frames)
        history = await listener.reader.history(NOW_US - HOURS_US)
    assert not [told for told in heard if isinstance(told, FillSeen)]
    assert len(history.fills) == 2
    assert not any(fill.trade_id.endswith("X1") for fill in history.fills)


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("binance", "userDataStream"),
        ("gate", "spot.usertrades"),
        ("gate", "spot.balances"),
        ("mexc", "spot@private.orders.v3.api.pb"),
        ("mexc", "spot@private.account.v3.api.pb"),
    ],
)
async def test_one_refused_channel_is_no_stream_and_never_a_sign_of_life(
    name: str, channel: str
) -> None:
    async with listening(name, refuse=channel) as listener:
        with pytest.raises(Unavailable):
            await listener.alive()
        assert listener.beats == 0


async def test_a_frame_that_ccxt_cannot_handle_breaks_the_stream_at_once() -> None:
    told = next(iter(steps("gate")))[1][0].replace("BTC_USDT", "NEW9_USDT")
    async with listening("gate") as listener:
        await listener.alive()
        with pytest.raises(Unavailable, match="could not be handled"):
            await listener.after(told)


def test_an_account_is_heard_where_its_stream_was_tried_and_asked_elsewhere_with_a_reason() -> None:
    heard = {v for v, row in ccxt_quirks._KNOWN.items() if row.traits.account_stream}
    assert heard == {*SCRIPTS, *SIMULATED}
    for venue, row in ccxt_quirks._KNOWN.items():
        assert bool(row.why_polled) == (venue not in heard), venue
        if row.why_polled:
            told = dict(capabilities(venue).rows())
            assert row.why_polled in told["balance stream"].how
            assert row.why_polled in told["fill stream"].how


@pytest.mark.parametrize(
    ("venue", "flags"),
    [
        ("coinbase", {"watchBalance", "watchMyTrades"}),
        ("gemini", {"watchBalance", "watchMyTrades"}),
        ("alpaca", {"watchBalance"}),
    ],
)
def test_ccxt_still_lacks_the_streams_that_we_do_without(venue: str, flags: set[str]) -> None:
    has = exchange_class(venue)().has
    assert not any(has.get(flag) for flag in flags)
    assert len(_watches(has, tuple(flags))) == 0


async def test_ccxt_still_sends_keys_of_binance_us_to_binance_com() -> None:
    api = Captured("binanceus").reader._client.api
    api.set_markets([])
    dialled: list[str] = []

    async def watch(url: str, *_: Any) -> None:
        dialled.append(url)
        raise ConnectionError

    api.watch = watch
    with pytest.raises(ConnectionError):
        await api.watch_orders()
    assert [url.split("/")[2] for url in dialled] == ["ws-api.binance.com:443"]
