"""The rows themselves: complete enough to trade, named as people name them, told as they are."""

import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

from domain.errors import Misconfigured, Unavailable
from domain.instruments import Account
from domain.orders import Kind, Side
from engine.names import client_id
from tests.venues.ccxt_stub import ManualClock
from tests.venues.conformance.captured import Captured, Sent, keys_for
from tests.venues.conformance.test_conformance import (
    OURS,
    SYMBOLS,
    THEIRS,
    TRADED,
    order,
    state,
)
from venues import ccxt_convert as convert
from venues import ccxt_quirks
from venues.ccxt_capabilities import capabilities, has_of
from venues.ccxt_numbers import number_of
from venues.ccxt_quirks import TRIED_ON_THE_WIRE, quirks_of
from venues.ccxt_venue import VenueSettings, open_venue
from venues.ccxt_wire import exact_json
from venues.keys import AccountKeys
from venues.lazy_ccxt import PINNED

ALL = sorted(ccxt_quirks._KNOWN)
CREATES = {"bitfinex": "/v2/auth/w/order/submit", "gemini": "/v1/order/new"}
SANDBOXES = {"alpaca", "binance", "gate", "gemini"}


class Ones:
    """Dice that throw ones only."""

    def bits(self, count: int) -> int:
        return (1 << count) - 1


def test_the_ten_venues_have_rows_and_all_of_them_have_orders() -> None:
    assert set(ALL) == {*TRADED, "kraken"}
    assert len(ALL) == 10
    assert all(quirks_of(venue).trades for venue in ALL)


@pytest.mark.parametrize("venue", TRADED)
def test_our_ids_fit_every_venue_that_is_traded(venue: str) -> None:
    quirks = quirks_of(venue)
    made = client_id(Ones(), "T1")
    assert len(made) <= quirks.longest_client_id
    assert quirks.client_id_field or quirks.numbered
    assert quirks.sayings
    assert quirks.shapes


@pytest.mark.parametrize("venue", TRADED)
async def test_an_id_that_is_too_long_is_refused_and_never_cut(venue: str) -> None:
    desk = Captured(venue)
    await desk.market.instruments()
    desk.forget()
    longest = quirks_of(venue).longest_client_id
    placed = await desk.trader.place(order(desk, client_id="Q" * (longest + 1)))
    assert (placed.accepted, placed.code) == (False, "NOT_SUPPORTED")
    assert desk.lines == []
    await desk.trader.place(order(desk, client_id="Q" * longest))
    name = "Q" * longest
    sent = f"cid={number_of(name)} " if quirks_of(venue).numbered else name
    assert any(sent in line for line in desk.lines)


