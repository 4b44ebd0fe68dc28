"""The reckoning agrees with agreement, and finds each way in which two stories can differ."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from domain.instruments import Account
from domain.lifecycle import intended
from domain.orders import Fill, Final, Kind, Order, OrderState, Side
from domain.table import Table
from tests.soak import reckoning
from tests.soak.books import Books

D = Decimal
KUCOIN = Account("kucoin", "main")
NAME = "QDT1000000000000AA"
OTHER = "QDT1000000000000BB"


def booked() -> Fill:
    return Fill(
        account=KUCOIN,
        symbol="ETH/USDT",
        trade_id="7",
        side=Side.BUY,
        quantity=D("0.5"),
        price=D(3000),
        fee=D("1.5"),
        fee_asset="USDT",
        at_us=1,
        client_id=NAME,
    )


def ended() -> OrderState:
    order = Order(
        client_id=NAME,
        account=KUCOIN,
        symbol="ETH/USDT",
        side=Side.BUY,
        kind=Kind.LIMIT,
        quantity=D("0.5"),
        price=D(3000),
    )
    fill = booked()
    return replace(
        intended(order, at_us=1),
        sent=True,
        acked=True,
        settled=True,
        venue_final=Final.FILLED,
        fills=Table({fill.key: fill}),
        filled=fill.quantity,
    )


def story() -> tuple[Books, dict[str, Any]]:
    """One order, filled whole, told alike by the ledger and the venue."""
    fill = booked()
    books = Books(
        orders={NAME: ended()},
        fills={fill.key: fill},
        booked=Counter({fill.key: 1}),
        balances={
            ("asset:kucoin/main", "ETH"): D("20.5"),
            ("asset:kucoin/main", "USDT"): D("98498.5"),
        },
    )
    truth = {
        "orders": [
            {"client_id": NAME, "status": "closed", "filled": "0.5"},
            {"client_id": "", "status": "open", "filled": "0"},
        ],
        "trades": [
            {
                "exec_id": "T1",
                "trade_id": 7,
                "symbol": "ETH/USDT",
                "side": "buy",
                "quantity": "0.5",
                "price": "3000",
                "fee": "1.5",
                "at": "2026-01-02T03:04:05.000006Z",
            }
        ],
        "balances": {"ETH": "20.5", "USDT": "98498.5"},
    }
    return books, truth


def found(books: Books, truth: dict[str, Any]) -> list[str]:
    return [finding.what for finding in reckoning.everything(books, {KUCOIN: truth})]


def test_two_stories_that_agree_give_no_sentence() -> None:
    assert found(*story()) == []


def test_a_fill_that_was_lost_is_missed_in_all_its_traces() -> None:
    books, truth = story()
    books.fills.clear()
    books.orders[NAME] = replace(ended(), fills=Table(), filled=D(0), venue_cumulative=D("0.5"))
    books.balances["asset:kucoin/main", "ETH"] = D(20)
    told = "\n".join(found(books, truth))
    assert "(ETH/USDT 7) is not booked" in told
    assert f"{NAME} is SETTLING here and closed at the venue" in told
    assert "ETH is 20 here and 20.5 at the venue" in told


def test_a_fill_booked_twice_is_found() -> None:
    books, truth = story()
    books.booked[booked().key] = 2
    assert found(books, truth) == [f"kucoin/main: fill {booked().key} is booked 2 times"]


def test_a_fill_that_never_happened_is_found() -> None:
    books, truth = story()
    truth["trades"] = []
    assert "is booked and never happened" in found(books, truth)[0]


@pytest.mark.parametrize(("part", "told"), [("price", "3001"), ("fee", "1.6"), ("side", "sell")])
def test_a_fill_with_other_figures_is_found(part: str, told: str) -> None:
    books, truth = story()
    truth["trades"][0][part] = told
    assert "is booked as" in found(books, truth)[0]


def test_a_fill_that_is_only_inferred_is_found() -> None:
    books, truth = story()
    books.fills[booked().key] = replace(booked(), inferred=True)
    assert "is inferred still" in found(books, truth)[0]


def test_an_order_that_the_venue_has_and_the_ledger_gave_up_is_found() -> None:
    books, truth = story()
    lost = replace(intended(ended().order, at_us=1), sent=True, absent=True)
    books.orders[NAME] = lost
    assert f"kucoin/main: {NAME} is LOST here and closed at the venue" in found(books, truth)


def test_an_order_that_was_never_at_the_venue_must_be_lost_or_refused() -> None:
    books, truth = story()
    order = replace(ended().order, client_id=OTHER)
    books.orders[OTHER] = replace(intended(order, at_us=1), sent=True, acked=True)
    assert any("is OPEN here and was never at the venue" in each for each in found(books, truth))
    books.orders[OTHER] = replace(intended(order, at_us=1), sent=True, absent=True)
    assert found(books, truth) == []


def test_an_order_without_an_intent_is_found() -> None:
    books, truth = story()
    truth["orders"].append({"client_id": OTHER, "status": "canceled", "filled": "0"})
    assert found(books, truth) == [
        f"kucoin/main: {OTHER} is canceled at the venue, without an intent"
    ]


def test_an_open_break_is_found() -> None:
    books, truth = story()
    books.breaks["B1"] = "BALANCE_UNEXPLAINED of kucoin/main: ETH"
    assert "a break is open when all is over" in found(books, truth)[0]


def test_a_balance_that_differs_in_the_last_digit_is_found() -> None:
    books, truth = story()
    truth["balances"]["USDT"] = "98498.500000000001"
    assert "USDT is 98498.5 here" in found(books, truth)[0]


def test_krakens_own_rounding_is_allowed_for_each_posting_and_no_more() -> None:
    kraken = Account("kraken", "main")
    books = Books(balances={("asset:kraken/main", "USD"): D("100.00013")})
    books.postings["asset:kraken/main", "USD"] = 2
    truth = {"orders": [], "trades": [], "balances": {"USD": "100.0003"}}
    assert list(reckoning.balances(books, kraken, truth)) == []
    truth["balances"] = {"USD": "100.0004"}
    assert len(list(reckoning.balances(books, kraken, truth))) == 1


def test_what_was_acknowledged_and_is_gone_is_found() -> None:
    books, _ = story()
    assert list(reckoning.acknowledged(books, [NAME])) == []
    assert len(list(reckoning.acknowledged(books, [NAME, OTHER]))) == 1


def test_an_order_sent_twice_is_found() -> None:
    assert list(reckoning.sent_once(KUCOIN, {NAME: 1, "": 9})) == []
    [twice] = reckoning.sent_once(KUCOIN, {NAME: 2})
    assert twice.what == f"kucoin/main: {NAME} was sent 2 times"


def test_a_finding_tells_when_it_was() -> None:
    books, truth = story()
    books.fills.clear()
    [missed, *_] = reckoning.fills(books, KUCOIN, truth)
    assert missed.at_us == 1767323045000006
