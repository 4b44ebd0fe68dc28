"""Every row a venue may send becomes an exact value or an error that names the field."""

import asyncio
import copy
import json
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Unavailable
from domain.instruments import Account
from domain.market import AssetBalance
from domain.orders import Fill, Final, Kind, Side, VenueOrder
from tests.venues.ccxt_offline import ACCOUNT, Offline
from tests.venues.ccxt_stub import payload
from venues import ccxt_convert as convert
from venues.ccxt_fields import Fields, Malformed, is_asset
from venues.ccxt_quirks import KRAKEN, quirks_of

D = Decimal


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


# Exact digits of the recorded shapes


def test_balances_keep_every_digit_and_what_is_held() -> None:
    balances = run(Offline().reader.balances())
    assert balances.account == Account("kraken", "main")
    assert balances.asked_us < balances.at_us
    assert balances.assets == {
        "USD": AssetBalance(total=D("25435.2100"), used=D("8249.7600")),
        "BTC": AssetBalance(total=D("1.2435000001"), used=D("0.8423000000")),
        "ETH": AssetBalance(total=D("0.5817100000"), used=D(0)),
        "ETH.F": AssetBalance(total=D("0.0000000100"), used=D(0)),
    }
    assert str(balances.assets["BTC"].total) == "1.2435000001"


def test_open_orders_carry_our_id_and_the_venues() -> None:
    orders = {o.venue_order_id: o for o in run(Offline().reader.open_orders())}
    assert orders["OQCLML-BW3P3-BUCMWZ"] == VenueOrder(
        account=ACCOUNT,
        venue_order_id="OQCLML-BW3P3-BUCMWZ",
        client_id="QDA10123456789ABCD",
        symbol="BTC/USD",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=D("1.25"),
        price=D(30010),
        cumulative=D("0.375"),
        at_us=1_733_815_269_370_054,
    )
    # A foreign one's userref is not a client id of ours.
    assert orders["OB5VMB-B4U2U-DK2WRW"].client_id == ""


def test_the_four_ends_of_an_order_are_told_apart() -> None:
    history = run(Offline().reader.history(1_688_000_000_000_000))
    ends = {o.venue_order_id: (o.final, o.cumulative, o.price) for o in history.orders}
    assert ends == {
        "O37652-RJWRT-IMO74O": (Final.CANCELED, D("0.0004"), D(30020)),
        "O6YDQ5-LOMWU-37YKEE": (Final.FILLED, D("0.0002"), None),
        "OEXPRD-AAAAA-BBBBBB": (Final.EXPIRED, D(0), D(1)),
    }


def test_a_fill_is_exact_and_names_its_order() -> None:
    history = run(Offline().reader.history(1_688_000_000_000_000))
    fill = next(f for f in history.fills if f.trade_id == "TXETH1-AAAAA-BBBBBB")
    assert fill == Fill(
        account=ACCOUNT,
        symbol="ETH/USD",
        trade_id="TXETH1-AAAAA-BBBBBB",
        side=Side.SELL,
        quantity=D("0.5"),
        price=D("1890.12345"),
        fee=D("2.45716"),
        fee_asset="USD",
        at_us=1_688_667_700_305_000,  # 1688667700.3049999, as a float of Kraken's
        venue_order_id="OB5VMB-B4U2U-DK2WRW",
        liquidity="taker",
    )


def test_fills_of_an_order_that_is_still_open_are_known_as_ours() -> None:
    history = run(Offline().reader.history(1_688_000_000_000_000))
    owners = {f.trade_id: f.client_id for f in history.fills}
    assert owners["THVRQM-33VKH-UCI7BS"] == "QDA10123456789ABCD"  # asked for by its order's id
    assert owners["TCCCTY-WE2O6-P3NB37"] == "QDA1ZZZZZZZZZZZZZZ"  # from the closed orders


def test_only_movements_that_happened_are_told() -> None:
    history = run(Offline().reader.history(1_688_000_000_000_000))
    told = {m.reference: (m.asset, m.amount, m.fee) for m in history.movements}
    assert told == {
        "Q2CANKL-LBFVEE-U4Y2WQ": ("ETH", D("7.99992579"), D(0)),
        "A2BF34S-O7LBNQ-UE4Y4O": ("ETH", D("-9.995"), D("0.005")),
    }


def test_instruments_have_the_venues_own_steps() -> None:
    found = {i.symbol: i for i in run(Offline().market.instruments())}
    bitcoin = found["BTC/USD"]
    assert (bitcoin.tick, bitcoin.lot) == (D("0.1"), D("0.00000001"))
    assert (bitcoin.min_quantity, bitcoin.min_value) == (D("0.00005"), D("0.5"))
    assert bitcoin.max_quantity is None
    assert bitcoin.fee_rate == D("0.004")
    assert found["ETH/USD"].tick == D("0.05")  # tick_size is coarser than its two decimals
    assert not found["DOGE/USD"].active  # cancel_only


