"""Each fact as one sentence, also when it is read back from a row of the ledger."""

from decimal import Decimal

from domain.bookings import FillBooked, NavMarked
from domain.controls import HaltTripped
from domain.elections import AllocationMade, BasisSupplied, LotsElected
from domain.events import EngineStopped, Fact, OrderDenied
from domain.halts import Level
from domain.instruments import Account
from domain.orders import Fill, Kind, Order, Side
from domain.registry import facts_by_kind, kind_of
from domain.sentences import _TOLD, sentence, sentence_of
from domain.snapshots import PricesMarked, SnapshotTaken
from storage.entries import entry_of

D = Decimal
KRAKEN = Account("kraken", "main")
ORDER = Order(
    client_id="QD01",
    account=KRAKEN,
    symbol="BTC/USD",
    side=Side.BUY,
    kind=Kind.LIMIT,
    quantity=D("0.50"),
    price=D(60_000),
    reference=D(60_000),
    base_rate=D(1),
    at_us=1,
)
FILL = Fill(
    account=KRAKEN,
    symbol="BTC/USD",
    trade_id="T1",
    side=Side.SELL,
    quantity=D("0.1"),
    price=D("60000.50"),
    fee=D("1.5"),
    fee_asset="USD",
    at_us=1,
)
TOLD: tuple[tuple[Fact, str], ...] = (
    (
        OrderDenied(at_us=1, actor="me", order=ORDER, rule="halt", reason="HALTED"),
        "buy 0.5 BTC/USD at 60000 by halt: HALTED",
    ),
    (
        FillBooked(at_us=1, actor="kraken", fill=FILL, source="stream"),
        "sell 0.1 BTC/USD at 60000.5, fee 1.5 USD",
    ),
    (
        NavMarked(
            at_us=1,
            actor="engine",
            local_date="2026-11-21",
            nav=D("213393.809421741836"),
            high_water=D("213400.1"),
        ),
        "213,393.81, high-water mark 213,400.10",
    ),
    (
        SnapshotTaken(
            at_us=1,
            actor="engine",
            account="",
            local_date="2026-11-21",
            time_zone="UTC",
            planned_us=1,
            nav=D("213393.809421741836"),
            assets={},
            values={},
            prices={},
            doubts=("kraken/main: its balances are not known",),
        ),
        "2026-11-21: 213,393.81, partial: kraken/main: its balances are not known",
    ),
    (
        PricesMarked(
            at_us=1,
            actor="engine",
            occasion="rebalance:2026-11-23",
            prices={"ETH": D(3_000), "BTC": D("60000.50")},
        ),
        "rebalance:2026-11-23: BTC 60000.5, ETH 3000",
    ),
    (
        HaltTripped(
            at_us=1, actor="me", halt_id="h", level=Level.HALT_CANCEL, reason="odd", scope="GLOBAL"
        ),
        "HALT_CANCEL GLOBAL: odd",
    ),
    (
        LotsElected(at_us=10**15, actor="me", effective_us=0, method="HIFO", asset="BTC"),
        "HIFO for BTC, from 1970-01-01T00:00:00Z",
    ),
    (
        LotsElected(at_us=0, actor="me", effective_us=0, scope="per account", accounts=("a", "b")),
        "lots per account, the oldest lots first to a, b, from 1970-01-01T00:00:00Z",
    ),
    (
        LotsElected(at_us=0, actor="me", effective_us=0, pegged=(), fees_apart=False),
        "fees in basis and proceeds, pegged: none, from 1970-01-01T00:00:00Z",
    ),
    (
        BasisSupplied(at_us=1, actor="me", reference="D1", value=D("70.50"), acquired_us=0),
        "all of D1 cost 70.5, acquired 1970-01-01",
    ),
    (
        AllocationMade(
            at_us=1,
            actor="me",
            number=2,
            upto_seq=9,
            head="h",
            elections_sha="e",
            base_currency="USD",
            tax_time_zone="UTC",
            program="1",
            digest="d",
            assets=("BTC",),
            slices=3,
            unmatched=1,
            realised=D("-1.50"),
        ),
        "version 2 of BTC: 3 slices, 1 unmatched, realised -1.5",
    ),
)


def test_every_kind_of_fact_has_a_sentence() -> None:
    assert set(_TOLD) == set(facts_by_kind().values())


def test_a_fact_says_the_same_live_and_read_back_from_its_row() -> None:
    for fact, words in TOLD:
        entry = entry_of(fact)
        assert sentence(fact) == words
        assert sentence_of(entry.kind, entry.payload.decode()) == words


def test_a_row_that_is_no_fact_of_today_has_no_sentence_and_breaks_nothing() -> None:
    kind = kind_of(EngineStopped)
    for payload in ("", "null", "[]", "{}", '{"fact": 3, "actor": "x"}', '{"fact": {}}', "{" * 99):
        assert sentence_of(kind, payload) == ""
    assert sentence_of("a_kind_of_tomorrow", '{"fact": {}, "actor": "x"}') == ""
