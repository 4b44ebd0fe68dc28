"""Kraken's sparse stream rows, joined by order and read without losing a digit or a row."""

import copy
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.instruments import Account
from domain.orders import Fill, Final, Kind, Side, VenueOrder
from domain.sightings import FillSeen, Heartbeat, OrderSeen, PriceSeen, TotalsSeen
from tests.venues.ccxt_stub import PAYLOADS, ManualClock
from tests.venues.test_ccxt_convert import HOSTILE, finite, leaves, mutated
from venues.ccxt_frames import KrakenFrames
from venues.ccxt_news import Confirmed, Denied, Lost, News, Rejected
from venues.ccxt_wire import exact_json

D = Decimal
ACCOUNT = Account("kraken", "main")
FRAMES = exact_json((PAYLOADS / "frames.json").read_text(encoding="utf-8"))
OURS, FOREIGN = "O1AAAA-AAAAA-AAAAAA", "OQCLML-BW3P3-BUCMWZ"


def reader() -> KrakenFrames:
    return KrakenFrames(ACCOUNT, "account", ManualClock(), lambda name: name)


def told(frames: Iterable[Any]) -> list[News]:
    read = reader().read
    return [news for frame in frames for news in read(frame)]


def execution(**fields: Any) -> dict[str, Any]:
    return {"channel": "executions", "type": "update", "data": [fields]}


def test_fills_are_exact_and_named_by_the_rows_before_them() -> None:
    fills = [news.fill for news in told(FRAMES) if isinstance(news, FillSeen)]
    assert [fill.trade_id for fill in fills] == ["T1AAAA-AAAAA-AAAAAA", "T2AAAA-AAAAA-AAAAAA"]
    assert fills[0] == Fill(
        account=ACCOUNT,
        symbol="ETH/USD",
        trade_id="T1AAAA-AAAAA-AAAAAA",
        side=Side.SELL,
        quantity=D("0.2"),
        price=D("2500.25"),
        fee=D("1.250125"),
        fee_asset="USD",
        at_us=1_695_378_906_100_000,
        venue_order_id=OURS,
        client_id="QDA1ZZZZZZZZZZZZZZ",
        liquidity="maker",
    )
    assert str(fills[0].fee) == "1.25012500"  # the digits of the wire, not of a float


def test_a_final_row_without_symbol_is_the_whole_order() -> None:
    reports = [n.report for n in told(FRAMES) if isinstance(n, OrderSeen)]
    assert [r for r in reports if r.venue_order_id == OURS][-1] == VenueOrder(
        account=ACCOUNT,
        venue_order_id=OURS,
        client_id="QDA1ZZZZZZZZZZZZZZ",
        symbol="ETH/USD",
        side=Side.SELL,
        kind=Kind.LIMIT,
        quantity=D("0.5"),
        price=D("2500.25"),
        cumulative=D("0.5"),
        final=Final.FILLED,
        at_us=1_695_378_906_200_001,
    )
    canceled = [r for r in reports if r.venue_order_id == FOREIGN][-1]
    assert (canceled.final, canceled.cumulative) == (Final.CANCELED, D("0.375"))
    assert canceled.symbol == "BTC/USD"


def test_the_trade_that_fills_an_order_does_not_end_it_but_the_row_after_it_does() -> None:
    finals = [n.report.final for n in told(FRAMES[6:10]) if isinstance(n, OrderSeen)]
    assert finals == [None, None, None, None, Final.FILLED]


def test_an_order_that_ended_stays_ended_when_an_old_row_comes_again() -> None:
    frames = [FRAMES[6], FRAMES[9], FRAMES[7]]
    last = [n.report for n in told(frames) if isinstance(n, OrderSeen)][-1]
    assert (last.final, last.cumulative) == (Final.FILLED, D("0.5"))


def test_a_trade_told_twice_is_heard_once() -> None:
    frames = [FRAMES[6], FRAMES[8], FRAMES[8], FRAMES[8]]
    assert sum(isinstance(news, FillSeen) for news in told(frames)) == 1


def test_totals_are_those_of_the_wallet_that_orders_use() -> None:
    totals = [dict(news.totals) for news in told(FRAMES) if isinstance(news, TotalsSeen)]
    assert totals == [
        {"BTC": D("1.2000000001"), "USD": D("10.5")},
        {"ETH": D("0.38171")},
    ]


def test_a_price_says_what_it_was_a_day_ago() -> None:
    (price,) = [news.price for news in told(FRAMES) if isinstance(news, PriceSeen)]
    assert (price.symbol, price.bid, price.ask) == ("BTC/USD", D("108359.8"), D("108359.9"))
    assert price.open_24h == D("111039.7")
    assert price.volume_24h == D("2158.32346723")


