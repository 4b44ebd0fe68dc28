"""P&L per asset and window, incremental, with its explanation down to the ledger's rows."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounting.allocations import Made, compute
from accounting.book import LotBook, replay
from accounting.charges import charges_of
from accounting.elections import Elections
from accounting.entries import Entry, Income, Receipt, Spending, order_of
from accounting.explain import explain_realised, explain_unrealised, sources_of
from accounting.ledger_entries import entries_of
from accounting.marks import MarkHistory
from accounting.pnl import Realised, Results, Window, calendar_day, windows
from domain.bookings import FillBooked, MovementBooked, OpeningBalance
from domain.events import EngineStopped
from domain.instruments import Account
from domain.market import Movement
from domain.money import ZERO, exactly
from domain.orders import Fill, Side
from tests.accounting.ledger_of import KRAKEN, D, buy, by_account, mark, on, sell
from tests.accounting.lot_stories import tale

MADE = Made(at_us=0, upto_seq=0, policy_sha="", program="test")
EVER = Window("all", -(2**62), 2**62)
HOUR_US = 3_600_000_000


def results_of(entries: list[Entry]) -> Results:
    results = Results()
    results.follow(replay(entries, by_account()))
    results.charge(charges_of(entries, by_account()))
    return results


def test_a_window_takes_its_end_and_leaves_its_beginning() -> None:
    """R-A3: after the beginning, up to and including the end."""
    as_of = on("2025-01-31")
    spans = {span.name: span for span in windows(as_of, on("2025-01-15"))}
    assert spans["24h"] == Window("24h", as_of - 24 * HOUR_US, as_of)
    entries: list[Entry] = [
        buy("A", "2025-01-01", "10", "10"),
        sell("at the beginning", "2025-01-30", "1", "2"),
        sell("at the end", "2025-01-31", "1", "4"),
        sell("at the start date", "2025-01-15", "1", "11"),
        sell("before the start date", "2025-01-14", "1", "101"),
    ]
    results = results_of(entries)
    gains = {name: results.realised(span, "BTC").gain for name, span in spans.items()}
    assert gains == {"24h": D(3), "7d": D(4), "30d": D(114), "all": D(14)}


def test_a_calendar_day_has_the_hours_of_its_zone() -> None:
    day = calendar_day(on("2025-03-09", 12), "America/New_York")
    assert day.until_us - day.after_us == 23 * HOUR_US
    assert day.after_us == on("2025-03-09", 5) - 1


def test_fees_and_funding_stand_apart_and_are_not_taken_twice() -> None:
    entries: list[Entry] = [
        buy("A", "2025-01-01", "1", "100", fee=D(2), fee_asset="USD"),
        sell("S", "2025-01-02", "1", "150", fee=D(3), fee_asset="USD"),
        buy("N", "2025-01-03", "1", "1", fee=D(1), fee_asset="BNB"),
        Income("F", on("2025-01-04"), KRAKEN, "BTC", D("0.1"), D(9), "funding"),
        Income("I", on("2025-01-04"), KRAKEN, "BTC", D("0.1"), D(9)),
    ]
    told = results_of(entries).realised(EVER, "BTC")
    assert told == Realised("BTC", D(45), D(102), D(147), ZERO, D(5), D(-9))


def test_a_percent_is_of_what_was_sold() -> None:
    told = results_of([buy("A", "2025-01-01", "4", "100"), sell("S", "2025-01-02", "1", "30")])
    assert told.realised(EVER, "BTC").percent == D(20)
    assert told.realised(EVER, "ETH").percent is None


def test_what_has_no_basis_or_no_price_is_counted_apart() -> None:
    entries: list[Entry] = [
        Receipt("R", on("2025-01-01"), KRAKEN, "BTC", D(2)),
        buy("A", "2025-01-02", "1", "10"),
        sell("S", "2025-01-03", "2.5", "100"),
        sell("U", "2025-01-04", "0.25", "9", quote="XYZ"),
        Spending("G", on("2025-01-05"), KRAKEN, "BTC", D("0.05"), None, "gift"),
    ]
    results = results_of(entries)
    told = results.realised(EVER, "BTC")
    assert (told.gain, told.basis, told.unknown) == (D(15), D(5), D("2.25"))
    (left,) = (row for row in results.unrealised({}) if row.asset == "BTC")
    assert (left.quantity, left.basis, left.value, left.pnl) == (D("0.2"), D(2), None, None)


def test_open_lots_of_unknown_basis_have_a_value_and_no_gain() -> None:
    entries: list[Entry] = [
        Receipt("R", on("2025-01-01"), KRAKEN, "BTC", D(2)),
        buy("A", "2025-01-02", "1", "10"),
    ]
    (held,) = results_of(entries).unrealised({"BTC": mark("BTC", "30", at_us=5)})
    assert (held.value, held.pnl, held.unknown, held.price_at_us) == (D(90), D(20), D(2), 5)


@settings(max_examples=40)
@given(chance=st.randoms(use_true_random=False))
def test_results_that_follow_one_by_one_are_those_of_the_whole(chance: Random) -> None:
    told = tale(chance)
    book, following = LotBook(told.elections), Results()
    whole = Results()
    entries = sorted(told.entries, key=lambda entry: entry.at_us)
    whole_book = replay(entries, told.elections)
    whole.follow(whole_book)
    version = compute(whole_book, MADE)
    for entry in sorted(entries, key=order_of):
        book.add(entry)
        following.follow(book)
    marks = {asset: mark(asset, "3") for asset in ("BTC", "ETH", "USDT", "BNB", "EUR")}
    assert following.unrealised(marks) == whole.unrealised(marks)
    middle = told.entries[len(told.entries) // 2].at_us
    for span in (EVER, Window("half", 0, middle), Window("rest", middle, 2**62)):
        assert following.realised_by_asset(span) == whole.realised_by_asset(span)
        for row in whole.realised_by_asset(span):
            explained = explain_realised(version, row.asset, span, {})
            assert explained.amount == row.gain
    for held in whole.unrealised(marks):
        explained = explain_unrealised(version.open, marks[held.asset], {})
        assert explained.amount == held.pnl
        with exactly():
            assert sum((part.quantity for part in explained.parts), ZERO) == held.quantity


ACCOUNT = Account("kraken", "main")


def fill(trade_id: str, side: Side, price: str, at_us: int) -> Fill:
    return Fill(
        account=ACCOUNT,
        symbol="BTC/USD",
        trade_id=trade_id,
        side=side,
        quantity=D(1),
        price=D(price),
        fee=ZERO,
        fee_asset="",
        at_us=at_us,
        venue_order_id=f"O{trade_id}",
    )


def test_a_figure_explains_itself_down_to_the_ledgers_rows() -> None:
    moved = Movement(account=ACCOUNT, reference="D9", asset="BTC", amount=D(2), fee=ZERO, at_us=4)
    rows = [
        (3, OpeningBalance(at_us=0, actor="t", account=ACCOUNT, assets={"ETH": D(1)})),
        (4, FillBooked(at_us=1, actor="t", fill=fill("7", Side.BUY, "10", 1), source="t")),
        (8, FillBooked(at_us=2, actor="t", fill=fill("9", Side.SELL, "15", 2), source="t")),
        (9, MovementBooked(at_us=4, actor="t", movement=moved, source="t")),
        (10, EngineStopped(at_us=5, actor="t", run_id="r", reason="asked")),
    ]
    sources = sources_of(rows)
    assert [source.kind for source in sources.values()] == ["opening", "fill", "fill", "deposit"]
    read = entries_of(rows, Elections(), MarkHistory("USD"))
    version = compute(replay(read.entries, Elections()), MADE)
    (part,) = explain_realised(version, "BTC", EVER, sources).parts
    assert part.sold is not None
    assert part.lot is not None
    assert (part.amount, part.sold.seq, part.sold.venue_id) == (D(5), 8, "9")
    assert (part.lot.seq, part.lot.venue_id, part.lot.order_id) == (4, "7", "O7")
    (held,) = explain_unrealised(version.open, mark("BTC", "20"), sources).parts
    assert held.lot is not None
    assert (held.amount, held.flag, held.lot.venue_id) == (None, "BASIS_UNKNOWN", "D9")


@pytest.mark.parametrize("asset", ["BTC", "ETH"])
def test_an_explanation_leaves_out_what_was_not_sold(asset: str) -> None:
    entries: list[Entry] = [
        buy("A", "2025-01-01", "1", "10", base=asset),
        Spending("G", on("2025-01-02"), KRAKEN, asset, D(1), None, "gift"),
    ]
    version = compute(replay(entries, by_account()), MADE)
    assert explain_realised(version, asset, EVER, {}).parts == ()