@pytest.mark.parametrize("venue", TRADED)
async def test_an_order_is_one_request_with_our_id_and_exact_figures(venue: str) -> None:
    desk = Captured(venue)
    await desk.market.instruments()
    for side in (Side.BUY, Side.SELL):
        desk.forget()
        placed = order(desk, side=side)
        await desk.trader.place(placed)
        (line,) = [line for line in desk.lines if not line.startswith("GET ")]
        assert (f"cid={number_of(OURS)} " if venue == "bitfinex" else OURS) in line
        minus = "-" if venue == "bitfinex" and side is Side.SELL else ""
        assert f"={minus}0.01 " in f"{line} "
        assert f"={placed.price} " in f"{line} "


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gateio", "gate"),
        ("okex", "okx"),
        ("huobi", "htx"),
        ("coinbasepro", "coinbase"),
        ("gdax", "coinbase"),
        ("binance_us", "binanceus"),
        ("bitfinex2", "bitfinex"),
        ("GateIO", "gate"),
    ],
)
def test_an_old_name_is_refused_with_the_new_one(old: str, new: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        quirks_of(old)
    assert refused.value.where == f"exchanges.{old}"
    assert f"exchanges.{new}" in refused.value.hint


@pytest.mark.parametrize("venue", ALL)
def test_a_sandbox_is_the_venues_own_or_refused(venue: str) -> None:
    if venue in SANDBOXES:
        assert quirks_of(venue, sandbox=True).traits.sandbox
    else:
        with pytest.raises(Misconfigured):
            quirks_of(venue, sandbox=True)
    assert not quirks_of(venue).traits.sandbox
    assert capabilities(venue).sandbox.can == (venue in SANDBOXES)


@pytest.mark.parametrize("venue", sorted(SANDBOXES))
async def test_a_sandbox_is_where_every_call_goes(venue: str) -> None:
    accounts = {"main": AccountKeys(read=keys_for(venue), trade=keys_for(venue))}
    opening = open_venue(
        venue,
        accounts,
        clock=ManualClock(),
        settings=VenueSettings(sandbox=True),
        on_problem=print,
    )
    async with opening as opened:
        reader = opened.readers[Account(venue, "main")]
        api = reader._client.api
        assert api.isSandboxModeEnabled
        assert api.urls["api"] == api.urls["test"] or "apiBackup" in api.urls


def test_what_a_venue_cannot_comes_with_what_is_done_instead() -> None:
    for venue in (*ALL, "somewhere"):
        told = dict(capabilities(venue).rows())
        assert list(told) == [
            "orders", "balance stream", "fill stream", "cancel all", "look up", "dead man",
            "sandbox", "history", "withdrawals", "price stream", "amendments",
            "futures", "public trades",
        ]  # fmt: skip
        assert all(row.how for row in told.values() if not row.can), venue
        tried = venue in TRIED_ON_THE_WIRE
        assert told["orders"].can == (quirks_of(venue).trades and tried)
        assert told["cancel all"].can == quirks_of(venue).traits.cancel_all
    assert "captured wire only" in capabilities("gate").orders.how
    assert capabilities("kucoin").orders.how == "all kinds"
    assert "market buys" in capabilities("gate").orders.how


def test_another_exchange_is_told_as_ccxt_tells_it() -> None:
    told = capabilities("bitstamp", has_of("bitstamp"))
    assert not told.orders.can
    assert told.history.can
    assert told.withdrawals.can
    with pytest.raises(Misconfigured):
        has_of("nowhere")


async def test_market_buys_in_quote_money_are_refused_before_anything_leaves() -> None:
    for venue in ("coinbase", "gate"):
        desk = Captured(venue)
        await desk.market.instruments()
        desk.forget()
        buy = order(desk, kind=Kind.MARKET, price=None)
        assert not (await desk.trader.place(buy)).accepted
        assert desk.lines == []


async def test_significant_digits_are_not_taken_for_steps() -> None:
    (first, *_) = await Captured("bitfinex").market.instruments()
    assert (first.tick, first.lot) == (None, None)


async def test_a_fill_of_coinbase_is_not_a_withdrawal_too() -> None:
    desk = Captured("coinbase")
    await desk.market.prices([SYMBOLS["coinbase"]])
    history = await desk.reader.history(desk.clock.at_us - 7_200_000_000)
    assert len(history.fills) == 2
    assert [movement.amount > 0 for movement in history.movements] == [True, True]


async def test_a_deposit_that_calls_itself_a_withdrawal_is_not_believed() -> None:
    desk = Captured("mexc")
    await desk.market.instruments()
    body = desk.session.bodies["GET /api/v3/capital/deposit/hisrec"]
    desk.session.bodies["GET /api/v3/capital/deposit/hisrec"] = body.replace(
        '"amount"', '"tranId":"5","transactionFee":"1","amount"'
    )
    with pytest.raises(Unavailable, match="fetch_deposits shows a withdrawal"):
        await desk.reader.history(desk.clock.at_us - 7_200_000_000)


def test_a_hash_that_looks_like_a_number_is_a_hash() -> None:
    assert exact_json('{"hash":"432e6504"}') == {"hash": "432e6504"}
    assert exact_json('{"orderId": "12e5678", "price":"1.5"}')["orderId"] == "12e5678"
    with pytest.raises(ValueError, match="without end"):
        exact_json('{"price":"432e6504"}')


@pytest.mark.parametrize("venue", TRADED)
async def test_a_cancel_needs_nothing_but_the_instruments_first(venue: str) -> None:
    desk = Captured(venue)  # as `--kill` finds it: nothing was loaded yet
    assert (await desk.trader.cancel(state(desk, THEIRS[venue]))).accepted
    assert THEIRS[venue] in desk.lines[-1]
    if quirks_of(venue).traits.cancel_all:
        await desk.trader.cancel_all()
        assert desk.lines[-1].startswith(("DELETE ", "POST "))
        assert not desk.lines[-1].startswith(f"POST {CREATES.get(venue)}")


@pytest.mark.parametrize(("kind", "ours", "theirs"), [("NEW", OURS, ""), ("CANCELED", "x", OURS)])
async def test_binances_stream_tells_our_id_under_other_names(
    kind: str, ours: str, theirs: str
) -> None:
    desk = Captured("binance")
    await desk.market.instruments()
    raw = {
        "e": "executionReport", "E": 1799996450789, "s": "BTCUSDT", "c": ours, "C": theirs,
        "S": "BUY", "o": "LIMIT", "f": "GTC", "q": "0.01", "p": "50000.1", "P": "0", "x": kind,
        "X": kind, "i": 28, "l": "0", "z": "0.003", "L": "0", "n": "0", "N": None,
        "T": 1799996450789, "t": -1, "O": 1799996400123, "Z": "150.0003", "Q": "0",
    }  # fmt: skip
    row = desk.market._client.api.parse_ws_order(raw)
    assert convert.order(row, desk.account, desk.quirks).client_id == OURS


def nothing_of_litecoin(sent: Sent) -> str | None:
    if sent.params.get("symbol") != "LTC-USDT":
        return None
    return '{"code":"200000","data":{"items":[]}}'


async def test_binance_keeps_an_old_order_that_ended_only_now() -> None:
    desk = Captured("binance")
    await desk.market.prices(["BTC/USDT"])
    # Order 29 was made an hour ago, at 1799996401500, and cancelled at 1799996460789.
    history = await desk.reader.history(1_799_996_455_000_000)
    assert [told.venue_order_id for told in history.orders] == ["29"]


async def test_venues_that_list_by_symbol_are_asked_for_what_could_have_traded() -> None:
    desk = Captured("kucoin")
    await desk.market.instruments()
    desk.forget()
    await desk.reader.history(desk.clock.at_us - 3_600_000_000)
    asked = {sent.params.get("symbol") for sent in desk.session.sent if "fills" in sent.path}
    assert asked == {"BTC-USDT"}  # both are held; of LTC there is none
    await desk.market.prices(["LTC/USDT"])
    desk.session.answering = nothing_of_litecoin
    desk.forget()
    await desk.reader.history(desk.clock.at_us - 3_600_000_000)
    asked = {sent.params.get("symbol") for sent in desk.session.sent if "fills" in sent.path}
    assert asked == {"BTC-USDT", "LTC-USDT"}  # this one is watched


async def test_months_that_mexc_does_not_keep_are_not_asked_for() -> None:
    desk = Captured("mexc")
    await desk.market.prices(["BTC/USDT"])
    desk.forget()
    await desk.reader.history(0)
    asked = [sent for sent in desk.session.sent if sent.path.endswith("myTrades")]
    starts = [int(sent.params["startTime"]) for sent in asked]
    assert desk.clock.at_us // 1000 - min(starts) < 30 * 86_400_000
    assert len(asked) == 5


@pytest.mark.parametrize("venue", ["coinbase", "gate", "kucoin", "mexc"])
async def test_an_order_that_began_before_the_span_and_ended_in_it_is_kept(venue: str) -> None:
    desk = Captured(venue)
    await desk.market.prices([SYMBOLS.get(venue, "BTC/USDT")])
    late = await desk.reader.history(desk.clock.at_us - 60_000_000)  # every row is older
    assert late.orders
    assert late.fills


async def test_a_reading_key_that_may_not_ask_which_symbols_are_open_asks_where_money_is_held() -> (
    None
):
    desk = Captured("kucoin")
    await desk.market.instruments()

    def answering(sent: Sent) -> str | None:
        if sent.path.endswith("symbols"):
            return '{"code":"400007","msg":"Access denied, require more permission"}'
        if sent.path.endswith("active") and sent.params["symbol"] != "BTC-USDT":
            return '{"code":"200000","data":[]}'
        return None

    desk.session.answering = answering
    (found,) = await desk.reader.open_orders()
    assert found.client_id == OURS


def test_ccxt_is_the_one_version_that_all_of_this_was_looked_at_with() -> None:
    top = Path(__file__).parents[3]
    project = tomllib.loads((top / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [told for told in project["project"]["dependencies"] if told.startswith("ccxt")]
    assert wanted == [f"ccxt=={PINNED}"]
    locked = (top / "requirements.lock").read_text(encoding="utf-8")
    assert re.findall(r"^ccxt==(\S+)", locked, re.MULTILINE) == [PINNED]
    assert importlib.metadata.version("ccxt") == PINNED
