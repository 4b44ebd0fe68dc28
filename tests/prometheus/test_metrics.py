"""Counts kept as facts arrive: R-C9's names exactly, once each, with bounded labels."""

from decimal import Decimal
from math import isnan
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.board import Board, Break, Mode
from domain.bookings import FillBooked
from domain.controls import HaltVerified
from domain.errors import Refused
from domain.events import (
    Fact,
    OrderAbsent,
    OrderInDoubt,
    OrderRejected,
    OrderReported,
    OrderSent,
    OrderSettled,
)
from domain.fold import fold
from domain.orders import Draft, Fill, Final, Kind, Side, VenueOrder
from prometheus.metrics import RULES, Metrics
from risk.gate import RULE_NAMES
from tests.engine.rig import running
from tests.prometheus.scrapes import (
    KRAKEN,
    NOW_US,
    approved,
    denied,
    exposed,
    one,
    order,
    over,
    scraped,
    values_of,
)

# requirements R-C9 and semantics 9, as they must be scraped.
PROMISED = {
    "trading_orders_total": "counter",
    "trading_orders_filled": "gauge",
    "trading_orders_rejected": "gauge",
    "trading_balance_usd": "gauge",
    "trading_pnl_daily_usd": "gauge",
    "trading_api_latency_ms": "histogram",
    "trading_reconciliation_discrepancy_usd": "gauge",
    "trading_orders_denied": "gauge",
    "trading_halt_level": "gauge",
    "trading_kill_verify_ms": "gauge",
    "trading_last_drill_age_seconds": "gauge",
    "trading_orders_unknown": "gauge",
    "trading_order_resolution_seconds": "histogram",
    "trading_reservation_total": "gauge",
    "trading_limit_headroom_ratio": "gauge",
    "trading_recon_breaks": "gauge",
    "trading_stream_age_seconds": "gauge",
    "trading_clock_skew_ms": "gauge",
    "trading_ledger_head_seq": "gauge",
    "trading_notify_outbox_age_seconds": "gauge",
    "trading_ledger_verified": "gauge",
    "trading_ledger_anchor_age_seconds": "gauge",
}
FIRST = order().client_id


class Told:
    """Metrics beside a board that folds the same facts."""

    def __init__(self) -> None:
        self.board = Board(mode=Mode.DEMO, now_us=NOW_US)
        self.metrics = Metrics(lambda: self.board)

    def hear(self, *facts: Fact) -> None:
        for fact in facts:
            self.board = fold(self.board, fact)
            self.metrics.fact(fact, self.board)

    def one(self, name: str, **labels: str) -> float:
        return one(self.metrics, name, **labels)


def fill(trade: str, quantity: str, client_id: str = FIRST) -> FillBooked:
    made = Fill(
        account=KRAKEN,
        symbol="BTC/USD",
        trade_id=trade,
        side=Side.BUY,
        quantity=Decimal(quantity),
        price=Decimal(60_000),
        fee=Decimal(0),
        fee_asset="USD",
        at_us=NOW_US,
        client_id=client_id,
    )
    return FillBooked(at_us=NOW_US, actor="engine", fill=made, source="stream")


def sent(client_id: str = FIRST) -> OrderSent:
    return OrderSent(at_us=NOW_US, actor="engine", client_id=client_id)


def test_every_promised_metric_is_scraped_under_its_name_and_type() -> None:
    lines = exposed(over()).splitlines()
    types = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE"))
    assert {name: types.get(name) for name in PROMISED} == PROMISED
    assert all(name.startswith("trading_") for name in types)
    helped = {line.split()[2] for line in lines if line.startswith("# HELP") and line.split()[3:]}
    assert helped == types.keys()


def test_an_order_is_counted_when_sent_and_once_when_filled_to_its_end() -> None:
    told = Told()
    told.hear(approved(order()), sent(), fill("1", "0.2"))
    assert (told.one("trading_orders_total"), told.one("trading_orders_filled")) == (1, 0)
    told.hear(fill("2", "0.3"))
    assert told.one("trading_orders_filled") == 1
    report = VenueOrder(
        account=KRAKEN, venue_order_id="v", cumulative=Decimal("0.5"), final=Final.FILLED
    )
    late = OrderReported(
        at_us=NOW_US, actor="engine", client_id=FIRST, report=report, source="stream"
    )
    told.hear(late, OrderSettled(at_us=NOW_US, actor="engine", client_id=FIRST))
    assert (told.one("trading_orders_total"), told.one("trading_orders_filled")) == (1, 1)


def test_the_venues_no_and_ours_are_counted_apart() -> None:
    told = Told()
    no = OrderRejected(at_us=NOW_US, actor="engine", client_id=FIRST, code="EOrder", reason="no")
    told.hear(approved(order()), sent(), no, denied("max_order_value"), denied("mode"))
    assert told.one("trading_orders_rejected") == 1
    assert told.one("trading_orders_denied", rule="max_order_value") == 1
    assert told.one("trading_orders_denied", rule="mode") == 1
    assert told.one("trading_orders_denied", rule="price_collar_pct") == 0