def test_a_price_of_zero_is_no_price_and_midnight_is_not_a_day_ago() -> None:
    prices = {p.symbol: p for p in run(Offline().market.prices(["BTC/USD", "ETH/USD"]))}
    assert prices["ETH/USD"].ask is None
    assert prices["BTC/USD"].bid == D("60000.00000")
    assert prices["BTC/USD"].open_24h is None
    assert prices["BTC/USD"].volume_24h == D("1234.56789012")


def test_a_trade_in_a_pair_that_is_listed_no_more_keeps_its_symbol() -> None:
    answer = json.loads(payload("TradesHistory"))
    answer["result"]["trades"]["TXETH1-AAAAA-BBBBBB"]["pair"] = "XREPZUSD"
    answer["result"]["trades"]["TCCCTY-WE2O6-P3NB37"]["pair"] = "DELISTUSD"
    history = run(Offline({"TradesHistory": answer}).reader.history(0))
    symbols = {f.trade_id: (f.symbol, f.fee_asset) for f in history.fills}
    assert symbols["TXETH1-AAAAA-BBBBBB"] == ("REP/USD", "USD")
    assert symbols["TCCCTY-WE2O6-P3NB37"] == ("DELIST/USD", "USD")


# One field at a time


@pytest.mark.parametrize(
    "raw", ["NaN", "Infinity", "-inf", "1e999", "0x10", "1_000", "١٢", True, 0.1, [], {}, "x" * 999]
)
def test_what_is_no_exact_number_is_named(raw: object) -> None:
    with pytest.raises(Malformed) as bad:
        Fields("trade", {"price": raw}).number("price")
    assert bad.value.field == "price"
    assert len(str(bad.value)) < 120


@pytest.mark.parametrize("raw", [None, ""])
def test_what_is_left_out_is_unknown_not_zero(raw: object) -> None:
    assert Fields("trade", {"price": raw}).number("price") is None


def test_minus_zero_is_zero() -> None:
    value = Fields("balance", {"used": "-0.000"}).number("used")
    assert str(value) == "0"


@pytest.mark.parametrize(
    "raw", [None, "", " ", "a b", "\x1b[2J", "a" * 65, -1, 10**30, True, 1.5, "ü", ["x"]]
)
def test_an_id_is_printable_and_in_one_piece(raw: object) -> None:
    with pytest.raises(Malformed):
        Fields("trade", {"id": raw}).identity("id")


@pytest.mark.parametrize("raw", ["BTC", "XBT.M", "USD.HOLD", "AAPLx", "1INCH", "币安人生"])
def test_names_of_assets_that_venues_use_are_taken(raw: str) -> None:
    assert is_asset(raw)


@pytest.mark.parametrize("raw", ["", "B TC", "[b]", "BTC/USD", "a:b", "\u202eCTB", "A" * 33, None])
def test_names_that_would_break_a_key_or_a_screen_are_not(raw: object) -> None:
    assert not is_asset(raw)


@pytest.mark.parametrize(
    ("raw", "at_us"),
    [
        ("2023-09-22T10:33:05.709950Z", 1_695_378_785_709_950),
        ("2023-09-22T10:33:05Z", 1_695_378_785_000_000),
        ("2016-12-31T23:59:60.000Z", 1_483_228_799_000_000),
        ("2023-09-22T12:33:05.709950+02:00", 1_695_378_785_709_950),
        (None, 0),
    ],
)
def test_times_are_microseconds(raw: object, at_us: int) -> None:
    assert Fields("row", {"t": raw}).iso_us("t") == at_us


@pytest.mark.parametrize("raw", ["yesterday", "9999-12-31T00:00:00Z", 5, "2023-13-01", "x" * 99])
def test_times_that_cannot_be_are_malformed(raw: object) -> None:
    with pytest.raises(Malformed):
        Fields("row", {"t": raw}).iso_us("t")


def test_an_unknown_fee_is_not_no_fee() -> None:
    row = {"id": "T1", "symbol": "BTC/USD", "side": "buy", "amount": "1", "price": "2"}
    with pytest.raises(Malformed, match="fee"):
        convert.fill({**row, "fee": {"cost": None}, "timestamp": 1}, ACCOUNT, KRAKEN, {})


def test_an_order_state_that_we_do_not_know_is_malformed() -> None:
    row = {"id": "O1", "status": "half-open", "info": {}}
    with pytest.raises(Malformed, match="status"):
        convert.order(row, ACCOUNT, KRAKEN)


