from dataclasses import replace
from decimal import Decimal

import pytest

from domain.bookings import FillReversed, OpeningBalance
from domain.controls import BreakOpened, HaltTripped
from domain.events import Fact, ForeignOrderSeen, OrderAcked, OrderApproved, OrderReported
from domain.halts import Level
from domain.orders import Final, Kind, Order, Side, VenueOrder
from domain.verdicts import Verdict
from storage.sameness import same_content
from tests.storage.samples import KRAKEN, booked, fill, moved, sent

ORDER = Order(
    client_id="Q1",
    account=KRAKEN,
    symbol="BTC/USD",
    side=Side.BUY,
    kind=Kind.LIMIT,
    quantity=Decimal(1),
    price=Decimal(10),
)
FROM_STREAM = VenueOrder(
    account=KRAKEN, venue_order_id="O1", cumulative=Decimal("0.5"), final=Final.CANCELED, at_us=5
)
FROM_REST = VenueOrder(
    account=KRAKEN,
    venue_order_id="O1",
    client_id="Q1",
    symbol="BTC/USD",
    side=Side.BUY,
    kind=Kind.LIMIT,
    cumulative=Decimal("0.5"),
    final=Final.CANCELED,
    at_us=9,
)


def reported(report: VenueOrder, source: str, at_us: int) -> OrderReported:
    return OrderReported(at_us=at_us, actor="kraken", client_id="Q1", report=report, source=source)


def tripped(**changes: object) -> HaltTripped:
    fact = HaltTripped(
        at_us=1,
        actor="hotkey",
        halt_id="H1",
        level=Level.HALT_CANCEL,
        reason="pressed",
        scope="GLOBAL",
    )
    return replace(fact, **changes)  # type: ignore[arg-type]


def broken(**changes: object) -> BreakOpened:
    fact = BreakOpened(
        at_us=1,
        actor="engine",
        break_id="B1",
        kind="BALANCE_UNEXPLAINED",
        account=KRAKEN,
        detail="0.1 BTC",
        value=Decimal(6000),
    )
    return replace(fact, **changes)  # type: ignore[arg-type]


def foreign(report: VenueOrder, at_us: int) -> ForeignOrderSeen:
    return ForeignOrderSeen(at_us=at_us, actor="kraken", order=ORDER, report=report)


SAME: list[tuple[Fact, Fact]] = [
    (booked(1), booked(1, source="rest", at_us=99, venue_order_id="", liquidity="")),
    (booked(1), replace(booked(1), base_rate=Decimal("1.01"), actor="recon", at_us=7)),
    (booked(1, quantity=Decimal("0.50")), booked(1, quantity=Decimal("0.5"))),
    (booked(1, fee=Decimal(0)), booked(1, fee=Decimal("0.0"), fee_asset="")),
    (moved(1), replace(moved(1), source="stream", at_us=3)),
    (reported(FROM_STREAM, "stream", 1), reported(FROM_REST, "poll", 2)),
    (foreign(FROM_STREAM, 1), foreign(FROM_REST, 2)),
    (tripped(), tripped(actor="marker", reason="the marker is there", at_us=9)),
    (broken(), broken(detail="0.1 BTC still", value=Decimal(6001), at_us=9)),
    (sent(1), sent(1)),
]
OTHER: list[tuple[Fact, Fact]] = [
    (booked(1), booked(1, quantity=Decimal("0.4"))),
    (booked(1), booked(1, price=Decimal(1))),
    (booked(1), booked(1, side=Side.SELL)),
    (booked(1), booked(1, fee=Decimal("0.2"))),
    (booked(1), booked(1, fee_asset="BNB")),
    (booked(1), FillReversed(at_us=1, actor="x", fill=fill(1), reason="r")),
    (moved(1, "10"), moved(1, "11")),
    (moved(1, fee="0"), moved(1, fee="1")),
    (tripped(), tripped(level=Level.REDUCE_ONLY)),
    (broken(), broken(kind="FILL_CHANGED")),
    (sent(1), sent(2)),
]


@pytest.mark.parametrize(("known", "again"), SAME)
def test_two_honest_tellings_of_one_event_are_the_same(known: Fact, again: Fact) -> None:
    assert known.key() == again.key()
    assert same_content(known, again)
    assert same_content(again, known)


@pytest.mark.parametrize(("known", "again"), OTHER)
def test_other_money_or_another_promise_is_not_the_same(known: Fact, again: Fact) -> None:
    assert not same_content(known, again)
    assert not same_content(again, known)


def test_an_intent_is_compared_whole_but_for_who_and_when() -> None:
    fact = OrderApproved(at_us=1, actor="a", order=ORDER, verdict=Verdict(approved=True))
    larger = replace(fact, order=replace(ORDER, quantity=Decimal(2)))
    assert same_content(fact, replace(fact, at_us=2, actor="b"))
    assert not same_content(fact, larger)


def test_an_acknowledgement_told_twice_is_the_same() -> None:
    fact = OrderAcked(at_us=1, actor="kraken", client_id="Q1", venue_order_id="O1")
    assert same_content(fact, replace(fact, at_us=2))


def test_an_account_opens_once_with_one_set_of_balances() -> None:
    fact = OpeningBalance(at_us=1, actor="e", account=KRAKEN, assets={"BTC": Decimal(1)})
    assert same_content(fact, replace(fact, at_us=2))
    assert not same_content(fact, replace(fact, assets={"BTC": Decimal(2)}))