def test_the_time_an_order_was_unknown_is_measured_from_first_doubt_to_answer() -> None:
    told = Told()
    told.hear(
        approved(order()),
        sent(),
        OrderInDoubt(at_us=NOW_US, actor="engine", client_id=FIRST, reason="timeout"),
        OrderInDoubt(at_us=NOW_US + 1, actor="engine", client_id=FIRST, reason="again"),
        OrderAbsent(at_us=NOW_US + 7_000_000, actor="engine", client_id=FIRST, reason="proof"),
    )
    assert told.one("trading_order_resolution_seconds_count") == 1
    assert told.one("trading_order_resolution_seconds_sum") == 7


def test_a_proven_halt_leaves_its_time() -> None:
    told = Told()
    assert isnan(told.one("trading_kill_verify_ms"))
    told.hear(HaltVerified(at_us=NOW_US, actor="engine", halt_id="h", verified_ms=840))
    assert told.one("trading_kill_verify_ms") == 840


def test_a_call_to_a_venue_falls_into_its_buckets() -> None:
    metrics = over()
    metrics.answered("kraken", "place", 80_000)
    metrics.answered("kraken", "place", 30_000_000)
    labels = {"venue": "kraken", "operation": "place"}
    assert one(metrics, "trading_api_latency_ms_count", **labels) == 2
    assert one(metrics, "trading_api_latency_ms_bucket", **labels, le="50.0") == 0
    assert one(metrics, "trading_api_latency_ms_bucket", **labels, le="100.0") == 1
    assert one(metrics, "trading_api_latency_ms_bucket", **labels, le="10000.0") == 1


def test_a_foreign_order_is_not_one_of_ours() -> None:
    told = Told()
    told.hear(fill("1", "0.5"))
    assert told.one("trading_orders_filled") == 0


def test_what_is_remembered_of_finished_orders_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prometheus.metrics.REMEMBERED", 2)
    told = Told()
    for letter in "ABCD":
        made = order(f"QDT1{letter * 14}")
        told.hear(approved(made), sent(made.client_id), fill(letter, "0.5", made.client_id))
    assert told.one("trading_orders_filled") == 4
    assert len(told.metrics._done) == 2


hostile = st.text(min_size=1, max_size=60) | st.sampled_from(
    ['"} 1\ntrading_evil 1', "a\\", "BTC/USD\u202e", "x" * 5_000, "\x1b[2J", '{le="1"}']
)


@settings(max_examples=60, deadline=None)
@given(st.lists(hostile, min_size=1, max_size=8))
def test_no_text_from_outside_makes_a_label_or_breaks_the_format(words: list[str]) -> None:
    told = Told()
    before = scraped(told.metrics).keys()
    for number, word in enumerate(words):
        made = order(f"QDT1{number:014d}", symbol=word)
        no = OrderRejected(
            at_us=NOW_US, actor=word, client_id=made.client_id, code=word, reason=word
        )
        told.hear(approved(made), sent(made.client_id), no, denied(word, made))
        contradiction = Break(break_id=word, kind=word, account=KRAKEN, detail=word, at_us=NOW_US)
        told.board = told.board.but(breaks=(*told.board.breaks, contradiction))
    series = scraped(told.metrics)
    assert series.keys() == before
    unknown = sum(word not in RULES for word in words)
    assert series["trading_orders_denied", (("rule", "other"),)] == unknown
    assert values_of(series, "rule") == {*RULES, "other"}


def test_every_rule_of_the_gate_has_a_count_of_its_own_from_the_start() -> None:
    rules = values_of(scraped(over()), "rule")
    assert set(RULE_NAMES) <= rules
    assert "other" in rules


@pytest.mark.timeout(60)
async def test_a_running_desk_has_few_series_and_its_counts_are_the_venues(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        metrics = Metrics(lambda: rig.desk.board)
        rig.desk.observe(metrics)
        placed = await rig.submit()
        await rig.until(lambda board: board.orders[placed.client_id].status == "OPEN")
        bought = await rig.submit(rig.draft(quantity="0.02", away_pct=None))
        await rig.until(lambda board: board.orders[bought.client_id].status == "FILLED")
        huge = Draft(
            account=KRAKEN,
            symbol="BTC/USD",
            side=Side.BUY,
            kind=Kind.MARKET,
            quantity=Decimal(10**6),
        )
        with pytest.raises(Refused, match="max_order_value"):
            await rig.submit(huge)
        series = scraped(metrics)
        assert series["trading_orders_total", ()] == 2
        assert series["trading_orders_filled", ()] == 1
        assert series["trading_orders_denied", (("rule", "max_order_value"),)] == 1
        assert values_of(series, "venue") == set(rig.demo.venues)
        assert len(series) <= 1_000
        kraken = (("account", "main"), ("venue", "kraken"))
        assert series["trading_balance_usd", kraken] > 0