def test_without_a_table_ccxts_own_client_id_is_taken() -> None:
    row = {"id": "O1", "status": "open", "clientOrderId": "QDA1", "info": {"cl_ord_id": "no"}}
    assert convert.order(row, ACCOUNT, quirks_of("somewhere")).client_id == "QDA1"


# Anything at all, anywhere in an answer

HOSTILE: list[Any] = [
    None, "", "NaN", "-0", "Infinity", "1e999", "9" * 200, 10**400, -1, 0, True, [], {}, [[]],
    {"a": None}, "\x1b]52;c;AAAA\x07", "[@click=app.quit]x[/]", "\u202eUSD", "\ud800", "a" * 5000,
    "0.1.2", "open", "buy", "1e999999999", 999999999,
]  # fmt: skip
Path = tuple[str | int, ...]


def leaves(value: Any, at: Path = ()) -> list[Path]:
    """The way to everything in an answer, the objects themselves included."""
    found = [at] if at else []
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        found += leaves(inner, (*at, key))
    return found


def mutated(answer: Any, at: Path, value: Any, *, dropped: bool) -> Any:
    changed = copy.deepcopy(answer)
    target = changed
    for key in at[:-1]:
        target = target[key]
    if dropped:
        del target[at[-1]]
    else:
        target[at[-1]] = value
    return changed


def finite(value: Any) -> bool:
    """Whether every number in a value of ours is exact and every text harmless."""
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, str):
        return value.isprintable() and len(value) <= 400
    if isinstance(value, dict):
        return all(map(finite, [*value.keys(), *value.values()]))
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    if hasattr(value, "__slots__") and not isinstance(value, type):
        return all(finite(getattr(value, name)) for name in value.__slots__)
    return True


ASKED: dict[str, Callable[[Offline], Coroutine[Any, Any, Any]]] = {
    "BalanceEx": lambda o: o.reader.balances(),
    "OpenOrders": lambda o: o.reader.open_orders(),
    "ClosedOrders": lambda o: o.reader.history(0),
    "TradesHistory": lambda o: o.reader.history(0),
    "QueryOrders": lambda o: o.reader.history(0),
    "DepositStatus": lambda o: o.reader.history(0),
    "WithdrawStatus": lambda o: o.reader.history(0),
    "AssetPairs": lambda o: o.market.instruments(),
    "Assets": lambda o: o.market.instruments(),
    "Ticker": lambda o: o.market.prices(["BTC/USD", "ETH/USD"]),
    "Time": lambda o: o.market.clock_us(),
}


async def read(asked: Coroutine[Any, Any, Any]) -> Any:
    """What was read, or the words of the one error that is allowed."""
    try:
        return await asked
    except Unavailable as refused:
        return [str(refused)]


ANSWERS = {name: json.loads(payload(name)) for name in ASKED}
LEAVES = {name: leaves(answer) for name, answer in ANSWERS.items()}


@pytest.mark.parametrize("name", sorted(ASKED))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_nothing_in_an_answer_does_more_than_make_it_unreadable(
    name: str, data: st.DataObject
) -> None:
    answer = ANSWERS[name]
    for _ in range(data.draw(st.integers(1, 2))):
        paths = leaves(answer)
        if not paths:
            break
        at = data.draw(st.sampled_from(paths))
        value = data.draw(st.sampled_from(HOSTILE))
        answer = mutated(answer, at, value, dropped=data.draw(st.booleans()))
    desk = Offline({name: json.dumps(answer)})
    value = run(read(ASKED[name](desk)))
    assert finite(value if isinstance(value, list | int) else [value])
    assert finite(desk.problems)


# The rows of a list stand this deep in its answer; how many of them a value of ours shows.
ROWS: dict[str, tuple[int, Callable[[Any], int]]] = {
    "BalanceEx": (2, lambda balances: len(balances.assets)),
    "OpenOrders": (3, len),
    "ClosedOrders": (3, lambda history: len(history.orders)),
    "TradesHistory": (3, lambda history: len(history.fills)),
}


@pytest.mark.parametrize("name", sorted(ROWS))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_list_is_never_shorter_than_the_venues(name: str, data: st.DataObject) -> None:
    depth, count = ROWS[name]
    at = data.draw(st.sampled_from([path for path in LEAVES[name] if len(path) >= depth]))
    answer = mutated(ANSWERS[name], at, data.draw(st.sampled_from(HOSTILE)), dropped=False)
    told = run(read(ASKED[name](Offline({name: json.dumps(answer)}))))
    if not (isinstance(told, list) and told and isinstance(told[0], str)):
        assert count(told) == count(run(ASKED[name](Offline())))