def test_channels_are_confirmed_by_answers_and_snapshots() -> None:
    confirmed = [news.channel for news in told(FRAMES) if isinstance(news, Confirmed)]
    assert confirmed == ["executions", "executions", "balances", "balances"]


def test_a_refused_subscription_is_told_with_the_venues_words() -> None:
    refused = {"method": "subscribe", "success": False, "error": "EGeneral:Permission denied"}
    assert told([refused]) == [Denied("EGeneral:Permission denied")]
    pair = {**refused, "error": "Currency pair not supported FOO/BAR", "symbol": "FOO/BAR"}
    assert told([pair]) == [Denied("Currency pair not supported FOO/BAR", "FOO/BAR")]


def test_only_the_venues_heartbeat_is_a_heartbeat() -> None:
    beats = [news for news in told(FRAMES) if isinstance(news, Heartbeat)]
    assert len(beats) == 1
    assert told([{"method": "pong", "req_id": 1}]) == []


def test_a_skipped_number_means_frames_are_lost() -> None:
    news = told([*FRAMES[:3], FRAMES[7]])
    assert Lost("frames 2 to 2 of executions never came") in news


def test_numbers_are_counted_for_each_channel_and_start_anew_with_a_snapshot() -> None:
    assert not any(isinstance(news, Lost) for news in told(FRAMES))
    assert not any(isinstance(news, Lost) for news in told([*FRAMES, FRAMES[2], FRAMES[6]]))


def test_frames_in_the_wrong_order_lose_no_row() -> None:
    shuffled = [FRAMES[9], FRAMES[8], FRAMES[7], FRAMES[6]]
    fills = {news.fill.trade_id for news in told(shuffled) if isinstance(news, FillSeen)}
    assert fills == {"T1AAAA-AAAAA-AAAAAA", "T2AAAA-AAAAA-AAAAAA"}


TRADE = FRAMES[8]["data"][0]


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        ("exec_id", None),
        ("last_qty", "NaN"),
        ("last_qty", "0"),
        ("last_price", "-1"),
        ("timestamp", None),
        ("fees", [{"asset": "USD", "qty": None}]),
        ("fees", [{"asset": "USD", "qty": "1"}, {"asset": "ETH", "qty": "1"}]),
        ("symbol", "\x1b[2J/USD"),
    ],
)
def test_a_fill_that_cannot_be_read_is_rejected_and_named(field: str, raw: object) -> None:
    news = told([execution(**{**TRADE, field: raw})])
    assert [type(item) for item in news] == [Rejected]
    assert isinstance(news[0], Rejected)
    assert field in news[0].words or field == "fees"


def test_a_fill_without_word_of_its_fee_is_rejected() -> None:
    row = {key: value for key, value in TRADE.items() if key != "fees"}
    assert [type(item) for item in told([execution(**row)])] == [Rejected]


def test_a_trade_that_cost_nothing_costs_nothing() -> None:
    fills = [n.fill for n in told([execution(**{**TRADE, "fees": []})]) if isinstance(n, FillSeen)]
    assert [(fill.fee, fill.fee_asset) for fill in fills] == [(D(0), "USD")]


def test_one_bad_row_does_not_hide_the_others_in_its_frame() -> None:
    frame = {"channel": "executions", "type": "update", "data": [None, {"order_id": []}, TRADE]}
    news = told([frame])
    assert [type(item) for item in news] == [Rejected, Rejected, FillSeen, OrderSeen]


def test_a_number_of_a_frame_that_cannot_be_one_is_rejected() -> None:
    for number in (10**400, -1):
        frame = {"channel": "executions", "type": "update", "data": [], "sequence": number}
        (news,) = told([frame])
        assert isinstance(news, Rejected)
        assert len(news.words) < 100


def test_another_programs_client_id_is_not_taken_for_ours() -> None:
    fills = [
        n.fill
        for n in told([execution(**{**TRADE, "cl_ord_id": "6d1b345e-2821-40e2-ad83-4ecb18a06876"})])
        if isinstance(n, FillSeen)
    ]
    assert [fill.client_id for fill in fills] == [""]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_frame_does_more_than_be_rejected(data: st.DataObject) -> None:
    frames = copy.deepcopy(FRAMES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from(leaves(frames)))
        value = data.draw(st.sampled_from(HOSTILE))
        frames = mutated(frames, at, value, dropped=data.draw(st.booleans()))
    for news in told(frames):
        assert finite(news)
    json.dumps(frames, default=str)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
        max_leaves=8,
    ),
    st.sampled_from(["executions", "balances", "ticker", "heartbeat", "book", ""]),
)
def test_data_of_any_shape_is_survived(shape: Any, channel: str) -> None:
    assert finite(told([{"channel": channel, "type": "update", "data": shape}, shape]))
