"""Each fact as one sentence, also when it is read back from a row of the ledger."""

from decimal import Decimal

from domain.bookings import FillBooked, NavMarked
from domain.controls import HaltTripped
from domain.events import EngineStopped, Fact, OrderDenied
from domain.halts import Level
from domain.instruments import Account
from domain.orders import Fill, Kind, Order, Side
from domain.registry import facts_by_kind, kind_of
from domain.sentences import _TOLD, sentence, sentence_of
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
        HaltTripped(
            at_us=1, actor="me", halt_id="h", level=Level.HALT_CANCEL, reason="odd", scope="GLOBAL"
        ),
        "HALT_CANCEL GLOBAL: odd",
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
